//! The audit log page: search and export for auditors and administrators.
//!
//! - Every search and export is itself an audit event.

mod asked;
mod export;

pub(super) use export::export;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::SignedDuration;

use self::asked::{AuditLogQuery, AuditQueryProblem};
use super::person::parts_of;
use crate::audit::{AUDIT_PAGE, AuditEntry, AuditEvent, AuditQuery, PersonalData, kinds, newest};
use crate::signin::{StaffMember, StaffPermission as _, ViewAuditLog, ViewHelpdesk, at_work};
use crate::state::AppState;
use crate::store::{RateLimit, RateLimiter, StoreError, hash_id};
use crate::web::{PageContext, WebError, draw, moment};

/// Limits the audit events for one search by one auditor: another page of the same search is not another search.
const AUDITED: RateLimit = RateLimit { count: 1, per: SignedDuration::from_mins(10) };

/// An audit event, as the page shows it.
struct AuditLogItem {
    seq: i64,
    at: String,
    at_iso: String,
    event: String,
    actor: ActorItem,
    subject: Option<ActorItem>,
    reference: Option<String>,
    detail: String,
    personal: Option<String>,
    erased: bool,
    previous: String,
    hash: String,
}

/// Actor or subject of an event, with a link to their page if the auditor may view it.
struct ActorItem {
    text: String,
    object: Option<String>,
}

#[derive(Template)]
#[template(path = "helpdesk/audit.html")]
struct AuditLogPage {
    f: PageContext,
    asked: AuditLogQuery,
    kinds: Vec<String>,
    wrong: Option<String>,
    rows: Vec<AuditLogItem>,
    /// Address of the next page.
    older: Option<String>,
    csv: String,
    jsonl: String,
    first: bool,
    /// The viewer may also view people and resets.
    looks: bool,
}

pub(super) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewAuditLog>,
    Query(asked): Query<AuditLogQuery>,
) -> Result<Response, WebError> {
    let f = at_work(frame, &staff.login);
    let (mut rows, wrong) = match asked.read(&app, &staff).await? {
        Ok(sought) => {
            searched(&app, &staff, &asked, &sought).await?;
            (newest(&app.db, &sought, asked.before()).await?, None)
        }
        Err(wrong) => (Vec::new(), Some(wrong)),
    };
    let looks = staff.login.may(ViewHelpdesk::ROLES);
    let more = rows.len() > AUDIT_PAGE;
    rows.truncate(AUDIT_PAGE);
    let last = rows.last().filter(|_| more).map(|last| last.seq);
    Ok(draw(&AuditLogPage {
        older: last.map(|seq| asked.link("/helpdesk/audit", &[("before", &seq.to_string())])),
        csv: asked.link("/helpdesk/audit/export", &[("format", "csv")]),
        jsonl: asked.link("/helpdesk/audit/export", &[("format", "jsonl")]),
        first: asked.before().is_none(),
        kinds: kinds(&app.db).await?,
        rows: rows.into_iter().map(|entry| line(&f, entry, looks)).collect(),
        wrong: wrong.map(|wrong: AuditQueryProblem| f.t(wrong.key())),
        looks,
        asked,
        f,
    }))
}

/// Records a search in the audit log, once per search.
async fn searched(
    app: &AppState,
    staff: &StaffMember<ViewAuditLog>,
    asked: &AuditLogQuery,
    sought: &AuditQuery,
) -> Result<(), StoreError> {
    let mut ledger = app.auditor.begin().await?;
    let what = hash_id(&asked.link("", &[]));
    let key = format!("examined:{}:{what}", staff.login.key.object);
    if RateLimiter::take_in(ledger.tx(), &key, AUDITED, app.now()).await?.is_ok() {
        ledger.record(asked.told(AuditEvent::new("audit.searched", staff.actor()), sought));
    }
    ledger.commit().await
}

/// Builds the item of an actor or subject such as `staff:tenant/object`.
fn who(name: &str, looks: bool) -> ActorItem {
    let (kind, object) = parts_of(name);
    let text = [kind, object.as_deref().unwrap_or_default()].join(" ").trim().to_owned();
    ActorItem { text, object: object.filter(|_| looks) }
}

fn line(f: &PageContext, entry: AuditEntry, looks: bool) -> AuditLogItem {
    let erased = entry.personal == PersonalData::Erased;
    let personal = if let PersonalData::Kept(data) = entry.personal { Some(data) } else { None };
    AuditLogItem {
        at: moment(&f.lang, &entry.at),
        at_iso: entry.at.to_string(),
        actor: who(&entry.actor, looks),
        subject: entry.subject.as_deref().map(|name| who(name, looks)),
        detail: if entry.detail == "{}" { String::new() } else { entry.detail },
        seq: entry.seq,
        event: entry.event,
        reference: entry.reference,
        previous: entry.previous,
        hash: entry.hash,
        personal,
        erased,
    }
}
