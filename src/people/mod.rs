//! Fetches facts about a person from Graph and from a domain controller.
//!
//! The facts are where the password is managed, whether the account is enabled, and whether Microsoft protects it. They
//! are fetched when a page needs them and never stored. The exception is the time since which each phone number has
//! been unchanged.

mod directory;
mod numbers;
mod privilege;
mod privileged;
mod risk;
#[cfg(test)]
mod tests;

pub(crate) use directory::{DirectoryLookup, PasswordLastSet};
pub(crate) use numbers::{PhoneNumber, PhoneNumberKind, forget_people_before, refresh_people, remember_numbers};
pub(crate) use privilege::ResetProtection;
pub(crate) use privileged::{PrivilegeAssessment, PrivilegeReason};

use axum::extract::FromRef;
use jiff::Timestamp;

use crate::base::ObjectId;
use crate::directory::{AccountName, DirectoryPasswordRules};
use crate::entra::{EntraClients, GraphUser, RoleAssignment, UserSummary};

pub(crate) use crate::entra::{FOUND, GraphDevice, GraphError, RegistrationDetails, RiskLookup, RiskyUser};
use crate::state::AppState;
use crate::store::StoreError;

/// System that manages a person's password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PasswordSource {
    Cloud,
    /// Active Directory: the domain name, and the time of the account's last synchronisation.
    Directory {
        domain: String,
        synced_at: Option<Timestamp>,
    },
}

/// Facts about a person that a reset needs.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each flag is an independent fact about the account")]
pub(crate) struct PersonProfile {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) upn: String,
    /// Parts of the name that a password must not contain.
    pub(crate) name_parts: Vec<String>,
    pub(crate) home: PasswordSource,
    pub(crate) enabled: bool,
    pub(crate) guest: bool,
    pub(crate) restricted: bool,
    /// Whether the account was locked out in Active Directory at the last lookup.
    pub(crate) locked: bool,
    /// When the password was last set in Active Directory before this reset, if it was looked up.
    pub(crate) set_before: Option<PasswordLastSet>,
    /// Name by which Active Directory finds the account.
    pub(crate) account: Option<AccountName>,
    /// Name parts by Active Directory's complexity rule, which counts parts of 3 letters or more.
    pub(crate) short_parts: Vec<String>,
    /// Email addresses, the work address first.
    pub(crate) addresses: Vec<String>,
    pub(crate) language: Option<String>,
    /// Time of the last password change by Entra, in whole seconds.
    pub(crate) password_changed_at: Option<Timestamp>,
    /// Phone numbers in Entra.
    pub(crate) numbers: Vec<(PhoneNumberKind, String)>,
}

/// Name and id of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonSummary {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) upn: String,
}

/// Converts a Graph user. Returns `None` for a contact, which has no account.
fn found(named: UserSummary) -> Option<PersonSummary> {
    let upn = named.user_principal_name?;
    Some(PersonSummary { id: named.id, name: named.display_name.unwrap_or_else(|| upn.clone()), upn })
}

impl PersonProfile {
    /// Returns whether the account is synchronised from Active Directory.
    pub(crate) fn synced(&self) -> bool {
        matches!(self.home, PasswordSource::Directory { .. })
    }

    /// Returns the name parts that the password must not contain, by Active Directory's rule or the portal's.
    pub(crate) fn parts_under(&self, rules: Option<&DirectoryPasswordRules>) -> Vec<String> {
        if rules.is_some_and(|rules| rules.complexity) { self.short_parts.clone() } else { self.name_parts.clone() }
    }
}

/// Fetches facts about people.
#[derive(Clone)]
pub(crate) struct PeopleService {
    app: AppState,
    entra: EntraClients,
}

impl FromRef<AppState> for PeopleService {
    fn from_ref(app: &AppState) -> Self {
        Self { app: app.clone(), entra: app.entra.clone() }
    }
}

impl PeopleService {
    /// Fetches a person's profile from Graph.
    pub(crate) async fn facts(&self, id: ObjectId) -> Result<PersonProfile, GraphError> {
        Ok(facts(self.entra.graph.person(id).await?))
    }

    /// Fetches the person's registered devices.
    pub(crate) async fn devices(&self, id: ObjectId) -> Result<Vec<GraphDevice>, GraphError> {
        self.entra.graph.devices(id).await
    }

    /// Looks up the account at a domain controller, if one is configured and answers in time.
    pub(crate) async fn in_directory(&self, facts: &PersonProfile) -> DirectoryLookup {
        directory::ask(&self.app, facts).await
    }

