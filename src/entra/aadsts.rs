//! AADSTS codes: the numbers under which Microsoft documents the errors of Entra's sign-in service.
//!
//! The names are Microsoft's where its page has one:
//! <https://learn.microsoft.com/entra/identity-platform/reference-error-codes> (read 2026-08).

use std::fmt;

macro_rules! define_aadsts_codes {
    ($($(#[$meta:meta])* $name:ident = $number:literal,)+) => {
        /// Code of an error of Entra's sign-in service, of which the product distinguishes these.
        #[derive(Clone, Copy, PartialEq, Eq)]
        pub(crate) enum AadstsCode {
            $($(#[$meta])* $name,)+
            /// Code that this release does not know.
            Other(u32),
        }

        impl AadstsCode {
            #[cfg(test)]
            const KNOWN_NUMBERS: &'static [u32] = &[$($number),+];

            /// Returns the number, as logs and the audit log contain it.
            pub(crate) fn number(self) -> u32 {
                match self {
                    $(Self::$name => $number,)+
                    Self::Other(number) => number,
                }
            }
        }

        impl From<u32> for AadstsCode {
            fn from(number: u32) -> Self {
                match number {
                    $($number => Self::$name,)+
                    other => Self::Other(other),
                }
            }
        }
    };
}

define_aadsts_codes! {
    InvalidReplyTo = 50_011,
    /// The account does not exist in this tenant.
    UserUnauthorized = 50_020,
    UserAccountNotFound = 50_034,
    /// The account is locked after too many wrong passwords.
    IdsLocked = 50_053,
    InvalidPasswordExpiredPassword = 50_055,
    InvalidOrNullPassword = 50_056,
    UserDisabled = 50_057,
    UserInformationNotProvided = 50_058,
    UserStrongAuthEnrollmentRequiredInterrupt = 50_072,
    UserStrongAuthClientAuthNRequiredInterrupt = 50_074,
    UserStrongAuthClientAuthNRequired = 50_076,
    UserStrongAuthExpired = 50_078,
    UserStrongAuthEnrollmentRequired = 50_079,
    /// The person is not assigned to the application.
    EntitlementGrantsNotFound = 50_105,
    PasswordResetRegistrationRequiredInterrupt = 50_125,
    InvalidUserNameOrPassword = 50_126,
    ConditionalAccessFailed = 50_131,
    SsoArtifactInvalidOrExpired = 50_132,
    SsoArtifactRevoked = 50_133,
    PasswordChangeCompromisedPassword = 50_135,
    /// "Keep me signed in" interrupted the sign-in.
    KmsiInterrupt = 50_140,
    InvalidPasswordExpiredOnPremPassword = 50_144,
    MissingCodeChallenge = 50_147,
    FreshTokenNeeded = 50_173,
    ApplicationNotMultiTenant = 50_194,
    LoopDetected = 50_196,
    CodeVerifierMismatch = 501_481,
    CodeVerifierLengthInvalid = 501_491,
    DeviceNotCompliant = 53_000,
    DeviceNotDomainJoined = 53_001,
    ApplicationUsedIsNotAnApprovedApp = 53_002,
    BlockedByConditionalAccess = 53_003,
    ProofUpBlockedDueToRisk = 53_004,
    BlockedByConditionalAccessOnSecurityPolicy = 530_032,
    BlockedBySecurityDefaults = 530_035,
    AuthorizationCodeAlreadyRedeemed = 54_005,
    /// Consent for a requested scope is missing.
    DelegationDoesNotExist = 65_001,
    UserDeclinedConsent = 65_004,
    MisconfiguredApplication = 650_056,
    InvalidResource = 650_057,
    InvalidGrant = 70_000,
    ExpiredOrRevokedGrant = 70_008,
    InvalidScope = 70_011,
    BadTokenDueToSignInFrequency = 70_043,
    UnauthorizedClientDoesNotMatchRequest = 700_016,
    ClientAssertionNotInValidTimeRange = 700_024,
    /// The application is a public client and must not send a credential.
    PublicClientWithCredential = 700_025,
    ClientAssertionSignatureInvalid = 700_027,
    ResponseTypeNotEnabled = 700_054,
    ExpiredOrRevokedGrantInactiveToken = 700_082,
    SinglePageAppGrantExpired = 700_084,
    NoFederatedCredentialForIssuer = 700_211,
    NoFederatedCredentialForAudience = 700_212,
    NoFederatedCredentialForSubject = 700_213,
    FederatedCredentialTokenNotAccepted = 700_229,
    ApplicationDisabled = 7_000_112,
    InvalidClientSecret = 7_000_215,
    /// The application is a confidential client and must send a credential.
    ClientCredentialMissing = 7_000_218,
    ClientSecretExpired = 7_000_222,
    OnPremiseStoreIsNotAvailable = 80_001,
    OnPremisePasswordValidatorRequestTimedout = 80_002,
    OnPremisePasswordValidatorRespondedLate = 80_014,
    InvalidTenantName = 90_002,
    InvalidRequest = 90_023,
    NationalCloudTenantRedirection = 90_038,
    TenantThrottlingError = 90_055,
    PassThroughUserMfaError = 90_072,
    AdminConsentRequired = 90_094,
    RequestParameterMissing = 900_144,
}

impl fmt::Debug for AadstsCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.number(), f)
    }
}

/// Returns the AADSTS codes in an error description. An error of the authorize endpoint has them nowhere else.
pub(crate) fn parse_aadsts_codes(description: &str) -> Vec<AadstsCode> {
    let digits = |rest: &str| rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().ok();
    description.split("AADSTS").skip(1).filter_map(digits).map(AadstsCode::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aadsts_codes_are_parsed_from_error_description() {
        assert_eq!(
            parse_aadsts_codes("AADSTS50105: not assigned. Trace ID: 1"),
            [AadstsCode::EntitlementGrantsNotFound]
        );
        assert_eq!(parse_aadsts_codes("AADSTS1: x, AADSTS50034: y, AADSTS: z").len(), 2);
        assert!(parse_aadsts_codes("access_denied").is_empty());
    }

    #[test]
    fn known_code_prints_its_number_and_unknown_code_is_kept() {
        for number in AadstsCode::KNOWN_NUMBERS {
            let code = AadstsCode::from(*number);
            assert!(!matches!(code, AadstsCode::Other(_)), "{number}");
            assert_eq!((code.number(), format!("{code:?}")), (*number, number.to_string()));
        }
        assert_eq!((AadstsCode::from(1), AadstsCode::from(1).number()), (AadstsCode::Other(1), 1));
    }
}
