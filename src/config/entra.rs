//! Derives Microsoft's hosts from the national cloud and validates hosts and client credential.

use url::Url;

use super::error::ConfigError;
use super::{ClientCredentialKind, CredentialConfig, EntraConfig, NationalCloud};
use crate::base::is_loopback_host;

impl TryFrom<String> for NationalCloud {
    type Error = String;

    fn try_from(name: String) -> Result<Self, String> {
        match name.as_str() {
            "global" => Ok(Self::Global),
            "us-gov" => Ok(Self::UsGov),
            "us-gov-dod" => Ok(Self::UsGovDod),
            // "Not available" in its table of clouds: <https://learn.microsoft.com/graph/api/authenticationmethod-resetpassword>
            // (read 2026-08).
            "china" => {
                Err("china (21Vianet) has no call that resets a password: Passback cannot work there".to_owned())
            }
            other => Err(format!("{other} is none of global, us-gov, us-gov-dod: choose one of them")),
        }
    }
}

impl NationalCloud {
    /// Returns the sign-in and Graph hosts (<https://learn.microsoft.com/graph/deployments>, read 2026-11-23).
    fn login_and_graph_hosts(self) -> (&'static str, &'static str) {
        match self {
            Self::Global => ("login.microsoftonline.com", "graph.microsoft.com"),
            Self::UsGov => ("login.microsoftonline.us", "graph.microsoft.us"),
            Self::UsGovDod => ("login.microsoftonline.us", "dod-graph.microsoft.us"),
        }
    }
}

impl EntraConfig {
    /// Returns the issuer.
    ///
    /// # Panics
    /// Never: the parts are a fixed host and a UUID.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixed host and a UUID always make a URL")]
    pub fn authority(&self) -> Url {
        let made = || {
            format!("https://{}/{}/v2.0", self.cloud.login_and_graph_hosts().0, self.tenant_id).parse().expect("a URL")
        };
        self.authority.clone().unwrap_or_else(made)
    }

    /// Returns the Graph URL with its version.
    ///
    /// # Panics
    /// Never: the host is fixed.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a fixed host always makes a URL")]
    pub fn graph_url(&self) -> Url {
        let made = || format!("https://{}/v1.0", self.cloud.login_and_graph_hosts().1).parse().expect("a URL");
        self.graph_url.clone().unwrap_or_else(made)
    }

    /// Returns true if Entra or Graph is on this machine: the emulator. Every page shows this.
    #[must_use]
    pub fn is_emulated(&self) -> bool {
        is_loopback_host(&self.authority()) || is_loopback_host(&self.graph_url())
    }
}

pub(super) fn validate_entra(entra: &EntraConfig) -> Result<(), ConfigError> {
    let (login, graph) = entra.cloud.login_and_graph_hosts();
    validate_host("entra.authority", &entra.authority(), login, entra)?;
    validate_host("entra.graph_url", &entra.graph_url(), graph, entra)?;
    validate_credential(&entra.credential)
}

/// Accepts Microsoft's host over https, and other hosts on loopback or with `entra.allow_other_hosts`.
fn validate_host(key: &'static str, url: &Url, microsoft: &str, entra: &EntraConfig) -> Result<(), ConfigError> {
    let theirs = url.scheme() == "https" && url.host_str() == Some(microsoft) && url.port().is_none();
    let allowed = theirs || is_loopback_host(url) || (entra.allow_other_hosts && url.scheme() == "https");
    if allowed {
        return Ok(());
    }
    let problem = format!(
        "{url} is not Microsoft's host for this cloud ({microsoft}): correct it, or set entra.allow_other_hosts = true"
    );
    Err(ConfigError::invalid_value(key, problem))
}

