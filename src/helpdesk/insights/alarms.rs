//! Security alerts on the insights page, and their acknowledgement with a note.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::Timestamp;
use serde::Deserialize;

use super::patterns::AlertKind;
use super::store::{self, SecurityAlert};
use crate::audit::{AuditEvent, upn_of_staff};
use crate::base::PersonKey;
use crate::reset::desk as resets;
use crate::signin::{AcknowledgeAlerts, StaffMember};
use crate::state::AppState;
use crate::store::{Db, StoreError};
use crate::web::{PageContext, WebError, moment};

/// Maximum length of a note.
const NOTE_LETTERS: usize = 2_000;

/// A security alert, as the page shows it.
pub(super) struct AlertItem {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) amount: String,
    pub(super) who: String,
    /// Reference of the person's newest reset.
    pub(super) reference: Option<String>,
    pub(super) span: String,
    /// Acknowledgement: who and when, and the note.
    pub(super) acknowledged: Option<(String, String)>,
}

pub(super) struct AlertLists {
    pub(super) open: Vec<AlertItem>,
    pub(super) past: Vec<AlertItem>,
}

pub(super) async fn alarms(app: &AppState, f: &PageContext, since: Timestamp) -> Result<AlertLists, StoreError> {
    let (open, past) = store::alarms(&app.db, since).await?;
    Ok(AlertLists { open: rows(app, f, open).await?, past: rows(app, f, past).await? })
}

async fn rows(app: &AppState, f: &PageContext, alarms: Vec<SecurityAlert>) -> Result<Vec<AlertItem>, StoreError> {
    let mut rows = Vec::new();
    for alarm in alarms {
        let (who, reference) = subject(&app.db, alarm.kind, alarm.subject).await?;
        let name = alarm.kind.name();
        let acknowledged = alarm.acknowledged.map(|done| {
            (f.tv2("alarm-acknowledged", ("who", &done.by), ("time", &moment(&f.lang, &done.at))), done.note)
        });
        let (first, last) = (moment(&f.lang, &alarm.first_at), moment(&f.lang, &alarm.seen_at));
        rows.push(AlertItem {
            id: alarm.id,
            kind: name,
            title: f.t(&format!("alarm-{name}")),
            amount: f.tv(&format!("alarm-{name}-amount"), "n", &alarm.amount.to_string()),
            who,
            reference,
            span: f.tv2("alarm-span", ("first", &first), ("last", &last)),
            acknowledged,
        });
    }
    Ok(rows)
}

/// Loads the name of an alert's subject, and the newest reset if the subject is a person.
async fn subject(db: &Db, kind: AlertKind, key: PersonKey) -> Result<(String, Option<String>), StoreError> {
    if kind.is_about_staff() {
        return Ok((staff_name(db, key).await?, None));
    }
    Ok(match resets::newest(db, key).await? {
        Some(reset) => (format!("{} {}", reset.name, reset.upn), Some(reset.reference)),
        None => (key.object.to_string(), None),
    })
}

/// Returns the user name of a staff member's last sign-in, or their object id after retention has erased it.
pub(super) async fn staff_name(db: &Db, key: PersonKey) -> Result<String, StoreError> {
    Ok(upn_of_staff(db, key).await?.unwrap_or_else(|| key.object.to_string()))
}

#[derive(Deserialize)]
pub(crate) struct AcknowledgeForm {
    note: String,
}

/// Acknowledges an alert with a note, which is required. `POST …/alarms/{id}`.
pub(crate) async fn acknowledge(
    State(app): State<AppState>,
    staff: StaffMember<AcknowledgeAlerts>,
    Path(id): Path<String>,
    Form(word): Form<AcknowledgeForm>,
) -> Result<Response, WebError> {
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let note: String = word.note.trim().chars().filter(kept).take(NOTE_LETTERS).collect();
    if note.is_empty() {
        return Ok(Redirect::to("/helpdesk/insights?said=empty").into_response());
    }
    let mut ledger = app.auditor.begin().await?;
    let by = (staff.login.key, staff.login.name.as_str());
    let Some((kind, subject)) = store::acknowledge(ledger.tx(), &id, by, &note, app.now()).await? else {
        return Ok(Redirect::to("/helpdesk/insights?said=gone").into_response());
    };
    // The person is not the subject of this event: acknowledging an alert is not an action on that person, so it must
    // not count as one in later scans.
    let event = AuditEvent::new("alarm.acknowledged", staff.actor());
    ledger.record(event.with("alarm", id).with("kind", kind).with("subject", subject.to_string()));
    ledger.commit().await?;
    Ok(Redirect::to("/helpdesk/insights?said=done").into_response())
}
