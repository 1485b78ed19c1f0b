//! Portals as processes: killed, paused, cut off, replaced.

mod door;
mod kill;
mod notices;
mod outage;
mod recovery;
mod replicas;
