//! Fetches facts about a person from Graph and from a domain controller.
//!
//! The facts are where the password is managed, whether the account is enabled, and whether Microsoft protects it. They
//! are fetched when a page needs them and never stored. The exception is the time since which each phone number has
//! been unchanged.

mod directory_lookup;
mod identity_risk;
mod method_registrations;
mod phone_numbers;
mod privileged_access;
mod reset_protection;
#[cfg(test)]
mod tests;

pub(crate) use directory_lookup::{DirectoryLookup, PasswordLastSet};
pub(crate) use method_registrations::{MethodRegistrationReader, fetch_method_registrations};
pub(crate) use phone_numbers::{
    PhoneNumber, PhoneNumberKind, delete_people_not_requested_since, record_phone_numbers, run_phone_number_refresh,
};
pub(crate) use privileged_access::{PrivilegeAssessment, PrivilegeReason};
pub(crate) use reset_protection::ResetProtection;

use axum::extract::FromRef;
use jiff::Timestamp;

use crate::base::ObjectId;
use crate::directory::{AccountName, DirectoryPasswordRules};
use crate::entra::{EntraClients, GraphUser, ResetRoleAssignment, RoleAssignment, UserSummary, UserType};

pub(crate) use crate::entra::{
    GraphDevice, GraphError, MAX_SEARCH_RESULTS, RegistrationDetails, RiskLookup, RiskyUser,
};
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
    pub(crate) password_source: PasswordSource,
    pub(crate) enabled: bool,
    pub(crate) guest: bool,
    pub(crate) management_restricted: bool,
    /// Whether the account was locked out in Active Directory at the last lookup.
    pub(crate) locked_in_directory: bool,
    /// When the password was last set in Active Directory before this reset, if it was looked up.
    pub(crate) previous_password_set: Option<PasswordLastSet>,
    /// Name by which Active Directory finds the account.
    pub(crate) account_name: Option<AccountName>,
    /// Name parts by Active Directory's complexity rule, which counts parts of 3 letters or more.
    pub(crate) directory_name_parts: Vec<String>,
    /// Email addresses, the work address first.
    pub(crate) mail_addresses: Vec<String>,
    pub(crate) language: Option<String>,
    /// Time of the last password change by Entra, in whole seconds.
    pub(crate) password_changed_at: Option<Timestamp>,
    /// Phone numbers in Entra.
    pub(crate) phone_numbers: Vec<(PhoneNumberKind, String)>,
}

/// Name and id of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PersonSummary {
    pub(crate) id: ObjectId,
    pub(crate) name: String,
    pub(crate) upn: String,
}

/// Converts a Graph user. Returns `None` for a contact, which has no account.
fn person_summary(named: UserSummary) -> Option<PersonSummary> {
    let upn = named.user_principal_name?;
    Some(PersonSummary { id: named.id, name: named.display_name.unwrap_or_else(|| upn.clone()), upn })
}

impl PersonProfile {
    /// Returns whether the account is synchronised from Active Directory.
    pub(crate) fn is_synced(&self) -> bool {
        matches!(self.password_source, PasswordSource::Directory { .. })
    }

    /// Returns the name parts that the password must not contain, by Active Directory's rule or the portal's.
    pub(crate) fn forbidden_name_parts(&self, rules: Option<&DirectoryPasswordRules>) -> Vec<String> {
        if rules.is_some_and(|rules| rules.complexity) {
            self.directory_name_parts.clone()
        } else {
            self.name_parts.clone()
        }
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
        Self::new(app)
    }
}

impl PeopleService {
    pub(crate) fn new(app: &AppState) -> Self {
        Self { app: app.clone(), entra: app.entra.clone() }
    }

    /// Fetches a person's profile from Graph.
    pub(crate) async fn fetch_profile(&self, id: ObjectId) -> Result<PersonProfile, GraphError> {
        Ok(profile_from_user(self.entra.graph.fetch_user(id).await?))
    }

    /// Fetches the person's registered devices.
    pub(crate) async fn fetch_devices(&self, id: ObjectId) -> Result<Vec<GraphDevice>, GraphError> {
        self.entra.graph.fetch_devices(id).await
    }

    /// Looks up the account at a domain controller, if one is configured and answers in time.
    pub(crate) async fn query_directory(&self, facts: &PersonProfile) -> DirectoryLookup {
        directory_lookup::query_directory(&self.app, facts).await
    }

    /// Fetches the time of the last password change by Entra, in whole seconds.
    pub(crate) async fn fetch_password_changed_at(&self, id: ObjectId) -> Result<Option<Timestamp>, GraphError> {
        Ok(self.entra.graph.fetch_user(id).await?.last_password_change_date_time)
    }

