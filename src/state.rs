//! Holds the state that every handler can reach. Features take their own part of it with `FromRef`.

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

/// Lifetime of a cached user risk, long enough that the form and its submission need one Graph request.
const RISK_IS_GOOD_FOR: Duration = Duration::from_mins(1);

/// Status of a reset as event streams send it.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) revision: i64,
    pub(crate) status: Arc<str>,
}

/// Reason why the application state cannot be created and the portal cannot start.
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

/// Status of a session as an open event stream sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The session is active and expires at this time if no further request arrives.
    Until(Timestamp),
    Over,
}

/// State of a running portal. Clones share it.
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
    /// Directory probe, if one is configured.
    pub(crate) directory: Option<Directory>,
    /// Time when the directory probe last failed to respond, by the clock's elapsed time.
    pub(crate) directory_away: Mutex<Option<Duration>>,
    pub(crate) metrics: Metrics,
    pub(crate) limits: Limits,
    pub(crate) attempts: Attempts,
    pub(crate) sessions: DbSessions,
    /// Work that outlives its request: closing the browser does not interrupt a reset.
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    /// Resets that this process is sending.
    pub(crate) in_flight: InFlight,
    /// Subscribers of reset updates.
    pub(crate) reset_watchers: Watchers<ResetId, Option<News>>,
    /// Subscribers of session status, by the hash of the session id: an event stream ends with its session.
    pub(crate) session_watchers: Watchers<String, Standing>,
    /// Notifies the reader of reset changes that this process changed a reset, so that it does not wait for its next
    /// round.
    pub(crate) changed: Notify,
    /// Number of users in the tenant, and the time of the count.
    pub(crate) people: Mutex<Option<(i64, Timestamp)>>,
    /// User risk as Graph returned it. Microsoft itself needs minutes to detect a risk.
    pub(crate) risks: Brief<ObjectId, RiskRead>,
    /// Typical duration of a reset, and when it was loaded, by the clock's elapsed time.
    pub(crate) usual: Mutex<Option<(Option<SignedDuration>, Duration)>>,
    /// Name of this process in leases.
    pub(crate) me: String,
}

impl App {
    /// Creates the state.
    ///
    /// # Errors
    /// When the breach list, the branding or the directory's CA cannot be used.
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
