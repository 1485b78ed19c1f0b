//! Proof that a password landed: the rung *carried*, from Entra's audit log.
//!
//! The log arrives minutes late and takes five requests in ten seconds per app and tenant, so one request serves all
//! resets that wait, and the line for it is in the database.

use jiff::{SignedDuration, Timestamp};

use super::causes::Cause;
use super::details::ending;
use super::reading::{Proof, Reset, Rung};
use super::state::{Ending, Evidence, Report, State};
use super::store;
use super::submit::Resets;
use crate::audit::{Actor, Event};
use crate::base::ObjectId;
use crate::entra::AuditRow;
use crate::store::{Limit, StoreError};

/// Clocks of Graph and ours may differ by this.
const SKEW: SignedDuration = SignedDuration::from_secs(120);
/// Below Microsoft's 5 per 10 s, so that others in the tenant still get through.
const LOOKS: Limit = Limit { count: 4, per: SignedDuration::from_secs(10) };
/// Nobody looks longer than this after the reset settled.
const UNTIL: SignedDuration = SignedDuration::from_hours(24);

/// When to look first in a state, if ever.
pub(super) fn first_look(to: State, cause: Option<Cause>, reset: &Reset, now: Timestamp) -> Option<Timestamp> {
    let sent = reset.dispatched_at.is_some();
    let looks = sent && !to.is_open() && !to.is_final(cause, Some(now), now);
    looks.then(|| now.saturating_add(SignedDuration::from_secs(1)).unwrap_or(now))
}

/// Looks grow rarer with the age of the settled state: 2 s, then a quarter of the age, up to 15 minutes.
fn next_look(reset: &Reset, now: Timestamp) -> Option<Timestamp> {
    let age = now.duration_since(reset.settled_at.unwrap_or(reset.created_at));
    if age > UNTIL {
        return None;
    }
    let pause = (age / 4).clamp(SignedDuration::from_secs(2), SignedDuration::from_mins(15));
    now.saturating_add(pause).ok()
}

/// What the log says of one reset.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// Several rows fit: nothing is concluded.
    Ambiguous,
    Row {
        at: Timestamp,
        success: bool,
        agent: String,
        reason: String,
    },
}

/// Looks for everybody who is due with one request.
pub(super) async fn look(resets: &Resets, due: Vec<Reset>) -> Result<(), StoreError> {
    let app = &resets.app;
    let Some(rows) = read_log(resets, &due).await? else {
        for reset in &due {
            let soon = app.now().saturating_add(SignedDuration::from_secs(3)).ok();
            store::look_later(&app.db, reset.id, &app.me, soon).await?;
        }
        return Ok(());
    };
    let operator = app.entra.operators.current().await?.map(|o| o.object);
    for reset in &due {
        let now = app.now();
        let found = find_own(resets, &rows, reset, operator, now).await?;
        let concluded = conclude(resets, reset, &found).await?;
        let next = if concluded { None } else { next_look(reset, now) };
        store::look_later(&app.db, reset.id, &app.me, next).await?;
    }
    Ok(())
}

/// For a reset that was accepted without an address: whether the log settled it.
pub(super) async fn settles_writing(resets: &Resets, reset: &Reset) -> Result<bool, StoreError> {
    let Some(rows) = read_log(resets, std::slice::from_ref(reset)).await? else { return Ok(false) };
    let operator = resets.app.entra.operators.current().await?.map(|o| o.object);
    let report = match find_own(resets, &rows, reset, operator, resets.app.now()).await? {
        Found::Row { success: true, .. } => Report::Succeeded,
        Found::Row { success: false, reason, .. } => Report::Ended(ending(&reason)),
        Found::Nothing | Found::Ambiguous => return Ok(false),
    };
    super::send::finish(resets, reset, report, super::send::Grounds::default()).await?;
    Ok(true)
}

