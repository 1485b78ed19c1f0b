//! Graph requests with the application's token: users, roles, groups, devices and the directory audit log.

use std::sync::atomic::Ordering;

use jiff::Timestamp;
use serde::Deserialize;
use url::Url;

use super::graph::{GraphClient, GraphError};
use crate::base::ObjectId;

/// Properties of a user that are requested (`$select`).
const USER_FIELDS: &str = "id,displayName,userPrincipalName,accountEnabled,userType,onPremisesSyncEnabled,onPremisesDomainName,\
                      onPremisesLastSyncDateTime,onPremisesSamAccountName,onPremisesSecurityIdentifier,lastPasswordChangeDateTime,isManagementRestricted,preferredLanguage,givenName,surname,mail,otherMails,mobilePhone,businessPhones";

/// One page of a list.
#[derive(Deserialize)]
pub(super) struct GraphPage<T> {
    pub(super) value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<Url>,
}

/// User (Graph `user`).
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphUser {
    pub(crate) id: ObjectId,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    pub(crate) user_principal_name: String,
    #[serde(default)]
    pub(crate) given_name: Option<String>,
    #[serde(default)]
    pub(crate) surname: Option<String>,
    #[serde(default)]
    pub(crate) account_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) user_type: Option<String>,
    #[serde(default)]
    pub(crate) on_premises_sync_enabled: Option<bool>,
    #[serde(default)]
    pub(crate) on_premises_domain_name: Option<String>,
    #[serde(default)]
    pub(crate) on_premises_last_sync_date_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) on_premises_sam_account_name: Option<String>,
    #[serde(default)]
    pub(crate) on_premises_security_identifier: Option<String>,
    #[serde(default)]
    pub(crate) is_management_restricted: Option<bool>,
    /// Has a resolution of one second.
    #[serde(default)]
    pub(crate) last_password_change_date_time: Option<Timestamp>,
    #[serde(default)]
    pub(crate) preferred_language: Option<String>,
    #[serde(default)]
    pub(crate) mail: Option<String>,
    #[serde(default)]
    pub(crate) other_mails: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) mobile_phone: Option<String>,
    #[serde(default)]
    pub(crate) business_phones: Option<Vec<String>>,
}

/// Registered device, reduced to platform and kind of trust.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GraphDevice {
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) operating_system: String,
    #[serde(default, deserialize_with = "or_empty")]
    pub(crate) trust_type: String,
}

/// Deserializes `null` as an empty string.
fn or_empty<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

