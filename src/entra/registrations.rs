//! Graph resource `userRegistrationDetails`: the sign-in methods a person has registered.

use jiff::Timestamp;
use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;

wire_enum! {
    /// Sign-in method in the registration report (`methodsRegistered`).
    ///
    /// <https://learn.microsoft.com/graph/api/resources/userregistrationdetails> (read 2026-11-24)
    RegisteredMethod, exact {
        PasskeyDeviceBound = "passKeyDeviceBound",
        PasskeyDeviceBoundAuthenticator = "passKeyDeviceBoundAuthenticator",
        PasskeyDeviceBoundWindowsHello = "passKeyDeviceBoundWindowsHello",
        Fido2 = "fido2",
        Fido2SecurityKey = "fido2SecurityKey",
        WindowsHelloForBusiness = "windowsHelloForBusiness",
        MicrosoftAuthenticator = "microsoftAuthenticator",
        MicrosoftAuthenticatorPush = "microsoftAuthenticatorPush",
        MicrosoftAuthenticatorPasswordless = "microsoftAuthenticatorPasswordless",
        SoftwareOneTimePasscode = "softwareOneTimePasscode",
        HardwareOneTimePasscode = "hardwareOneTimePasscode",
        MobilePhone = "mobilePhone",
        AlternateMobilePhone = "alternateMobilePhone",
        OfficePhone = "officePhone",
        Email = "email",
        TemporaryAccessPass = "temporaryAccessPass",
        SecurityQuestion = "securityQuestion",
    }
}

impl RegisteredMethod {
    /// Returns true for every kind of passkey. Microsoft adds kinds whose names begin alike.
    pub(crate) fn is_passkey(&self) -> bool {
        matches!(self, Self::Fido2 | Self::Fido2SecurityKey) || self.as_str().starts_with("passKey")
    }
}

/// Sign-in methods a person has registered. The report behind it is hours old.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RegistrationDetails {
    #[serde(rename = "methodsRegistered")]
    pub(crate) methods: Vec<RegisteredMethod>,
    #[serde(rename = "isMfaCapable")]
    pub(crate) mfa_capable: bool,
    #[serde(rename = "isPasswordlessCapable")]
    pub(crate) passwordless_capable: bool,
    #[serde(rename = "lastUpdatedDateTime")]
    pub(crate) updated_at: Option<Timestamp>,
}

/// Response of the registration report. The documentation's example wraps the object in `value`, its schema does not:
/// both are accepted.
#[derive(Deserialize)]
#[serde(untagged)]
enum RegistrationResponse {
    Wrapped { value: RegistrationDetails },
    Plain(RegistrationDetails),
}

impl GraphClient {
    /// Fetches the sign-in methods a user has registered. `None` if the report has no entry for them.
    pub(crate) async fn fetch_registration(&self, id: ObjectId) -> Result<Option<RegistrationDetails>, GraphError> {
        let url = self.url(&["reports", "authenticationMethods", "userRegistrationDetails", &id.to_string()]);
        let report = self.get_json_if_found(url).await?;
        Ok(report.map(|report| match report {
            RegistrationResponse::Wrapped { value } | RegistrationResponse::Plain(value) => value,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    #[test]
    fn registration_response_parses_wrapped_and_plain() {
        for text in [
            r#"{"value":{"id":"x","methodsRegistered":["fido2"],"isMfaCapable":true}}"#,
            r#"{"id":"x","methodsRegistered":["fido2"],"isMfaCapable":true}"#,
        ] {
            let report: RegistrationResponse = serde_json::from_str(text).unwrap();
            let (RegistrationResponse::Wrapped { value } | RegistrationResponse::Plain(value)) = report;
            assert_eq!((value.methods, value.mfa_capable), (vec![RegisteredMethod::Fido2], true));
        }
    }

    #[test]
    fn registered_methods_may_be_missing_or_unknown() {
        check_wire_values::<RegisteredMethod>();
        assert!(!accepts_any_case::<RegisteredMethod>());
        let parse = |text: &str| serde_json::from_str::<RegistrationDetails>(text).map(|read| read.methods);
        assert_eq!(parse("{}").unwrap(), []);
        assert_eq!(parse(r#"{"methodsRegistered":["x"]}"#).unwrap(), [RegisteredMethod::Other("x".to_owned())]);
        assert!(parse(r#"{"methodsRegistered":null}"#).is_err());
    }

    #[test]
    fn every_kind_of_passkey_is_recognised() {
        let passkey = |text: &str| RegisteredMethod::from(text.to_owned()).is_passkey();
        for name in ["fido2", "fido2SecurityKey", "passKeyDeviceBound", "passKeySynced"] {
            assert!(passkey(name), "{name}");
        }
        assert!(!passkey("passkey") && !passkey("windowsHelloForBusiness") && !passkey(""));
    }
}
