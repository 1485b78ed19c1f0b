//! Configures and validates notification mail.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::error::ConfigError;
use crate::base::Secret;

/// Settings of notification mail (`[notify]`), which informs people of a reset in addition to the page.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotifyConfig {
    pub kind: NotifyKind,
    /// Sender address. With `graph`, the user name of the mailbox from which the application may send.
    pub from: String,
    /// Mail server of `kind = "smtp"`.
    pub smtp: Option<SmtpConfig>,
    /// Recipients of health issues: addresses of administrators or of a pager.
    pub alarms_to: Vec<String>,
}

/// Transport of notification mail.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NotifyKind {
    #[default]
    Off,
    Smtp,
    /// Graph's `sendMail` with an app-only token, which needs the application permission `Mail.Send`.
    Graph,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Name of the mail server, as in its certificate.
    pub host: String,
    /// Default: 587 with `starttls`, 465 with `tls`, 25 with `none`.
    #[serde(default)]
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: SmtpTls,
    #[serde(default)]
    pub username: Option<String>,
    /// Password of the account; `password_file` names a file with it.
    #[serde(default)]
    pub(crate) password: Option<Secret>,
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// PEM file of a CA that is trusted in addition to the system's.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
    /// Maximum time for sending one message, in seconds. Default 20.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
}

/// Protection of the connection to the mail server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// TLS after a plain greeting. Sending fails if the server does not offer it.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// No TLS, for a mail server on this machine only.
    None,
}

fn default_timeout() -> u64 {
    20
}

impl SmtpConfig {
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            SmtpTls::Starttls => 587,
            SmtpTls::Tls => 465,
            SmtpTls::None => 25,
        })
    }

    fn is_loopback(&self) -> bool {
        let host = self.host.trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

pub(super) fn validate_notify(notify: &NotifyConfig) -> Result<(), ConfigError> {
    validate_alert_recipients(notify)?;
    if notify.kind == NotifyKind::Off {
        return Ok(());
    }
    if notify.from.parse::<lettre::Address>().is_err() {
        return Err(ConfigError::invalid_value(
            "notify.from",
            "must be an address, such as passback@example.org; with kind = \"graph\" the user name of the sending mailbox",
        ));
    }
    match (notify.kind, &notify.smtp) {
        (NotifyKind::Smtp, Some(server)) => validate_smtp(server),
        (NotifyKind::Smtp, None) => {
            Err(ConfigError::invalid_value("notify.smtp", "is missing: kind = \"smtp\" needs [notify.smtp] with host"))
        }
        (NotifyKind::Graph, Some(_)) => Err(ConfigError::invalid_value(
            "notify.smtp",
            "goes with kind = \"smtp\" only: remove [notify.smtp], or choose that kind",
        )),
        (NotifyKind::Graph | NotifyKind::Off, _) => Ok(()),
    }
}

/// Maximum number of recipients of health issues.
const MAX_ALERT_RECIPIENTS: usize = 5;

fn validate_alert_recipients(settings: &NotifyConfig) -> Result<(), ConfigError> {
    if settings.alarms_to.is_empty() {
        return Ok(());
    }
    if settings.kind == NotifyKind::Off {
        return Err(ConfigError::invalid_value("notify.alarms_to", "needs a way to send: set notify.kind"));
    }
    let bad = settings.alarms_to.iter().any(|to| to.parse::<lettre::Address>().is_err());
    if bad || settings.alarms_to.len() > MAX_ALERT_RECIPIENTS {
        return Err(ConfigError::invalid_value(
            "notify.alarms_to",
            "takes up to five addresses such as it@example.org",
        ));
    }
    Ok(())
}

fn validate_smtp(server: &SmtpConfig) -> Result<(), ConfigError> {
    if server.host.is_empty() || server.host.contains([':', '/', '@', ' ']) && server.host.parse::<IpAddr>().is_err() {
        return Err(ConfigError::invalid_value(
            "notify.smtp.host",
            "must be a name or an address; the port is notify.smtp.port",
        ));
    }
    if server.tls == SmtpTls::None && !server.is_loopback() {
        return Err(ConfigError::invalid_value(
            "notify.smtp.tls",
            "none is for a mail server on this machine: use starttls or tls, and ca_file for a CA of your own",
        ));
    }
    if server.username.is_some() != server.password.is_some() {
        return Err(ConfigError::invalid_value(
            "notify.smtp.username",
            "and notify.smtp.password (or password_file) go together: give both or neither",
        ));
    }
    if server.ca_file.is_some() && server.tls == SmtpTls::None {
        return Err(ConfigError::invalid_value(
            "notify.smtp.ca_file",
            "is for starttls and tls: without them nothing is checked",
        ));
    }
    if !(1..=60).contains(&server.timeout_seconds) {
        return Err(ConfigError::invalid_value("notify.smtp.timeout_seconds", "must be between 1 and 60"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMTP_SECTION: &str = r#"
        kind = "smtp"
        from = "passback@contoso.example"
        [smtp]
        host = "mail.contoso.example"
        username = "passback"
        password = "ma1l-value"
    "#;

    fn validation_error(from: &str, to: &str) -> String {
        assert!(SMTP_SECTION.contains(from), "{from}");
        match toml::from_str::<NotifyConfig>(&SMTP_SECTION.replace(from, to)) {
            Ok(read) => validate_notify(&read).err().map_or_else(String::new, |error| error.to_string()),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn mail_is_off_by_default() {
        let read: NotifyConfig = toml::from_str("").unwrap();
        assert_eq!(read.kind, NotifyKind::Off);
        validate_notify(&read).unwrap();
    }

    #[test]
    fn mail_server_requires_tls_unless_on_loopback() {
        let read: NotifyConfig = toml::from_str(SMTP_SECTION).unwrap();
        validate_notify(&read).unwrap();
        assert!(!format!("{read:?}").contains("ma1l-value"));
        assert_eq!(read.smtp.map(|s| (s.tls, s.port())), Some((SmtpTls::Starttls, 587)));
        for (host, wrong) in [
            ("mail.contoso.example", true),
            ("192.0.2.1", true),
            ("localhost", false),
            ("127.0.0.1", false),
            ("::1", false),
        ] {
            let message =
                validation_error("host = \"mail.contoso.example\"", &format!("tls = \"none\"\nhost = \"{host}\""));
            assert_eq!(message.contains("notify.smtp.tls"), wrong, "{host}: {message}");
        }
    }

    #[test]
    fn invalid_notify_settings_name_the_key() {
        for (from, to, names) in [
            ("passback@contoso.example", "passback", "notify.from"),
            ("from = \"passback@contoso.example\"", "", "notify.from"),
            ("kind = \"smtp\"", "kind = \"graph\"", "notify.smtp"),
            ("mail.contoso.example", "", "notify.smtp.host"),
            ("mail.contoso.example", "mail.contoso.example:25", "notify.smtp.port"),
            ("username = \"passback\"", "", "notify.smtp.password"),
            ("username", "timeout_seconds = 61\nusername", "notify.smtp.timeout_seconds"),
            ("username", "user", "user"),
            ("[smtp]", "alarms_to = [\"nobody\"]\n[smtp]", "notify.alarms_to"),
            ("\"smtp\"", "\"pigeon\"", "pigeon"),
        ] {
            let message = validation_error(from, to);
            assert!(message.contains(names), "{names}: {message}");
        }
        let without = SMTP_SECTION.split("[smtp]").next().unwrap();
        let message = validate_notify(&toml::from_str(without).unwrap()).unwrap_err().to_string();
        assert!(message.contains("[notify.smtp] with host"), "{message}");
    }
}
