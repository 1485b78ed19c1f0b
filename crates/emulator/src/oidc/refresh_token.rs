//! The conditions under which a refresh token is rejected
//! (<https://learn.microsoft.com/entra/identity-platform/refresh-tokens> and
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>, read 2026-11-25).

use jiff::SignedDuration;

use super::authorize_request::{applicable_policies, is_context_satisfied};
use super::error::AadstsError;
use super::token_endpoint::invalid_grant;
use crate::EmulatedTenant;
use crate::state::{CloudAccount, EmulatedSignInMethod, TenantState, TokenGrant};

/// Maximum time without use.
const INACTIVITY_LIMIT: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Lifetime of a single-page application's refresh tokens from sign-in on, however often they are used.
const SPA_LIFETIME: SignedDuration = SignedDuration::from_hours(24);

/// Checks whether a grant may still issue tokens. `dead` is set by a fault that revokes the grant.
pub(super) fn check_refresh_token(tenant: &EmulatedTenant, grant: &TokenGrant, dead: bool) -> Result<(), AadstsError> {
    let now = tenant.clock().now();
    let state = tenant.lock_state();
    let account =
        state.account_by_id(grant.account).ok_or_else(|| invalid_grant(50034, "The user account does not exist."))?;
    if !account.seed.enabled {
        return Err(invalid_grant(50057, "The user account is disabled."));
    }
    let by_password = grant.method == EmulatedSignInMethod::Password && grant.auth_time < account.password_set_at;
    // Tokens from a Temporary Access Pass end with the pass (Microsoft Entra documentation on Temporary Access Pass).
    // The AADSTS code below is this emulator's choice.
    let by_pass = grant.method == EmulatedSignInMethod::TemporaryAccessPass
        && account.pass.as_ref().is_none_or(|tap| now >= tap.expires_at());
    if dead || by_password || by_pass || grant.auth_time < account.sessions_valid_from {
        return Err(invalid_grant(
            50173,
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have changed or reset their password.",
        ));
    }
    if grant.is_spa && now.duration_since(grant.first_issued_at) > SPA_LIFETIME {
        return Err(invalid_grant(
            700_084,
            "The refresh token was issued to a single page app (SPA), and therefore has a fixed, limited lifetime of 1.00:00:00, which cannot be extended. It is now expired.",
        ));
    }
    if now.duration_since(grant.issued_at) > INACTIVITY_LIMIT {
        return Err(invalid_grant(700_082, "The refresh token has expired due to inactivity."));
    }
    check_policies(&state, account, grant, now.duration_since(grant.auth_time))
}

/// Evaluates Conditional Access again for the authentication contexts of the grant, as Entra does at each refresh.
fn check_policies(
    state: &TenantState,
    account: &CloudAccount,
    grant: &TokenGrant,
    age: SignedDuration,
) -> Result<(), AadstsError> {
    for context in &grant.acrs {
        if applicable_policies(state, account, context).any(|policy| policy.block) {
            return Err(AadstsError::new(
                53003,
                "interaction_required",
                "Access has been blocked by Conditional Access policies.",
            ));
        }
        if applicable_policies(state, account, context)
            .any(|p| p.hours.is_some_and(|hours| age > SignedDuration::from_hours(hours)))
        {
            let text =
                "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.";
            return Err(invalid_grant(70043, text));
        }
        if !is_context_satisfied(state, account, grant.method, context) {
            let text = "Due to a configuration change made by your administrator, you must use multi-factor authentication to access the resource.";
            return Err(AadstsError::new(50076, "interaction_required", text));
        }
    }
    Ok(())
}
