//! Contracts with Microsoft: schema and permission table are their data, read from `../shared/reference` and not
//! copied here. What they lack stands in `tests/contract/additional.yaml`, each entry with source and date, marked
//! "ours"; a call in neither fails.

mod client;
mod emulator;
pub(crate) mod schema;
