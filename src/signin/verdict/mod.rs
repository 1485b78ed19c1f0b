//! The policy verdict: whether the context really means "signed in without the password".
//!
//! `acrs` fails open: a context with no policy behind it, or an excluded person, still yields the value. So the policy
//! itself is read: enabled (not report-only), for all people, with a strength in which no combination has a password.
//! A verdict is good for 48 hours; without one, resets are paused.

mod judge;

pub(crate) use judge::{Opinion, Remark};

use std::time::Duration;

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::audit::{Actor, Event};
use crate::base::ObjectId;
use crate::entra::GraphError;
use crate::state::App;
use crate::store::{Db, Limit, StoreError, on_db, write_db};
use judge::judge;

const GOOD_FOR: SignedDuration = SignedDuration::from_hours(48);
/// Clocks of replicas may differ by this.
const SKEW: SignedDuration = SignedDuration::from_mins(5);
const RENEWED_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// After a bad verdict an administrator mends the policy; people should not wait a day for it.
const BAD_RENEWED_AFTER: SignedDuration = SignedDuration::from_secs(30);
/// Microsoft answers questions about policies once a second per tenant, and says 429 without a time.
const LOOKS: Limit = Limit { count: 1, per: SignedDuration::from_millis(1_200) };
/// Whether a look is due is seen so often.
const EVERY: Duration = Duration::from_secs(10);

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Everybody is covered but these.
    Good {
        people: Vec<String>,
        groups: Vec<String>,
        roles: Vec<String>,
        #[serde(default)]
        guests: bool,
        /// The strength takes a one-time Temporary Access Pass, too.
        #[serde(default)]
        passes: bool,
    },
    /// No enabled policy asks for this context with a strength that has no password.
    Bad,
}

impl Verdict {
    pub(crate) fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }
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

/// A kept verdict in short.
pub(crate) struct Kept {
    pub(crate) good: bool,
    pub(crate) codes: Vec<&'static str>,
}

/// Whom a good policy does not ask.
struct Exclusions<'a> {
    people: &'a [String],
    groups: &'a [String],
    roles: &'a [String],
}

