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
            Self::Entra => StatusCode::BAD_GATEWAY,
            Self::Policy | Self::Setup => StatusCode::SERVICE_UNAVAILABLE,
            Self::Expired => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// By AADSTS code (reference-error-codes.md, read 2026-08).
    pub(super) fn from_aadsts(code: Option<u32>) -> Self {
        match code {
            Some(65001 | 65004 | 50058 | 50140) => Self::Cancelled,
            Some(50105) => Self::NotAssigned,
            Some(53000..=53004 | 530_032 | 530_035 | 50074 | 50076 | 50078 | 50072 | 50079 | 50125) => Self::Blocked,
            Some(50020 | 90072 | 50034 | 50194) => Self::WrongTenant,
            Some(50053) => Self::AccountLocked,
            Some(50057) => Self::AccountDisabled,
            Some(
                50011 | 650_056 | 650_057 | 700_016 | 700_025 | 700_027 | 700_054 | 7_000_112 | 7_000_215 | 7_000_218
                | 7_000_222 | 90002 | 90038 | 90094,
            ) => Self::Setup,
            Some(54005 | 70000 | 70008 | 50132 | 50133 | 50196) => Self::Attempt,
            _ => Self::Entra,
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
