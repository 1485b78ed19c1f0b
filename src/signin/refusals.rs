//! Reasons for which a sign-in is refused. Each has a page that says what to do.

use axum::http::StatusCode;

use crate::entra::{IdentityError, TokenError};
use crate::web::{CodedRefusal, WebError};

/// Reason for which a sign-in or a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// No attempt of this browser matches the callback: another browser, already used, expired, or cookies are
    /// disabled.
    Attempt,
    Cancelled,
    NotAssigned,
    Blocked,
    WrongTenant,
    AccountLocked,
    AccountDisabled,
    /// Entra detected a risk and requires a password change first.
    Risk,
    /// Entra checks the password with on-premises servers, and they do not respond.
    OnPremises,
    /// Entra is overloaded.
    Busy,
    /// The person must register a sign-in method first.
    Enrol,
    /// Conditional Access requires a managed device.
    Device,
    /// The app registration is misconfigured. An administrator must fix it.
    Setup,
    Entra,
    Forged,
    Guest,
    /// The person signed in with the password, which a reset must not accept.
    Password,
    Stale,
    Context,
    Policy,
    Excluded,
    NoRole,
    /// Another person returned from the sign-in than the one who started it.
    SomebodyElse,
    /// A staff page without a staff session.
    NotStaff,
    /// Staff request from a network outside `helpdesk.networks`.
    Network,
    Expired,
}

impl SignInRefusal {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Attempt => "S-ATTEMPT",
            Self::Cancelled => "S-CANCELLED",
            Self::NotAssigned => "S-NOT-ASSIGNED",
            Self::Blocked => "S-BLOCKED",
            Self::WrongTenant => "S-TENANT",
            Self::AccountLocked => "S-LOCKED",
            Self::AccountDisabled => "S-DISABLED",
            Self::Risk => "S-RISK",
            Self::OnPremises => "S-ON-PREMISES",
            Self::Busy => "S-BUSY",
            Self::Enrol => "S-ENROL",
            Self::Device => "S-DEVICE",
            Self::Setup => "S-SETUP",
            Self::Entra => "S-ENTRA",
            Self::Forged => "S-FORGED",
            Self::Guest => "S-GUEST",
            Self::Password => "S-PASSWORD",
            Self::Stale => "S-STALE",
            Self::Context => "S-CONTEXT",
            Self::Policy => "S-POLICY",
            Self::Excluded => "S-EXCLUDED",
            Self::NoRole => "S-NO-ROLE",
            Self::SomebodyElse => "S-SOMEBODY-ELSE",
            Self::NotStaff => "S-NOT-STAFF",
            Self::Network => "S-NETWORK",
            Self::Expired => "S-EXPIRED",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Attempt | Self::Cancelled => StatusCode::BAD_REQUEST,
            Self::Entra | Self::OnPremises => StatusCode::BAD_GATEWAY,
            Self::Busy | Self::Policy | Self::Setup => StatusCode::SERVICE_UNAVAILABLE,
            Self::Expired => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Maps an AADSTS code to a refusal. Source:
    /// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> (read 2026-08).
    pub(super) fn from_aadsts(code: Option<u32>) -> Self {
        match code {
            Some(65004 | 50058 | 50140) => Self::Cancelled,
            Some(50105) => Self::NotAssigned,
            Some(53002 | 53003 | 530_032 | 530_035 | 50074 | 50076 | 50078 | 50131) => Self::Blocked,
            Some(53000 | 53001) => Self::Device,
            Some(50072 | 50079 | 50125) => Self::Enrol,
            Some(50135 | 53004) => Self::Risk,
            Some(50020 | 90072 | 50034 | 50194) => Self::WrongTenant,
            Some(50053) => Self::AccountLocked,
            Some(50057) => Self::AccountDisabled,
            // These codes occur only after a password was entered.
            Some(50055 | 50056 | 50126 | 50144) => Self::Password,
            Some(80001 | 80002 | 80014) => Self::OnPremises,
            Some(90055) => Self::Busy,
            Some(
                50011
                | 65001
                | 650_056
                | 650_057
                | 700_016
                | 700_024
                | 700_025
                | 700_027
                | 700_054
                | 7_000_112
                | 7_000_215
                | 7_000_218
                | 7_000_222
                | 700_211..=700_213
                | 700_229
                | 70011
                | 90002
                | 90023
                | 90038
                | 90094
                | 900_144,
            ) => Self::Setup,
            Some(
                54005 | 70000 | 70008 | 70043 | 50132 | 50133 | 50147 | 50173 | 50196 | 501_481 | 501_491 | 700_082
                | 700_084,
            ) => Self::Attempt,
            _ => Self::Entra,
        }
    }

