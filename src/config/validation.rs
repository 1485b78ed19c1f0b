//! Validates the settings and rejects values that do not fit together.

use super::error::ConfigError;
use super::{BreachCheckKind, Config, DirectoryConfig, EntraConfig, NationalCloud, ServerConfig};
use crate::base::is_loopback_host;

pub(super) fn validate_config(config: &Config) -> Result<(), ConfigError> {
    let public = &config.server.public_url;
    if public.scheme() != "https" && !(public.scheme() == "http" && is_loopback_host(public)) {
        return Err(ConfigError::invalid_value(
            "server.public_url",
            "must be https; plain http is for loopback addresses only",
        ));
    }
    if public.path() != "/" || public.query().is_some() {
        return Err(ConfigError::invalid_value(
            "server.public_url",
            "must have no path: the portal lives at the root of its host",
        ));
    }
    validate_server(&config.server)?;
    super::entra::validate_entra(&config.entra)?;
    if config.sealing.keys.is_empty() {
        return Err(ConfigError::invalid_value(
            "sealing.keys",
            "needs at least one key: { id, file } with 64 hexadecimal digits in the file",
        ));
    }
    validate_verify_keys(config)?;
    validate_password_policy(config)?;
    super::notify::validate_notify(&config.notify)?;
    config.canary.as_ref().map_or(Ok(()), super::canary::validate_canary)?;
    for (key, value) in [
        ("signin.max_age_seconds", config.signin.max_age_seconds),
        ("signin.submit_seconds", config.signin.submit_seconds),
        ("signin.idle_seconds", config.signin.idle_seconds),
        ("signin.absolute_seconds", config.signin.absolute_seconds),
        ("helpdesk.idle_seconds", config.helpdesk.idle_seconds),
        ("helpdesk.absolute_seconds", config.helpdesk.absolute_seconds),
        ("helpdesk.phone_settle_days", config.helpdesk.phone_settle_days),
        ("helpdesk.verification_seconds", config.helpdesk.verification_seconds),
        ("helpdesk.approval_seconds", config.helpdesk.approval_seconds),
        ("helpdesk.denial_hours", config.helpdesk.denial_hours),
        ("reset.time_limit_seconds", config.reset.time_limit_seconds),
        ("reset.line_limit_seconds", config.reset.line_limit_seconds),
        ("reset.per_person_hour", config.reset.per_person_hour),
        ("reset.per_address_minute", config.reset.per_address_minute),
        ("audit.keep_personal_days", config.audit.keep_personal_days.unwrap_or(1)),
    ] {
        if value <= 0 {
            return Err(ConfigError::invalid_value(key, "must be more than zero"));
        }
    }
    config.directory.as_ref().map_or(Ok(()), validate_directory)
}

/// Validates that each key that verifies MACs has an id of its own, because an audit row names its key by the id.
fn validate_verify_keys(config: &Config) -> Result<(), ConfigError> {
    let mut ids: Vec<&str> = config.sealing.keys.iter().map(|key| key.id.as_str()).collect();
    for key in &config.audit.verify_keys {
        if ids.contains(&key.id.as_str()) {
            return Err(ConfigError::invalid_value(
                "audit.verify_keys",
                "has an id twice, or one of sealing.keys: a key is in one of the lists",
            ));
        }
        ids.push(&key.id);
    }
    Ok(())
}

