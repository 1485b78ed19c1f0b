//! Helpers of the integration tests, the live check and the benchmarks.

pub(crate) mod balancer;
pub(crate) mod chromium;
pub(crate) mod domain;
pub(crate) mod fleet;
pub(crate) mod mailbox;
pub(crate) mod netns;
pub(crate) mod portal;
pub(crate) mod postgres;
pub(crate) mod proofs;
pub(crate) mod raw;
pub(crate) mod traces;
