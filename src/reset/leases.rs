//! Who is dead? A reset that is being sent belongs to one process, which renews its lease every few seconds. A process
//! that another one has not seen renew for the whole lease, *by that one's own monotonic clock*, counts as dead.
//!
//! Times in the rows are not compared with anybody's clock: machines differ, and clocks are set. A lease that is only
//! looked at for whether it changes cannot be ended early by a clock that jumped.

use std::collections::HashMap;
use std::time::Duration;

use jiff::SignedDuration;

use super::store::{self, Sending};
use crate::base::{InFlight, ResetId};
use crate::state::App;
use crate::store::StoreError;

/// A lease that does not change for so long has no owner.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(20);
/// A living owner renews this often.
const BEAT: Duration = Duration::from_secs(4);
/// After `dispatched_at` is set the request must leave within this; a process that was stopped in between sends nothing
/// when it wakes. Well below [`SILENCE`]: nobody has taken the reset over yet.
pub(super) const LEAVES_WITHIN: Duration = Duration::from_secs(10);

/// Renews the lease of a reset until it is dropped. Never returns: run it beside the work.
pub(super) async fn beat(app: &App, id: ResetId) -> std::convert::Infallible {
    loop {
        tokio::time::sleep(BEAT).await;
        let now = app.now();
        match store::renew(&app.db, id, &app.me, now.saturating_add(LEASE).unwrap_or(now)).await {
            Ok(()) | Err(StoreError::NoRow) => {}
            Err(error) => tracing::warn!(reset.id = %id, cause = ?error, "a lease cannot be renewed at the moment"),
        }
    }
}

/// What one process has seen of the others' leases.
#[derive(Debug, Default)]
pub(super) struct Silences(HashMap<ResetId, (Sending, Duration)>);

impl Silences {
    /// Compares with what was seen before; gives what has been silent too long, and our own that nobody works on.
    pub(super) fn look(&mut self, rows: Vec<Sending>, me: &str, mine: &InFlight, elapsed: Duration) -> Vec<Sending> {
        let before = std::mem::take(&mut self.0);
        let mut dead = Vec::new();
        for row in rows {
            if row.owner == me {
                if !mine.holds(row.id) {
                    dead.push(row);
                }
                continue;
            }
            let since = before.get(&row.id).filter(|(seen, _)| *seen == row).map_or(elapsed, |(_, since)| *since);
            if elapsed.saturating_sub(since) >= SILENCE {
                dead.push(row.clone());
            }
            self.0.insert(row.id, (row, since));
        }
        dead
    }

    /// The database was away, for the others too perhaps: their silence so far means nothing.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(until: i64) -> Sending {
        Sending { id: "01900000-0000-7000-8000-000000000000".parse().unwrap(), owner: "other".to_owned(), until }
    }

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn an_owner_is_dead_after_a_whole_lease_of_silence_and_not_before() {
        let (mut seen, mine) = (Silences::default(), InFlight::default());
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(100)), []);
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(119)), []);
        assert_eq!(seen.look(vec![row(1)], "me", &mine, seconds(120)), [row(1)]);
    }

    #[test]
    fn a_sign_of_life_and_a_lost_database_start_the_count_again() {
        let (mut seen, mine) = (Silences::default(), InFlight::default());
        seen.look(vec![row(1)], "me", &mine, seconds(0));
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(19)), [], "it renewed");
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(38)), []);
        seen.forget();
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(60)), []);
        assert_eq!(seen.look(vec![row(2)], "me", &mine, seconds(80)), [row(2)]);
    }

    #[test]
    fn our_own_is_dead_only_when_nobody_here_works_on_it() {
        let (mut seen, mine) = (Silences::default(), InFlight::default());
        let own = Sending { owner: "me".to_owned(), ..row(1) };
        let marked = mine.mark(own.id);
        assert_eq!(seen.look(vec![own.clone()], "me", &mine, seconds(900)), []);
        drop(marked);
        assert_eq!(seen.look(vec![own.clone()], "me", &mine, seconds(900)), [own]);
    }
}
