//! A new or changed catalogue or migration is a reason to build again: both are read while the portal is compiled.

fn main() {
    println!("cargo:rerun-if-changed=locales");
    println!("cargo:rerun-if-changed=migrations");
}
