//! The policy verdict: whether the context really means "signed in without the password".
//!
//! `acrs` fails open: a context with no policy behind it, or an excluded person, still yields the value. So the policy
//! itself is read: enabled (not report-only), for all people, with a strength in which no combination has a password.
//! A verdict is good for 48 hours; without one, resets are paused.

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::base::ObjectId;
use crate::entra::{GraphError, PolicyRead};
use crate::state::App;
use crate::store::{Db, StoreError, on_db};

const GOOD_FOR: SignedDuration = SignedDuration::from_hours(48);
/// Clocks of replicas may differ by this.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// After a bad verdict an administrator mends the policy; people should not wait a day for it.
const BAD_RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Everybody is covered but these.
    Good {
        people: Vec<String>,
        groups: Vec<String>,
        roles: Vec<String>,
        /// The strength takes a one-time Temporary Access Pass, too.
        #[serde(default)]
        passes: bool,
    },
    /// No enabled policy asks for this context with a strength that has no password.
    Bad,
}

/// Whether a person is covered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Covered {
    Yes,
    Excluded,
    NoPolicy,
}

/// Verdicts, kept in the database.
#[derive(Clone)]
pub(crate) struct Verdicts {
    app: App,
}

impl FromRef<App> for Verdicts {
    fn from_ref(app: &App) -> Self {
        Self { app: app.clone() }
    }
}

impl Verdicts {
    /// Whether the context proves something for this person.
    pub(crate) async fn covers(&self, context: &str, person: ObjectId) -> Result<Covered, StoreError> {
        match self.current(context).await? {
            Some(Verdict::Good { people, groups, roles, .. }) => {
                Ok(self.covered(person, &people, &groups, &roles).await)
            }
            Some(Verdict::Bad) | None => Ok(Covered::NoPolicy),
        }
    }

    /// Whether somebody with a one-time Temporary Access Pass would be let in.
    pub(crate) async fn takes_passes(&self) -> Result<bool, StoreError> {
        let context = self.app.config.signin.required_context.clone();
        Ok(matches!(self.current(&context).await?, Some(Verdict::Good { passes: true, .. })))
    }

    async fn covered(&self, person: ObjectId, people: &[String], groups: &[String], roles: &[String]) -> Covered {
        if people.iter().any(|id| *id == person.to_string()) {
            return Covered::Excluded;
        }
        if !groups.is_empty() {
            match self.app.entra.graph.groups(person).await {
                Ok(mine) if mine.ids.iter().any(|id| groups.contains(id)) => return Covered::Excluded,
                Ok(_) => {}
                Err(error) => return unreadable(&error),
            }
        }
        if !roles.is_empty() {
            match self.app.entra.graph.roles(person).await {
                Ok(mine) if mine.iter().any(|role| roles.contains(&role.template)) => return Covered::Excluded,
                Ok(_) => {}
                Err(error) => return unreadable(&error),
            }
        }
        Covered::Yes
    }

    /// A verdict that is fresh enough, read anew if it is due; an old one while Graph is away, up to 48 hours.
    async fn current(&self, context: &str) -> Result<Option<Verdict>, StoreError> {
        let now = self.app.now();
        // From the future: written before the clock was set back, so that nobody knows how old it is.
        let known = read(&self.app.db, context).await?.filter(|(_, at)| at.duration_since(now) < SKEW);
        let due = match &known {
            Some((Verdict::Good { .. }, at)) => now.duration_since(*at) > RENEWED_AFTER,
            Some((Verdict::Bad, at)) => now.duration_since(*at) > BAD_RENEWED_AFTER,
            None => true,
        };
        if due {
            match self.app.entra.graph.policies().await {
                Ok(policies) => {
                    // Microsoft answers this once a second per tenant, so one answer serves both contexts.
                    let signin = &self.app.config.signin;
                    for context in [&signin.required_context, &signin.staff_context] {
                        write(&self.app.db, context, &judge(&policies, context), now).await?;
                    }
                    return Ok(Some(judge(&policies, context)));
                }
                Err(error) => tracing::warn!(cause = ?error, "Conditional Access policies cannot be read"),
            }
        }
        Ok(known.filter(|(_, at)| now.duration_since(*at) < GOOD_FOR).map(|(verdict, _)| verdict))
    }
}

/// What cannot be read counts as an exclusion: fail closed.
fn unreadable(error: &GraphError) -> Covered {
    tracing::warn!(cause = ?error, "whether a person is excluded from the policy cannot be read");
    Covered::NoPolicy
}

