//! Security alerts on the insights page, and their acknowledgement with a note.

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use jiff::Timestamp;
use serde::Deserialize;

use crate::alerts::{self, AlertKind, AlertNote, SecurityAlert};
use crate::audit::{AuditEvent, load_staff_upn};
use crate::base::PersonKey;
use crate::reset::queries as resets;
use crate::signin::{AcknowledgeAlerts, StaffMember};
use crate::state::AppState;
use crate::store::{Db, StoreError};
use crate::web::{PageContext, WebError, format_timestamp};

/// Maximum length of a note.
const MAX_NOTE_CHARS: usize = 2_000;

/// A security alert, as the page shows it.
pub(super) struct AlertItem {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) title: String,
    pub(super) amount: String,
    pub(super) subject: String,
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

pub(super) async fn load_alert_lists(
    app: &AppState,
    ctx: &PageContext,
    since: Timestamp,
) -> Result<AlertLists, StoreError> {
    let (open, past) = alerts::load_alerts(&app.db, since).await?;
    Ok(AlertLists { open: load_alert_items(app, ctx, open).await?, past: load_alert_items(app, ctx, past).await? })
}

async fn load_alert_items(
    app: &AppState,
    ctx: &PageContext,
    alarms: Vec<SecurityAlert>,
) -> Result<Vec<AlertItem>, StoreError> {
    let mut rows = Vec::new();
    for alarm in alarms {
        let (who, reference) = load_subject(&app.db, alarm.kind, alarm.subject).await?;
        let name = alarm.kind.as_str();
        let acknowledged = alarm.acknowledgement.map(|done| {
            (
                ctx.tv2(
                    "alarm-acknowledged",
                    ("who", &done.agent_name),
                    ("time", &format_timestamp(&ctx.lang, &done.at)),
                ),
                done.note,
            )
        });
        let (first, last) = (format_timestamp(&ctx.lang, &alarm.first_at), format_timestamp(&ctx.lang, &alarm.seen_at));
        rows.push(AlertItem {
            id: alarm.id,
            kind: name,
            title: ctx.t(&format!("alarm-{name}")),
            amount: ctx.tv(&format!("alarm-{name}-amount"), "n", &alarm.amount.to_string()),
            subject: who,
            reference,
            span: ctx.tv2("alarm-span", ("first", &first), ("last", &last)),
            acknowledged,
        });
    }
    Ok(rows)
}

/// Loads the name of an alert's subject, and the newest reset if the subject is a person.
async fn load_subject(db: &Db, kind: AlertKind, key: PersonKey) -> Result<(String, Option<String>), StoreError> {
    if kind.is_about_staff() {
        return Ok((load_staff_name(db, key).await?, None));
    }
    Ok(match resets::load_newest(db, key).await? {
        Some(reset) => (format!("{} {}", reset.name, reset.upn), Some(reset.reference)),
        None => (key.object.to_string(), None),
    })
}

/// Returns the user name of a staff member's last sign-in, or their object id after retention has erased it.
pub(super) async fn load_staff_name(db: &Db, key: PersonKey) -> Result<String, StoreError> {
    Ok(load_staff_upn(db, key).await?.unwrap_or_else(|| key.object.to_string()))
}

#[derive(Deserialize)]
pub(crate) struct AcknowledgeForm {
    note: String,
}

/// Acknowledges an alert with a note, which is required. `POST …/alarms/{id}`.
pub(crate) async fn acknowledge_alert(
    State(app): State<AppState>,
    staff: StaffMember<AcknowledgeAlerts>,
    Path(id): Path<String>,
    Form(word): Form<AcknowledgeForm>,
) -> Result<Response, WebError> {
    let kept = |c: &char| !c.is_control() || *c == '\n';
    let note: String = word.note.trim().chars().filter(kept).take(MAX_NOTE_CHARS).collect();
    if note.is_empty() {
        return Ok(Redirect::to("/helpdesk/insights?said=empty").into_response());
    }
    let mut transaction = app.audit_log.begin().await?;
    let note = AlertNote { alert: &id, agent: staff.login.key, agent_name: &staff.login.name, text: &note };
    let Some((kind, subject)) = alerts::mark_acknowledged(transaction.tx(), note, app.now()).await? else {
        return Ok(Redirect::to("/helpdesk/insights?said=gone").into_response());
    };
    // The person is not the subject of this event: acknowledging an alert is not an action on that person, so it must
    // not count as one in later scans.
    let event = AuditEvent::new("alarm.acknowledged", staff.audit_actor());
    transaction.record_event(
        event.with_detail("alarm", id).with_detail("kind", kind).with_detail("subject", subject.to_string()),
    );
    transaction.commit().await?;
    Ok(Redirect::to("/helpdesk/insights?said=done").into_response())
}
