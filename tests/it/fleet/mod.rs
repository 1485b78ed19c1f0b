//! Tests with portals as separate processes: killed, stopped, cut off from the network, replaced.

mod connection_limits;
mod kill;
mod notices;
mod outage;
mod pooling;
mod proxies;
mod recovery;
mod replicas;
mod upgrade;