/// Looks at the policies at the start and then daily, so that nobody who signs in is the first to find out. One look of any
/// replica serves all.
pub(crate) async fn keep_verdicts(app: App) {
    let verdicts = Verdicts::from_ref(&app);
    loop {
        let signin = &app.config.signin;
        for context in [&signin.required_context, &signin.staff_context] {
            if let Err(error) = verdicts.current(context).await {
                tracing::warn!(cause = ?error, "the policy behind a context cannot be looked at");
            }
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

impl Verdicts {
    /// Whether the context proves something for this person.
    pub(crate) async fn covers(&self, context: &str, person: ObjectId, guest: bool) -> Result<Covered, StoreError> {
        match self.current(context).await? {
            Some(Verdict::Good { guests: true, .. }) if guest => Ok(Covered::Excluded),
            Some(Verdict::Good { people, groups, roles, .. }) => {
                Ok(self.covered(person, &Exclusions { people: &people, groups: &groups, roles: &roles }).await)
            }
            Some(Verdict::Bad) | None => Ok(Covered::NoPolicy),
        }
    }

    /// Whether somebody with a one-time Temporary Access Pass would be let in.
    pub(crate) async fn takes_passes(&self) -> Result<bool, StoreError> {
        let context = self.app.config.signin.required_context.clone();
        Ok(matches!(self.current(&context).await?, Some(Verdict::Good { passes: true, .. })))
    }

    async fn covered(&self, person: ObjectId, excluded: &Exclusions<'_>) -> Covered {
        if excluded.people.iter().any(|id| *id == person.to_string()) {
            return Covered::Excluded;
        }
        if excluded.groups.is_empty() && excluded.roles.is_empty() {
            return Covered::Yes;
        }
        // Roles are held directly, or through a group, which only the groups tell.
        let mine = match self.app.entra.graph.groups(person).await {
            Ok(mine) => mine,
            Err(error) => return unreadable(&error),
        };
        if mine.ids.iter().any(|id| excluded.groups.contains(id)) {
            return Covered::Excluded;
        }
        if mine.roles.iter().any(|template| excluded.roles.contains(template)) {
            return Covered::Excluded;
        }
        if !excluded.roles.is_empty() {
            match self.app.entra.graph.roles(person).await {
                Ok(mine) if mine.iter().any(|role| excluded.roles.contains(&role.template)) => {
                    return Covered::Excluded;
                }
                Ok(_) => {}
                Err(error) => return unreadable(&error),
            }
        }
        Covered::Yes
    }

    /// What was last found about a context. `None`: nothing, or too long ago to count.
    pub(crate) async fn kept(db: &Db, context: &str, now: Timestamp) -> Result<Option<Kept>, StoreError> {
        const SQL: &str = "SELECT remarks FROM policy_verdicts WHERE context = $1";
        let Some((verdict, at)) = read(db, context).await? else { return Ok(None) };
        if now.duration_since(at) > GOOD_FOR {
            return Ok(Some(Kept { good: false, codes: vec!["unread"] }));
        }
        let row: Option<(Option<String>,)> =
            on_db!(db, |pool| sqlx::query_as(SQL).bind(context).fetch_optional(pool).await)?;
        let remarks: Vec<Remark> = row.and_then(|(text,)| serde_json::from_str(&text?).ok()).unwrap_or_default();
        Ok(Some(Kept { good: verdict.is_good(), codes: remarks.iter().map(Remark::code).collect() }))
    }

    /// What the policies are worth now to each of these contexts, by one request. Writes nothing.
    pub(crate) async fn look(&self, contexts: &[String]) -> Result<Vec<Opinion>, GraphError> {
        let policies = self.app.entra.graph.policies().await?;
        Ok(contexts.iter().map(|context| judge(&policies, context)).collect())
    }

    /// A verdict that is fresh enough, read anew if it is due; an old one while Graph is away, up to 48 hours.
    async fn current(&self, context: &str) -> Result<Option<Verdict>, StoreError> {
        let known = self.known(context).await?;
        let now = self.app.now();
        let due = match &known {
            Some((Verdict::Good { .. }, at)) => now.duration_since(*at) > RENEWED_AFTER,
            Some((Verdict::Bad, at)) => now.duration_since(*at) > BAD_RENEWED_AFTER,
            None => true,
        };
        if !due {
            return Ok(known.map(|(verdict, _)| verdict));
        }
        if self.app.limits.take("graph:policies", LOOKS, now).await?.is_err() {
            // Somebody else is looking this very second: their answer will be ours.
            return Ok(match known {
                None => self.awaited(context).await?,
                known => still_good(known, now),
            });
        }
        match self.app.entra.graph.policies().await {
            Ok(policies) => {
                // One answer serves both contexts.
                let signin = &self.app.config.signin;
                for context in [&signin.required_context, &signin.staff_context] {
                    self.keep(context, &judge(&policies, context)).await?;
                }
                Ok(Some(judge(&policies, context).verdict))
            }
            Err(error) => {
                tracing::warn!(cause = ?error, "Conditional Access policies cannot be read");
                Ok(still_good(known, now))
            }
        }
    }

    async fn known(&self, context: &str) -> Result<Option<(Verdict, Timestamp)>, StoreError> {
        // From the future: written before the clock was set back, so that nobody knows how old it is.
        let now = self.app.now();
        Ok(read(&self.app.db, context).await?.filter(|(_, at)| at.duration_since(now) < SKEW))
    }

    /// What another look finds, waited for as long as one takes.
    async fn awaited(&self, context: &str) -> Result<Option<Verdict>, StoreError> {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(150)).await;
            if let Some((verdict, _)) = self.known(context).await? {
                return Ok(Some(verdict));
            }
        }
        Ok(None)
    }

    /// Keeps a verdict. A turn, for better or worse, is history and in the log.
    async fn keep(&self, context: &str, opinion: &Opinion) -> Result<(), StoreError> {
        let app = &self.app;
        let before = read(&app.db, context).await?.map(|(verdict, _)| verdict.is_good());
        write(&app.db, context, opinion, app.now()).await?;
        let good = opinion.verdict.is_good();
        if before == Some(good) {
            return Ok(());
        }
        let codes: Vec<&str> = opinion.remarks.iter().map(Remark::code).collect();
        if good {
            tracing::info!(context, policy = opinion.policy, ?codes, "the policy behind the context is good");
        } else {
            let why: Vec<String> = opinion.remarks.iter().map(Remark::text).collect();
            tracing::error!(context, policy = opinion.policy, ?why, "the context proves nothing: resets are paused");
        }
        let event = Event::new("policy.verdict", Actor::Portal).with("context", context).with("good", good);
        app.auditor.note(event.with("policy", &*opinion.policy).with("remarks", codes)).await
    }
}

/// While nothing newer can be had.
fn still_good(known: Option<(Verdict, Timestamp)>, now: Timestamp) -> Option<Verdict> {
    known.filter(|(_, at)| now.duration_since(*at) < GOOD_FOR).map(|(verdict, _)| verdict)
}

/// What cannot be read counts as an exclusion: fail closed.
fn unreadable(error: &GraphError) -> Covered {
    tracing::warn!(cause = ?error, "whether a person is excluded from the policy cannot be read");
    Covered::NoPolicy
}

async fn read(db: &Db, context: &str) -> Result<Option<(Verdict, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT verdict, checked_at FROM policy_verdicts WHERE context = $1";
    let row: Option<(String, i64)> = on_db!(db, |pool| sqlx::query_as(SQL).bind(context).fetch_optional(pool).await)?;
    let Some((text, at)) = row else { return Ok(None) };
    let bad = |problem: String| StoreError::BadRow { table: "policy_verdicts", problem };
    let verdict = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    Ok(Some((verdict, Timestamp::from_millisecond(at).map_err(|e| bad(e.to_string()))?)))
}

async fn write(db: &Db, context: &str, opinion: &Opinion, now: Timestamp) -> Result<(), StoreError> {
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
            for verdict in [Verdict::Bad, Verdict::Good { people, groups, roles, guests: true, passes: true }] {
                let opinion = Opinion { verdict, policy: "p".to_owned(), remarks: vec![Remark::ExcludesRoles(1)] };
                write(&engine.db, "c1", &opinion, now).await.unwrap();
                assert_eq!(read(&engine.db, "c1").await.unwrap(), Some((opinion.verdict, now)));
            }
        }
    }

    #[test]
    fn verdicts_of_an_older_release_are_understood() {
        let old = r#"{"good":{"people":[],"groups":["g"],"roles":[]}}"#;
        assert!(serde_json::from_str::<Verdict>(old).unwrap().is_good());
        assert_eq!(serde_json::from_str::<Verdict>("\"bad\"").unwrap(), Verdict::Bad);
    }
}