/// Role that a person holds, or is eligible to activate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoleAssignment {
    pub(crate) role_template_id: String,
    pub(crate) scope: String,
    pub(crate) is_eligible: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RoleAssignmentResponse {
    role_definition_id: String,
    #[serde(default)]
    directory_scope_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MembershipResponse {
    id: String,
    #[serde(default)]
    display_name: Option<String>,
    #[serde(default)]
    is_assignable_to_role: Option<bool>,
    #[serde(rename = "@odata.type", default)]
    odata_type: Option<String>,
    #[serde(default)]
    role_template_id: Option<String>,
}

/// Groups, directory roles and administrative units of a person.
#[derive(Clone, Debug)]
pub(crate) struct GroupMembership {
    pub(crate) group_ids: Vec<String>,
    /// Display names of the groups that can be assigned to roles.
    pub(crate) role_assignable_groups: Vec<String>,
    /// Template ids of active tenant-wide roles, held directly or through a group.
    pub(crate) role_template_ids: Vec<String>,
    /// Ids of administrative units. `None` while Graph has not returned a unit of any user: the application may lack
    /// the permission to see them.
    pub(crate) administrative_unit_ids: Option<Vec<String>>,
}

/// Record of Microsoft's directory audit log.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DirectoryAuditRecord {
    pub(crate) activity_date_time: Timestamp,
    pub(crate) result: String,
    #[serde(default)]
    pub(crate) result_reason: Option<String>,
    #[serde(default)]
    pub(crate) initiated_by: Option<AuditInitiator>,
    #[serde(default)]
    pub(crate) target_resources: Vec<ObjectReference>,
    #[serde(default)]
    pub(crate) additional_details: Vec<AdditionalDetail>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AuditInitiator {
    #[serde(default)]
    pub(crate) user: Option<ObjectReference>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ObjectReference {
    #[serde(default)]
    pub(crate) id: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
pub(crate) struct AdditionalDetail {
    #[serde(default)]
    pub(crate) key: Option<String>,
    #[serde(default)]
    pub(crate) value: Option<String>,
}

impl GraphClient {
    /// Fetches a user by object id.
    pub(crate) async fn fetch_user(&self, id: ObjectId) -> Result<GraphUser, GraphError> {
        let mut url = self.url(&["users", &id.to_string()]);
        url.query_pairs_mut().append_pair("$select", USER_FIELDS);
        self.get_json(url).await
    }

    /// Returns the number of users in the tenant. The default hourly reset limit is a share of it.
    pub(crate) async fn count_users(&self) -> Result<i64, GraphError> {
        self.get_json(self.url(&["users", "$count"])).await
    }

    /// Fetches all role assignments of a person: active and eligible, tenant-wide and scoped.
    pub(crate) async fn fetch_role_assignments(&self, id: ObjectId) -> Result<Vec<RoleAssignment>, GraphError> {
        let (mut held, eligible) = tokio::try_join!(
            self.fetch_assignments_from("roleAssignments", id, false),
            self.fetch_assignments_from("roleEligibilityScheduleInstances", id, true)
        )?;
        held.extend(eligible);
        Ok(held)
    }

    /// Fetches a person's assignments from one list of the role management API.
    async fn fetch_assignments_from(
        &self,
        list: &str,
        id: ObjectId,
        eligible: bool,
    ) -> Result<Vec<RoleAssignment>, GraphError> {
        let mut url = self.url(&["roleManagement", "directory", list]);
        url.query_pairs_mut().append_pair("$filter", &format!("principalId eq '{id}'"));
        let found: Vec<RoleAssignmentResponse> = self.get_all_pages(url).await?;
        let held = |a: RoleAssignmentResponse| RoleAssignment {
            scope: a.directory_scope_id.unwrap_or_else(|| "/".to_owned()),
            role_template_id: a.role_definition_id,
            is_eligible: eligible,
        };
        Ok(found.into_iter().map(held).collect())
    }

    /// Fetches a person's groups, directory roles and administrative units.
    pub(crate) async fn fetch_memberships(&self, id: ObjectId) -> Result<GroupMembership, GraphError> {
        let found: Vec<MembershipResponse> =
            self.get_all_pages(self.url(&["users", &id.to_string(), "transitiveMemberOf"])).await?;
        let is = |kind: &'static str| move |m: &MembershipResponse| m.odata_type.as_deref() == Some(kind);
        let (units, found): (Vec<MembershipResponse>, Vec<MembershipResponse>) =
            found.into_iter().partition(is("#microsoft.graph.administrativeUnit"));
        if !units.is_empty() {
            self.returns_administrative_units.store(true, Ordering::Relaxed);
        }
        let (roles, groups): (Vec<MembershipResponse>, Vec<MembershipResponse>) =
            found.into_iter().partition(is("#microsoft.graph.directoryRole"));
        let assignable = groups.iter().filter(|g| g.is_assignable_to_role == Some(true));
        let name = |g: &MembershipResponse| g.display_name.clone().unwrap_or_else(|| g.id.clone());
        let role_assignable = assignable.map(name).collect();
        let roles = roles.into_iter().filter_map(|role| role.role_template_id).collect();
        let units = self
            .returns_administrative_units
            .load(Ordering::Relaxed)
            .then(|| units.into_iter().map(|unit| unit.id).collect());
        Ok(GroupMembership {
            group_ids: groups.into_iter().map(|g| g.id).collect(),
            role_assignable_groups: role_assignable,
            role_template_ids: roles,
            administrative_unit_ids: units,
        })
    }

    /// Fetches the devices a person has registered.
    pub(crate) async fn fetch_devices(&self, id: ObjectId) -> Result<Vec<GraphDevice>, GraphError> {
        self.get_all_pages(self.url(&["users", &id.to_string(), "registeredDevices"])).await
    }

    /// Fetches the audit records of administrator resets in a time range.
    ///
    /// Records arrive late, so an empty result is not final.
    pub(crate) async fn fetch_reset_audits(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DirectoryAuditRecord>, GraphError> {
        self.fetch_audit_records("Reset password (by admin)", from, to).await
    }

    async fn fetch_audit_records(
        &self,
        activity: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DirectoryAuditRecord>, GraphError> {
        let at = |t: Timestamp| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let filter = format!(
            "activityDisplayName eq '{activity}' and activityDateTime ge {} and activityDateTime le {}",
            at(from),
            at(to)
        );
        let mut url = self.url(&["auditLogs", "directoryAudits"]);
        // Requests the largest page, because each further page counts against the rate limit.
        url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$top", "999");
        self.get_all_pages(url).await
    }

    /// Fetches when and by whom sign-in methods were registered in a time range.
    ///
    /// The activity name is that of the log:
    /// <https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities> (read 2026-11-24).
    pub(crate) async fn fetch_method_registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, ObjectId)>, GraphError> {
        let rows = self.fetch_audit_records("User registered security info", from, to).await?;
        let of = |row: &DirectoryAuditRecord| {
            row.target_resources.iter().find_map(|target| target.id.as_deref()?.parse().ok())
        };
        let done = rows.iter().filter(|row| row.result == "success");
        Ok(done.filter_map(|row| Some((row.activity_date_time, of(row)?))).collect())
    }

    /// Requests all pages of a list, at most 100. Stops at a next link that does not point to Graph, because the token
    /// is sent with each request.
    pub(super) async fn get_all_pages<T: serde::de::DeserializeOwned>(&self, first: Url) -> Result<Vec<T>, GraphError> {
        let mut all = Vec::new();
        let mut next = Some(first);
        let mut pages = 0;
        while let Some(url) = next.take() {
            let page: GraphPage<T> = self.get_json(url).await?;
            all.extend(page.value);
            pages += 1;
            next = page.next_link.filter(|url| url.origin() == self.base_url.origin() && pages < 100);
        }
        Ok(all)
    }
}
