//! Reads the settings and the secrets that are stored in separate files.

use std::path::{Path, PathBuf};

use super::error::ConfigError;
use super::validation::validate_config;
use super::{ClientCredentialKind, Config};
use crate::base::Secret;

/// Reads the file, then the environment, which takes precedence, then the secret files, and validates all settings.
///
/// # Errors
/// When a file cannot be read, a key is unknown, or values do not fit together.
pub fn load_config(file: &Path) -> Result<Config, ConfigError> {
    let sources =
        config::Config::builder().add_source(config::File::from(file).format(config::FileFormat::Toml)).add_source(
            config::Environment::with_prefix("PASSBACK").prefix_separator("__").separator("__").try_parsing(true),
        );
    let mut read: Config = sources.build()?.try_deserialize()?;
    if let Some(path) = &read.database.url_file {
        read.database.url = read_secret_file(path)?;
    }
    if let Some(path) = &read.entra.credential.secret_file {
        read.entra.credential.secret = Some(read_secret_file(path)?);
    }
    if read.entra.credential.kind == ClientCredentialKind::Federated && read.entra.credential.token_file.is_none() {
        read.entra.credential.token_file = std::env::var_os("AZURE_FEDERATED_TOKEN_FILE").map(PathBuf::from);
    }
    if let Some(directory) = &mut read.directory
        && let Some(path) = &directory.password_file
    {
        directory.password = Some(read_secret_file(path)?);
    }
    if let Some(unlock) = read.directory.as_mut().and_then(|directory| directory.unlock.as_mut())
        && let Some(path) = &unlock.password_file
    {
        unlock.password = Some(read_secret_file(path)?);
    }
    if let Some(smtp) = &mut read.notify.smtp
        && let Some(path) = &smtp.password_file
    {
        smtp.password = Some(read_secret_file(path)?);
    }
    validate_config(&read)?;
    Ok(read)
}

