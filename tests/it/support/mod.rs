//! Helpers of the integration tests, the live check and the benchmarks.

pub(crate) mod balancer;
pub(crate) mod chromium;
pub(crate) mod client_credentials;
pub(crate) mod domain;
pub(crate) mod fleet;
pub(crate) mod mailbox;
pub(crate) mod netns;
pub(crate) mod portal;
pub(crate) mod postgres;
pub(crate) mod raw_client;
pub(crate) mod secret_scan;
