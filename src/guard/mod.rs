//! May this person reset now? Asked when the form opens, before anybody types, and again at submit.

mod freezes;
mod grants;
mod store;
mod switches;

pub(crate) use freezes::{Frozen, freeze, freeze_by_desk, frozen_since, is_frozen, thaw};
pub(crate) use grants::grant;
pub(crate) use switches::{Pause, Switches};

use axum::extract::FromRef;
use jiff::{SignedDuration, Timestamp};

use crate::base::{PersonKey, ResetId};
use crate::config::Approval;
use crate::entra::{GraphError, OperatorError, Trouble};
use crate::people::{Facts, InDirectory, People, Protection, RiskRead};
use crate::state::App;
use crate::store::{Limit, Limits, Refused, StoreError, Tx};

/// Why not. The catalogue holds `stopped-<code>-title`, `-text`, `-do`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// Somebody, or the hourly ceiling, paused all resets.
    Paused(Pause),
    /// Somebody said that a reset of theirs was not theirs.
    Frozen,
    /// The organisation wants the desk to have verified this person first.
    Approval,
    /// The operator cannot work.
    Operator(Option<Trouble>),
    /// It is the operator's own account.
    IsOperator,
    /// Microsoft protects this account from the operator.
    Protected(Protection),
    Guest,
    Disabled,
    /// The account has ended in the directory.
    Expired,
    /// An administrator's account in the directory, which no writeback agent may touch.
    ProtectedInDirectory,
    /// "User cannot change password" is set in the directory.
    CannotChange,
    /// The present password is younger than the directory allows; it may be changed from then on.
    TooYoung(Timestamp),
    /// Graph did not say what must be known.
    CannotCheck,
}

impl Stopped {
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Paused(Pause::Ceiling) => "G-CEILING",
            Self::Paused(Pause::Hand) => "G-PAUSED",
            Self::Frozen => "G-FROZEN",
            Self::Approval => "G-APPROVAL",
            Self::Operator(_) => "G-OPERATOR",
            Self::IsOperator => "G-OPERATOR-ACCOUNT",
            Self::Protected(Protection::OutsideUnit) => "G-OUTSIDE",
            Self::Protected(_) => "G-PROTECTED",
            Self::Guest => "G-GUEST",
            Self::Disabled => "G-DISABLED",
            Self::Expired => "G-EXPIRED",
            Self::ProtectedInDirectory => "G-PROTECTED-AD",
            Self::CannotChange => "G-CANNOT-CHANGE",
            Self::TooYoung(_) => "G-TOO-YOUNG",
            Self::CannotCheck => "G-CANNOT-CHECK",
        }
    }
}

/// What the directory itself would refuse, said before anybody types. A locked account is no reason: the reset may be
/// what opens it.
fn in_directory(directory: &InDirectory, now: Timestamp) -> Option<Stopped> {
    let account = directory.account()?;
    match () {
        () if account.disabled => Some(Stopped::Disabled),
        () if account.expired => Some(Stopped::Expired),
        () if account.protected => Some(Stopped::ProtectedInDirectory),
        () if account.cannot_change == Some(true) => Some(Stopped::CannotChange),
        () => directory.too_young_until(now).map(Stopped::TooYoung),
    }
}

/// How an intent counts.
#[derive(Debug)]
pub(crate) enum Counted {
    Within,
    /// By a grant of the desk, which is used up now.
    Granted,
    /// It takes a grant, and another tab was faster.
    NotGranted,
    Limited(Refused),
}

/// Answers the question.
#[derive(Clone)]
pub(crate) struct Guard {
    app: App,
    people: People,
    switches: Switches,
}

impl FromRef<App> for Guard {
    fn from_ref(app: &App) -> Self {
        Self { app: app.clone(), people: People::from_ref(app), switches: Switches::new(app.db.clone()) }
    }
}

impl Guard {
    /// What stands in this person's way, if anything. A database that is away is an error, not an answer.
    pub(crate) async fn look(&self, facts: &Facts, directory: &InDirectory) -> Result<Option<Stopped>, StoreError> {
        if let Some(pause) = self.switches.paused().await? {
            return Ok(Some(Stopped::Paused(pause)));
        }
        let person = PersonKey { tenant: self.app.config.tenant(), object: facts.id };
        if freezes::is_frozen(&self.app.db, person).await? {
            return Ok(Some(Stopped::Frozen));
        }
        if facts.guest && !self.app.config.signin.allow_guests {
            return Ok(Some(Stopped::Guest));
        }
        if !facts.enabled {
            return Ok(Some(Stopped::Disabled));
        }
        if let Some(stopped) = in_directory(directory, self.app.now()) {
            return Ok(Some(stopped));
        }
        let operator = match self.app.entra.operators.ready().await {
            Ok(ready) => ready.operator,
            Err(OperatorError::Store(error)) => return Err(error),
            Err(OperatorError::Trouble(trouble)) => return Ok(Some(Stopped::Operator(Some(trouble)))),
            Err(OperatorError::NotLinked) => return Ok(Some(Stopped::Operator(None))),
            Err(error) => {
                tracing::warn!(cause = ?error, "the operator has no token at the moment");
                return Ok(Some(Stopped::CannotCheck));
            }
        };
        if operator.object == facts.id {
            return Ok(Some(Stopped::IsOperator));
        }
        match self.people.protection(facts, (&operator.role, &operator.scope)).await {
            Ok(None) => self.approval(facts, person).await,
            Ok(Some(protection)) => Ok(Some(Stopped::Protected(protection))),
            // Unreadable: everybody is privileged.
            Err(error) => {
                tracing::warn!(cause = ?error, "roles cannot be read");
                Ok(Some(Stopped::CannotCheck))
            }
        }
    }

