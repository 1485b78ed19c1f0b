//! Helpers of the integration tests, the live check and the benchmarks.

pub(crate) mod balancer;
pub(crate) mod child_process;
pub(crate) mod chromium;
pub(crate) mod client_credentials;
pub(crate) mod fleet;
pub(crate) mod mail_server;
pub(crate) mod network_link;
pub(crate) mod pgbouncer;
pub(crate) mod portal;
pub(crate) mod postgres;
pub(crate) mod raw_client;
pub(crate) mod samba_domain;
pub(crate) mod secret_scan;
pub(crate) mod wait;
