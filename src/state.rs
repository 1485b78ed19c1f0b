//! What every handler can reach. Features take their own part of it by `FromRef`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Auditor;
use crate::base::{Brief, Clock, InFlight, Metrics, ObjectId, Random, ResetId, Watchers};
use crate::brand::{Brand, BrandError};
use crate::config::Config;
use crate::directory::{Directory, DirectoryError};
use crate::entra::{Entra, RiskRead};
use crate::policy::{BreachError, Engine};
use crate::store::{Attempts, Db, DbSessions, Limits, Sealer};

/// The form and its submit ask once.
const RISK_IS_GOOD_FOR: Duration = Duration::from_mins(1);

/// A status as event streams send it.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) revision: i64,
    pub(crate) status: Arc<str>,
}

/// Why the portal cannot start.
#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error(transparent)]
    Breach(#[from] BreachError),
    #[error(transparent)]
    Brand(#[from] BrandError),
    #[error("{0}")]
    Directory(String),
}

impl From<DirectoryError> for NotReady {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error.to_string())
    }
}

/// What an open stream knows of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Lives, and until then if nothing more is asked.
    Until(Timestamp),
    Over,
}

/// The state of a running portal.
#[derive(Clone)]
pub(crate) struct App(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) entra: Entra,
    pub(crate) auditor: Auditor,
    pub(crate) policy: Engine,
    pub(crate) brand: Brand,
    /// The probe, if one is set up, and when it last failed to answer.
    pub(crate) directory: Option<Directory>,
    pub(crate) directory_away: Mutex<Option<Duration>>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) attempts: Attempts,
    pub(crate) sessions: DbSessions,
    /// Work that outlives its request: a closed browser does not cut a reset.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// Resets that this process is sending.
    pub(crate) in_flight: InFlight,
    /// Who watches which reset, and which sessions their streams hang on, by the hash of the id.
    pub(crate) reset_watchers: Watchers<ResetId, Option<News>>,
    pub(crate) session_watchers: Watchers<String, Standing>,
    /// This process changed a reset: its reader need not wait for its next round.
    pub(crate) changed: Notify,
    /// How many people the tenant has, and when that was counted.
    pub(crate) people: Mutex<Option<(i64, Timestamp)>>,
    /// What Microsoft said of somebody's risk: it takes minutes itself to see one.
    pub(crate) risks: Brief<ObjectId, RiskRead>,
    /// How long resets usually take, and when that was read, by the clock's elapsed time.
    pub(crate) usual: Mutex<Option<(Option<SignedDuration>, Duration)>>,
    /// This process's name in leases.
    pub(crate) me: String,
}

impl App {
    /// # Errors
    /// When the breach file or the directory's CA cannot be used.
    pub(crate) fn new(
        config: Config,
        db: Db,
        sealer: &Sealer,
        entra: Entra,
        clock: Clock,
        random: Random,
    ) -> Result<Self, NotReady> {
        Ok(Self(Arc::new(Inner {
            directory: config.directory.as_ref().map(|d| Directory::new(d, clock.clone())).transpose()?,
            directory_away: Mutex::default(),
            brand: Brand::new(&config.branding)?,
            policy: Engine::new(config.policy.clone(), &config.breach, &config.branding.name)?,
            auditor: Auditor::new(db.clone(), sealer.clone(), clock.clone(), random.clone()),
            limits: Limits::new(&db),
            attempts: Attempts::new(db.clone(), sealer.clone()),
            sessions: DbSessions::new(db.clone(), sealer.clone(), clock.clone()),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            in_flight: InFlight::default(),
            reset_watchers: Watchers::default(),
            session_watchers: Watchers::default(),
            changed: Notify::new(),
            people: Mutex::default(),
            usual: Mutex::default(),
            risks: Brief::new(clock.clone(), RISK_IS_GOOD_FOR, 10_000),
            metrics: entra.graph.metrics.clone(),
            me: random.token(),
            sealer: sealer.clone(),
            config,
            db,
            clock,
            random,
            entra,
        })))
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
