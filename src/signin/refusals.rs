//! Reasons for which a sign-in is refused. Each has a page that says what to do.

use axum::http::StatusCode;
use axum::response::Response;

use crate::audit::{AuditActor, AuditEvent};
use crate::entra::{AadstsCode, IdentityError, OauthErrorCode, TokenError, VerifiedIdentity};
use crate::state::AppState;
use crate::web::{CodedRefusal, WebError};

/// Reason for which a sign-in or a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInRefusal {
    /// No attempt of this browser matches the callback: another browser, already used, expired, or cookies are
    /// disabled.
    NoAttempt,
    Cancelled,
    NotAssigned,
    Blocked,
    WrongTenant,
    AccountLocked,
    AccountDisabled,
    /// Entra detected a risk and requires a password change first.
    RiskDetected,
    /// Entra checks the password with on-premises servers, and they do not respond.
    OnPremisesUnavailable,
    /// Entra is overloaded.
    EntraBusy,
    /// The person must register a sign-in method first.
    EnrolmentRequired,
    /// Conditional Access requires a managed device.
    ManagedDeviceRequired,
    /// The app registration is misconfigured. An administrator must fix it.
    Misconfigured,
    EntraFailed,
    InvalidToken,
    Guest,
    /// The person signed in with the password, which a reset must not accept.
    PasswordUsed,
    SignInTooOld,
    ContextMissing,
    PolicyNotEnforced,
    ExcludedFromPolicy,
    NoRole,
    /// Another person returned from the sign-in than the one who started it.
    DifferentPerson,
    /// A staff page without a staff session.
    NotStaff,
    /// Staff request from a network outside `helpdesk.networks`.
    NetworkNotAllowed,
    SessionExpired,
}