/// The rows of the span these resets were sent in. `None`: not now.
async fn read_log(resets: &Resets, due: &[Reset]) -> Result<Option<Vec<AuditRow>>, StoreError> {
    let app = &resets.app;
    let now = app.now();
    if app.limits.take("graph:audits", LOOKS, now).await?.is_err() {
        return Ok(None);
    }
    let first = due.iter().filter_map(|r| r.dispatched_at).min().unwrap_or(now);
    let from = first.saturating_sub(SKEW).unwrap_or(first);
    match app.entra.graph.reset_audits(from, now.saturating_add(SKEW).unwrap_or(now)).await {
        Ok(rows) => Ok(Some(rows)),
        Err(error) => {
            tracing::warn!(cause = ?error, "the directory audit log cannot be read");
            Ok(None)
        }
    }
}

/// When a row of this reset may be dated.
fn span(reset: &Reset, now: Timestamp) -> (Timestamp, Timestamp) {
    let from = reset.dispatched_at.unwrap_or(reset.created_at).saturating_sub(SKEW).unwrap_or_default();
    (from, reset.settled_at.unwrap_or(now).saturating_add(SKEW).unwrap_or(now))
}

/// What [`find`] finds, unless the row may be that of another reset of the same person: an earlier one that never left
/// must not be called written because a later one was.
async fn find_own(
    resets: &Resets,
    rows: &[AuditRow],
    reset: &Reset,
    operator: Option<ObjectId>,
    now: Timestamp,
) -> Result<Found, StoreError> {
    let found = find(rows, reset, operator, now);
    let (from, to) = span(reset, now);
    let (from, to) = (from.saturating_sub(SKEW).unwrap_or(from), to.saturating_add(SKEW).unwrap_or(to));
    if matches!(found, Found::Row { .. }) && store::has_neighbour(&resets.app.db, reset, from, to).await? {
        return Ok(Found::Ambiguous);
    }
    Ok(found)
}

/// Exactly one row with this target, by our operator, in this reset's time.
fn find(rows: &[AuditRow], reset: &Reset, operator: Option<ObjectId>, now: Timestamp) -> Found {
    let (from, to) = span(reset, now);
    let (target, operator) = (reset.person.object.to_string(), operator.map(|o| o.to_string()));
    let fits = |row: &&AuditRow| {
        let by = row.initiated_by.as_ref().and_then(|i| i.user.as_ref()).and_then(|u| u.id.clone());
        let on = row.target_resources.iter().any(|t| t.id.as_deref() == Some(&target));
        on && by.is_some() && by == operator && row.activity_date_time >= from && row.activity_date_time <= to
    };
    let mut found = rows.iter().filter(fits);
    match (found.next(), found.next()) {
        (None, _) => Found::Nothing,
        (Some(_), Some(_)) => Found::Ambiguous,
        (Some(row), None) => {
            let agent = row
                .additional_details
                .iter()
                .find(|d| d.key.as_deref() == Some("OnPremisesAgent"))
                .and_then(|d| d.value.clone());
            Found::Row {
                at: row.activity_date_time,
                success: row.result == "success",
                agent: agent.unwrap_or_default(),
                reason: row.result_reason.clone().unwrap_or_default(),
            }
        }
    }
}

