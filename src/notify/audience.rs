//! Enqueues notices about Temporary Access Passes and health issues.
//!
//! Notices about a pass go to the person and to their manager. Their addresses are stored when the case action starts,
//! because an attacker who takes over the account can change them afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::addressee::{MailRecipient, place};
use super::store::{self, LETTERS};
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
    Made,
    /// The pass was used for the first time.
    Used,
    /// A sign-in method was registered within 24 hours after the pass.
    Method,
}

impl PassEvent {
    #[cfg(test)]
    pub(super) const ALL: [Self; 3] = [Self::Made, Self::Used, Self::Method];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Made => "pass-made",
            Self::Used => "pass-used",
            Self::Method => "pass-method",
        }
    }
}

/// Enqueues a notice about a health issue to `notify.alarms_to`. Does nothing if that list is empty or mail is off.
/// `kind` is the name of the health issue.
pub(crate) async fn tell_operations(tx: &mut Tx, app: &AppState, kind: &str, now: Timestamp) -> Result<(), StoreError> {
    let to = app.config.notify.alarms_to.clone();
    if to.is_empty() || app.config.notify.kind == NotifyKind::Off {
        return Ok(());
    }
    let id = app.random.uuid_at(now).to_string();
    let sealed = MailRecipient { name: String::new(), to, about: None }.seal(&app.sealer, &LETTERS, &id)?;
    // The notice is about no account, so the nil id stands for the portal.
    let about = PersonKey { tenant: app.config.tenant(), object: ObjectId::nil() };
    let row = (id.as_str(), "en", sealed.as_str());
    store::insert_letter(tx, row, (&format!("{TROUBLE}{kind}"), about, now), now).await
}

/// Prefix of the kind of a notice about a health issue.
pub(super) const TROUBLE: &str = "trouble-";

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
            to: MailRecipient { about, ..MailRecipient::of(facts) },
        };
        let manager = manager.map(|facts| member(facts, Some(person.name.clone())));
        Self(std::iter::once(member(person, None)).chain(manager).collect())
    }

    pub(crate) fn seal(&self, sealer: &Sealer, table: &'static str, row: &str) -> Result<String, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::Opens)?;
        Ok(sealer.seal(KeyPurpose::Notice, place(table, row), &plain)?)
    }

    pub(crate) fn open(sealer: &Sealer, table: &'static str, row: &str, kept: &str) -> Result<Self, SealError> {
        let plain = sealer.open(KeyPurpose::Notice, place(table, row), kept)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Opens)
    }

    /// Enqueues one notice per recipient, in the transaction of the event.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        app: &AppState,
        news: PassEvent,
        (about, at): (PersonKey, Timestamp),
    ) -> Result<(), StoreError> {
        let now = app.now();
        for member in &self.0 {
            let id = app.random.uuid_at(now).to_string();
            let sealed = member.to.seal(&app.sealer, &LETTERS, &id)?;
            let row = (id.as_str(), member.language.as_str(), sealed.as_str());
            store::insert_letter(tx, row, (news.name(), about, at), now).await?;
        }
        Ok(())
    }
}