fn validate_directory(directory: &DirectoryConfig) -> Result<(), ConfigError> {
    let url = &directory.url;
    if url.scheme() != "ldaps" || url.host_str().is_none_or(str::is_empty) {
        return Err(ConfigError::invalid_value(
            "directory.url",
            "must be ldaps:// and the name of a domain controller: the bind password never goes in the clear",
        ));
    }
    if !url.username().is_empty()
        || url.password().is_some()
        || !matches!(url.path(), "" | "/")
        || url.query().is_some()
    {
        return Err(ConfigError::invalid_value(
            "directory.url",
            "must be host and port only; who binds is directory.bind_dn, where to search directory.base_dn",
        ));
    }
    for (key, value) in [("directory.bind_dn", &directory.bind_dn), ("directory.base_dn", &directory.base_dn)] {
        if !value.contains('=') {
            return Err(ConfigError::invalid_value(
                key,
                "must be a distinguished name, such as OU=People,DC=corp,DC=example",
            ));
        }
    }
    // A bind without a password succeeds without authentication (RFC 4513, 5.1.2), and then reads nothing.
    if directory.password.as_ref().is_none_or(|password| password.expose_secret().is_empty()) {
        return Err(ConfigError::invalid_value("directory.password", "is missing: give password or password_file"));
    }
    if !(1..=30).contains(&directory.timeout_seconds) {
        return Err(ConfigError::invalid_value("directory.timeout_seconds", "must be between 1 and 30"));
    }
    Ok(())
}

fn validate_password_policy(config: &Config) -> Result<(), ConfigError> {
    let (policy, breach) = (&config.policy, &config.breach);
    if policy.min_length < 8 || policy.min_length > 127 {
        return Err(ConfigError::invalid_value("policy.min_length", "must be 8 (what Entra asks for) to 127"));
    }
    if policy.classes > 4 || policy.strength > 4 {
        return Err(ConfigError::invalid_value("policy.classes", "and policy.strength go from 0 to 4"));
    }
    if policy.banned_words.len() > 1_000 {
        return Err(ConfigError::invalid_value(
            "policy.banned_words",
            "takes 1,000 words at most, as Entra's own list",
        ));
    }
    if policy.microsoft_check {
        validate_microsoft_check(&config.entra)?;
    }
    let url = &breach.url;
    if (url.scheme() != "https" && !is_loopback_host(url)) || !url.path().ends_with('/') {
        return Err(ConfigError::invalid_value("breach.url", "must be https and end with a slash"));
    }
    if breach.kind == BreachCheckKind::File && breach.file.is_none() {
        return Err(ConfigError::invalid_value(
            "breach.file",
            "is needed with kind = \"file\": make one with passback breach build",
        ));
    }
    Ok(())
}

/// Validates that `validatePassword` exists: it is in Graph beta, next to `/v1.0`, and in the global cloud only
/// (<https://learn.microsoft.com/graph/api/user-validatepassword>, read 2026-11-23).
fn validate_microsoft_check(entra: &EntraConfig) -> Result<(), ConfigError> {
    if entra.cloud != NationalCloud::Global {
        return Err(ConfigError::invalid_value(
            "policy.microsoft_check",
            "is not possible here: only the global cloud has it",
        ));
    }
    if !entra.graph_url().path().trim_end_matches('/').ends_with("/v1.0") {
        return Err(ConfigError::invalid_value(
            "policy.microsoft_check",
            "needs an entra.graph_url that ends in /v1.0: beta is found beside it",
        ));
    }
    Ok(())
}

fn validate_server(server: &ServerConfig) -> Result<(), ConfigError> {
    if server.tls_cert.is_some() != server.tls_key.is_some() {
        return Err(ConfigError::invalid_value(
            "server.tls_cert",
            "and server.tls_key go together: give both or neither",
        ));
    }
    if server.tls_cert.is_some() && server.public_url.scheme() != "https" {
        return Err(ConfigError::invalid_value("server.public_url", "must be https when server.tls_cert is given"));
    }
    if server.metrics_listen == Some(server.listen) {
        return Err(ConfigError::invalid_value(
            "server.metrics_listen",
            "must differ from server.listen: metrics are not public",
        ));
    }
    if server.max_connections == 0 || server.max_connections_per_address == 0 {
        return Err(ConfigError::invalid_value(
            "server.max_connections",
            "and max_connections_per_address must be more than zero",
        ));
    }
    Ok(())
}
