//! Graph list `transitiveMemberOf`: groups, directory roles and administrative units of a person.

use std::sync::atomic::Ordering;

use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::roles::EntraRole;
use super::wire_value::wire_enum;
use crate::base::ObjectId;

wire_enum! {
    /// Type of an object in a membership list (`@odata.type`). Any other type counts as a group.
    DirectoryObjectKind, exact {
        Group = "#microsoft.graph.group",
        DirectoryRole = "#microsoft.graph.directoryRole",
        AdministrativeUnit = "#microsoft.graph.administrativeUnit",
    }
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
    kind: Option<DirectoryObjectKind>,
    #[serde(default)]
    role_template_id: Option<EntraRole>,
}

/// Groups, directory roles and administrative units of a person.
#[derive(Clone, Debug)]
pub(crate) struct GroupMembership {
    pub(crate) group_ids: Vec<String>,
    /// Display names of the groups that can be assigned to roles.
    pub(crate) role_assignable_groups: Vec<String>,
    /// Active tenant-wide roles, held directly or through a group.
    pub(crate) roles: Vec<EntraRole>,
    /// Ids of administrative units. `None` while Graph has not returned a unit of any user: the application may lack
    /// the permission to see them.
    pub(crate) administrative_unit_ids: Option<Vec<String>>,
}

impl GraphClient {
    /// Fetches a person's groups, directory roles and administrative units.
    pub(crate) async fn fetch_memberships(&self, id: ObjectId) -> Result<GroupMembership, GraphError> {
        let found: Vec<MembershipResponse> =
            self.get_all_pages(self.url(&["users", &id.to_string(), "transitiveMemberOf"])).await?;
        let is = |kind: DirectoryObjectKind| move |m: &MembershipResponse| m.kind.as_ref() == Some(&kind);
        let (units, found): (Vec<MembershipResponse>, Vec<MembershipResponse>) =
            found.into_iter().partition(is(DirectoryObjectKind::AdministrativeUnit));
        if !units.is_empty() {
            self.returns_administrative_units.store(true, Ordering::Relaxed);
        }
        let (roles, groups): (Vec<MembershipResponse>, Vec<MembershipResponse>) =
            found.into_iter().partition(is(DirectoryObjectKind::DirectoryRole));
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
            roles,
            administrative_unit_ids: units,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::entra::wire_value::testing::check_wire_values;

    #[test]
    fn membership_without_type_or_role_is_readable() {
        check_wire_values::<DirectoryObjectKind>();
        for response in [json!({ "id": "1" }), json!({ "id": "1", "@odata.type": null, "roleTemplateId": null })] {
            let read: MembershipResponse = serde_json::from_value(response).unwrap();
            assert_eq!((read.kind, read.role_template_id), (None, None));
        }
        let role = json!({ "id": "1", "@odata.type": "#microsoft.graph.directoryRole", "roleTemplateId": "custom" });
        let read: MembershipResponse = serde_json::from_value(role).unwrap();
        assert_eq!(read.kind, Some(DirectoryObjectKind::DirectoryRole));
        assert_eq!(read.role_template_id, Some(EntraRole::Other("custom".to_owned())));
    }
}
