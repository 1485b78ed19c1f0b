//! Contract tests against Microsoft's published data.
//!
//! The schema and the permission table are read from `../shared/reference` and not copied here. Calls that are missing
//! there are in `tests/contract/additional.yaml`, each with source and date and marked `ours`. A call in neither place
//! fails the test.

mod client;
mod emulator;
pub(crate) mod schema;