/// The best policy decides; if several are good, somebody excluded from one may be covered by another, but that is
/// not relied upon: the first good one with the fewest exclusions is taken.
fn judge(policies: &[PolicyRead], context: &str) -> Verdict {
    let good = policies.iter().filter(|policy| is_good(policy, context));
    let exclusions = |p: &&PolicyRead| {
        p.conditions.users.exclude_users.len()
            + p.conditions.users.exclude_groups.len()
            + p.conditions.users.exclude_roles.len()
    };
    good.min_by_key(exclusions).map_or(Verdict::Bad, |policy| {
        let users = &policy.conditions.users;
        Verdict::Good {
            people: users.exclude_users.clone(),
            groups: users.exclude_groups.clone(),
            roles: users.exclude_roles.clone(),
            passes: combinations(policy).iter().any(|c| c == "temporaryAccessPassOneTime"),
        }
    })
}

fn is_good(policy: &PolicyRead, context: &str) -> bool {
    let asked =
        policy.conditions.applications.include_authentication_context_class_references.iter().any(|c| c == context);
    let everybody = policy.conditions.users.include_users.iter().any(|u| u == "All");
    let allowed = combinations(policy);
    let no_password =
        !allowed.is_empty() && !allowed.iter().any(|c| c.split(',').any(|part| part.trim() == "password"));
    policy.state == "enabled" && asked && everybody && no_password
}

fn combinations(policy: &PolicyRead) -> &[String] {
    let strength = policy.grant_controls.as_ref().and_then(|g| g.authentication_strength.as_ref());
    strength.map_or(&[], |s| &s.allowed_combinations)
}

async fn read(db: &Db, context: &str) -> Result<Option<(Verdict, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT verdict, checked_at FROM policy_verdicts WHERE context = $1";
    let row: Option<(String, i64)> = on_db!(db, |pool| sqlx::query_as(SQL).bind(context).fetch_optional(pool).await)?;
    let Some((text, at)) = row else { return Ok(None) };
    let bad = |problem: String| StoreError::BadRow { table: "policy_verdicts", problem };
    let verdict = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    Ok(Some((verdict, Timestamp::from_millisecond(at).map_err(|e| bad(e.to_string()))?)))
}

async fn write(db: &Db, context: &str, verdict: &Verdict, now: Timestamp) -> Result<(), StoreError> {
    const SQL: &str = "INSERT INTO policy_verdicts (context, checked_at, verdict) VALUES ($1, $2, $3)
        ON CONFLICT (context) DO UPDATE SET checked_at = $2, verdict = $3";
    let text = serde_json::to_string(verdict).unwrap_or_default();
    let at = now.as_millisecond();
    on_db!(db, |pool| sqlx::query(SQL).bind(context).bind(at).bind(&text).execute(pool).await.map(|_| ()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::store::testing::engines;

    fn policy(change: impl Fn(&mut Value)) -> Verdict {
        let mut one = json!({
            "displayName": "p", "state": "enabled",
            "conditions": {
                "applications": { "includeAuthenticationContextClassReferences": ["c1"] },
                "users": { "includeUsers": ["All"], "excludeUsers": ["u1"], "excludeGroups": ["g1"] },
            },
            "grantControls": { "authenticationStrength": { "allowedCombinations": ["fido2", "windowsHelloForBusiness"] } },
        });
        change(&mut one);
        judge(&[serde_json::from_value(one).unwrap()], "c1")
    }

    #[test]
    fn a_good_policy_is_enabled_for_all_and_without_the_password() {
        let (people, groups) = (vec!["u1".to_owned()], vec!["g1".to_owned()]);
        let good = Verdict::Good { people, groups, roles: vec![], passes: false };
        assert_eq!(policy(|_| {}), good);
        assert_eq!(policy(|p| p["state"] = json!("enabledForReportingButNotEnforced")), Verdict::Bad);
        assert_eq!(
            policy(|p| p["conditions"]["applications"]["includeAuthenticationContextClassReferences"] = json!(["c2"])),
            Verdict::Bad
        );
        assert_eq!(policy(|p| p["conditions"]["users"]["includeUsers"] = json!(["u7"])), Verdict::Bad);
        assert_eq!(policy(|p| p["grantControls"] = Value::Null), Verdict::Bad);
        let pass = json!(["fido2", "temporaryAccessPassOneTime"]);
        let with_pass = policy(|p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = pass.clone());
        assert!(matches!(with_pass, Verdict::Good { passes: true, .. }));
        let with = json!(["fido2", "password,microsoftAuthenticatorPush"]);
        assert_eq!(
            policy(|p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = with.clone()),
            Verdict::Bad
        );
        assert_eq!(
            policy(|p| p["grantControls"]["authenticationStrength"]["allowedCombinations"] = json!([])),
            Verdict::Bad
        );
        assert_eq!(judge(&[], "c1"), Verdict::Bad);
    }

    #[tokio::test]
    async fn a_verdict_is_kept_with_its_time() {
        for engine in engines().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(read(&engine.db, "c1").await.unwrap(), None);
            for verdict in [Verdict::Bad, Verdict::Good { people: vec![], groups: vec![], roles: vec![], passes: true }]
            {
                write(&engine.db, "c1", &verdict, now).await.unwrap();
                assert_eq!(read(&engine.db, "c1").await.unwrap(), Some((verdict, now)));
            }
        }
    }
}
