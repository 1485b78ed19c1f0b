//! Scans the last 24 hours for security alerts.
//!
//! - A repeated scan of the same events raises no second alert.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::detectors::{
    AlertFinding, DetectorThresholds, MethodRegistration, ObservedAction, ObservedOutcome, RecentActivity,
    detect_alerts,
};
use super::store;
use crate::audit::{AuditActor, AuditEvent, StaffAction, load_staff_actions};
use crate::base::{PersonKey, TimestampExt as _, run_every};
use crate::people::{MethodRegistrationReader, fetch_method_registrations};
use crate::reset::queries::{self as resets, EndedReset, ResetCause, ResetState};
use crate::state::AppState;
use crate::store::{StoreError, acquire_lease};

const SCAN_WINDOW: SignedDuration = SignedDuration::from_hours(24);

/// Runs the scanner until shutdown.
pub(crate) async fn run_alert_scanner(app: AppState) {
    let pause = Duration::from_secs(app.config.helpdesk.alarms.every_seconds.max(1));
    let rounds = app.metrics.background_rounds("alert-scanner");
    run_every(&app.shutdown, &rounds, pause, || async {
        if let Err(error) = scan_once(&app).await {
            tracing::warn!(error = ?error, "security alert scan failed: retrying");
        }
    })
    .await;
}

async fn scan_once(app: &AppState) -> Result<(), StoreError> {
    let now = app.now();
    if !acquire_lease(&app.db, "alarms", &app.instance_id, now).await? {
        return Ok(());
    }
    let settings = &app.config.helpdesk.alarms;
    let thresholds = DetectorThresholds {
        people_per_agent: settings.people_per_agent,
        agents_per_person: settings.agents_per_person,
        failures: settings.failures,
        method_window: SignedDuration::from_mins(settings.method_minutes),
    };
    let since = now.earlier(SCAN_WINDOW);
    let lately = load_recent_activity(app, since, now).await?;
    let covered = store::load_acknowledged(&app.db, since).await?;
    for found in detect_alerts(&lately, thresholds, &covered) {
        raise_alert(app, &found).await?;
    }
    Ok(())
}

async fn load_recent_activity(app: &AppState, since: Timestamp, now: Timestamp) -> Result<RecentActivity, StoreError> {
    let settings = &app.config.helpdesk.alarms;
    let acts = load_staff_actions(&app.db, since).await?;
    let act = |act: &StaffAction| ObservedAction {
        at: act.at,
        agent: act.agent,
        person: act.person,
        odd_hour: settings.is_outside_working_hours(act.at),
    };
    let ends: Vec<ObservedOutcome> =
        resets::load_ended(&app.db, since).await?.iter().filter_map(classify_outcome).collect();
    let asks = settings.method_minutes > 0 && ends.iter().any(|end| end.succeeded);
    let registered = if asks { fetch_registrations(app, since, now).await? } else { Vec::new() };
    Ok(RecentActivity { actions: acts.iter().map(act).collect(), outcomes: ends, registrations: registered })
}

/// Classifies an ended reset as a success or a failure.
///
/// Returns `None` if it says nothing: the person only has to choose another password, or the outcome is unknown.
fn classify_outcome(ended: &EndedReset) -> Option<ObservedOutcome> {
    let went_through = match ended.state {
        ResetState::Written | ResetState::Finished => true,
        ResetState::Failed | ResetState::CloudOnly => false,
        ResetState::Refused => {
            let cause = ended.cause.as_deref().and_then(ResetCause::from_name);
            if matches!(cause, Some(ResetCause::Policy | ResetCause::Banned)) {
                return None;
            }
            false
        }
        ResetState::Sending | ResetState::Writing | ResetState::Split | ResetState::Unknown => return None,
    };
    Some(ObservedOutcome { at: ended.ended_at, person: ended.person, succeeded: went_through })
}

/// Fetches who registered a sign-in method. Delayed entries of the log are seen by a later scan.
async fn fetch_registrations(
    app: &AppState,
    since: Timestamp,
    now: Timestamp,
) -> Result<Vec<MethodRegistration>, StoreError> {
    let tenant = app.config.tenant_id();
    let found = fetch_method_registrations(app, MethodRegistrationReader::AlertScan, since, now).await?;
    let one = |(at, object)| MethodRegistration { at, person: PersonKey { tenant, object } };
    Ok(found.into_iter().map(one).collect())
}

async fn raise_alert(app: &AppState, found: &AlertFinding) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let id = app.random.uuid_at(app.now()).to_string();
    if store::upsert_alert(transaction.tx(), &id, found, app.now()).await? {
        let amount = i64::try_from(found.amount).unwrap_or(i64::MAX);
        let event = AuditEvent::new("alarm.raised", AuditActor::Portal).with_subject(found.subject);
        transaction.record_event(
            event
                .with_detail("alarm", id.clone())
                .with_detail("kind", found.kind.as_str())
                .with_detail("amount", amount),
        );
        tracing::error!(alert.id = %id, kind = found.kind.as_str(), amount, "alarm: security alert raised");
    }
    transaction.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejected_password_choice_is_no_failure() {
        let person: PersonKey =
            "c0de0000-7e5a-4f00-8000-00000000c0de/00000000-0000-4000-8000-000000000001".parse().unwrap();
        let classified = |state, cause: Option<&str>| {
            let cause = cause.map(str::to_owned);
            classify_outcome(&EndedReset { ended_at: Timestamp::UNIX_EPOCH, person, state, cause })
                .map(|end| end.succeeded)
        };
        assert_eq!(classified(ResetState::Refused, Some("R-POLICY")), None);
        assert_eq!(classified(ResetState::Refused, Some("R-BANNED")), None);
        assert_eq!(classified(ResetState::Refused, Some("R-ROLE")), Some(false));
        assert_eq!(classified(ResetState::Failed, Some("F-LOCKED")), Some(false));
        assert_eq!(classified(ResetState::Written, None), Some(true));
        assert_eq!(classified(ResetState::Unknown, None), None);
    }
}
