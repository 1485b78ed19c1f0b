//! Portals as processes: killed, paused, cut off, replaced.

mod kill;
