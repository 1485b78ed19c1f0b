//! A new or changed catalogue is a reason to build again: the loader reads `locales/` while it is compiled.

fn main() {
    println!("cargo:rerun-if-changed=locales");
}
