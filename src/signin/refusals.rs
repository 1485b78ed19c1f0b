//! Every way a sign-in ends without a session, each with its own page that says what to do.

use axum::http::StatusCode;

use crate::entra::{IdentityError, TokenError};
use crate::web::{Error, Refusal};

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefused {
    /// The callback belongs to no attempt of this browser: another browser, used already, too old, or cookies are off.
    Attempt,
    Cancelled,
    NotAssigned,
    Blocked,
    WrongTenant,
    AccountLocked,
    AccountDisabled,
    /// Microsoft sees a risk and wants the password changed first.
    Risk,
    /// Microsoft asks the organisation's own servers for the password, and they do not answer.
    OnPremises,
    /// Microsoft has too much to do.
    Busy,
    /// A way to sign in has to be registered first.
    Enrol,
    /// It takes a device that the organisation manages.
    Device,
    /// The application is not set up rightly: for an administrator.
    Setup,
    Entra,
    Forged,
    Guest,
    /// Signed in by password, which is what was forgotten.
    Password,
    Stale,
    Context,
    Policy,
    Excluded,
    NoRole,
    /// A finishing sign-in by somebody else.
    SomebodyElse,
    /// A staff page without a staff session.
    NotStaff,
    /// Staff work from a network that is not for it.
    Network,
    Expired,
}

impl SignInRefused {
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

    /// By AADSTS code: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> (read 2026-08).
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
            // They typed a password, which is what was forgotten.
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

    /// By the error's own name, where it brings no code.
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

impl From<SignInRefused> for Error {
    fn from(refused: SignInRefused) -> Self {
        let start = matches!(
            refused,
            SignInRefused::Policy
                | SignInRefused::Setup
                | SignInRefused::NotAssigned
                | SignInRefused::AccountDisabled
                | SignInRefused::Risk
                | SignInRefused::NotStaff
                | SignInRefused::Network
                | SignInRefused::SomebodyElse
                | SignInRefused::NoRole
                | SignInRefused::Excluded
                | SignInRefused::Guest
        );
        let again = Some(if start { "/" } else { "/signin" });
        Self::Refused(Refusal { code: refused.code(), status: refused.status(), again })
    }
}

impl From<&TokenError> for SignInRefused {
    fn from(error: &TokenError) -> Self {
        Self::from_aadsts(error.code())
    }
}

impl From<&IdentityError> for SignInRefused {
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

    /// Codes that Microsoft documents for signing in and for the portal's own credential, by where each one ends. Nothing
    /// of the list may end in "something did not answer as expected".
    const KNOWN: [(&[u32], SignInRefused); 13] = [
        (&[65004, 50058, 50140], SignInRefused::Cancelled),
        (&[50105], SignInRefused::NotAssigned),
        (&[53002, 53003, 530_032, 530_035, 50074, 50076, 50078], SignInRefused::Blocked),
        (&[53000, 53001], SignInRefused::Device),
        (&[50072, 50079, 50125], SignInRefused::Enrol),
        (&[50135, 53004], SignInRefused::Risk),
        (&[50020, 90072, 50034, 50194], SignInRefused::WrongTenant),
        (&[50053], SignInRefused::AccountLocked),
        (&[50057], SignInRefused::AccountDisabled),
        (&[50055, 50056, 50126, 50144], SignInRefused::Password),
        (&[80001, 80002, 80014], SignInRefused::OnPremises),
        (&[90055], SignInRefused::Busy),
        (
            &[
                50011, 65001, 650_056, 650_057, 70011, 700_016, 700_025, 700_027, 700_054, 700_229, 7_000_112,
                7_000_215, 7_000_218, 7_000_222, 90002, 90038, 90094,
            ],
            SignInRefused::Setup,
        ),
    ];
    const AGAIN: [u32; 13] =
        [54005, 70000, 70008, 70043, 50132, 50133, 50147, 50173, 50196, 501_481, 501_491, 700_082, 700_084];

    #[test]
    fn every_code_that_microsoft_documents_has_its_page() {
        for (codes, ends) in KNOWN {
            for code in codes {
                assert_eq!(SignInRefused::from_aadsts(Some(*code)), ends, "AADSTS{code}");
            }
        }
        for code in AGAIN {
            assert_eq!(SignInRefused::from_aadsts(Some(code)), SignInRefused::Attempt, "AADSTS{code}");
        }
        assert_eq!(SignInRefused::from_aadsts(Some(1)), SignInRefused::Entra, "one that nobody knows");
    }

    #[test]
    fn an_error_without_a_code_is_told_by_its_name() {
        assert_eq!(SignInRefused::from_error("access_denied", None), SignInRefused::Cancelled);
        assert_eq!(SignInRefused::from_error("access_denied", Some(53003)), SignInRefused::Blocked);
        assert_eq!(SignInRefused::from_error("consent_required", None), SignInRefused::Setup);
        assert_eq!(SignInRefused::from_error("temporarily_unavailable", None), SignInRefused::Busy);
        assert_eq!(SignInRefused::from_error("made_up", None), SignInRefused::Entra);
    }
}
