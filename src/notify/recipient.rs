//! Recipient of a notice: name and email addresses as Graph had them before the reset.
//!
//! They are sealed in the row of the notice. An attacker who takes over an account can change its addresses afterwards,
//! but not this row.

use jiff::Timestamp;
use lettre::Address;
use serde::{Deserialize, Serialize};

use super::store::{self, MailQueue, RESET_NOTICES};
use crate::base::ResetId;
use crate::config::NotifyKind;
use crate::people::PersonProfile;
use crate::state::AppState;
use crate::store::{KeyPurpose, SealContext, SealError, Sealer, StoreError, Tx};
use crate::web::Lang;

/// Maximum number of addresses per person.
const MAX_ADDRESSES: usize = 5;

/// Name and addresses of a recipient. Stored as sealed JSON, so the field names are part of the format.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct MailRecipient {
    pub(super) name: String,
    /// Addresses that have not received the mail yet.
    pub(super) to: Vec<String>,
    /// Name of the account's owner, if the recipient is someone else, such as the manager.
    #[serde(default)]
    pub(super) about: Option<String>,
}

impl MailRecipient {
    /// Takes the valid addresses of a profile, without duplicates.
    pub(super) fn from_profile(facts: &PersonProfile) -> Self {
        let mut to: Vec<String> = Vec::new();
        for address in facts.mail_addresses.iter().filter(|a| a.parse::<Address>().is_ok()) {
            if to.len() < MAX_ADDRESSES && !to.iter().any(|known| known.eq_ignore_ascii_case(address)) {
                to.push(address.clone());
            }
        }
        Self { name: facts.name.clone(), to, about: None }
    }

    pub(super) fn seal(&self, sealer: &Sealer, queue: &MailQueue, row: &str) -> Result<String, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|_| SealError::CannotOpen)?;
        Ok(sealer.seal(KeyPurpose::NoticeRecipient, seal_context(queue.table, row), &plain)?)
    }

    pub(super) fn open(sealer: &Sealer, queue: &MailQueue, row: &str, kept: &str) -> Result<Self, SealError> {
        let plain = sealer.open(KeyPurpose::NoticeRecipient, seal_context(queue.table, row), kept)?;
        serde_json::from_slice(&plain).map_err(|_| SealError::CannotOpen)
    }
}

/// Binds sealed recipients to their table and row.
pub(super) fn seal_context<'a>(table: &'static str, row: &'a str) -> SealContext<'a> {
    SealContext { table, column: "sealed", row }
}

/// Inserts the notice of a reset in the transaction of the intent, so that no reset exists without it. Does nothing if
/// mail is off.
pub(crate) async fn enqueue_reset_notice(
    tx: &mut Tx,
    app: &AppState,
    reset: ResetId,
    facts: &PersonProfile,
    now: Timestamp,
) -> Result<(), StoreError> {
    if app.config.notify.kind == NotifyKind::Off {
        return Ok(());
    }
    let language = Lang::negotiate(facts.language.as_deref().unwrap_or("")).code();
    let sealed = MailRecipient::from_profile(facts).seal(&app.sealer, &RESET_NOTICES, &reset.to_string())?;
    store::insert_reset_notice(tx, reset, &language, &sealed, now).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Random;
    use crate::people::PasswordSource;
    use crate::store::testing::test_sealer;

    /// Stored JSON has the names of the release before, which reads it during an upgrade.
    #[test]
    fn stored_recipient_keeps_its_shape() {
        let stored = r#"{"name":"Wanda","to":["w@contoso.example"],"about":null}"#;
        let value: MailRecipient = serde_json::from_str(stored).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), stored);
    }

    #[test]
    fn recipient_addresses_are_validated_limited_and_bound_to_reset() {
        let known = ["w@contoso.example", "W@Contoso.example", "nonsense", "a@x.example\r\nBcc: b@x.example"];
        let more = (0..9).map(|n| format!("w{n}@home.example"));
        let facts = PersonProfile {
            id: "c0de0000-7e5a-4f00-8000-00000000c0de".parse().unwrap(),
            name: "Wanda".to_owned(),
            upn: "w@contoso.example".to_owned(),
            name_parts: vec![],
            directory_name_parts: vec![],
            account_name: None,
            password_source: PasswordSource::Cloud,
            enabled: true,
            guest: false,
            management_restricted: false,
            locked_in_directory: false,
            previous_password_set: None,
            mail_addresses: known.into_iter().map(str::to_owned).chain(more).collect(),
            language: None,
            phone_numbers: vec![],
            password_changed_at: None,
        };
        let addressee = MailRecipient::from_profile(&facts);
        assert_eq!(addressee.to.len(), MAX_ADDRESSES);
        assert_eq!(addressee.to[..2], ["w@contoso.example", "w0@home.example"]);
        let (keys, id) = (test_sealer(), ResetId::new(&Random::system(), Timestamp::UNIX_EPOCH));
        let id = id.to_string();
        let sealed = addressee.seal(&keys, &RESET_NOTICES, &id).unwrap();
        assert!(!sealed.contains("contoso"));
        assert_eq!(MailRecipient::open(&keys, &RESET_NOTICES, &id, &sealed).unwrap(), addressee);
        let other = ResetId::new(&Random::system(), Timestamp::UNIX_EPOCH).to_string();
        assert!(
            MailRecipient::open(&keys, &RESET_NOTICES, &other, &sealed).is_err(),
            "cannot be opened for another reset"
        );
        assert!(
            MailRecipient::open(&keys, &store::EVENT_NOTICES, &id, &sealed).is_err(),
            "cannot be opened in another table"
        );
    }
}