    /// Whether the desk has to let this person reset, and has not.
    async fn approval(&self, facts: &Facts, person: PersonKey) -> Result<Option<Stopped>, StoreError> {
        if !self.needs_approval(facts).await || grants::has_grant(&self.app.db, person, self.app.now()).await? {
            return Ok(None);
        }
        Ok(Some(Stopped::Approval))
    }

    /// Whether a reset of this person takes a grant of the desk.
    pub(crate) async fn needs_approval(&self, facts: &Facts) -> bool {
        let by_power = match self.app.config.reset.approval {
            Approval::Never => false,
            Approval::Always => true,
            Approval::Privileged => self.people.privilege(facts).await.privileged(),
        };
        by_power || self.by_risk(facts).await
    }

    /// Whether Microsoft sees a risk at which the desk has to allow it. Unreadable: yes.
    async fn by_risk(&self, facts: &Facts) -> bool {
        let Some(level) = self.app.config.risk.as_ref().and_then(|risk| risk.approval_from) else { return false };
        match self.people.recent_risk(facts.id).await {
            Ok(RiskRead::Seen(risk)) => risk.reaches(level),
            Ok(RiskRead::Nothing) => false,
            Ok(RiskRead::NotAvailable) => {
                tracing::warn!("risk.approval_from is set, and risks may not be read: everybody needs the desk");
                true
            }
            Err(error) => {
                tracing::warn!(cause = ?error, "a risk cannot be read: the desk has to allow the reset");
                true
            }
        }
    }

    /// Counts a reset in the transaction of its intent, so that what is not begun is not counted: by the grant of the
    /// desk where one is needed, else against this person's own limit, and where that is reached, by a grant again.
    pub(crate) async fn count(
        &self,
        tx: &mut Tx,
        person: PersonKey,
        reset: ResetId,
        needs_approval: bool,
    ) -> Result<Counted, StoreError> {
        let (app, now) = (&self.app, self.app.now());
        if needs_approval {
            let granted = grants::use_up(tx, person, reset, now).await?;
            return Ok(if granted { Counted::Granted } else { Counted::NotGranted });
        }
        let limit = Limit { count: app.config.reset.per_person_hour, per: SignedDuration::from_hours(1) };
        Ok(match Limits::take_in(tx, &format!("reset:{}", person.object), limit, now).await? {
            Ok(()) => Counted::Within,
            Err(_) if grants::use_up(tx, person, reset, now).await? => Counted::Granted,
            Err(refused) => Counted::Limited(refused),
        })
    }

    /// Pauses everything if this hour had too many resets: no working day does that, an attacker does.
    pub(crate) async fn check_ceiling(&self) -> Result<(), StoreError> {
        let since = self.app.now().saturating_sub(SignedDuration::from_hours(1)).unwrap_or_default();
        let ceiling = match self.app.config.reset.hourly_ceiling {
            Some(ceiling) => ceiling,
            None => self.share_of_people().await.unwrap_or(20),
        };
        let count = store::created_since(&self.app.db, since).await?;
        if count >= ceiling {
            self.switches
                .pause(&self.app.auditor, Pause::Ceiling, &format!("{count} resets in an hour"), self.app.now())
                .await?;
            tracing::error!(count, ceiling, "the hourly ceiling is reached: resets are paused");
        }
        Ok(())
    }

    /// 2 % of the people, at least 20. People are counted once an hour.
    async fn share_of_people(&self) -> Result<i64, GraphError> {
        let mut counted = self.app.people.lock().await;
        let now = self.app.now();
        let fresh = counted.filter(|(_, at)| now.duration_since(*at) < SignedDuration::from_hours(1));
        let people = match fresh {
            Some((people, _)) => people,
            None => self.app.entra.graph.people().await?,
        };
        *counted = Some((people, fresh.map_or(now, |(_, at)| at)));
        Ok((people / 50).max(20))
    }
}