    /// Fetches the time of the last password change by Entra, in whole seconds.
    pub(crate) async fn password_changed_at(&self, id: ObjectId) -> Result<Option<Timestamp>, GraphError> {
        Ok(self.entra.graph.person(id).await?.last_password_change_date_time)
    }

    /// Returns why an operator with this role and scope cannot reset the person, by Microsoft's table. Eligible roles
    /// count as active.
    pub(crate) async fn protection(
        &self,
        facts: &PersonProfile,
        (operator_role, scope): (&str, &str),
    ) -> Result<Option<ResetProtection>, GraphError> {
        // Both requests run concurrently, because a page waits for the result.
        let (held, groups): (Vec<RoleAssignment>, _) =
            tokio::try_join!(self.entra.graph.roles(facts.id), self.entra.graph.groups(facts.id))?;
        if privilege::outside(scope, groups.units.as_deref()) {
            return Ok(Some(ResetProtection::OutsideUnit));
        }
        Ok(privilege::protection(operator_role, &held, !groups.role_assignable.is_empty(), facts.restricted))
    }

    /// Fetches when the password was last set in Active Directory, for an account by its stored name.
    pub(crate) async fn password_set(&self, account: &str) -> Option<PasswordLastSet> {
        directory::password_set(&self.app, account).await
    }

    /// Returns why the person counts as privileged. Roles or groups that cannot be fetched count as a reason.
    pub(crate) async fn privilege(&self, facts: &PersonProfile) -> PrivilegeAssessment {
        privileged::read(&self.app, facts).await
    }

    /// Searches people by the start of a name, or by the full user principal name or email address. Returns at most
    /// [`FOUND`] people and one more, sorted by name. Fewer than 2 letters match nothing.
    pub(crate) async fn find(&self, typed: &str) -> Result<Vec<PersonSummary>, GraphError> {
        let mut people: Vec<PersonSummary> =
            self.entra.graph.find(typed).await?.into_iter().filter_map(found).collect();
        people.sort_by_cached_key(|person| (person.name.to_lowercase(), person.upn.clone()));
        Ok(people)
    }

    /// Fetches the person's manager, if Entra has one.
    pub(crate) async fn manager(&self, id: ObjectId) -> Result<Option<PersonSummary>, GraphError> {
        Ok(self.entra.graph.manager(id).await?.and_then(found))
    }

    /// Fetches the person's registered sign-in methods from Microsoft's report, which is hours old. Returns `None` if
    /// the report does not list the person.
    pub(crate) async fn methods(&self, id: ObjectId) -> Result<Option<RegistrationDetails>, GraphError> {
        self.entra.graph.registered(id).await
    }

    /// Returns the person's active risk, if the portal may read risks. An error means that the risk is unknown.
    pub(crate) async fn standing_risk(&self, id: ObjectId) -> Result<Option<RiskyUser>, GraphError> {
        Ok(match self.recent_risk(id).await? {
            RiskLookup::Seen(risk) if risk.stands() => Some(risk),
            RiskLookup::Seen(_) | RiskLookup::Nothing | RiskLookup::NotAvailable => None,
        })
    }

    /// Returns the result of [`PeopleService::fetch_risk`] of the last minute, or fetches it.
    pub(crate) async fn recent_risk(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        risk::recent(&self.app, id).await
    }

    /// Fetches the person's risk from Entra ID Protection, if the portal may read risks.
    pub(crate) async fn risk(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        risk::read(&self.app, id).await
    }

    /// Returns the phone numbers, each with the time since which it has been unchanged. Records this sighting.
    pub(crate) async fn numbers(&self, facts: &PersonProfile) -> Result<Vec<PhoneNumber>, StoreError> {
        numbers::look(&self.app, facts).await
    }
}

fn facts(read: GraphUser) -> PersonProfile {
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
        PasswordSource::Directory {
            domain: read.on_premises_domain_name.unwrap_or_default(),
            synced_at: read.on_premises_last_sync_date_time,
        }
    } else {
        PasswordSource::Cloud
    };
    let account = matches!(home, PasswordSource::Directory { .. })
        .then(|| {
            let sid = read.on_premises_security_identifier.as_deref();
            directory::account_name(sid, read.on_premises_sam_account_name.clone())
        })
        .flatten();
    let numbers = numbers::on_record(read.mobile_phone, read.business_phones.unwrap_or_default());
    let addresses = read.mail.into_iter().chain(read.other_mails.unwrap_or_default()).filter(|a| !a.is_empty());
    PersonProfile {
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
