//! Checks which accounts a directory role permits its holder to reset or read.
//!
//! A role applies to the entire tenant or, with the scope of an administrative unit, to the unit's members.

use uuid::{Uuid, uuid};

use super::caller::ApiCaller;
use super::error::ODataError;
use crate::state::{CloudAccount, TenantState};

const GLOBAL_ADMIN: Uuid = uuid!("62e90394-69f5-4237-9190-012177145e10");
const PRIVILEGED_AUTH_ADMIN: Uuid = uuid!("7be44c8a-adaf-4e2a-84d6-ab2649e08a13");
const AUTH_ADMIN: Uuid = uuid!("c4e39bd9-1100-46d3-8c65-fb160da0071f");
const HELPDESK_ADMIN: Uuid = uuid!("729827e3-9c14-49f7-bb1b-9608f156bbb8");
const PASSWORD_ADMIN: Uuid = uuid!("966707d0-3269-4727-9be2-8c3a10f19b9d");
const USER_ADMIN: Uuid = uuid!("fe930be7-5e62-47db-91af-98c3a49a38b1");
const DIRECTORY_READERS: Uuid = uuid!("88d8e3e3-8f55-4a1e-953a-9b9898b8876b");
const GUEST_INVITER: Uuid = uuid!("95e79109-95c0-4d8e-aee3-d01accf2d47b");
const REPORTS_READER: Uuid = uuid!("4a5d8f65-41da-4de4-8968-e035b65339cf");
const MESSAGE_CENTER_READER: Uuid = uuid!("790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b");
const USAGE_REPORTS_READER: Uuid = uuid!("75934031-6c7e-415a-99d7-48dbd49e875e");
const GLOBAL_READER: Uuid = uuid!("f2ef992c-3afb-46b9-b7cf-a126ee74c451");

/// Roles that permit reading other accounts' operations and methods. A role that permits resets is not sufficient
/// (<https://learn.microsoft.com/graph/api/longrunningoperation-get>,
/// <https://learn.microsoft.com/graph/api/authentication-list-methods>, read 2026-08).
const METHOD_READER_ROLES: [Uuid; 4] = [GLOBAL_ADMIN, GLOBAL_READER, PRIVILEGED_AUTH_ADMIN, AUTH_ADMIN];

/// Returns the operator's active roles whose scope includes the target.
fn effective_roles(state: &TenantState, operator: Uuid, target: &CloudAccount) -> Vec<Uuid> {
    let Some(account) = state.account_by_id(operator) else { return Vec::new() };
    let in_unit =
        |scope: &str| state.seed.units.iter().any(|u| u.directory_scope() == scope && u.has_member(&target.seed.upn));
    let active = account.seed.roles.iter().filter(|r| !r.eligible && (r.scope == "/" || in_unit(&r.scope)));
    active.map(|r| r.template).collect()
}

/// Checks whether the operator may reset the target's password, by Microsoft's table "Who can reset passwords"
/// (<https://learn.microsoft.com/entra/identity/role-based-access-control/privileged-roles-permissions>, read 2026-08).
pub(super) fn check_may_reset(state: &TenantState, operator: Uuid, target: &str) -> Result<(), ODataError> {
    let Some(target) = state.find_account(target) else { return Err(ODataError::not_found(target)) };
    let mine = effective_roles(state, operator, target);
    let plain = mine.iter().any(|r| [AUTH_ADMIN, HELPDESK_ADMIN, PASSWORD_ADMIN, USER_ADMIN].contains(r));
    if is_privileged(&mine) || (plain && can_reach_target(state, &mine, target)) {
        Ok(())
    } else {
        Err(ODataError::denied())
    }
}

/// Checks whether the caller may change the target's sign-in methods, such as a Temporary Access Pass.
///
/// Fewer roles permit it than a reset, and no one may change their own
/// (<https://learn.microsoft.com/graph/api/authentication-post-temporaryaccesspassmethods>, read 2026-08). An
/// application token needs no role.
pub(super) fn check_may_write_methods(
    state: &TenantState,
    caller: &ApiCaller,
    target: &CloudAccount,
) -> Result<(), ODataError> {
    let Some(operator) = caller.account_id else { return Ok(()) };
    let mine = effective_roles(state, operator, target);
    let allowed = is_privileged(&mine) || (mine.contains(&AUTH_ADMIN) && can_reach_target(state, &mine, target));
    if allowed && operator != target.id { Ok(()) } else { Err(ODataError::denied()) }
}

/// Checks whether the caller may read the target's sign-in methods. Everyone may read their own.
pub(super) fn check_may_read_methods(
    state: &TenantState,
    caller: &ApiCaller,
    target: &CloudAccount,
) -> Result<(), ODataError> {
    let allowed = caller.account_id.is_none_or(|operator| {
        operator == target.id
            || effective_roles(state, operator, target).iter().any(|role| METHOD_READER_ROLES.contains(role))
    });
    if allowed { Ok(()) } else { Err(ODataError::denied()) }
}

fn is_privileged(mine: &[Uuid]) -> bool {
    mine.iter().any(|r| [GLOBAL_ADMIN, PRIVILEGED_AUTH_ADMIN].contains(r))
}

/// Returns whether the roles permit a reset of the target, given its own roles and protection.
fn can_reach_target(state: &TenantState, mine: &[Uuid], target: &CloudAccount) -> bool {
    let special = target.is_in_role_assignable_group(&state.seed) || target.seed.restricted;
    let theirs = target.seed.roles.iter().filter(|r| !r.eligible);
    !special && theirs.map(|r| r.template).all(|role| can_reset_role(mine, role))
}

/// Returns whether one of the roles `mine` permits a reset of an account with the role `theirs`.
fn can_reset_role(mine: &[Uuid], theirs: Uuid) -> bool {
    let by: &[Uuid] = match theirs {
        DIRECTORY_READERS | GUEST_INVITER | PASSWORD_ADMIN => &[PASSWORD_ADMIN, HELPDESK_ADMIN, AUTH_ADMIN, USER_ADMIN],
        MESSAGE_CENTER_READER | REPORTS_READER | USAGE_REPORTS_READER => &[HELPDESK_ADMIN, AUTH_ADMIN, USER_ADMIN],
        HELPDESK_ADMIN => &[HELPDESK_ADMIN, USER_ADMIN],
        AUTH_ADMIN => &[AUTH_ADMIN],
        USER_ADMIN => &[USER_ADMIN],
        _ => &[],
    };
    mine.iter().any(|role| by.contains(role))
}
