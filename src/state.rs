//! What every handler can reach. Features take their own part of it by `FromRef`.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Auditor;
use crate::base::{Clock, InFlight, Random, ResetId};
use crate::config::Config;
use crate::entra::Entra;
use crate::store::{Attempts, Db, DbSessions, Limits, Sealer};

/// The state of a running portal.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) entra: Entra,
    pub(crate) auditor: Auditor,
    pub(crate) limits: Limits,
    pub(crate) attempts: Attempts,
    pub(crate) sessions: DbSessions,
    /// Work that outlives its request: a closed browser does not cut a reset.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// Resets that this process is sending.
    pub(crate) in_flight: InFlight,
    /// Which resets changed, seen once a second by one reader per process.
    pub(crate) changes: broadcast::Sender<ResetId>,
    /// How many people the tenant has, and when that was counted.
    pub(crate) people: Mutex<Option<(i64, Timestamp)>>,
    /// This process's name in leases.
    pub(crate) me: String,
}

impl App {
    pub(crate) fn new(config: Config, db: Db, sealer: &Sealer, entra: Entra, clock: Clock, random: Random) -> Self {
        Self(Arc::new(Inner {
            auditor: Auditor::new(db.clone(), sealer.clone(), clock.clone(), random.clone()),
            limits: Limits::new(db.clone()),
            attempts: Attempts::new(db.clone(), sealer.clone()),
            sessions: DbSessions::new(db.clone(), sealer.clone(), clock.clone()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            in_flight: InFlight::default(),
            changes: broadcast::Sender::new(1_024),
            people: Mutex::default(),
            me: random.token(),
            config,
            db,
            clock,
            random,
            entra,
        }))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl std::ops::Deref for App {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
