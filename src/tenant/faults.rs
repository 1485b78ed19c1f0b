//! Faults are data: which call, whose, how often, and what goes wrong. They come from the seed file or, while the
//! emulator runs, through the control listener.

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// A call that can go wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Coming back from the sign-in page. Only [`Effect::Aadsts`] goes wrong there.
    Authorize,
    /// The token endpoint.
    Token,
    /// The signing keys.
    Keys,
    /// The reset itself.
    ResetPassword,
    /// Asking how an operation stands.
    Operation,
    /// Reading a person.
    User,
    /// The directory audit log.
    Audits,
    /// Conditional Access policies.
    Policies,
    /// Role assignments and eligibilities.
    Roles,
    /// A person's groups.
    Groups,
    /// A person's devices.
    Devices,
    /// The report of registered methods.
    Methods,
    /// Whether Microsoft sees somebody at risk.
    Risk,
    /// The way from Entra through the writeback agent to the directory.
    Writeback,
    /// What Microsoft says of a password beforehand.
    ValidatePassword,
    /// Who somebody's manager is.
    Manager,
    /// Temporary Access Passes: making one, looking at it, taking it back.
    Pass,
    /// Ending somebody's sessions.
    Revoke,
    /// Any other Graph call.
    Other,
}

/// What goes wrong.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect", deny_unknown_fields)]
pub enum Effect {
    /// Answers this instead of doing anything. `code` is the `OData` error code; without `graph_body` the body is the
    /// HTML of some proxy on the way.
    Status {
        status: u16,
        #[serde(default = "default_code")]
        code: String,
        #[serde(default)]
        retry_after: Option<u64>,
        #[serde(default = "yes")]
        graph_body: bool,
    },
    /// Graph answers with a claims challenge: the token is good, and not enough any more
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).
    ClaimsChallenge,
    /// Waits before it does what it does.
    Delay { ms: u64 },
    /// Closes the connection and does nothing.
    Hangup,
    /// Does everything, then closes the connection instead of answering.
    DropAnswer,
    /// Does everything, then answers late.
    LateAnswer { ms: u64 },
    /// Does everything, then answers a byte at a time, with this pause after each.
    Drip { ms: u64 },
    /// Does everything, then breaks off in the middle of the answer.
    Truncate,
    /// Does everything, then answers as many bytes as this, of no meaning.
    Huge { bytes: u64 },
    /// Does everything, then answers something else.
    Body { status: u16, content_type: String, text: String },
    /// Sends the caller elsewhere.
    Redirect { to: String },
    /// The operation is taken, then forgotten: asking for it is 404.
    LoseOperation,
    /// `Location` names this instead of the operation.
    Location { url: String },
    /// 202 without `Location`.
    NoLocation,
    /// Entra says no with this code, as `error` (such as `interaction_required`), to a sign-in or at the token endpoint.
    Aadsts {
        code: u32,
        #[serde(default = "default_error")]
        error: String,
    },
    /// The grant behind the refresh token is dead (AADSTS50173).
    DeadToken,
    /// The id token does not say that the context is satisfied.
    OmitContext,
    /// No writeback agent answers.
    AgentOffline,
    /// The directory takes the password, the cloud does not.
    Split,
    /// The cloud takes it and no agent carries it.
    CloudOnly,
    /// The agent takes this long.
    Slow { ms: u64 },
    /// The operation fails with this detail; nothing is written.
    Fails { detail: String },
}

fn default_code() -> String {
    "UnknownError".to_owned()
}

fn default_error() -> String {
    "access_denied".to_owned()
}

fn yes() -> bool {
    true
}

/// One fault.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Fault {
    /// Which call.
    pub on: Call,
    /// Whose (user principal name of the target); everybody's if not said.
    #[serde(default)]
    pub person: Option<String>,
    /// How many times; for ever if not said.
    #[serde(default)]
    pub times: Option<u32>,
    /// What.
    #[serde(flatten)]
    pub effect: Effect,
}

impl Fault {
    /// A fault that stays.
    #[must_use]
    pub fn on(on: Call, effect: Effect) -> Self {
        Self { on, person: None, times: None, effect }
    }

    /// Only for this person.
    #[must_use]
    pub fn for_person(mut self, upn: &str) -> Self {
        self.person = Some(upn.to_owned());
        self
    }

    /// Only so many times.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub(super) fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    pub(super) fn hurry(&mut self) {
        match &mut self.effect {
            Effect::Slow { ms } | Effect::Delay { ms } => *ms = (*ms).min(900),
            Effect::Status { retry_after: Some(seconds), .. } => *seconds = (*seconds).min(1),
            _ => {}
        }
    }

    fn applies(&self, call: Call, person: Option<&str>) -> bool {
        self.on == call && self.times != Some(0) && self.person.as_deref().is_none_or(|p| Some(p) == person)
    }
}