/// Draws the conclusion; true if nothing is left to look for.
async fn conclude(resets: &Resets, reset: &Reset, found: &Found) -> Result<bool, StoreError> {
    let Found::Row { at, success, agent, reason } = found else { return Ok(false) };
    let evidence = match (success, agent.as_str()) {
        (true, "None") if reset.synced => Evidence::NoAgent,
        (true, "None" | "") => return Ok(!reset.synced),
        (true, _) => Evidence::Carried,
        (false, _) => match ending(reason) {
            Ending::Refused(cause) | Ending::Failed(cause) => Evidence::AuditFailed(cause),
            Ending::Split => return Ok(true),
        },
    };
    let app = &resets.app;
    let now = app.now();
    let mut ledger = app.auditor.begin().await?;
    if evidence == Evidence::Carried {
        let proof = Proof { rung: Rung::Carried, at: *at, source: agent.clone(), detail: None };
        if store::prove(ledger.tx(), reset.id, &proof).await? {
            ledger.record(
                Event::new("reset.carried", Actor::Portal)
                    .about(reset.person)
                    .reset(reset.id)
                    .with("agent", agent.clone()),
            );
        }
    }
    if let Some((to, cause)) = reset.state.after(reset.cause, Report::Evidence(evidence)) {
        store::step(
            ledger.tx(),
            &store::Move { id: reset.id, from: reset.state, to, cause, detail: None, now, look_at: None },
        )
        .await?;
        let event = Event::new("reset.moved", Actor::Portal).about(reset.person).reset(reset.id).with("by", "evidence");
        ledger.record(event.with("from", reset.state.name()).with("to", to.name()).with("agent", agent.clone()));
        app.metrics.moved(to.name(), cause.map(Cause::code));
        if to == State::CloudOnly {
            tracing::error!(reset.id = %reset.id, "a password was set in the cloud and no writeback agent carried it");
        }
    }
    store::touch(ledger.tx(), reset.id, now).await?;
    ledger.commit().await?;
    app.changed.notify_one();
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TARGET: &str = "00000000-0000-4000-8000-000000000001";
    const OPERATOR: &str = "00000000-0000-4000-8000-000000000002";

    fn row(target: &str, by: &str, at: &str) -> AuditRow {
        serde_json::from_value(json!({
            "id": "1", "activityDateTime": at, "result": "success",
            "initiatedBy": { "user": { "id": by } }, "targetResources": [{ "id": target }],
            "additionalDetails": [{ "key": "OnPremisesAgent", "value": "CloudSync" }],
        }))
        .unwrap()
    }

    fn reset() -> Reset {
        let at = |s: &str| s.parse::<Timestamp>().unwrap();
        Reset {
            id: "01900000-0000-7000-8000-000000000000".parse().unwrap(),
            reference: "7KQ4M2ZD".parse().unwrap(),
            person: crate::base::PersonKey { tenant: crate::store::testing::tenant(), object: TARGET.parse().unwrap() },
            synced: true,
            state: State::Written,
            cause: None,
            created_at: at("2026-11-23T10:00:00Z"),
            updated_at: at("2026-11-23T10:00:05Z"),
            dispatched_at: Some(at("2026-11-23T10:00:00Z")),
            accepted_at: Some(at("2026-11-23T10:00:01Z")),
            settled_at: Some(at("2026-11-23T10:00:05Z")),
            location: None,
            polls: 0,
            lost_since: None,
            down_since: None,
            down_total_ms: 0,
            line_since: None,
            revision: 1,
        }
    }

    #[test]
    fn one_row_of_ours_in_its_time_is_evidence_and_all_else_is_not() {
        let look =
            |rows: &[AuditRow]| find(rows, &reset(), OPERATOR.parse().ok(), "2026-11-23T10:05:00Z".parse().unwrap());
        let good = row(TARGET, OPERATOR, "2026-11-23T10:00:04Z");
        assert!(
            matches!(look(std::slice::from_ref(&good)), Found::Row { success: true, agent, .. } if agent == "CloudSync")
        );
        assert_eq!(look(&[]), Found::Nothing);
        assert_eq!(look(&[good.clone(), good.clone()]), Found::Ambiguous);
        assert_eq!(look(&[row(OPERATOR, OPERATOR, "2026-11-23T10:00:04Z")]), Found::Nothing, "another person");
        assert_eq!(look(&[row(TARGET, TARGET, "2026-11-23T10:00:04Z")]), Found::Nothing, "another administrator");
        assert_eq!(look(&[row(TARGET, OPERATOR, "2026-11-23T09:50:00Z")]), Found::Nothing, "another time");
        assert!(matches!(look(&[row(TARGET, OPERATOR, "2026-11-23T09:58:30Z")]), Found::Row { .. }), "within the skew");
    }
}
