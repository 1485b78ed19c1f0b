//! What the tests are made of.

pub(crate) mod chromium;
pub(crate) mod domain;
pub(crate) mod fleet;
pub(crate) mod portal;
pub(crate) mod raw;
