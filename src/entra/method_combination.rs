//! Combinations of authentication methods that an authentication strength allows.

use std::fmt;

use super::wire_value::wire_enum;

wire_enum! {
    /// Authentication method in a combination (Graph enumeration `authenticationMethodModes`, msgraph-metadata,
    /// 2026-08-20).
    AuthenticationMethodMode, exact {
        Password = "password",
        FederatedSingleFactor = "federatedSingleFactor",
        FederatedMultiFactor = "federatedMultiFactor",
        Fido2 = "fido2",
        WindowsHelloForBusiness = "windowsHelloForBusiness",
        X509CertificateMultiFactor = "x509CertificateMultiFactor",
        X509CertificateSingleFactor = "x509CertificateSingleFactor",
        DeviceBasedPush = "deviceBasedPush",
        TemporaryAccessPassOneTime = "temporaryAccessPassOneTime",
        TemporaryAccessPassMultiUse = "temporaryAccessPassMultiUse",
        Voice = "voice",
        HardwareOath = "hardwareOath",
        SoftwareOath = "softwareOath",
        Sms = "sms",
        MicrosoftAuthenticatorPush = "microsoftAuthenticatorPush",
        Email = "email",
        QrCodePin = "qrCodePin",
    }
}

/// Combination of methods that together satisfy an authentication strength (an element of `allowedCombinations`).
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct MethodCombination {
    text: String,
    methods: Vec<AuthenticationMethodMode>,
}

impl MethodCombination {
    /// Returns the methods, at least one.
    pub(crate) fn methods(&self) -> &[AuthenticationMethodMode] {
        &self.methods
    }

    pub(crate) fn has_method(&self, method: &AuthenticationMethodMode) -> bool {
        self.methods.contains(method)
    }

    /// Returns true if the combination is this method alone.
    pub(crate) fn is_only(&self, method: &AuthenticationMethodMode) -> bool {
        self.methods.iter().eq([method])
    }
}

impl From<String> for MethodCombination {
    /// Splits a combination, which Graph writes as `password,sms`.
    fn from(text: String) -> Self {
        let methods = text.split(',').map(|method| method.trim().to_owned().into()).collect();
        Self { text, methods }
    }
}

impl fmt::Display for MethodCombination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for MethodCombination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    #[test]
    fn combination_keeps_its_text_and_unknown_methods() {
        use AuthenticationMethodMode::{Fido2, Other, Password, Sms};
        check_wire_values::<AuthenticationMethodMode>();
        assert!(!accepts_any_case::<AuthenticationMethodMode>());
        let parse = |text: &str| MethodCombination::from(text.to_owned());
        let both = parse("password, sms");
        assert_eq!((both.to_string().as_str(), both.methods()), ("password, sms", [Password, Sms].as_slice()));
        assert!(both.has_method(&Sms) && !both.is_only(&Password) && parse("fido2").is_only(&Fido2));
        assert_eq!(parse("fido2,telepathy").methods(), [Fido2, Other("telepathy".to_owned())]);
        assert_eq!(parse("").methods(), [Other(String::new())]);
    }
}
