//! Tests with portals as separate processes: killed, stopped, cut off from the network, replaced.

mod door;
mod kill;
mod notices;
mod outage;
mod recovery;
mod replicas;