    /// Maps an OAuth error to a refusal: by its AADSTS code, or by its name if it has no code.
    pub(super) fn from_error(error: &str, code: Option<u32>) -> Self {
        match (code, error) {
            (None, "access_denied") => Self::Cancelled,
            (None, "login_required" | "interaction_required") => Self::Attempt,
            (None, "consent_required" | "invalid_client" | "unauthorized_client" | "invalid_scope") => Self::Setup,
            (None, "temporarily_unavailable" | "server_error") => Self::Busy,
            (code, _) => Self::from_aadsts(code),
        }
    }
}

impl From<SignInRefusal> for WebError {
    fn from(refused: SignInRefusal) -> Self {
        let start = matches!(
            refused,
            SignInRefusal::Policy
                | SignInRefusal::Setup
                | SignInRefusal::NotAssigned
                | SignInRefusal::AccountDisabled
                | SignInRefusal::Risk
                | SignInRefusal::NotStaff
                | SignInRefusal::Network
                | SignInRefusal::SomebodyElse
                | SignInRefusal::NoRole
                | SignInRefusal::Excluded
                | SignInRefusal::Guest
        );
        let again = Some(if start { "/" } else { "/signin" });
        Self::Refused(CodedRefusal { code: refused.code(), status: refused.status(), again })
    }
}

impl From<&TokenError> for SignInRefusal {
    fn from(error: &TokenError) -> Self {
        Self::from_aadsts(error.code())
    }
}

impl From<&IdentityError> for SignInRefusal {
    fn from(error: &IdentityError) -> Self {
        match error {
            IdentityError::Tenant | IdentityError::Issuer => Self::WrongTenant,
            IdentityError::NoAuthTime | IdentityError::NoObjectId => Self::Setup,
            _ => Self::Forged,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that Microsoft documents for sign-ins and for client credentials, with the expected refusal. None of them
    /// may map to [`SignInRefusal::EntraFailed`].
    const KNOWN: [(&[u32], SignInRefusal); 13] = [
        (&[65004, 50058, 50140], SignInRefusal::Cancelled),
        (&[50105], SignInRefusal::NotAssigned),
        (&[53002, 53003, 530_032, 530_035, 50074, 50076, 50078], SignInRefusal::Blocked),
        (&[53000, 53001], SignInRefusal::Device),
        (&[50072, 50079, 50125], SignInRefusal::Enrol),
        (&[50135, 53004], SignInRefusal::Risk),
        (&[50020, 90072, 50034, 50194], SignInRefusal::WrongTenant),
        (&[50053], SignInRefusal::AccountLocked),
        (&[50057], SignInRefusal::AccountDisabled),
        (&[50055, 50056, 50126, 50144], SignInRefusal::Password),
        (&[80001, 80002, 80014], SignInRefusal::OnPremises),
        (&[90055], SignInRefusal::Busy),
        (
            &[
                50011, 65001, 650_056, 650_057, 70011, 700_016, 700_025, 700_027, 700_054, 700_229, 7_000_112,
                7_000_215, 7_000_218, 7_000_222, 90002, 90038, 90094,
            ],
            SignInRefusal::Setup,
        ),
    ];
    const AGAIN: [u32; 13] =
        [54005, 70000, 70008, 70043, 50132, 50133, 50147, 50173, 50196, 501_481, 501_491, 700_082, 700_084];

    #[test]
    fn every_code_that_microsoft_documents_has_its_page() {
        for (codes, ends) in KNOWN {
            for code in codes {
                assert_eq!(SignInRefusal::from_aadsts(Some(*code)), ends, "AADSTS{code}");
            }
        }
        for code in AGAIN {
            assert_eq!(SignInRefusal::from_aadsts(Some(code)), SignInRefusal::Attempt, "AADSTS{code}");
        }
        assert_eq!(SignInRefusal::from_aadsts(Some(1)), SignInRefusal::Entra, "an unknown code");
    }

    #[test]
    fn an_error_without_a_code_is_told_by_its_name() {
        assert_eq!(SignInRefusal::from_error("access_denied", None), SignInRefusal::Cancelled);
        assert_eq!(SignInRefusal::from_error("access_denied", Some(53003)), SignInRefusal::Blocked);
        assert_eq!(SignInRefusal::from_error("consent_required", None), SignInRefusal::Setup);
        assert_eq!(SignInRefusal::from_error("temporarily_unavailable", None), SignInRefusal::Busy);
        assert_eq!(SignInRefusal::from_error("made_up", None), SignInRefusal::Entra);
    }
}
