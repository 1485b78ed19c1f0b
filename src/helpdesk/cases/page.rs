//! The case page: status, verification, decision, executions, notes and the text for the ticket.

use std::fmt::Write as _;

use askama::Template;
use axum::extract::{FromRef as _, Path, Query, State};
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;

use super::decide::{self, CaseStatus};
use super::lines::{ActionOption, ExecutionItem, action_text, actions, deed};
use super::rules::{CallerVerification, CaseAction, MissingVerification, VerificationMethod};
use super::store::{
    self, ActionExecution, CaseNote, CaseOrigin, CaseState, HelpdeskCase, RecordedDecision, VerificationReply,
    VerificationRequest,
};
use super::words::CallCheckWords;
use super::{CaseRefusal, find, open};
use crate::base::ObjectId;
use crate::people::{PeopleService, PhoneNumber};
use crate::signin::{ApproveActions, StaffMember, StaffPermission as _, ViewHelpdesk, WorkCases, at_work};
use crate::state::AppState;
use crate::web::{ClientAddress, PageContext, WebError, draw, moment};

/// A verification of the caller, as the page shows it.
struct VerificationItem {
    text: String,
    by: String,
    points: i64,
    until: String,
}

/// A verification request, as the agent sees it.
struct VerificationRequestItem {
    text: String,
    /// `open`, `over`, or the reply.
    state: &'static str,
    state_text: String,
    words: Vec<String>,
    at: String,
}

/// A verification method that is available now.
struct MethodOption {
    method: &'static str,
    title: String,
    text: String,
    points: i64,
    /// The agent attests it; no one else signs in for it.
    attested: bool,
}

/// A registered phone number, with its eligibility for a callback.
struct CallbackNumberItem {
    text: String,
    since: String,
    settled: bool,
}

/// A decision that needs or has an approval.
struct PendingApproval {
    text: String,
    override_reason: Option<String>,
    approved: bool,
    /// The viewer made the decision, so they cannot approve it.
    mine: bool,
}

#[expect(clippy::struct_excessive_bools, reason = "each flag controls a part of the page")]
#[derive(Template)]
#[template(path = "helpdesk/case.html")]
struct CaseDetailPage {
    f: PageContext,
    reference: String,
    change: i64,
    name: String,
    upn: String,
    person: Option<String>,
    internet: bool,
    asks: i64,
    state: &'static str,
    state_text: String,
    action: String,
    actions: Vec<ActionOption>,
    begun: String,
    owner: String,
    mine: bool,
    ticket: String,
    risks: Vec<String>,
    /// Text such as "2 of 3 points". `None` if the requirements are unknown.
    points: Option<String>,
    missing: Option<String>,
    enough: bool,
    /// An execution used up the verifications, and there is no new one since.
    used: bool,
    spoke: Vec<VerificationItem>,
    asked: Vec<VerificationRequestItem>,
    ways: Vec<MethodOption>,
    phones: Vec<CallbackNumberItem>,
    pending: Option<PendingApproval>,
    two_people: bool,
    is_pass: bool,
    /// The viewer may verify the caller and execute the action.
    assists: bool,
    approves: bool,
    deeds: Vec<ExecutionItem>,
    notes: Vec<CaseNote>,
    summary: String,
    /// The risk could not be assessed, because Graph is unavailable.
    unread: bool,
    said: Option<(bool, String)>,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct CaseDetailQuery {
    said: Option<String>,
}

/// Codes that a form handler may return in `?said=`.
const SAID: [&str; 16] = [
    "taken",
    "saved",
    "noted",
    "empty",
    "closed",
    "asked",
    "attested",
    "approval-asked",
    "approved",
    "granted",
    "thawed",
    "revoked",
    "unlocked",
    "pass-waits",
    "failed",
    "frozen",
];

/// Returns the message for a code in the address, and whether it reports a refusal or failure.
///
/// Unknown codes have no message.
fn said(f: &PageContext, word: &str) -> Option<(bool, String)> {
    let text = |word: &str| f.t(&format!("case-said-{word}"));
    let done = SAID.into_iter().find(|known| *known == word).map(|known| (known == "failed", text(known)));
    done.or_else(|| {
        let why = CaseRefusal::ALL.into_iter().find(|why| why.code().eq_ignore_ascii_case(word))?;
        Some((true, text(&why.code().to_lowercase())))
    })
}

pub(in crate::helpdesk) async fn page(
    State(app): State<AppState>,
    frame: PageContext,
    staff: StaffMember<ViewHelpdesk>,
    address: ClientAddress,
    Path(reference): Path<String>,
    Query(back): Query<CaseDetailQuery>,
) -> Result<Response, WebError> {
    let case = match find(&app, &reference).await {
        Err(WebError::NotFound) => {
            address.count(&app, "miss").await?;
            return Err(WebError::NotFound);
        }
        found => found?,
    };
    let f = at_work(frame, &staff.login);
    let said = back.said.as_deref().and_then(|word| said(&f, word));
    let seen = Box::pin(CaseDetail::read(&app, case)).await?;
    Ok(draw(&seen.page(&app, f, &staff, said)))
}

/// Returns a number that grows with every change of the case, for the automatic refresh. `GET …/change`.
pub(in crate::helpdesk) async fn change(
    State(app): State<AppState>,
    _staff: StaffMember<ViewHelpdesk>,
    Path(reference): Path<String>,
) -> Result<String, WebError> {
    Ok(find(&app, &reference).await?.updated_at.as_millisecond().to_string())
}

/// Everything that the case page shows.
struct CaseDetail {
    case: HelpdeskCase,
    standing: Option<CaseStatus>,
    checks: Vec<VerificationRequest>,
    acted: Vec<ActionExecution>,
    notes: Vec<CaseNote>,
    numbers: Vec<PhoneNumber>,
}

impl CaseDetail {
    async fn read(app: &AppState, case: HelpdeskCase) -> Result<Self, WebError> {
        let open = case.state == CaseState::Open;
        // The page also renders when Graph is unavailable, and marks the missing parts.
        let standing = if case.person.is_some() && open { decide::standing(app, &case).await.ok() } else { None };
        let numbers = match case.person.filter(|_| open) {
            Some(person) => match open::facts(app, person.object).await {
                Ok(facts) => PeopleService::from_ref(app).numbers(&facts).await?,
                Err(_) => Vec::new(),
            },
            None => Vec::new(),
        };
        Ok(Self {
            standing,
            numbers,
            checks: store::checks(&app.db, case.id).await?,
            acted: store::acted(&app.db, case.id).await?,
            notes: store::notes(&app.db, case.id).await?,
            case,
        })
    }

