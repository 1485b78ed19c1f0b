//! Holds the state that every handler can reach. Features take their own part of it with `FromRef`.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::AuditLog;
use crate::base::{
    BoxedError, Clock, InFlightResets, Metrics, ObjectId, PeopleCountCache, ProxySightings, Random, ResetId, TtlCache,
    WatchRegistry,
};
use crate::branding::{BrandError, OrganisationBrand};
use crate::config::Config;
use crate::directory::{DirectoryError, DirectoryProbe};
use crate::entra::{EntraClients, RiskLookup};
use crate::password_policy::{BreachError, PasswordPolicy};
use crate::store::{Db, DbSessions, RateLimiter, Sealer, SignInAttempts};

/// Lifetime of a cached user risk, long enough that the form and its submission need one Graph request.
const RISK_CACHE_LIFETIME: Duration = Duration::from_mins(1);

/// Status of a reset as event streams send it.
#[derive(Clone, Debug)]
pub(crate) struct ResetUpdate {
    pub(crate) revision: i64,
    pub(crate) status: Arc<str>,
}

/// Reason why the application state cannot be created and the portal cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AppSetupError {
    #[error(transparent)]
    Breach(#[from] BreachError),
    #[error(transparent)]
    Brand(#[from] BrandError),
    #[error(transparent)]
    Directory(BoxedError),
}

impl From<DirectoryError> for AppSetupError {
    fn from(error: DirectoryError) -> Self {
        Self::Directory(error.into())
    }
}

/// Status of a session as an open event stream sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SessionStatus {
    /// The session is active and expires at this time if no further request arrives.
    ActiveUntil(Timestamp),
    Ended,
}

/// State of a running portal. Clones share it.
#[derive(Clone)]
pub(crate) struct AppState(Arc<AppStateInner>);

pub(crate) struct AppStateInner {
    pub(crate) config: Config,
    pub(crate) db: Db,
    pub(crate) sealer: Sealer,
    pub(crate) clock: Clock,
    pub(crate) random: Random,
    pub(crate) entra: EntraClients,
    pub(crate) audit_log: AuditLog,
    pub(crate) password_policy: PasswordPolicy,
    pub(crate) brand: OrganisationBrand,
    /// Directory probe, if one is configured.
    pub(crate) directory: Option<DirectoryProbe>,
    /// Time when the directory probe last failed to respond, by the clock's elapsed time.
    pub(crate) directory_unreachable_since: Mutex<Option<Duration>>,
    pub(crate) metrics: Metrics,
    /// What this process noticed about the proxies in front of it.
    pub(crate) proxy_sightings: ProxySightings,
    pub(crate) rate_limiter: RateLimiter,
    pub(crate) sign_in_attempts: SignInAttempts,
    pub(crate) sessions: DbSessions,
    /// Work that outlives its request: closing the browser does not interrupt a reset.
    pub(crate) background_tasks: TaskTracker,
    pub(crate) shutdown: CancellationToken,
    /// Resets that this process is sending.
    pub(crate) in_flight: InFlightResets,
    /// Subscribers of reset updates.
    pub(crate) reset_watchers: WatchRegistry<ResetId, Option<ResetUpdate>>,
    /// Subscribers of session status, by the hash of the session id: an event stream ends with its session.
    pub(crate) session_watchers: WatchRegistry<String, SessionStatus>,
    /// Notifies the reader of reset changes that this process changed a reset, so that it does not wait for its next
    /// round.
    pub(crate) reset_changed: Notify,
    /// Number of users in the tenant, and the time of the count.
    pub(crate) user_count: Mutex<Option<(i64, Timestamp)>>,
    /// Last count for the hourly reset limit.
    pub(crate) people_count: PeopleCountCache,
    /// User risk as Graph returned it. Microsoft itself needs minutes to detect a risk.
    pub(crate) risk_cache: TtlCache<ObjectId, RiskLookup>,
    /// Typical duration of a reset, and when it was loaded, by the clock's elapsed time.
    pub(crate) typical_duration: Mutex<Option<(Option<SignedDuration>, Duration)>>,
    /// Name of this process in leases.
    pub(crate) instance_id: String,
}

impl AppState {
    /// Creates the state.
    ///
    /// # Errors
    /// When the breach list, the branding or the directory's CA cannot be used.
    pub(crate) fn new(
        config: Config,
        db: Db,
        sealer: &Sealer,
        entra: EntraClients,
        clock: Clock,
        random: Random,
    ) -> Result<Self, AppSetupError> {
        Ok(Self(Arc::new(AppStateInner {
            directory: config.directory.as_ref().map(|d| DirectoryProbe::new(d, clock.clone())).transpose()?,
            directory_unreachable_since: Mutex::default(),
            proxy_sightings: ProxySightings::default(),
            brand: OrganisationBrand::new(&config.branding)?,
            password_policy: PasswordPolicy::new(config.policy.clone(), &config.breach, &config.branding.name)?,
            audit_log: AuditLog::new(db.clone(), sealer.clone(), clock.clone(), random.clone()),
            rate_limiter: RateLimiter::new(&db),
            sign_in_attempts: SignInAttempts::new(db.clone(), sealer.clone()),
            sessions: DbSessions::new(db.clone(), sealer.clone(), clock.clone()),
            background_tasks: TaskTracker::new(),
            shutdown: CancellationToken::new(),
            in_flight: InFlightResets::default(),
            reset_watchers: WatchRegistry::default(),
            session_watchers: WatchRegistry::default(),
            reset_changed: Notify::new(),
            user_count: Mutex::default(),
            people_count: PeopleCountCache::default(),
            typical_duration: Mutex::default(),
            risk_cache: TtlCache::new(clock.clone(), RISK_CACHE_LIFETIME, 10_000),
            metrics: entra.graph.metrics.clone(),
            instance_id: random.token(),
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

impl std::ops::Deref for AppState {
    type Target = AppStateInner;

    fn deref(&self) -> &AppStateInner {
        &self.0
    }
}
