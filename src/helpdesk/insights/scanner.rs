//! Scans the last 24 hours for security alerts.
//!
//! - A repeated scan of the same events raises no second alert.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::patterns::{
    AlertFinding, DetectorThresholds, MethodRegistration, ObservedAction, ObservedOutcome, RecentActivity, find,
};
use super::store;
use crate::audit::{AuditActor, AuditEvent, acts_of_staff};
use crate::helpdesk::scans;
use crate::reset::desk::{self as resets, EndedReset, ResetCause, ResetState};
use crate::state::AppState;
use crate::store::{StoreError, lease};

const BACK: SignedDuration = SignedDuration::from_hours(24);

/// Runs the scanner until shutdown.
pub(crate) async fn run(app: AppState) {
    let pause = Duration::from_secs(app.config.helpdesk.alarms.every_seconds.max(1));
    loop {
        if let Err(error) = look(&app).await {
            tracing::warn!(error = ?error, "security alert scan failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn look(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    if !lease(&app.db, "alarms", &app.me, now).await? {
        return Ok(());
    }
    let settings = &app.config.helpdesk.alarms;
    let thresholds = DetectorThresholds {
        people: settings.people_per_agent,
        agents: settings.agents_per_person,
        failures: settings.failures,
        method: SignedDuration::from_mins(settings.method_minutes),
    };
    let since = now.saturating_sub(BACK).unwrap_or(now);
    let lately = lately(app, since, now).await?;
    let covered = store::covered(&app.db, since).await?;
    for found in find(&lately, thresholds, &covered) {
        raise(app, &found).await?;
    }
    Ok(())
}

async fn lately(app: &AppState, since: Timestamp, now: Timestamp) -> Result<RecentActivity, StoreError> {
    let settings = &app.config.helpdesk.alarms;
    let acts = acts_of_staff(&app.db, since).await?;
    let act = |act: &crate::audit::StaffAction| ObservedAction {
        at: act.at,
        agent: act.agent,
        person: act.person,
        odd_hour: settings.is_odd_hour(act.at),
    };
    let ends: Vec<ObservedOutcome> = resets::ended(&app.db, since).await?.iter().filter_map(end).collect();
    let asks = settings.method_minutes > 0 && ends.iter().any(|end| end.went_through);
    let registered = if asks { registered(app, since, now).await? } else { Vec::new() };
    Ok(RecentActivity { acts: acts.iter().map(act).collect(), ends, registered })
}

/// Classifies an ended reset as a success or a failure.
///
/// Returns `None` if it says nothing: the person only has to choose another password, or the outcome is unknown.
fn end(ended: &EndedReset) -> Option<ObservedOutcome> {
    let went_through = match ended.state {
        ResetState::Written | ResetState::Finished => true,
        ResetState::Failed | ResetState::CloudOnly => false,
        ResetState::Refused => {
            let cause = ended.cause.as_deref().and_then(ResetCause::read);
            if matches!(cause, Some(ResetCause::Policy | ResetCause::Banned)) {
                return None;
            }
            false
        }
        ResetState::Sending | ResetState::Writing | ResetState::Split | ResetState::Unknown => return None,
    };
    Some(ObservedOutcome { at: ended.at, person: ended.person, went_through })
}

/// Fetches who registered a sign-in method, from the directory audit log. Delayed entries are seen by a later scan.
async fn registered(app: &AppState, since: Timestamp, now: Timestamp) -> Result<Vec<MethodRegistration>, StoreError> {
    if !scans::turn(app, "alarms").await? {
        return Ok(Vec::new());
    }
    match app.entra.graph.registrations(since, now).await {
        Ok(found) => {
            let tenant = app.config.tenant();
            let one = |(at, object)| MethodRegistration { at, person: crate::base::PersonKey { tenant, object } };
            Ok(found.into_iter().map(one).collect())
        }
        Err(error) => {
            tracing::warn!(error = ?error, "sign-in method log request failed: retrying");
            Ok(Vec::new())
        }
    }
}

async fn raise(app: &AppState, found: &AlertFinding) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let id = app.random.uuid_at(app.now()).to_string();
    if store::raise(ledger.tx(), &id, found, app.now()).await? {
        let amount = i64::try_from(found.amount).unwrap_or(i64::MAX);
        let event = AuditEvent::new("alarm.raised", AuditActor::Portal).about(found.subject);
        ledger.record(event.with("alarm", id.clone()).with("kind", found.kind.name()).with("amount", amount));
        tracing::error!(alert.id = %id, kind = found.kind.name(), amount, "alarm: security alert raised");
    }
    ledger.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::PersonKey;

    #[test]
    fn choosing_another_password_is_no_failure() {
        let person: PersonKey =
            "c0de0000-7e5a-4f00-8000-00000000c0de/00000000-0000-4000-8000-000000000001".parse().unwrap();
        let classified = |state, cause: Option<&str>| {
            let cause = cause.map(str::to_owned);
            end(&EndedReset { at: Timestamp::UNIX_EPOCH, person, state, cause }).map(|end| end.went_through)
        };
        assert_eq!(classified(ResetState::Refused, Some("R-POLICY")), None);
        assert_eq!(classified(ResetState::Refused, Some("R-BANNED")), None);
        assert_eq!(classified(ResetState::Refused, Some("R-ROLE")), Some(false));
        assert_eq!(classified(ResetState::Failed, Some("F-LOCKED")), Some(false));
        assert_eq!(classified(ResetState::Written, None), Some(true));
        assert_eq!(classified(ResetState::Unknown, None), None);
    }
}
