//! The audit log page: search and export for auditors and administrators.
//!
//! - Every search and export is itself an audit event.

mod export;
mod query;

pub(super) use export::export_audit_log;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::SignedDuration;

use self::query::{AuditLogQuery, AuditQueryProblem};
use super::person_detail::split_actor;
use crate::audit::{AUDIT_PAGE_ROWS, AuditEntry, AuditEvent, AuditQuery, PersonalData, load_event_kinds, load_newest};
use crate::signin::{StaffMember, StaffPermission as _, ViewAuditLog, ViewHelpdesk, with_staff_navigation};
use crate::state::AppState;
use crate::store::{RateLimit, RateLimiter, StoreError, hash_id};
use crate::web::{PageContext, WebError, format_timestamp, render_page};

/// Limits the audit events for one search by one auditor: another page of the same search is not another search.
const SEARCH_AUDIT_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_mins(10) };

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

/// Actor or subject of an event, with a link to their page if the viewer may view it.
struct ActorItem {
    text: String,
    object: Option<String>,
}

#[derive(Template)]
#[template(path = "helpdesk/audit_log.html")]
struct AuditLogPage {
    ctx: PageContext,
    query: AuditLogQuery,
    kinds: Vec<String>,
    problem: Option<String>,
    rows: Vec<AuditLogItem>,
    /// Address of the next page.
    older: Option<String>,
    csv: String,
    jsonl: String,
    is_first_page: bool,
    /// The viewer may also view people and resets.
    can_view_helpdesk: bool,
}

pub(super) async fn show_audit_log(
    State(app): State<AppState>,
    ctx: PageContext,
    staff: StaffMember<ViewAuditLog>,
    Query(asked): Query<AuditLogQuery>,
) -> Result<Response, WebError> {
    let ctx = with_staff_navigation(ctx, &staff.login);
    let (mut rows, wrong) = match asked.resolve(&app, &staff).await? {
        Ok(sought) => {
            record_search(&app, &staff, &asked, &sought).await?;
            (load_newest(&app.db, &sought, asked.before_sequence()).await?, None)
        }
        Err(wrong) => (Vec::new(), Some(wrong)),
    };
    let can_view_helpdesk = staff.login.has_any_role(ViewHelpdesk::ROLES);
    let links = if can_view_helpdesk { PersonLinks::Shown } else { PersonLinks::Hidden };
    let more = rows.len() > AUDIT_PAGE_ROWS;
    rows.truncate(AUDIT_PAGE_ROWS);
    let last = rows.last().filter(|_| more).map(|last| last.seq);
    Ok(render_page(&AuditLogPage {
        older: last.map(|seq| asked.build_link("/helpdesk/audit", &[("before", &seq.to_string())])),
        csv: asked.build_link("/helpdesk/audit/export", &[("format", "csv")]),
        jsonl: asked.build_link("/helpdesk/audit/export", &[("format", "jsonl")]),
        is_first_page: asked.before_sequence().is_none(),
        kinds: load_event_kinds(&app.db).await?,
        rows: rows.into_iter().map(|entry| build_item(&ctx, entry, links)).collect(),
        problem: wrong.map(|wrong: AuditQueryProblem| ctx.t(wrong.message_key())),
        can_view_helpdesk,
        query: asked,
        ctx,
    }))
}

/// Records a search in the audit log, once per search.
async fn record_search(
    app: &AppState,
    staff: &StaffMember<ViewAuditLog>,
    asked: &AuditLogQuery,
    sought: &AuditQuery,
) -> Result<(), StoreError> {
    let mut transaction = app.audit_log.begin().await?;
    let what = hash_id(&asked.build_link("", &[]));
    let key = format!("examined:{}:{what}", staff.login.key.object);
    if RateLimiter::try_acquire_in(transaction.tx(), &key, SEARCH_AUDIT_LIMIT, app.now()).await?.is_ok() {
        transaction.record_event(asked.add_to_event(AuditEvent::new("audit.searched", staff.audit_actor()), sought));
    }
    transaction.commit().await
}

/// Whether actors and subjects link to the pages of people, which not every viewer of the audit log may view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PersonLinks {
    Shown,
    Hidden,
}

/// Builds the item of an actor or subject such as `staff:tenant/object`.
fn build_actor(name: &str, links: PersonLinks) -> ActorItem {
    let (kind, object) = split_actor(name);
    let text = [kind, object.as_deref().unwrap_or_default()].join(" ").trim().to_owned();
    ActorItem { text, object: object.filter(|_| links == PersonLinks::Shown) }
}

fn build_item(ctx: &PageContext, entry: AuditEntry, links: PersonLinks) -> AuditLogItem {
    let erased = entry.personal == PersonalData::Erased;
    let personal = if let PersonalData::Stored(data) = entry.personal { Some(data) } else { None };
    AuditLogItem {
        at: format_timestamp(&ctx.lang, &entry.at),
        at_iso: entry.at.to_string(),
        actor: build_actor(&entry.actor, links),
        subject: entry.subject.as_deref().map(|name| build_actor(name, links)),
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