    fn page(
        self,
        app: &AppState,
        f: PageContext,
        staff: &StaffMember<ViewHelpdesk>,
        said: Option<(bool, String)>,
    ) -> CaseDetailPage {
        let (case, now) = (&self.case, app.now());
        let open = case.state == CaseState::Open;
        let me = staff.login.key;
        let standing = self.standing.as_ref();
        let good: &[CallerVerification] = standing.map_or(&[], |s| &s.good);
        let counted = |one: &CallerVerification| one.points;
        let not_me = case.person.is_some_and(|person| person != me);
        let assists = open && not_me && staff.login.may(WorkCases::ROLES);
        // A pending decision has used up the verifications that were sufficient for it.
        let verdict = standing.and_then(|s| s.concluded.as_ref()).map(|c| &c.verdict);
        let concluded = verdict.is_some_and(|verdict| !verdict.by_override);
        let used = !concluded && good.is_empty() && !self.acted.is_empty();
        let pending = standing.and_then(|s| s.concluded.as_ref()).map(|c| pending(&f, c, me.object));
        CaseDetailPage {
            reference: case.reference.to_string(),
            change: case.updated_at.as_millisecond(),
            name: case.name.clone(),
            upn: case.upn.clone(),
            person: case.person.map(|person| person.object.to_string()),
            internet: case.origin == CaseOrigin::Internet,
            asks: case.asks,
            state: case.state.name(),
            state_text: f.t(&format!("case-state-{}", case.state.name())),
            action: action_text(&f, case.action),
            actions: actions(&f, Some(case.action)),
            begun: moment(&f.lang, &case.created_at),
            owner: case.owner_name.clone(),
            mine: case.owner == Some(me.object),
            ticket: case.ticket.clone(),
            risks: standing.map(|s| risks(&f, s)).unwrap_or_default(),
            points: standing.map(|s| {
                let got: i64 = good.iter().map(counted).sum();
                f.tv2("case-points", ("got", &got.to_string()), ("needed", &s.needs.points.to_string()))
            }),
            missing: standing.and_then(|s| s.missing).filter(|_| !concluded && !used).map(|m| missing_text(&f, m)),
            used,
            enough: concluded || standing.is_some_and(|s| s.missing.is_none()),
            spoke: good.iter().map(|one| spoke(&f, one)).collect(),
            asked: self.checks.iter().map(|check| asked(app, &f, check, now, staff)).collect(),
            ways: if assists { ways(app, &f) } else { Vec::new() },
            phones: self.numbers.iter().map(|number| phone(&f, number)).collect(),
            two_people: standing.is_some_and(|s| s.needs.two_people),
            is_pass: case.action == CaseAction::Pass,
            approves: open
                && not_me
                && staff.login.may(ApproveActions::ROLES)
                && pending.as_ref().is_some_and(|p| !p.mine),
            pending,
            assists,
            deeds: self.acted.iter().map(|acted| deed(&f, acted)).collect(),
            summary: summary(&f, &self, now),
            unread: open && case.person.is_some() && standing.is_none(),
            notes: self.notes.clone(),
            said,
            f,
        }
    }
}

fn method_key(method: VerificationMethod) -> String {
    format!("case-method-{}", method.name().replace('_', "-"))
}

fn risks(f: &PageContext, standing: &CaseStatus) -> Vec<String> {
    let risk = standing.risk;
    [
        (risk.privileged, "case-risk-privileged"),
        (risk.internet, "case-risk-internet"),
        (risk.frozen, "case-risk-frozen"),
    ]
    .into_iter()
    .filter(|(is, _)| *is)
    .map(|(_, key)| f.t(key))
    .collect()
}

fn missing_text(f: &PageContext, missing: MissingVerification) -> String {
    let mut parts = Vec::new();
    if missing.points > 0 {
        parts.push(f.tv("case-missing-points", "n", &missing.points.to_string()));
    }
    if missing.witness {
        parts.push(f.t("case-missing-witness"));
    }
    if missing.beyond_session {
        parts.push(f.t("case-missing-beyond"));
    }
    parts.join(" ")
}

fn spoke(f: &PageContext, one: &CallerVerification) -> VerificationItem {
    VerificationItem {
        text: f.t(&method_key(one.method)),
        by: one.agent_name.clone(),
        points: one.points,
        until: moment(&f.lang, &one.until),
    }
}

fn asked(
    app: &AppState,
    f: &PageContext,
    check: &VerificationRequest,
    now: Timestamp,
    staff: &StaffMember<ViewHelpdesk>,
) -> VerificationRequestItem {
    let state = match check.answer {
        Some(VerificationReply::Confirmed) => "confirmed",
        Some(VerificationReply::Wrong) => "wrong",
        Some(VerificationReply::Refused) => "refused",
        None if check.open(now) => "open",
        None => "over",
    };
    // Only the agent who sent the request sees its words, so that two agents cannot read out different words.
    let shown =
        check.open(now) && check.method == VerificationMethod::CallCheck && check.agent == staff.login.key.object;
    let words = shown.then(|| CallCheckWords::open(&app.sealer, check).ok()).flatten();
    VerificationRequestItem {
        text: f.t(&method_key(check.method)),
        state,
        state_text: f.t(&format!("case-check-{state}")),
        words: words.map(|words| words.said).unwrap_or_default(),
        at: moment(&f.lang, &check.asked_at),
    }
}

fn ways(app: &AppState, f: &PageContext) -> Vec<MethodOption> {
    let points = &app.config.helpdesk.points;
    let way = |method: VerificationMethod| MethodOption {
        method: method.name(),
        title: f.t(&method_key(method)),
        text: f.t(&format!("{}-text", method_key(method))),
        points: method.points(points),
        attested: !method.witnessed(),
    };
    VerificationMethod::ALL.into_iter().filter(|method| method.points(points) > 0).map(way).collect()
}

fn phone(f: &PageContext, number: &PhoneNumber) -> CallbackNumberItem {
    CallbackNumberItem {
        text: number.shown.clone(),
        since: moment(&f.lang, &number.unchanged_since),
        settled: number.settled,
    }
}

fn pending(f: &PageContext, concluded: &RecordedDecision, me: ObjectId) -> PendingApproval {
    let verdict = &concluded.verdict;
    let agent = ("agent", verdict.agent_name.as_str());
    PendingApproval {
        text: match &concluded.approved {
            Some(approved) => f.tv2("case-approved-by", agent, ("name", &approved.name)),
            None => f.tv("case-waits", agent.0, agent.1),
        },
        override_reason: verdict.by_override.then(|| verdict.reason.clone()),
        approved: concluded.approved.is_some(),
        mine: verdict.agent == me,
    }
}

/// Returns the plain text to copy into a ticket. It contains nothing that would help an attacker who reads the ticket.
fn summary(f: &PageContext, seen: &CaseDetail, now: Timestamp) -> String {
    let case = &seen.case;
    let mut text = String::new();
    let mut line = |key: &str, value: &str| {
        let _ = writeln!(text, "{}: {value}", f.t(key));
    };
    line("case-copy-case", &case.reference.to_string());
    line("case-copy-person", &case.upn);
    line("case-copy-for", &action_text(f, case.action));
    line("case-copy-state", &f.t(&format!("case-state-{}", case.state.name())));
    for check in &seen.checks {
        let state = check.answer.map_or(if check.open(now) { "open" } else { "over" }, VerificationReply::name);
        line(&method_key(check.method), &format!("{} ({})", f.t(&format!("case-check-{state}")), check.asked_at));
    }
    for acted in &seen.acted {
        let outcome = super::lines::outcome_text(f, acted);
        line(
            "case-copy-done",
            &format!("{}, {}, {outcome} ({})", action_text(f, acted.action), acted.agent_name, acted.at),
        );
    }
    text
}
