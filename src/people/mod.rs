//! What we know of a person, from Graph: where the account lives, whether it is enabled, and whether Microsoft
//! protects it. Read when a page needs it; never kept, except since when a telephone number has been seen.

mod directory;
mod numbers;
mod privilege;
mod privileged;
mod risk;
#[cfg(test)]
mod tests;

pub(crate) use directory::{InDirectory, PasswordSet};
pub(crate) use numbers::{Number, NumberKind, forget_people_before, refresh_people, remember_numbers};
pub(crate) use privilege::Protection;
pub(crate) use privileged::{Privilege, Reason};

use axum::extract::FromRef;
use jiff::Timestamp;

use crate::base::ObjectId;
use crate::directory::{AccountName, Rules};
use crate::entra::{DirectoryPerson, Entra, NamedPerson, RoleHeld};

pub(crate) use crate::entra::{DeviceRead, FOUND, GraphError, Registered, Risk, RiskRead};
use crate::state::App;
use crate::store::StoreError;

/// Where a password lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Home {
    Cloud,
    /// In AD, under this domain name, seen by the last synchronisation at this time.
    Directory {
        domain: String,
        synced_at: Option<Timestamp>,
    },
}

/// A person as far as a reset goes.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(crate) struct Facts {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) upn: String,
    /// Parts of the name that a password must not contain.
    pub(crate) name_parts: Vec<String>,
    pub(crate) home: Home,
    pub(crate) enabled: bool,
    pub(crate) guest: bool,
    pub(crate) restricted: bool,
    /// Locked in the directory when it was asked.
    pub(crate) locked: bool,
    /// When the password was set there before, if it was asked.
    pub(crate) set_before: Option<PasswordSet>,
    /// How AD knows them.
    pub(crate) account: Option<AccountName>,
    /// As the directory takes names apart: three letters are enough there.
    pub(crate) short_parts: Vec<String>,
    /// Where mail reaches them, at work first.
    pub(crate) addresses: Vec<String>,
    pub(crate) language: Option<String>,
    /// When Entra last saw the password change, in whole seconds.
    pub(crate) password_changed_at: Option<Timestamp>,
    /// Telephone numbers on record.
    pub(crate) numbers: Vec<(NumberKind, String)>,
}

/// Somebody by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) upn: String,
}

/// `None`: a contact, who has no account.
fn found(named: NamedPerson) -> Option<Found> {
    let upn = named.user_principal_name?;
    Some(Found { id: named.id, name: named.display_name.unwrap_or_else(|| upn.clone()), upn })
}

impl Facts {
    pub(crate) fn synced(&self) -> bool {
        matches!(self.home, Home::Directory { .. })
    }

    /// What the password must not contain, by our rule or the directory's.
    pub(crate) fn parts_under(&self, rules: Option<&Rules>) -> Vec<String> {
        if rules.is_some_and(|rules| rules.complexity) { self.short_parts.clone() } else { self.name_parts.clone() }
    }
}

/// Reads people.
#[derive(Clone)]
pub(crate) struct People {
    app: App,
    entra: Entra,
}

impl FromRef<App> for People {
    fn from_ref(app: &App) -> Self {
        Self { app: app.clone(), entra: app.entra.clone() }
    }
}

impl People {
    pub(crate) async fn facts(&self, id: ObjectId) -> Result<Facts, GraphError> {
        Ok(facts(self.entra.graph.person(id).await?))
    }

    /// Registered devices, as Graph names them.
    pub(crate) async fn devices(&self, id: ObjectId) -> Result<Vec<DeviceRead>, GraphError> {
        self.entra.graph.devices(id).await
    }

    /// What the domain controller knows, if one is asked and answers soon.
    pub(crate) async fn in_directory(&self, facts: &Facts) -> InDirectory {
        directory::ask(&self.app, facts).await
    }

    /// When Entra last saw the password change, in whole seconds.
    pub(crate) async fn password_changed_at(&self, id: ObjectId) -> Result<Option<Timestamp>, GraphError> {
        Ok(self.entra.graph.person(id).await?.last_password_change_date_time)
    }

    /// What protects somebody from an operator with this role and scope, as Microsoft's table has it; eligible roles count
    /// as active.
    pub(crate) async fn protection(
        &self,
        facts: &Facts,
        (operator_role, scope): (&str, &str),
    ) -> Result<Option<Protection>, GraphError> {
        // Side by side: somebody waits for the answer.
        let (held, groups): (Vec<RoleHeld>, _) =
            tokio::try_join!(self.entra.graph.roles(facts.id), self.entra.graph.groups(facts.id))?;
        if privilege::outside(scope, groups.units.as_deref()) {
            return Ok(Some(Protection::OutsideUnit));
        }
        Ok(privilege::protection(operator_role, &held, !groups.role_assignable.is_empty(), facts.restricted))
    }

