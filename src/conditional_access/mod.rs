//! Assesses whether Conditional Access enforces an authentication context, so that it means "signed in without the
//! password".
//!
//! Entra issues the context (`acrs`) even without a policy, or to a person whom the policy excludes: it fails open. The
//! portal therefore reads the policies. One must be enabled (not report-only), include all users, and require a
//! strength in which no combination has a password.
//!
//! - A result is valid for 48 hours and is renewed every 24 hours.
//! - Without a valid result, sign-ins with the context are refused.
//! - The table `policy_verdicts` and the audit event keep the word *verdict*.

mod assessment;
mod store;

pub(crate) use assessment::{PolicyAssessment, PolicyFinding};
pub(crate) use store::count_enforced_policies;

use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use crate::audit::{AuditActor, AuditEvent};
use crate::base::{ObjectId, run_every};
use crate::entra::{EntraRole, GraphError, VerifiedIdentity};
use crate::state::AppState;
use crate::store::{Db, RateLimit, StoreError};
use assessment::{AssessmentResult, assess_policies};

const RESULT_LIFETIME: SignedDuration = SignedDuration::from_hours(48);
/// Maximum difference between the clocks of two replicas.
const MAX_CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);
const RENEWAL_INTERVAL: SignedDuration = SignedDuration::from_hours(24);
/// Renewal interval after a result that is not enforced, so that people can sign in soon after the policy is fixed.
const NOT_ENFORCED_RENEWAL_INTERVAL: SignedDuration = SignedDuration::from_secs(30);
/// Rate limit for policy requests. Graph accepts one per second and tenant, and its HTTP 429 has no `Retry-After`.
const POLICY_RATE_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_millis(1_200) };
/// Time between two checks whether a renewal is due.
const POLL_INTERVAL: Duration = Duration::from_secs(10);

/// Coverage of one person by the policy of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonCoverage {
    Covered,
    Excluded,
    NotEnforced,
}

/// Assesses policies and stores the results in the database.
#[derive(Clone)]
pub(crate) struct PolicyAssessor {
    app: AppState,
}

impl FromRef<AppState> for PolicyAssessor {
    fn from_ref(app: &AppState) -> Self {
        Self::new(app)
    }
}

/// Summary of a stored assessment.
pub(crate) struct AssessmentSummary {
    pub(crate) is_enforced: bool,
    pub(crate) finding_codes: Vec<&'static str>,
}

/// Users, groups and roles that an enforced policy excludes.
struct PolicyExclusions<'a> {
    people: &'a [String],
    groups: &'a [String],
    roles: &'a [EntraRole],
}

/// Renews the assessments at the start and then daily, so that a sign-in does not wait for them. A result of one
/// replica serves all.
pub(crate) async fn run_policy_assessor(app: AppState) {
    let verdicts = PolicyAssessor::from_ref(&app);
    let rounds = app.metrics.background_rounds("policy-assessor");
    run_every(&app.shutdown, &rounds, POLL_INTERVAL, || async {
        let signin = &app.config.signin;
        for context in [&signin.required_context, &signin.staff_context] {
            if let Err(error) = verdicts.current_assessment(context).await {
                tracing::warn!(error = ?error, "policy assessment failed: retrying");
            }
        }
    })
    .await;
}

impl PolicyAssessor {
    pub(crate) fn new(app: &AppState) -> Self {
        Self { app: app.clone() }
    }

    /// Returns whether the policy of the context covers this person.
    pub(crate) async fn check_coverage(
        &self,
        context: &str,
        who: &VerifiedIdentity,
    ) -> Result<PersonCoverage, StoreError> {
        match self.current_assessment(context).await? {
            Some(AssessmentResult::Enforced { guests: true, .. }) if who.is_guest => Ok(PersonCoverage::Excluded),
            Some(AssessmentResult::Enforced { people, groups, roles, .. }) => Ok(self
                .check_exclusions(who.key.object, &PolicyExclusions { people: &people, groups: &groups, roles: &roles })
                .await),
            Some(AssessmentResult::NotEnforced) | None => Ok(PersonCoverage::NotEnforced),
        }
    }

    /// Returns whether people can sign in with a one-time Temporary Access Pass.
    pub(crate) async fn accepts_pass(&self) -> Result<bool, StoreError> {
        let context = self.app.config.signin.required_context.clone();
        Ok(matches!(self.current_assessment(&context).await?, Some(AssessmentResult::Enforced { passes: true, .. })))
    }

    /// Checks the policy's exclusions, and fetches groups and roles only if it excludes some.
    async fn check_exclusions(&self, person: ObjectId, excluded: &PolicyExclusions<'_>) -> PersonCoverage {
        if excluded.people.iter().any(|id| *id == person.to_string()) {
            return PersonCoverage::Excluded;
        }
        if excluded.groups.is_empty() && excluded.roles.is_empty() {
            return PersonCoverage::Covered;
        }
        // A role can be assigned directly or through a group. Only the group memberships show the latter.
        let memberships = match self.app.entra.graph.fetch_memberships(person).await {
            Ok(memberships) => memberships,
            Err(error) => return fail_closed(&error),
        };
        if memberships.group_ids.iter().any(|id| excluded.groups.contains(id)) {
            return PersonCoverage::Excluded;
        }
        if memberships.roles.iter().any(|role| excluded.roles.contains(role)) {
            return PersonCoverage::Excluded;
        }
        if !excluded.roles.is_empty() {
            match self.app.entra.graph.fetch_role_assignments(person).await {
                Ok(held) if held.iter().any(|held| excluded.roles.contains(&held.role)) => {
                    return PersonCoverage::Excluded;
                }
                Ok(_) => {}
                Err(error) => return fail_closed(&error),
            }
        }
        PersonCoverage::Covered
    }