impl SignInRefusal {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::NoAttempt => "S-ATTEMPT",
            Self::Cancelled => "S-CANCELLED",
            Self::NotAssigned => "S-NOT-ASSIGNED",
            Self::Blocked => "S-BLOCKED",
            Self::WrongTenant => "S-TENANT",
            Self::AccountLocked => "S-LOCKED",
            Self::AccountDisabled => "S-DISABLED",
            Self::RiskDetected => "S-RISK",
            Self::OnPremisesUnavailable => "S-ON-PREMISES",
            Self::EntraBusy => "S-BUSY",
            Self::EnrolmentRequired => "S-ENROL",
            Self::ManagedDeviceRequired => "S-DEVICE",
            Self::Misconfigured => "S-SETUP",
            Self::EntraFailed => "S-ENTRA",
            Self::InvalidToken => "S-FORGED",
            Self::Guest => "S-GUEST",
            Self::PasswordUsed => "S-PASSWORD",
            Self::SignInTooOld => "S-STALE",
            Self::ContextMissing => "S-CONTEXT",
            Self::PolicyNotEnforced => "S-POLICY",
            Self::ExcludedFromPolicy => "S-EXCLUDED",
            Self::NoRole => "S-NO-ROLE",
            Self::DifferentPerson => "S-SOMEBODY-ELSE",
            Self::NotStaff => "S-NOT-STAFF",
            Self::NetworkNotAllowed => "S-NETWORK",
            Self::SessionExpired => "S-EXPIRED",
        }
    }

    fn status_code(self) -> StatusCode {
        match self {
            Self::NoAttempt | Self::Cancelled => StatusCode::BAD_REQUEST,
            Self::EntraFailed | Self::OnPremisesUnavailable => StatusCode::BAD_GATEWAY,
            Self::EntraBusy | Self::PolicyNotEnforced | Self::Misconfigured => StatusCode::SERVICE_UNAVAILABLE,
            Self::SessionExpired => StatusCode::UNAUTHORIZED,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// Maps an AADSTS code to a refusal. Source:
    /// <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> (read 2026-08).
    pub(super) fn from_aadsts(code: Option<AadstsCode>) -> Self {
        use AadstsCode as Code;
        match code {
            Some(Code::UserDeclinedConsent | Code::UserInformationNotProvided | Code::KmsiInterrupt) => Self::Cancelled,
            Some(Code::EntitlementGrantsNotFound) => Self::NotAssigned,
            Some(
                Code::ApplicationUsedIsNotAnApprovedApp
                | Code::BlockedByConditionalAccess
                | Code::BlockedByConditionalAccessOnSecurityPolicy
                | Code::BlockedBySecurityDefaults
                | Code::UserStrongAuthClientAuthNRequiredInterrupt
                | Code::UserStrongAuthClientAuthNRequired
                | Code::UserStrongAuthExpired
                | Code::ConditionalAccessFailed,
            ) => Self::Blocked,
            Some(Code::DeviceNotCompliant | Code::DeviceNotDomainJoined) => Self::ManagedDeviceRequired,
            Some(
                Code::UserStrongAuthEnrollmentRequiredInterrupt
                | Code::UserStrongAuthEnrollmentRequired
                | Code::PasswordResetRegistrationRequiredInterrupt,
            ) => Self::EnrolmentRequired,
            Some(Code::PasswordChangeCompromisedPassword | Code::ProofUpBlockedDueToRisk) => Self::RiskDetected,
            Some(
                Code::UserUnauthorized
                | Code::PassThroughUserMfaError
                | Code::UserAccountNotFound
                | Code::ApplicationNotMultiTenant,
            ) => Self::WrongTenant,
            Some(Code::IdsLocked) => Self::AccountLocked,
            Some(Code::UserDisabled) => Self::AccountDisabled,
            // These codes occur only after a password was entered.
            Some(
                Code::InvalidPasswordExpiredPassword
                | Code::InvalidOrNullPassword
                | Code::InvalidUserNameOrPassword
                | Code::InvalidPasswordExpiredOnPremPassword,
            ) => Self::PasswordUsed,
            Some(
                Code::OnPremiseStoreIsNotAvailable
                | Code::OnPremisePasswordValidatorRequestTimedout
                | Code::OnPremisePasswordValidatorRespondedLate,
            ) => Self::OnPremisesUnavailable,
            Some(Code::TenantThrottlingError) => Self::EntraBusy,
            Some(code) if is_misconfiguration(code) => Self::Misconfigured,
            Some(code) if is_ended_sign_in(code) => Self::NoAttempt,
            _ => Self::EntraFailed,
        }
    }

    /// Maps an OAuth error to a refusal: by its AADSTS code, or by its name if it has no code.
    pub(super) fn from_oauth_error(error: &OauthErrorCode, code: Option<AadstsCode>) -> Self {
        match (code, error) {
            (None, OauthErrorCode::AccessDenied) => Self::Cancelled,
            (None, OauthErrorCode::LoginRequired | OauthErrorCode::InteractionRequired) => Self::NoAttempt,
            (
                None,
                OauthErrorCode::ConsentRequired
                | OauthErrorCode::InvalidClient
                | OauthErrorCode::UnauthorizedClient
                | OauthErrorCode::InvalidScope,
            ) => Self::Misconfigured,
            (None, OauthErrorCode::TemporarilyUnavailable | OauthErrorCode::ServerError) => Self::EntraBusy,
            (code, _) => Self::from_aadsts(code),
        }
    }
}

/// Returns true if the app registration, its credential or its permissions must be fixed.
fn is_misconfiguration(code: AadstsCode) -> bool {
    use AadstsCode as Code;
    matches!(
        code,
        Code::InvalidReplyTo
            | Code::DelegationDoesNotExist
            | Code::MisconfiguredApplication
            | Code::InvalidResource
            | Code::UnauthorizedClientDoesNotMatchRequest
            | Code::ClientAssertionNotInValidTimeRange
            | Code::PublicClientWithCredential
            | Code::ClientAssertionSignatureInvalid
            | Code::ResponseTypeNotEnabled
            | Code::ApplicationDisabled
            | Code::InvalidClientSecret
            | Code::ClientCredentialMissing
            | Code::ClientSecretExpired
            | Code::NoFederatedCredentialForIssuer
            | Code::NoFederatedCredentialForAudience
            | Code::NoFederatedCredentialForSubject
            | Code::FederatedCredentialTokenNotAccepted
            | Code::InvalidScope
            | Code::InvalidTenantName
            | Code::InvalidRequest
            | Code::NationalCloudTenantRedirection
            | Code::AdminConsentRequired
            | Code::RequestParameterMissing
    )
}

/// Returns true if the sign-in, its code or its session has ended, so that the person must start again.
fn is_ended_sign_in(code: AadstsCode) -> bool {
    use AadstsCode as Code;
    matches!(
        code,
        Code::AuthorizationCodeAlreadyRedeemed
            | Code::InvalidGrant
            | Code::ExpiredOrRevokedGrant
            | Code::BadTokenDueToSignInFrequency
            | Code::SsoArtifactInvalidOrExpired
            | Code::SsoArtifactRevoked
            | Code::MissingCodeChallenge
            | Code::FreshTokenNeeded
            | Code::LoopDetected
            | Code::CodeVerifierMismatch
            | Code::CodeVerifierLengthInvalid
            | Code::ExpiredOrRevokedGrantInactiveToken
            | Code::SinglePageAppGrantExpired
    )
}

impl From<SignInRefusal> for WebError {
    fn from(refused: SignInRefusal) -> Self {
        let start = matches!(
            refused,
            SignInRefusal::PolicyNotEnforced
                | SignInRefusal::Misconfigured
                | SignInRefusal::NotAssigned
                | SignInRefusal::AccountDisabled
                | SignInRefusal::RiskDetected
                | SignInRefusal::NotStaff
                | SignInRefusal::NetworkNotAllowed
                | SignInRefusal::DifferentPerson
                | SignInRefusal::NoRole
                | SignInRefusal::ExcludedFromPolicy
                | SignInRefusal::Guest
        );
        let again = Some(if start { "/" } else { "/signin" });
        Self::Refused(CodedRefusal { code: refused.as_str(), status: refused.status_code(), button_path: again })
    }
}

impl From<&TokenError> for SignInRefusal {
    fn from(error: &TokenError) -> Self {
        Self::from_aadsts(error.aadsts_code())
    }
}

impl From<&IdentityError> for SignInRefusal {
    fn from(error: &IdentityError) -> Self {
        match error {
            IdentityError::Tenant | IdentityError::Issuer => Self::WrongTenant,
            IdentityError::NoAuthTime | IdentityError::NoObjectId => Self::Misconfigured,
            _ => Self::InvalidToken,
        }
    }
}

/// Records a refused sign-in in the audit log and returns the refusal.
pub(super) async fn refuse_sign_in(
    app: &AppState,
    refused: SignInRefusal,
    who: Option<&VerifiedIdentity>,
    aadsts: Option<AadstsCode>,
) -> Result<Response, WebError> {
    let event = AuditEvent::new("signin.refused", who.map_or(AuditActor::Portal, |w| AuditActor::Person(w.key)))
        .with_detail("code", refused.as_str())
        .with_detail("aadsts", aadsts.map(AadstsCode::number));
    let event = who.map_or(event.clone(), |w| event.with_subject(w.key).with_personal_detail("upn", w.upn.clone()));
    app.audit_log.append(event).await?;
    Err(refused.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that Microsoft documents for sign-ins and for client credentials, with the expected refusal. None of them
    /// may map to [`SignInRefusal::EntraFailed`].
    const EXPECTED_REFUSALS: [(&[u32], SignInRefusal); 13] = [
        (&[65004, 50058, 50140], SignInRefusal::Cancelled),
        (&[50105], SignInRefusal::NotAssigned),
        (&[53002, 53003, 530_032, 530_035, 50074, 50076, 50078], SignInRefusal::Blocked),
        (&[53000, 53001], SignInRefusal::ManagedDeviceRequired),
        (&[50072, 50079, 50125], SignInRefusal::EnrolmentRequired),
        (&[50135, 53004], SignInRefusal::RiskDetected),
        (&[50020, 90072, 50034, 50194], SignInRefusal::WrongTenant),
        (&[50053], SignInRefusal::AccountLocked),
        (&[50057], SignInRefusal::AccountDisabled),
        (&[50055, 50056, 50126, 50144], SignInRefusal::PasswordUsed),
        (&[80001, 80002, 80014], SignInRefusal::OnPremisesUnavailable),
        (&[90055], SignInRefusal::EntraBusy),
        (
            &[
                50011, 65001, 650_056, 650_057, 70011, 700_016, 700_025, 700_027, 700_054, 700_229, 7_000_112,
                7_000_215, 7_000_218, 7_000_222, 90002, 90038, 90094,
            ],
            SignInRefusal::Misconfigured,
        ),
    ];
    const RETRY_CODES: [u32; 13] =
        [54005, 70000, 70008, 70043, 50132, 50133, 50147, 50173, 50196, 501_481, 501_491, 700_082, 700_084];

    #[test]
    fn every_documented_aadsts_code_maps_to_refusal() {
        for (codes, ends) in EXPECTED_REFUSALS {
            for code in codes {
                assert_eq!(SignInRefusal::from_aadsts(Some((*code).into())), ends, "AADSTS{code}");
            }
        }
        for code in RETRY_CODES {
            assert_eq!(SignInRefusal::from_aadsts(Some(code.into())), SignInRefusal::NoAttempt, "AADSTS{code}");
        }
        assert_eq!(SignInRefusal::from_aadsts(Some(1.into())), SignInRefusal::EntraFailed, "an unknown code");
    }

    #[test]
    fn oauth_error_without_aadsts_code_maps_by_name() {
        let refusal = |error: &str, code: Option<u32>| {
            SignInRefusal::from_oauth_error(&error.to_owned().into(), code.map(AadstsCode::from))
        };
        assert_eq!(refusal("access_denied", None), SignInRefusal::Cancelled);
        assert_eq!(refusal("access_denied", Some(53003)), SignInRefusal::Blocked);
        assert_eq!(refusal("consent_required", None), SignInRefusal::Misconfigured);
        assert_eq!(refusal("temporarily_unavailable", None), SignInRefusal::EntraBusy);
        assert_eq!(refusal("made_up", None), SignInRefusal::EntraFailed);
    }
}
