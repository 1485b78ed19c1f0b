//! Enqueues notices about Temporary Access Passes and health issues.
//!
//! Notices about a pass go to the person and to their manager. Their addresses are stored when the case action starts,
//! because an attacker who takes over the account can change them afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::recipient::{MailRecipient, seal_context};
use super::store::{self, EVENT_NOTICES, NewEventNotice};
use crate::base::{ObjectId, PersonKey};
use crate::config::NotifyKind;
use crate::people::PersonProfile;
use crate::state::AppState;
use crate::store::{KeyPurpose, SealError, Sealer, StoreError, Tx};
use crate::web::Lang;

/// Event of a Temporary Access Pass that a notice reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PassEvent {
    /// The pass was created.
    Created,
    /// The pass was used for the first time.
    Used,
    /// A sign-in method was registered within 24 hours after the pass.
    MethodRegistered,
}

impl PassEvent {
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::Created, Self::Used, Self::MethodRegistered];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Created => "pass-made",
            Self::Used => "pass-used",
            Self::MethodRegistered => "pass-method",
        }
    }
}

/// Enqueues a notice about a health issue to `notify.alarms_to`. Does nothing if that list is empty or mail is off.
/// `kind` is the name of the health issue.
pub(crate) async fn enqueue_operations_notice(
    tx: &mut Tx,
    app: &AppState,
    kind: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let to = app.config.notify.alarms_to.clone();
    if to.is_empty() || app.config.notify.kind == NotifyKind::Off {
        return Ok(());
    }
    let id = app.random.uuid_at(now).to_string();
    let sealed = MailRecipient { name: String::new(), to, about: None }.seal(&app.sealer, &EVENT_NOTICES, &id)?;
    // The notice is about no account, so the nil id stands for the portal.
    let about = PersonKey { tenant: app.config.tenant_id(), object: ObjectId::nil() };
    let notice = NewEventNotice {
        id: &id,
        kind: &format!("{HEALTH_ISSUE_PREFIX}{kind}"),
        person: about,
        occurred_at: now,
        language: "en",
        sealed: &sealed,
    };
    store::insert_event_notice(tx, notice, now).await
}

/// Prefix of the kind of a notice about a health issue.
pub(super) const HEALTH_ISSUE_PREFIX: &str = "trouble-";

/// One recipient and their language. Stored as sealed JSON, so the field names are part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct AudienceMember {
    language: String,
    to: MailRecipient,
}

/// Recipients of the notices about a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PassAudience(Vec<AudienceMember>);

impl PassAudience {
    /// Collects the person and the manager. Empty if mail is off.
    pub(crate) fn new(app: &AppState, person: &PersonProfile, manager: Option<&PersonProfile>) -> Self {
        if app.config.notify.kind == NotifyKind::Off {
            return Self::default();
        }
        let member = |facts: &PersonProfile, about: Option<String>| AudienceMember {
            language: Lang::negotiate(facts.language.as_deref().unwrap_or("")).code(),
            to: MailRecipient { about, ..MailRecipient::from_profile(facts) },
        };
        let manager = manager.map(|facts| member(facts, Some(person.name.clone())));
        Self(std::iter::once(member(person, None)).chain(manager).collect())
    }

    pub(crate) fn seal(&self, sealer: &Sealer, table: &'static str, row: &str) -> Result<String, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::CannotOpen)?;
        Ok(sealer.seal(KeyPurpose::NoticeRecipient, seal_context(table, row), &plain)?)
    }

    pub(crate) fn open(sealer: &Sealer, table: &'static str, row: &str, kept: &str) -> Result<Self, SealError> {
        let plain = sealer.open(KeyPurpose::NoticeRecipient, seal_context(table, row), kept)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::CannotOpen)
    }

    /// Enqueues one notice per recipient, in the transaction of the event.
    pub(crate) async fn enqueue_pass_notice(
        &self,
        tx: &mut Tx,
        app: &AppState,
        news: PassEvent,
        (about, at): (PersonKey, Timestamp),
    ) -> Result<(), StoreError> {
        let now = app.now();
        for member in &self.0 {
            let id = app.random.uuid_at(now).to_string();
            let sealed = member.to.seal(&app.sealer, &EVENT_NOTICES, &id)?;
            let notice = NewEventNotice {
                id: &id,
                kind: news.as_str(),
                person: about,
                occurred_at: at,
                language: &member.language,
                sealed: &sealed,
            };
            store::insert_event_notice(tx, notice, now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored JSON has the names of the release before, which reads it during an upgrade.
    #[test]
    fn stored_audience_keeps_its_shape() {
        let stored = r#"[{"language":"en","to":{"name":"Mona","to":["m@contoso.example"],"about":"Wanda"}}]"#;
        let value: PassAudience = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), stored);
    }
}