/// Validates that a credential has all keys of its kind and no others: a forgotten secret next to a certificate would
/// look as if it were in use.
fn validate_credential(credential: &CredentialConfig) -> Result<(), ConfigError> {
    use ClientCredentialKind::{Certificate, Federated, Secret};
    for (key, of, kind, given) in [
        ("secret or secret_file", Secret, "secret", credential.secret.is_some()),
        ("certificate_file", Certificate, "certificate", credential.certificate_file.is_some()),
        ("key_file", Certificate, "certificate", credential.key_file.is_some()),
        ("token_file", Federated, "federated", credential.token_file.is_some()),
    ] {
        let problem = match (of == credential.kind, given) {
            (true, false) => format!("kind = \"{kind}\" needs {key}"),
            (false, true) => format!("{key} goes with kind = \"{kind}\" only: remove it, or change the kind"),
            _ => continue,
        };
        return Err(ConfigError::invalid_value("entra.credential", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT_ID: &str = "c0de0000-7e5a-4f00-8000-00000000c0de";

    fn parse_entra(more: &str) -> Result<EntraConfig, String> {
        let text = format!(
            "tenant_id = \"{TENANT_ID}\"\nclient_id = \"{TENANT_ID}\"\ncredential = {{ kind = \"secret\", secret = \"x\" }}\n{more}"
        );
        let entra: EntraConfig = toml::from_str(&text).map_err(|e| e.to_string())?;
        validate_entra(&entra).map_err(|e| e.to_string())?;
        Ok(entra)
    }

    const CLOUD_HOSTS: [(&str, &str, &str); 3] = [
        ("global", "https://login.microsoftonline.com", "https://graph.microsoft.com"),
        ("us-gov", "https://login.microsoftonline.us", "https://graph.microsoft.us"),
        ("us-gov-dod", "https://login.microsoftonline.us", "https://dod-graph.microsoft.us"),
    ];

    #[test]
    fn each_cloud_accepts_only_its_own_hosts() {
        for (cloud, login, graph) in CLOUD_HOSTS {
            let made = parse_entra(&format!("cloud = \"{cloud}\"")).unwrap();
            assert_eq!(made.authority().as_str(), format!("{login}/{TENANT_ID}/v2.0"));
            assert_eq!(made.graph_url().as_str(), format!("{graph}/v1.0"));
            for (other, their_login, their_graph) in CLOUD_HOSTS {
                let with = |key: &str, url: String| parse_entra(&format!("cloud = \"{cloud}\"\n{key} = \"{url}\""));
                let authority = with("authority", format!("{their_login}/{TENANT_ID}/v2.0"));
                assert_eq!(authority.is_ok(), login == their_login, "{cloud} and the sign-in of {other}");
                let at_graph = with("graph_url", format!("{their_graph}/v1.0"));
                assert_eq!(at_graph.is_ok(), graph == their_graph, "{cloud} and the Graph of {other}");
            }
        }
    }

    #[test]
    fn china_cloud_is_rejected_with_reason() {
        let message = parse_entra("cloud = \"china\"").unwrap_err();
        assert!(message.contains("has no call that resets a password"), "{message}");
        assert!(parse_entra("cloud = \"moon\"").unwrap_err().contains("none of global, us-gov, us-gov-dod"));
    }

    #[test]
    fn each_credential_kind_requires_exactly_its_own_keys() {
        for (given, message) in [
            ("kind = \"secret\"", "needs secret or secret_file"),
            ("kind = \"secret\", secret = \"x\", key_file = \"k\"", "key_file goes with kind = \"certificate\""),
            ("kind = \"certificate\", certificate_file = \"c\"", "needs key_file"),
            ("kind = \"certificate\", key_file = \"k\"", "needs certificate_file"),
            (
                "kind = \"certificate\", certificate_file = \"c\", key_file = \"k\", secret = \"x\"",
                "secret or secret_file goes with",
            ),
            ("kind = \"federated\"", "needs token_file"),
            ("kind = \"federated\", token_file = \"t\", certificate_file = \"c\"", "certificate_file goes with"),
        ] {
            let read: CredentialConfig = toml::from_str(&given.replace(", ", "\n")).unwrap();
            let problem = validate_credential(&read).unwrap_err().to_string();
            assert!(problem.contains(message), "{given}: {problem}");
        }
        for good in [
            "kind = \"certificate\"\ncertificate_file = \"c\"\nkey_file = \"k\"",
            "kind = \"federated\"\ntoken_file = \"t\"",
        ] {
            validate_credential(&toml::from_str(good).unwrap()).unwrap();
        }
    }
}