    /// When a password was last set in the directory, for an account by what was kept of its name.
    pub(crate) async fn password_set(&self, account: &str) -> Option<PasswordSet> {
        directory::password_set(&self.app, account).await
    }

    /// Why somebody counts as privileged, if they do. What cannot be read counts as a reason.
    pub(crate) async fn privilege(&self, facts: &Facts) -> Privilege {
        privileged::read(&self.app, facts).await
    }

    /// People by how their name begins, or by their whole user principal name or mail address: at most
    /// [`FOUND`] and one more, by name. Fewer than two letters find nobody.
    pub(crate) async fn find(&self, typed: &str) -> Result<Vec<Found>, GraphError> {
        let mut people: Vec<Found> = self.entra.graph.find(typed).await?.into_iter().filter_map(found).collect();
        people.sort_by_cached_key(|person| (person.name.to_lowercase(), person.upn.clone()));
        Ok(people)
    }

    /// Whom somebody reports to, if the directory knows.
    pub(crate) async fn manager(&self, id: ObjectId) -> Result<Option<Found>, GraphError> {
        Ok(self.entra.graph.manager(id).await?.and_then(found))
    }

    /// How somebody can sign in, by Microsoft's report, which is hours old. `None`: it has no line of them.
    pub(crate) async fn methods(&self, id: ObjectId) -> Result<Option<Registered>, GraphError> {
        self.entra.graph.registered(id).await
    }

    /// A risk that stands, where risks are looked at. `Err`: nobody knows.
    pub(crate) async fn standing_risk(&self, id: ObjectId) -> Result<Option<Risk>, GraphError> {
        Ok(match self.recent_risk(id).await? {
            RiskRead::Seen(risk) if risk.stands() => Some(risk),
            RiskRead::Seen(_) | RiskRead::Nothing | RiskRead::NotAvailable => None,
        })
    }

    /// The same as [`People::risk`], or what it said within the last minute.
    pub(crate) async fn recent_risk(&self, id: ObjectId) -> Result<RiskRead, GraphError> {
        risk::recent(&self.app, id).await
    }

    /// Whether Microsoft sees somebody at risk, if the portal may know.
    pub(crate) async fn risk(&self, id: ObjectId) -> Result<RiskRead, GraphError> {
        risk::read(&self.app, id).await
    }

    /// The numbers on record with since when we have seen each unchanged; this look is written down.
    pub(crate) async fn numbers(&self, facts: &Facts) -> Result<Vec<Number>, StoreError> {
        numbers::look(&self.app, facts).await
    }
}

fn facts(read: DirectoryPerson) -> Facts {
    let parts = [
        read.display_name.as_deref(),
        read.given_name.as_deref(),
        read.surname.as_deref(),
        read.user_principal_name.split('@').next(),
    ];
    let words = parts.into_iter().flatten().flat_map(|text| text.split([' ', '-', '.', '_', ',']));
    let mut short_parts: Vec<String> = words.filter(|w| w.chars().count() >= 3).map(str::to_lowercase).collect();
    short_parts.sort();
    short_parts.dedup();
    let name_parts = short_parts.iter().filter(|part| part.chars().count() >= 4).cloned().collect();
    let home = if read.on_premises_sync_enabled == Some(true) {
        Home::Directory {
            domain: read.on_premises_domain_name.unwrap_or_default(),
            synced_at: read.on_premises_last_sync_date_time,
        }
    } else {
        Home::Cloud
    };
    let account = matches!(home, Home::Directory { .. })
        .then(|| {
            let sid = read.on_premises_security_identifier.as_deref();
            directory::account_name(sid, read.on_premises_sam_account_name.clone())
        })
        .flatten();
    let numbers = numbers::on_record(read.mobile_phone, read.business_phones.unwrap_or_default());
    let addresses = read.mail.into_iter().chain(read.other_mails.unwrap_or_default()).filter(|a| !a.is_empty());
    Facts {
        id: read.id,
        locked: false,
        set_before: None,
        addresses: addresses.collect(),
        language: read.preferred_language,
        numbers,
        password_changed_at: read.last_password_change_date_time,
        account,
        short_parts,
        name: read.display_name.unwrap_or_else(|| read.user_principal_name.clone()),
        name_parts,
        home,
        enabled: read.account_enabled != Some(false),
        guest: read.user_type.as_deref() == Some("Guest"),
        restricted: read.is_management_restricted == Some(true),
        upn: read.user_principal_name,
    }
}
