//! The search form of the audit log, and the problems that make a search impossible.

use axum::extract::FromRef as _;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::reset_list::{DayBoundary, parse_day};
use crate::audit::{AuditActor, AuditEvent, AuditQuery};
use crate::base::{ObjectId, PersonKey, ReferenceCode};
use crate::people::PeopleService;
use crate::reset::queries as resets;
use crate::signin::{StaffMember, ViewAuditLog};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::WebError;

/// Maximum number of user lookups at Microsoft by one auditor.
const USER_LOOKUP_LIMIT: RateLimit = RateLimit { count: 60, window: jiff::SignedDuration::from_mins(1) };

#[derive(Debug, Deserialize)]
pub(in crate::helpdesk) struct AuditLogQuery {
    /// First day of the period; `to` is the last day.
    #[serde(default)]
    pub(super) from: String,
    #[serde(default)]
    pub(super) to: String,
    #[serde(default)]
    pub(super) event: String,
    /// Actor: a complete user name, an object id, `portal` or `command`.
    #[serde(default)]
    pub(super) actor: String,
    /// Subject: a complete user name or an object id.
    #[serde(default)]
    pub(super) person: String,
    #[serde(default)]
    pub(super) reference: String,
    /// Cursor: sequence number of the last event on the previous page.
    #[serde(default)]
    before: String,
    /// Format of an export.
    #[serde(default)]
    pub(super) format: String,
}

/// Problem with a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AuditQueryProblem {
    InvalidDay,
    PersonNotFound,
    GraphUnavailable,
    UnknownReference,
}

impl AuditQueryProblem {
    pub(super) fn message_key(self) -> &'static str {
        match self {
            Self::InvalidDay => "desk-find-day",
            Self::PersonNotFound => "audit-nobody",
            Self::GraphUnavailable => "desk-people-unread",
            Self::UnknownReference => "audit-no-reference",
        }
    }
}

impl AuditLogQuery {
    pub(super) fn before_sequence(&self) -> Option<i64> {
        self.before.parse().ok()
    }

    /// Builds a link to another address with the same search.
    pub(super) fn build_link(&self, path: &str, more: &[(&str, &str)]) -> String {
        let values = [
            ("from", &self.from),
            ("to", &self.to),
            ("event", &self.event),
            ("actor", &self.actor),
            ("person", &self.person),
            ("reference", &self.reference),
        ];
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let given = values.into_iter().map(|(name, value)| (name, value.trim())).filter(|(_, value)| !value.is_empty());
        query.extend_pairs(given).extend_pairs(more);
        format!("{path}?{}", query.finish())
    }

    /// Adds the search to its own audit event. Entered names go to the personal data of the event.
    pub(super) fn add_to_event(&self, event: AuditEvent, sought: &AuditQuery) -> AuditEvent {
        let time = |event: AuditEvent, name: &str, at: Option<Timestamp>| match at {
            Some(at) => event.with_detail(name, at.to_string()),
            None => event,
        };
        let text = |event: AuditEvent, name: &str, typed: &str| match typed.trim() {
            "" => event,
            typed => event.with_personal_detail(name, typed.chars().take(200).collect::<String>()),
        };
        let event = time(time(event, "from", sought.from), "until", sought.until);
        let event = text(text(event, "actor", &self.actor), "person", &self.person);
        let event = if let Some(kind) = &sought.event { event.with_detail("event", kind.as_str()) } else { event };
        if let Some(reset) = sought.reset { event.with_detail("reset", reset.to_string()) } else { event }
    }

    pub(super) async fn resolve(
        &self,
        app: &AppState,
        staff: &StaffMember<ViewAuditLog>,
    ) -> Result<Result<AuditQuery, AuditQueryProblem>, WebError> {
        let (Ok(from), Ok(until)) = (parse_day(&self.from, DayBoundary::Start), parse_day(&self.to, DayBoundary::End))
        else {
            return Ok(Err(AuditQueryProblem::InvalidDay));
        };
        let reset = match self.reference.trim() {
            "" => None,
            typed => match load_reset_id(app, typed).await? {
                Some(reset) => Some(reset),
                None => return Ok(Err(AuditQueryProblem::UnknownReference)),
            },
        };
        let subject = match resolve_person(app, staff, &self.person).await? {
            Ok(subject) => subject,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let actors = match self.actor.trim() {
            "portal" => vec![AuditActor::Portal],
            "command" => vec![AuditActor::Command],
            typed => match resolve_person(app, staff, typed).await? {
                Ok(found) => found.map_or(Vec::new(), |key| vec![AuditActor::Staff(key), AuditActor::Person(key)]),
                Err(wrong) => return Ok(Err(wrong)),
            },
        };
        let event = Some(self.event.trim()).filter(|event| !event.is_empty()).map(str::to_owned);
        Ok(Ok(AuditQuery { from, until, event, actors, subject, reset }))
    }
}

async fn load_reset_id(app: &AppState, typed: &str) -> Result<Option<crate::base::ResetId>, WebError> {
    let Ok(reference) = typed.parse::<ReferenceCode>() else { return Ok(None) };
    Ok(resets::load_id(&app.db, &reference).await?)
}

/// Resolves a person by object id or complete user name.
///
/// An object id needs no request to Microsoft and also finds people who have left the tenant.
async fn resolve_person(
    app: &AppState,
    staff: &StaffMember<ViewAuditLog>,
    typed: &str,
) -> Result<Result<Option<PersonKey>, AuditQueryProblem>, WebError> {
    let typed = typed.trim();
    let key = |object| Ok(Ok(Some(PersonKey { tenant: app.config.tenant_id(), object })));
    if typed.is_empty() {
        return Ok(Ok(None));
    }
    if let Ok(object) = typed.parse::<ObjectId>() {
        return key(object);
    }
    let limit = format!("examine:{}", staff.login.key.object);
    app.rate_limiter
        .try_acquire(&limit, USER_LOOKUP_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    match PeopleService::from_ref(app).search(typed).await {
        Ok(found) => match found.iter().find(|one| one.upn.eq_ignore_ascii_case(typed)) {
            Some(one) => key(one.id),
            None => Ok(Err(AuditQueryProblem::PersonNotFound)),
        },
        Err(error) => {
            tracing::warn!(error = ?error, "audit search failed: user lookup unavailable");
            Ok(Err(AuditQueryProblem::GraphUnavailable))
        }
    }
}