fn read_secret_file(path: &Path) -> Result<Secret, ConfigError> {
    let text =
        std::fs::read_to_string(path).map_err(|source| ConfigError::SecretFile { path: path.to_owned(), source })?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINIMAL_CONFIG: &str = r#"
        [server]
        public_url = "https://reset.contoso.example/"
        [sealing]
        keys = [{ id = "k1", file = "/run/secrets/seal" }]
        [entra]
        tenant_id = "c0de0000-7e5a-4f00-8000-00000000c0de"
        client_id = "a0000000-0000-4000-8000-0000000000a1"
        credential = { kind = "secret", secret = "s3cret-value" }
    "#;

    fn load_text(text: &str) -> Result<Config, ConfigError> {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("passback.toml");
        std::fs::write(&file, text).unwrap();
        load_config(&file)
    }

    fn error_text(text: &str) -> String {
        load_text(text).unwrap_err().to_string()
    }

    #[test]
    fn minimal_file_derives_microsoft_hosts_from_cloud() {
        let config = load_text(MINIMAL_CONFIG).unwrap();
        assert_eq!(config.entra.graph_url().as_str(), "https://graph.microsoft.com/v1.0");
        assert_eq!(
            config.entra.authority().as_str(),
            "https://login.microsoftonline.com/c0de0000-7e5a-4f00-8000-00000000c0de/v2.0"
        );
        assert!(!format!("{config:?}").contains("s3cret-value"));
    }

    #[test]
    fn misspelt_key_is_named_in_the_error() {
        let text = MINIMAL_CONFIG.replace("public_url", "hourly_celing = 3\npublic_url");
        assert!(error_text(&text).contains("hourly_celing"), "{}", error_text(&text));
    }

    #[test]
    fn verify_key_needs_an_id_of_its_own() {
        let with_ids = |ids: &[&str]| {
            let keys: Vec<String> = ids.iter().map(|id| format!("{{ id = \"{id}\", file = \"/k\" }}")).collect();
            format!("{MINIMAL_CONFIG}\n[audit]\nverify_keys = [{}]\n", keys.join(", "))
        };
        assert_eq!(load_text(&with_ids(&["k0", "old"])).unwrap().audit.verify_keys.len(), 2);
        for ids in [["k0", "k0"], ["k0", "k1"]] {
            assert!(error_text(&with_ids(&ids)).contains("audit.verify_keys"), "{ids:?}");
        }
    }

    #[test]
    fn plain_http_is_limited_to_loopback() {
        assert!(error_text(&MINIMAL_CONFIG.replace("https://reset", "http://reset")).contains("server.public_url"));
        assert!(load_text(&MINIMAL_CONFIG.replace("https://reset.contoso.example", "http://127.0.0.1:8080")).is_ok());
    }

    #[test]
    fn foreign_hosts_require_allow_other_hosts() {
        let other = MINIMAL_CONFIG.replace("client_id", "graph_url = \"https://graph.evil.example/v1.0\"\nclient_id");
        assert!(error_text(&other).contains("allow_other_hosts"));
        assert!(load_text(&other.replace("client_id =", "allow_other_hosts = true\nclient_id =")).is_ok());
        assert!(load_text(&other.replace("https://graph.evil.example", "http://127.0.0.1:99")).is_ok());
    }

    #[test]
    fn microsoft_check_is_off_by_default_and_global_cloud_only() {
        assert!(!load_text(MINIMAL_CONFIG).unwrap().policy.microsoft_check);
        let on = format!("{MINIMAL_CONFIG}\n[policy]\nmicrosoft_check = true\n");
        assert!(load_text(&on).unwrap().policy.microsoft_check);
        for other in ["cloud = \"us-gov\"", "graph_url = \"http://127.0.0.1:99/graph\""] {
            let text = on.replace("client_id =", &format!("{other}\nclient_id ="));
            assert!(error_text(&text).contains("policy.microsoft_check"), "{other}");
        }
    }

    const DIRECTORY_SECTION: &str = r#"
        [directory]
        url = "ldaps://dc1.corp.example"
        bind_dn = "CN=svc-probe,CN=Users,DC=corp,DC=example"
        password = "pr0be-value"
        base_dn = "OU=People,DC=corp,DC=example"
        ca_file = "/etc/passback/corp-ca.pem"
    "#;

    fn with_directory(from: &str, to: &str) -> String {
        assert!(DIRECTORY_SECTION.contains(from));
        format!("{MINIMAL_CONFIG}{}", DIRECTORY_SECTION.replace(from, to))
    }

    #[test]
    fn directory_section_is_optional() {
        assert!(load_text(MINIMAL_CONFIG).unwrap().directory.is_none());
        let config = load_text(&with_directory("", "")).unwrap();
        assert_eq!(config.directory.as_ref().unwrap().timeout_seconds, 3);
        assert!(!format!("{config:?}").contains("pr0be-value"));
    }

    #[test]
    fn directory_requires_ldaps_and_a_bind_account() {
        for (from, to, names) in [
            ("ldaps://dc1", "ldap://dc1", "directory.url"),
            ("ldaps://dc1.corp.example", "ldaps:///", "directory.url"),
            ("ldaps://dc1.corp.example", "ldaps://dc1.corp.example/DC=corp", "directory.base_dn"),
            ("ldaps://dc1", "ldaps://probe:pw@dc1", "directory.bind_dn"),
            ("CN=svc-probe,CN=Users,DC=corp,DC=example", "svc-probe", "directory.bind_dn"),
            ("\"OU=People,DC=corp,DC=example\"", "\"\"", "directory.base_dn"),
            ("\"pr0be-value\"", "\"\"", "directory.password"),
            ("password = \"pr0be-value\"", "", "directory.password"),
            ("password = \"pr0be-value\"", "password_file = \"/missing/probe\"", "/missing/probe"),
            ("ca_file", "timeout_seconds = 31\nca_file", "directory.timeout_seconds"),
            ("ca_file", "start_tls = true\nca_file", "start_tls"),
            ("ca_file = \"/etc/passback/corp-ca.pem\"", "", "ca_file"),
            ("base_dn = \"OU=People,DC=corp,DC=example\"", "", "base_dn"),
        ] {
            let said = error_text(&with_directory(from, to));
            assert!(said.contains(names), "{names}: {said}");
        }
    }

    #[test]
    fn secret_is_read_from_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        std::fs::write(&file, "from-the-file\n").unwrap();
        let text =
            MINIMAL_CONFIG.replace("secret = \"s3cret-value\"", &format!("secret_file = \"{}\"", file.display()));
        assert_eq!(load_text(&text).unwrap().entra.credential.secret.unwrap().expose_secret(), "from-the-file");
        assert!(error_text(&text.replace("/secret\"", "/missing\"")).contains("missing"));
    }
}
