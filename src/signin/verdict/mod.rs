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

mod judge;

pub(crate) use judge::{PolicyAssessment, PolicyFinding};

use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::{AuditActor, AuditEvent};
use crate::base::ObjectId;
use crate::entra::GraphError;
use crate::state::AppState;
use crate::store::{Db, RateLimit, StoreError, on_db, write_db};
use judge::judge;

const GOOD_FOR: SignedDuration = SignedDuration::from_hours(48);
/// Maximum difference between the clocks of two replicas.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// Renewal interval after a result that is not enforced, so that people can sign in soon after the policy is fixed.
const BAD_RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Rate limit for policy requests. Graph accepts one per second and tenant, and its HTTP 429 has no `Retry-After`.
const LOOKS: RateLimit = RateLimit { count: 1, per: SignedDuration::from_millis(1_200) };
/// Time between two checks whether a renewal is due.
const EVERY: Duration = Duration::from_secs(10);

/// Result of an assessment. Stored as JSON in `policy_verdicts`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AssessmentResult {
    /// The policy covers every user except these.
    Good {
        people: Vec<String>,
        groups: Vec<String>,
        roles: Vec<String>,
        #[serde(default)]
        guests: bool,
        /// Whether the strength also allows a one-time Temporary Access Pass.
        #[serde(default)]
        passes: bool,
    },
    /// No enabled policy requires a password-free strength for this context.
    Bad,
}

impl AssessmentResult {
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }
}

/// Coverage of one person by the policy of a context.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PersonCoverage {
    Yes,
    Excluded,
    NoPolicy,
}

/// Assesses policies and stores the results in the database.
#[derive(Clone)]
pub(crate) struct PolicyAssessor {
    app: AppState,
}

impl FromRef<AppState> for PolicyAssessor {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone() }
    }
}

/// Summary of a stored assessment.
pub(crate) struct AssessmentSummary {
    pub(crate) good: bool,
    pub(crate) codes: Vec<&'static str>,
}

/// Users, groups and roles that an enforced policy excludes.
struct PolicyExclusions<'a> {
    people: &'a [String],
    groups: &'a [String],
    roles: &'a [String],
}