impl Effect {
    /// Whether it can happen to any request, whatever is asked.
    pub(super) fn is_on_the_way(&self) -> bool {
        matches!(
            self,
            Self::Status { .. }
                | Self::ClaimsChallenge
                | Self::Delay { .. }
                | Self::Hangup
                | Self::DropAnswer
                | Self::LateAnswer { .. }
                | Self::Drip { .. }
                | Self::Truncate
                | Self::Huge { .. }
                | Self::Body { .. }
                | Self::Redirect { .. }
        )
    }
}

/// Takes the effects of a call: each fault that applies and is `wanted` is used once.
pub(super) fn take(
    faults: &mut [Fault],
    call: Call,
    person: Option<&str>,
    wanted: impl Fn(&Effect) -> bool,
) -> Vec<Effect> {
    let mut effects = Vec::new();
    for fault in faults.iter_mut().filter(|fault| fault.applies(call, person) && wanted(&fault.effect)) {
        if let Some(left) = &mut fault.times {
            *left -= 1;
        }
        effects.push(fault.effect.clone());
    }
    effects
}

/// Which call a request is, and whose id stands in it.
pub(super) fn classify<'p>(method: &Method, path: &'p str) -> (Call, Option<&'p str>) {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("v1.0"), Some("users")) => {
            let person = parts.next();
            let call = match (method.as_str(), path.rsplit('/').next()) {
                ("POST", Some("resetPassword")) => Call::ResetPassword,
                _ if path.contains("/authentication/operations/") => Call::Operation,
                ("GET", last) if last == person => Call::User,
                ("GET", Some("transitiveMemberOf")) => Call::Groups,
                ("GET", Some("registeredDevices")) => Call::Devices,
                ("GET", Some("manager")) => Call::Manager,
                ("POST", Some("revokeSignInSessions")) => Call::Revoke,
                _ if path.contains("/authentication/temporaryAccessPassMethods") => Call::Pass,
                _ => Call::Other,
            };
            (call, person)
        }
        (Some("beta"), Some("users")) => (Call::ValidatePassword, None),
        (Some("v1.0"), Some("auditLogs")) => (Call::Audits, None),
        (Some("v1.0"), Some("identity")) => (Call::Policies, None),
        (Some("v1.0"), Some("roleManagement")) => (Call::Roles, None),
        (Some("v1.0"), Some("reports")) => (Call::Methods, path.rsplit('/').next()),
        (Some("v1.0"), Some("identityProtection")) => (Call::Risk, path.rsplit('/').next()),
        (Some("v1.0"), _) => (Call::Other, None),
        _ if path.ends_with("/oauth2/v2.0/token") => (Call::Token, None),
        _ if path.ends_with("/discovery/v2.0/keys") => (Call::Keys, None),
        _ => (Call::Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_used_up() {
        let mut faults = vec![Fault::on(Call::Operation, Effect::Hangup).for_person("a@x").times(1)];
        assert_eq!(take(&mut faults, Call::Operation, Some("b@x"), |_| true), []);
        assert_eq!(take(&mut faults, Call::Operation, Some("a@x"), |_| true), [Effect::Hangup]);
        assert_eq!(take(&mut faults, Call::Operation, Some("a@x"), |_| true), []);
    }

    #[test]
    fn requests_are_known_by_their_path() {
        let reset = "/v1.0/users/1/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword";
        assert_eq!(classify(&Method::POST, reset), (Call::ResetPassword, Some("1")));
        let operation = "/v1.0/users/1/authentication/operations/2";
        assert_eq!(classify(&Method::GET, operation), (Call::Operation, Some("1")));
        assert_eq!(classify(&Method::GET, "/v1.0/users/1"), (Call::User, Some("1")));
        assert_eq!(classify(&Method::GET, "/v1.0/users/1/registeredDevices"), (Call::Devices, Some("1")));
        assert_eq!(classify(&Method::GET, "/v1.0/users/1/manager"), (Call::Manager, Some("1")));
        assert_eq!(classify(&Method::POST, "/v1.0/users/1/revokeSignInSessions"), (Call::Revoke, Some("1")));
        let passes = "/v1.0/users/1/authentication/temporaryAccessPassMethods";
        assert_eq!(classify(&Method::POST, passes), (Call::Pass, Some("1")));
        assert_eq!(classify(&Method::DELETE, &format!("{passes}/2")), (Call::Pass, Some("1")));
        let report = "/v1.0/reports/authenticationMethods/userRegistrationDetails/1";
        assert_eq!(classify(&Method::GET, report), (Call::Methods, Some("1")));
        assert_eq!(classify(&Method::POST, "/beta/users/validatePassword"), (Call::ValidatePassword, None));
        assert_eq!(classify(&Method::GET, "/t/oauth2/v2.0/token"), (Call::Token, None));
    }
}