    /// Returns why an operator with this role cannot reset the person, by Microsoft's table. Eligible roles count as
    /// active.
    pub(crate) async fn assess_protection(
        &self,
        facts: &PersonProfile,
        operator: &ResetRoleAssignment,
    ) -> Result<Option<ResetProtection>, GraphError> {
        // Both requests run concurrently, because a page waits for the result.
        let (held, groups): (Vec<RoleAssignment>, _) = tokio::try_join!(
            self.entra.graph.fetch_role_assignments(facts.id),
            self.entra.graph.fetch_memberships(facts.id)
        )?;
        if reset_protection::is_outside_unit(&operator.scope, groups.administrative_unit_ids.as_deref()) {
            return Ok(Some(ResetProtection::OutsideUnit));
        }
        Ok(reset_protection::protection_for_roles(
            &operator.role,
            &held,
            !groups.role_assignable_groups.is_empty(),
            facts.management_restricted,
        ))
    }

    /// Fetches when the password was last set in Active Directory, for an account by its stored name.
    pub(crate) async fn fetch_password_last_set(&self, account: &str) -> Option<PasswordLastSet> {
        directory_lookup::fetch_password_last_set(&self.app, account).await
    }

    /// Returns why the person counts as privileged. Roles or groups that cannot be fetched count as a reason.
    pub(crate) async fn assess_privilege(&self, facts: &PersonProfile) -> PrivilegeAssessment {
        privileged_access::assess_privilege(&self.app, facts).await
    }

    /// Searches people by the start of a name, or by the full user principal name or email address. Returns at most
    /// [`MAX_SEARCH_RESULTS`] people and one more, sorted by name. Fewer than 2 letters match nothing.
    pub(crate) async fn search(&self, typed: &str) -> Result<Vec<PersonSummary>, GraphError> {
        let mut people: Vec<PersonSummary> =
            self.entra.graph.search_users(typed).await?.into_iter().filter_map(person_summary).collect();
        people.sort_by_cached_key(|person| (person.name.to_lowercase(), person.upn.clone()));
        Ok(people)
    }

    /// Fetches the person's manager, if Entra has one.
    pub(crate) async fn fetch_manager(&self, id: ObjectId) -> Result<Option<PersonSummary>, GraphError> {
        Ok(self.entra.graph.fetch_manager(id).await?.and_then(person_summary))
    }

    /// Fetches the person's registered sign-in methods from Microsoft's report, which is hours old. Returns `None` if
    /// the report does not list the person.
    pub(crate) async fn fetch_registration(&self, id: ObjectId) -> Result<Option<RegistrationDetails>, GraphError> {
        self.entra.graph.fetch_registration(id).await
    }

    /// Returns the person's active risk, if the portal may read risks. An error means that the risk is unknown.
    pub(crate) async fn fetch_active_risk(&self, id: ObjectId) -> Result<Option<RiskyUser>, GraphError> {
        Ok(match self.cached_risk(id).await? {
            RiskLookup::Listed(risk) if risk.is_active() => Some(risk),
            RiskLookup::Listed(_) | RiskLookup::NotListed | RiskLookup::NotAvailable => None,
        })
    }

    /// Returns the result of [`PeopleService::fetch_risk`] of the last minute, or fetches it.
    pub(crate) async fn cached_risk(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        identity_risk::cached_risk(&self.app, id).await
    }

    /// Fetches the person's risk from Entra ID Protection, if the portal may read risks.
    pub(crate) async fn fetch_risk(&self, id: ObjectId) -> Result<RiskLookup, GraphError> {
        identity_risk::fetch_risk(&self.app, id).await
    }

    /// Returns the phone numbers, each with the time since which it has been unchanged. Records this sighting.
    pub(crate) async fn load_phone_numbers(&self, facts: &PersonProfile) -> Result<Vec<PhoneNumber>, StoreError> {
        phone_numbers::load_phone_numbers(&self.app, facts).await
    }
}

fn profile_from_user(read: GraphUser) -> PersonProfile {
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
            directory_lookup::preferred_account_name(sid, read.on_premises_sam_account_name.clone())
        })
        .flatten();
    let numbers = phone_numbers::distinct_numbers(read.mobile_phone, read.business_phones.unwrap_or_default());
    let addresses = read.mail.into_iter().chain(read.other_mails.unwrap_or_default()).filter(|a| !a.is_empty());
    PersonProfile {
        id: read.id,
        locked_in_directory: false,
        previous_password_set: None,
        mail_addresses: addresses.collect(),
        language: read.preferred_language,
        phone_numbers: numbers,
        password_changed_at: read.last_password_change_date_time,
        account_name: account,
        directory_name_parts: short_parts,
        name: read.display_name.unwrap_or_else(|| read.user_principal_name.clone()),
        name_parts,
        password_source: home,
        enabled: read.account_enabled != Some(false),
        guest: read.user_type == Some(UserType::Guest),
        management_restricted: read.is_management_restricted == Some(true),
        upn: read.user_principal_name,
    }
}