    /// Loads a summary of the last assessment of a context, or `None` if there is none. An expired one counts as not
    /// enforced, with the code `unread`.
    pub(crate) async fn load_summary(
        db: &Db,
        context: &str,
        now: Timestamp,
    ) -> Result<Option<AssessmentSummary>, StoreError> {
        let Some((verdict, at)) = store::load_result(db, context).await? else { return Ok(None) };
        if now.duration_since(at) > RESULT_LIFETIME {
            return Ok(Some(AssessmentSummary { is_enforced: false, finding_codes: vec!["unread"] }));
        }
        let findings = store::load_findings(db, context).await?;
        Ok(Some(AssessmentSummary {
            is_enforced: verdict.is_enforced(),
            finding_codes: findings.iter().map(PolicyFinding::as_str).collect(),
        }))
    }

    /// Fetches the policies with one request and assesses them for each of these contexts. Stores nothing.
    pub(crate) async fn assess_now(&self, contexts: &[String]) -> Result<Vec<PolicyAssessment>, GraphError> {
        let policies = self.app.entra.graph.fetch_policies().await?;
        Ok(contexts.iter().map(|context| assess_policies(&policies, context)).collect())
    }

    /// Returns the current result, and renews it if due. While Graph is unavailable, returns a result of up to 48 hours
    /// ago.
    async fn current_assessment(&self, context: &str) -> Result<Option<AssessmentResult>, StoreError> {
        let known = self.stored_assessment(context).await?;
        let now = self.app.now();
        let due = match &known {
            Some((AssessmentResult::Enforced { .. }, at)) => now.duration_since(*at) > RENEWAL_INTERVAL,
            Some((AssessmentResult::NotEnforced, at)) => now.duration_since(*at) > NOT_ENFORCED_RENEWAL_INTERVAL,
            None => true,
        };
        if !due {
            return Ok(known.map(|(verdict, _)| verdict));
        }
        if self.app.rate_limiter.try_acquire("graph:policies", POLICY_RATE_LIMIT, now).await?.is_err() {
            // Another request or replica is assessing now: use its result.
            return Ok(match known {
                None => self.await_assessment(context).await?,
                known => unexpired_result(known, now),
            });
        }
        match self.app.entra.graph.fetch_policies().await {
            Ok(policies) => {
                // One response serves both contexts.
                let signin = &self.app.config.signin;
                for context in [&signin.required_context, &signin.staff_context] {
                    self.save_assessment(context, &assess_policies(&policies, context)).await?;
                }
                Ok(Some(assess_policies(&policies, context).result))
            }
            Err(error) => {
                tracing::warn!(error = ?error, "Conditional Access request failed: using the stored assessment");
                Ok(unexpired_result(known, now))
            }
        }
    }

    /// Loads the stored result and its time.
    async fn stored_assessment(&self, context: &str) -> Result<Option<(AssessmentResult, Timestamp)>, StoreError> {
        // A time in the future was written before the clock was set back, so the result's age is unknown.
        let now = self.app.now();
        Ok(store::load_result(&self.app.db, context).await?.filter(|(_, at)| at.duration_since(now) < MAX_CLOCK_SKEW))
    }

    /// Waits up to 3 seconds for the result of a concurrent assessment.
    async fn await_assessment(&self, context: &str) -> Result<Option<AssessmentResult>, StoreError> {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            if let Some((verdict, _)) = self.stored_assessment(context).await? {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    /// Stores an assessment. A change between enforced and not enforced is audited and logged.
    async fn save_assessment(&self, context: &str, opinion: &PolicyAssessment) -> Result<(), StoreError> {
        let app = &self.app;
        let before = store::load_result(&app.db, context).await?.map(|(verdict, _)| verdict.is_enforced());
        store::upsert_assessment(&app.db, context, opinion, app.now()).await?;
        let good = opinion.result.is_enforced();
        if before == Some(good) {
            return Ok(());
        }
        let codes: Vec<&str> = opinion.findings.iter().map(PolicyFinding::as_str).collect();
        if good {
            tracing::info!(
                context,
                policy = opinion.policy_name,
                ?codes,
                "Conditional Access policy enforced: password-free sign-in required"
            );
        } else {
            let findings: Vec<String> = opinion.findings.iter().map(PolicyFinding::description).collect();
            tracing::error!(
                context,
                policy = opinion.policy_name,
                ?findings,
                "Conditional Access policy not enforced: sign-ins with this context refused"
            );
        }
        let event = AuditEvent::new("policy.verdict", AuditActor::Portal)
            .with_detail("context", context)
            .with_detail("good", good);
        app.audit_log.append(event.with_detail("policy", &*opinion.policy_name).with_detail("remarks", codes)).await
    }
}

/// Returns a stored result that is still valid, for use while no newer one is available.
fn unexpired_result(known: Option<(AssessmentResult, Timestamp)>, now: Timestamp) -> Option<AssessmentResult> {
    known.filter(|(_, at)| now.duration_since(*at) < RESULT_LIFETIME).map(|(verdict, _)| verdict)
}

/// Treats the person as not covered, because an exclusion could not be checked: fails closed.
fn fail_closed(error: &GraphError) -> PersonCoverage {
    tracing::warn!(error = ?error, "policy exclusion check failed: treating the person as not covered");
    PersonCoverage::NotEnforced
}
