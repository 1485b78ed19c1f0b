//! What the tests are made of.

pub(crate) mod portal;
pub(crate) mod raw;