/// Renews the assessments at the start and then daily, so that a sign-in does not wait for them. A result of one
/// replica serves all.
pub(crate) async fn keep_verdicts(app: AppState) {
    let verdicts = PolicyAssessor::from_ref(&app);
    loop {
        let signin = &app.config.signin;
        for context in [&signin.required_context, &signin.staff_context] {
            if let Err(error) = verdicts.current(context).await {
                tracing::warn!(error = ?error, "policy assessment failed: retrying");
            }
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl PolicyAssessor {
    /// Returns whether the policy of the context covers this person.
    pub(crate) async fn covers(
        &self,
        context: &str,
        person: ObjectId,
        guest: bool,
    ) -> Result<PersonCoverage, StoreError> {
        match self.current(context).await? {
            Some(AssessmentResult::Good { guests: true, .. }) if guest => Ok(PersonCoverage::Excluded),
            Some(AssessmentResult::Good { people, groups, roles, .. }) => {
                Ok(self.covered(person, &PolicyExclusions { people: &people, groups: &groups, roles: &roles }).await)
            }
            Some(AssessmentResult::Bad) | None => Ok(PersonCoverage::NoPolicy),
        }
    }

    /// Returns whether people can sign in with a one-time Temporary Access Pass.
    pub(crate) async fn takes_passes(&self) -> Result<bool, StoreError> {
        let context = self.app.config.signin.required_context.clone();
        Ok(matches!(self.current(&context).await?, Some(AssessmentResult::Good { passes: true, .. })))
    }

    /// Checks the policy's exclusions, and fetches groups and roles only if it excludes some.
    async fn covered(&self, person: ObjectId, excluded: &PolicyExclusions<'_>) -> PersonCoverage {
        if excluded.people.iter().any(|id| *id == person.to_string()) {
            return PersonCoverage::Excluded;
        }
        if excluded.groups.is_empty() && excluded.roles.is_empty() {
            return PersonCoverage::Yes;
        }
        // A role can be assigned directly or through a group. Only the group memberships show the latter.
        let memberships = match self.app.entra.graph.groups(person).await {
            Ok(memberships) => memberships,
            Err(error) => return unreadable(&error),
        };
        if memberships.ids.iter().any(|id| excluded.groups.contains(id)) {
            return PersonCoverage::Excluded;
        }
        if memberships.roles.iter().any(|template| excluded.roles.contains(template)) {
            return PersonCoverage::Excluded;
        }
        if !excluded.roles.is_empty() {
            match self.app.entra.graph.roles(person).await {
                Ok(held) if held.iter().any(|role| excluded.roles.contains(&role.template)) => {
                    return PersonCoverage::Excluded;
                }
                Ok(_) => {}
                Err(error) => return unreadable(&error),
            }
        }
        PersonCoverage::Yes
    }

    /// Loads a summary of the last assessment of a context, or `None` if there is none. An expired one counts as not
    /// enforced, with the code `unread`.
    pub(crate) async fn kept(db: &Db, context: &str, now: Timestamp) -> Result<Option<AssessmentSummary>, StoreError> {
        const SQL: &str = "SELECT remarks FROM policy_verdicts WHERE context = $1";
        let Some((verdict, at)) = read(db, context).await? else { return Ok(None) };
        if now.duration_since(at) > GOOD_FOR {
            return Ok(Some(AssessmentSummary { good: false, codes: vec!["unread"] }));
        }
        let row: Option<(Option<String>,)> =
            on_db!(db, |pool| sqlx::query_as(SQL).bind(context).fetch_optional(pool).await)?;
        let remarks: Vec<PolicyFinding> = row.and_then(|(text,)| serde_json::from_str(&text?).ok()).unwrap_or_default();
        Ok(Some(AssessmentSummary {
            good: verdict.is_good(),
            codes: remarks.iter().map(PolicyFinding::code).collect(),
        }))
    }

    /// Fetches the policies with one request and assesses them for each of these contexts. Stores nothing.
    pub(crate) async fn look(&self, contexts: &[String]) -> Result<Vec<PolicyAssessment>, GraphError> {
        let policies = self.app.entra.graph.policies().await?;
        Ok(contexts.iter().map(|context| judge(&policies, context)).collect())
    }

    /// Returns the current result, and renews it if due. While Graph is unavailable, returns a result of up to 48 hours
    /// ago.
    async fn current(&self, context: &str) -> Result<Option<AssessmentResult>, StoreError> {
        let known = self.known(context).await?;
        let now = self.app.now();
        let due = match &known {
            Some((AssessmentResult::Good { .. }, at)) => now.duration_since(*at) > RENEWED_AFTER,
            Some((AssessmentResult::Bad, at)) => now.duration_since(*at) > BAD_RENEWED_AFTER,
            None => true,
        };
        if !due {
            return Ok(known.map(|(verdict, _)| verdict));
        }
        if self.app.limits.take("graph:policies", LOOKS, now).await?.is_err() {
            // Another request or replica is assessing now: use its result.
            return Ok(match known {
                None => self.awaited(context).await?,
                known => still_good(known, now),
            });
        }
        match self.app.entra.graph.policies().await {
            Ok(policies) => {
                // One response serves both contexts.
                let signin = &self.app.config.signin;
                for context in [&signin.required_context, &signin.staff_context] {
                    self.keep(context, &judge(&policies, context)).await?;
                }
                Ok(Some(judge(&policies, context).verdict))
            }
            Err(error) => {
                tracing::warn!(error = ?error, "Conditional Access request failed: using the stored assessment");
                Ok(still_good(known, now))
            }
        }
    }

    /// Loads the stored result and its time.
    async fn known(&self, context: &str) -> Result<Option<(AssessmentResult, Timestamp)>, StoreError> {
        // A time in the future was written before the clock was set back, so the result's age is unknown.
        let now = self.app.now();
        Ok(read(&self.app.db, context).await?.filter(|(_, at)| at.duration_since(now) < SKEW))
    }

    /// Waits up to 3 seconds for the result of a concurrent assessment.
    async fn awaited(&self, context: &str) -> Result<Option<AssessmentResult>, StoreError> {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            if let Some((verdict, _)) = self.known(context).await? {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    /// Stores an assessment. A change between enforced and not enforced is audited and logged.
    async fn keep(&self, context: &str, opinion: &PolicyAssessment) -> Result<(), StoreError> {
        let app = &self.app;
        let before = read(&app.db, context).await?.map(|(verdict, _)| verdict.is_good());
        write(&app.db, context, opinion, app.now()).await?;
        let good = opinion.verdict.is_good();
        if before == Some(good) {
            return Ok(());
        }
        let codes: Vec<&str> = opinion.remarks.iter().map(PolicyFinding::code).collect();
        if good {
            tracing::info!(
                context,
                policy = opinion.policy,
                ?codes,
                "Conditional Access policy enforced: password-free sign-in required"
            );
        } else {
            let findings: Vec<String> = opinion.remarks.iter().map(PolicyFinding::text).collect();
            tracing::error!(
                context,
                policy = opinion.policy,
                ?findings,
                "Conditional Access policy not enforced: sign-ins with this context refused"
            );
        }
        let event = AuditEvent::new("policy.verdict", AuditActor::Portal).with("context", context).with("good", good);
        app.auditor.note(event.with("policy", &*opinion.policy).with("remarks", codes)).await
    }
}

/// Returns a stored result that is still valid, for use while no newer one is available.
fn still_good(known: Option<(AssessmentResult, Timestamp)>, now: Timestamp) -> Option<AssessmentResult> {
    known.filter(|(_, at)| now.duration_since(*at) < GOOD_FOR).map(|(verdict, _)| verdict)
}

/// Treats the person as not covered, because an exclusion could not be checked: fails closed.
fn unreadable(error: &GraphError) -> PersonCoverage {
    tracing::warn!(error = ?error, "policy exclusion check failed: treating the person as not covered");
    PersonCoverage::NoPolicy
}

async fn read(db: &Db, context: &str) -> Result<Option<(AssessmentResult, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT verdict, checked_at FROM policy_verdicts WHERE context = $1";
    let row: Option<(String, i64)> = on_db!(db, |pool| sqlx::query_as(SQL).bind(context).fetch_optional(pool).await)?;
    let Some((text, at)) = row else { return Ok(None) };
    let bad = |problem: String| StoreError::BadRow { table: "policy_verdicts", problem };
    let verdict = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    Ok(Some((verdict, Timestamp::from_millisecond(at).map_err(|e| bad(e.to_string()))?)))
}

async fn write(db: &Db, context: &str, opinion: &PolicyAssessment, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO policy_verdicts (context, checked_at, verdict, policy, remarks) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (context) DO UPDATE SET checked_at = $2, verdict = $3, policy = $4, remarks = $5";
    let text = serde_json::to_string(&opinion.verdict).unwrap_or_default();
    let remarks = serde_json::to_string(&opinion.remarks).unwrap_or_default();
    let at = now.as_millisecond();
    write_db!(db, |pool| sqlx::query(SQL)
        .bind(context)
        .bind(at)
        .bind(&text)
        .bind(&opinion.policy)
        .bind(&remarks)
        .execute(pool)
        .await
        .map(|_| ()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::engines;

    #[tokio::test]
    async fn a_verdict_is_kept_with_its_time() {
        for engine in engines().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(read(&engine.db, "c1").await.unwrap(), None);
            let (people, groups, roles) = (vec![], vec![], vec!["r".to_owned()]);
            for verdict in
                [AssessmentResult::Bad, AssessmentResult::Good { people, groups, roles, guests: true, passes: true }]
            {
                let opinion = PolicyAssessment {
                    verdict,
                    policy: "p".to_owned(),
                    remarks: vec![PolicyFinding::ExcludesRoles(1)],
                };
                write(&engine.db, "c1", &opinion, now).await.unwrap();
                assert_eq!(read(&engine.db, "c1").await.unwrap(), Some((opinion.verdict, now)));
            }
        }
    }

    #[test]
    fn verdicts_of_an_older_release_are_understood() {
        let old = r#"{"good":{"people":[],"groups":["g"],"roles":[]}}"#;
        assert!(serde_json::from_str::<AssessmentResult>(old).unwrap().is_good());
        assert_eq!(serde_json::from_str::<AssessmentResult>("\"bad\"").unwrap(), AssessmentResult::Bad);
    }
}
