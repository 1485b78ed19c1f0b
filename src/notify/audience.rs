//! Who hears of what happens to an account at the helpdesk: the person, and who speaks for them. Their addresses are kept
//! as they were when it began, because whoever takes an account over may change them afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::addressee::{Addressee, place};
use super::store::{self, LETTERS};
use crate::base::{ObjectId, PersonKey};
use crate::config::NotifyKind;
use crate::people::Facts;
use crate::state::App;
use crate::store::{Purpose, SealError, Sealer, StoreError, Tx};
use crate::web::Lang;

/// What a letter tells of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// A Temporary Access Pass was made.
    Made,
    /// It was used for the first time.
    Used,
    /// A way to sign in was registered within a day of it.
    Method,
}

impl News {
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

/// Keeps a letter about the portal's own trouble for whoever is to hear of it, if anybody is. `kind` is the trouble's name.
pub(crate) async fn tell_operations(tx: &mut Tx, app: &App, kind: &str, now: Timestamp) -> Result<(), StoreError> {
    let to = app.config.notify.alarms_to.clone();
    if to.is_empty() || app.config.notify.kind == NotifyKind::Off {
        return Ok(());
    }
    let id = app.random.uuid_at(now).to_string();
    let sealed = Addressee { name: String::new(), to, about: None }.seal(&app.sealer, &LETTERS, &id)?;
    // About no account: the nil id stands for the portal.
    let about = PersonKey { tenant: app.config.tenant(), object: ObjectId::nil() };
    let row = (id.as_str(), "en", sealed.as_str());
    store::insert_letter(tx, row, (&format!("{TROUBLE}{kind}"), about, now), now).await
}

/// How the kind of such a letter begins.
pub(super) const TROUBLE: &str = "trouble-";

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Member {
    language: String,
    to: Addressee,
}

/// Who is told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Audience(Vec<Member>);

impl Audience {
    /// Nobody, where mail is off.
    pub(crate) fn new(app: &App, person: &Facts, manager: Option<&Facts>) -> Self {
        if app.config.notify.kind == NotifyKind::Off {
            return Self::default();
        }
        let member = |facts: &Facts, about: Option<String>| Member {
            language: Lang::negotiate(facts.language.as_deref().unwrap_or("")).code(),
            to: Addressee { about, ..Addressee::of(facts) },
        };
        let manager = manager.map(|facts| member(facts, Some(person.name.clone())));
        Self(std::iter::once(member(person, None)).chain(manager).collect())
    }

    pub(crate) fn seal(&self, sealer: &Sealer, table: &'static str, row: &str) -> Result<String, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::Opens)?;
        Ok(sealer.seal(Purpose::Notice, place(table, row), &plain)?)
    }

    pub(crate) fn open(sealer: &Sealer, table: &'static str, row: &str, kept: &str) -> Result<Self, SealError> {
        let plain = sealer.open(Purpose::Notice, place(table, row), kept)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::Opens)
    }

    /// Keeps a letter to each, in the transaction of what it tells.
    pub(crate) async fn tell(
        &self,
        tx: &mut Tx,
        app: &App,
        news: News,
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
