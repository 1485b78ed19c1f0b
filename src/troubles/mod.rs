//! What is wrong with the whole: the operator, the policy, the credential, synchronisation, the canary. A trouble begins and
//! ends once, is history both times, is told by mail to whoever is to hear of it, and stands at the desk in between.

mod store;

pub(crate) use store::{Standing, change, read_signal, signal, standing};

use jiff::Timestamp;

use crate::audit::{Actor, Event};
use crate::notify;
use crate::state::App;
use crate::store::StoreError;

/// What can be wrong. The catalogue holds `trouble-<name>` and `trouble-<name>-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The operator cannot work: nobody can reset.
    Operator,
    /// Its permission was not renewed for a week, and ends by itself some time.
    OperatorOld,
    /// It holds a role with too much power.
    OperatorPower,
    /// The policy behind the people's context proves nothing.
    PolicyPeople,
    /// The same for staff.
    PolicyStaff,
    /// The portal's own credential ends soon.
    Credential,
    /// The directory was not synchronised for hours.
    Sync,
    /// The canary did not come through.
    Canary,
    /// Our clock is not Microsoft's.
    Clock,
}

impl Kind {
    pub(crate) const ALL: [Self; 9] = [
        Self::Operator,
        Self::OperatorOld,
        Self::OperatorPower,
        Self::PolicyPeople,
        Self::PolicyStaff,
        Self::Credential,
        Self::Sync,
        Self::Canary,
        Self::Clock,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::OperatorOld => "operator-old",
            Self::OperatorPower => "operator-power",
            Self::PolicyPeople => "policy-people",
            Self::PolicyStaff => "policy-staff",
            Self::Credential => "credential",
            Self::Sync => "sync",
            Self::Canary => "canary",
            Self::Clock => "clock",
        }
    }

    pub(crate) fn read(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What a look found of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Well,
    /// With a detail for whoever mends it: codes and numbers, no names.
    Wrong(String),
    /// It could not be looked at: what stands stays.
    Unknown,
}

/// Holds what was found against what stands: begins and ends troubles.
pub(crate) async fn settle(app: &App, found: &[(Kind, Found)]) -> Result<(), StoreError> {
    let standing = standing(&app.db).await?;
    for (kind, found) in found {
        let stands = standing.iter().find(|trouble| trouble.kind == *kind);
        match (found, stands) {
            (Found::Wrong(detail), None) => begin(app, *kind, detail).await?,
            (Found::Wrong(detail), Some(old)) if old.detail != *detail => {
                store::renew(&app.db, *kind, detail).await?;
            }
            (Found::Well, Some(old)) => end(app, *kind, old.since).await?,
            _ => {}
        }
    }
    Ok(())
}

async fn begin(app: &App, kind: Kind, detail: &str) -> Result<(), StoreError> {
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if !store::begin(ledger.tx(), kind, detail, now).await? {
        return Ok(());
    }
    ledger.record(Event::new("trouble.began", Actor::Portal).with("kind", kind.name()).with("detail", detail));
    notify::tell_operations(ledger.tx(), app, kind.name(), now).await?;
    ledger.commit().await?;
    app.metrics.desk_alarm(kind.name());
    tracing::error!(kind = kind.name(), detail, "alarm: the portal needs somebody");
    Ok(())
}

async fn end(app: &App, kind: Kind, since: Timestamp) -> Result<(), StoreError> {
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if !store::end(ledger.tx(), kind, now).await? {
        return Ok(());
    }
    let seconds = now.duration_since(since).as_secs();
    ledger.record(Event::new("trouble.ended", Actor::Portal).with("kind", kind.name()).with("seconds", seconds));
    ledger.commit().await?;
    tracing::info!(kind = kind.name(), seconds, "an alarm is over");
    Ok(())
}
