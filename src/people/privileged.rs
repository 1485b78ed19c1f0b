//! Who is privileged: whoever holds a role, may activate one, or could be given one through a group, and whoever the
//! organisation lists. For them the desk takes two people. What cannot be read makes everybody privileged.
//!
//! Not seen: who may *become* a member of a role-assignable group (Privileged Identity Management for groups). Reading
//! that takes a permission the portal does not ask for.

use std::collections::BTreeSet;

use futures_util::future::join_all;

use super::Facts;
use crate::entra::RoleHeld;
use crate::state::App;

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Holds the role now; the scope is `/` for the whole tenant.
    ActiveRole {
        name: String,
        scope: String,
    },
    /// May activate it.
    EligibleRole {
        name: String,
        scope: String,
    },
    RoleAssignableGroup {
        name: String,
    },
    /// On the organisation's own list.
    Listed,
    /// Roles or groups cannot be read at the moment.
    Unreadable,
}

impl Reason {
    /// A stable word. A role that is held in a part of the tenant only is `scoped-role`.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::ActiveRole { scope, .. } if scope != "/" => "scoped-role",
            Self::ActiveRole { .. } => "active-role",
            Self::EligibleRole { .. } => "eligible-role",
            Self::RoleAssignableGroup { .. } => "group",
            Self::Listed => "listed",
            Self::Unreadable => "unreadable",
        }
    }

    /// What the role or the group is called.
    pub(crate) fn name(&self) -> Option<&str> {
        match self {
            Self::ActiveRole { name, .. } | Self::EligibleRole { name, .. } | Self::RoleAssignableGroup { name } => {
                Some(name)
            }
            Self::Listed | Self::Unreadable => None,
        }
    }
}

/// Why somebody counts as privileged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Privilege {
    pub(crate) reasons: Vec<Reason>,
}

impl Privilege {
    pub(crate) fn privileged(&self) -> bool {
        !self.reasons.is_empty()
    }
}

pub(super) async fn read(app: &App, facts: &Facts) -> Privilege {
    let graph = &app.entra.graph;
    let mut reasons = Vec::new();
    if listed(&app.config.helpdesk.privileged, facts) {
        reasons.push(Reason::Listed);
    }
    let (roles, groups) = tokio::join!(graph.roles(facts.id), graph.groups(facts.id));
    let mut unreadable = false;
    match roles {
        Ok(held) => reasons.extend(named(app, held).await),
        Err(error) => {
            tracing::warn!(cause = ?error, "roles cannot be read: everybody counts as privileged");
            unreadable = true;
        }
    }
    match groups {
        Ok(groups) => {
            let names = groups.role_assignable.into_iter();
            reasons.extend(names.map(|name| Reason::RoleAssignableGroup { name }));
        }
        Err(error) => {
            tracing::warn!(cause = ?error, "groups cannot be read: everybody counts as privileged");
            unreadable = true;
        }
    }
    reasons.extend(unreadable.then_some(Reason::Unreadable));
    Privilege { reasons }
}

fn listed(list: &[String], facts: &Facts) -> bool {
    let (id, upn) = (facts.id.to_string(), facts.upn.to_lowercase());
    list.iter().map(|entry| entry.trim().to_lowercase()).any(|entry| entry == id || entry == upn)
}

/// The roles by their names; one whose name cannot be read keeps its id.
async fn named(app: &App, held: Vec<RoleHeld>) -> Vec<Reason> {
    let templates: BTreeSet<&String> = held.iter().map(|role| &role.template).collect();
    let names = join_all(templates.into_iter().map(|template| async move {
        let name = app.entra.graph.role_name(template).await.ok();
        (template, name.unwrap_or_else(|| template.clone()))
    }))
    .await;
    let name = |role: &RoleHeld| {
        names
            .iter()
            .find(|(template, _)| **template == role.template)
            .map_or_else(String::new, |(_, name)| name.clone())
    };
    let reason = |role: &RoleHeld| {
        let (name, scope) = (name(role), role.scope.clone());
        if role.eligible { Reason::EligibleRole { name, scope } } else { Reason::ActiveRole { name, scope } }
    };
    held.iter().map(reason).collect()
}
