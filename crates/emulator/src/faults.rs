//! Faults as data: which call fails, for which person, how often, and in which way.
//!
//! Faults come from the seed, from [`RunningEmulator::add_fault`](super::RunningEmulator::add_fault) or, over HTTP,
//! from the fault control. The names of variants and fields are the seed format: `reset_password`, `lose_operation`.

use axum::http::Method;
use serde::{Deserialize, Serialize};

/// A kind of call that a fault applies to; `on` in the seed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultTarget {
    /// A submitted sign-in page with valid credentials. Only [`FaultEffect::Aadsts`] has an effect here.
    Authorize,
    /// The token endpoint.
    Token,
    /// The JSON Web Key Set.
    Keys,
    /// `resetPassword`.
    ResetPassword,
    /// The status of a long-running operation.
    Operation,
    /// `GET /users/{id}`.
    User,
    /// The directory audit log.
    Audits,
    /// Conditional Access policies.
    Policies,
    /// Role assignments and eligibilities.
    Roles,
    /// A person's `transitiveMemberOf` without a type.
    Groups,
    /// A person's devices.
    Devices,
    /// The registration report (`userRegistrationDetails`).
    Methods,
    /// Identity Protection's user risk: reading and dismissing.
    Risk,
    /// Password writeback: from Entra through the agent to the directory, after the 202 response.
    Writeback,
    /// `validatePassword` (beta).
    ValidatePassword,
    /// A person's manager.
    Manager,
    /// Temporary Access Passes: creating, reading and deleting.
    Pass,
    /// `revokeSignInSessions`.
    Revoke,
    /// Any other request.
    Other,
}

/// The way in which a call fails; `effect` in the seed, with the variant's fields beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "effect", deny_unknown_fields)]
pub enum FaultEffect {
    /// Responds with this status without calling the handler. `code` is the `OData` error code, `retry_after` is in
    /// seconds. With `graph_body = false` the body is HTML, like that of a proxy.
    Status {
        status: u16,
        #[serde(default = "default_code")]
        code: String,
        #[serde(default)]
        retry_after: Option<u64>,
        #[serde(default = "default_graph_body")]
        graph_body: bool,
    },
    /// Responds with Graph's claims challenge: the token is valid but a newer one is required
    /// (<https://learn.microsoft.com/entra/identity-platform/claims-challenge>, read 2026-11-23).
    ClaimsChallenge,
    /// Waits before calling the handler.
    Delay { ms: u64 },
    /// Closes the connection without calling the handler.
    Hangup,
    /// Calls the handler, then closes the connection without a response.
    DropAnswer,
    /// Calls the handler, then delays the response.
    LateAnswer { ms: u64 },
    /// Calls the handler, then sends the response body one byte at a time, with this pause before each.
    Drip { ms: u64 },
    /// Calls the handler, then closes the connection in the middle of the response body.
    Truncate,
    /// Calls the handler, then replaces the response body with at least this many bytes of spaces.
    Huge { bytes: u64 },
    /// Calls the handler, then sends this response instead.
    Body { status: u16, content_type: String, text: String },
    /// Redirects with 307 without calling the handler.
    Redirect { to: String },
    /// Accepts the reset, then responds with 404 to requests for its operation.
    LoseOperation,
    /// Sends this address in `Location` instead of the operation's.
    Location { url: String },
    /// Sends 202 without `Location`.
    NoLocation,
    /// Rejects a sign-in or a token request with this AADSTS code and OAuth `error`, such as `interaction_required`.
    Aadsts {
        code: u32,
        #[serde(default = "default_error")]
        error: String,
    },
    /// Rejects the refresh token as revoked (AADSTS50173).
    DeadToken,
    /// Omits the authentication contexts (`acrs`) from the tokens of an authorization code.
    OmitContext,
    /// Fails the operation after `writeback.offline_after_ms`: no writeback agent responds.
    AgentOffline,
    /// Writes the password to the directory, then fails the operation: the cloud update failed.
    Split,
    /// Sets the password in the cloud only; no agent writes it to the directory.
    CloudOnly,
    /// Completes writeback after this time instead of `writeback.delay_ms`.
    Slow { ms: u64 },
    /// Fails the operation with this `statusDetail`; nothing is written.
    Fails { detail: String },
}

fn default_code() -> String {
    "UnknownError".to_owned()
}

fn default_error() -> String {
    "access_denied".to_owned()
}

fn default_graph_body() -> bool {
    true
}

/// A fault: target, optional limits and effect.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct InjectedFault {
    /// Kind of call.
    pub on: FaultTarget,
    /// User principal name of the person whom the call is about. Without it the fault applies to calls about anyone.
    #[serde(default)]
    pub person: Option<String>,
    /// Remaining number of uses. Without it the fault is permanent.
    #[serde(default)]
    pub times: Option<u32>,
    /// Way in which the call fails.
    #[serde(flatten)]
    pub effect: FaultEffect,
}

impl InjectedFault {
    /// Creates a permanent fault for calls about anyone.
    #[must_use]
    pub fn new(on: FaultTarget, effect: FaultEffect) -> Self {
        Self { on, person: None, times: None, effect }
    }

    /// Limits the fault to calls about this person.
    #[must_use]
    pub fn for_person(mut self, upn: &str) -> Self {
        self.person = Some(upn.to_owned());
        self
    }

    /// Limits the fault to this number of uses.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    pub(super) fn person(&self) -> Option<&str> {
        self.person.as_deref()
    }

    /// Limits `slow` and `delay` to 900 ms and `retry_after` to 1 s, for tests.
    pub(super) fn shorten_delays(&mut self) {
        match &mut self.effect {
            FaultEffect::Slow { ms } | FaultEffect::Delay { ms } => *ms = (*ms).min(900),
            FaultEffect::Status { retry_after: Some(seconds), .. } => *seconds = (*seconds).min(1),
            _ => {}
        }
    }

    fn applies_to(&self, call: FaultTarget, person: Option<&str>) -> bool {
        self.on == call && self.times != Some(0) && self.person.as_deref().is_none_or(|p| Some(p) == person)
    }
}

impl FaultEffect {
    /// Returns whether the effect can be applied to any request, without the handler's help.
    pub(super) fn is_request_independent(&self) -> bool {
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

/// Returns the effects of all faults that apply to a call and are `wanted`, and uses each of them once.
pub(super) fn take_effects(
    faults: &mut [InjectedFault],
    call: FaultTarget,
    person: Option<&str>,
    wanted: impl Fn(&FaultEffect) -> bool,
) -> Vec<FaultEffect> {
    let mut effects = Vec::new();
    for fault in faults.iter_mut().filter(|fault| fault.applies_to(call, person) && wanted(&fault.effect)) {
        if let Some(left) = &mut fault.times {
            *left -= 1;
        }
        effects.push(fault.effect.clone());
    }
    effects
}

/// Returns the kind of call that a request is, and the id or name of a person in its path.
pub(super) fn classify_request<'p>(method: &Method, path: &'p str) -> (FaultTarget, Option<&'p str>) {
    let mut parts = path.trim_start_matches('/').split('/');
    match (parts.next(), parts.next()) {
        (Some("v1.0"), Some("users")) => {
            let person = parts.next();
            let call = match (method.as_str(), path.rsplit('/').next()) {
                ("POST", Some("resetPassword")) => FaultTarget::ResetPassword,
                _ if path.contains("/authentication/operations/") => FaultTarget::Operation,
                ("GET", last) if last == person => FaultTarget::User,
                ("GET", Some("transitiveMemberOf")) => FaultTarget::Groups,
                ("GET", Some("registeredDevices")) => FaultTarget::Devices,
                ("GET", Some("manager")) => FaultTarget::Manager,
                ("POST", Some("revokeSignInSessions")) => FaultTarget::Revoke,
                _ if path.contains("/authentication/temporaryAccessPassMethods") => FaultTarget::Pass,
                _ => FaultTarget::Other,
            };
            (call, person)
        }
        (Some("beta"), Some("users")) => (FaultTarget::ValidatePassword, None),
        (Some("v1.0"), Some("auditLogs")) => (FaultTarget::Audits, None),
        (Some("v1.0"), Some("identity")) => (FaultTarget::Policies, None),
        (Some("v1.0"), Some("roleManagement")) => (FaultTarget::Roles, None),
        (Some("v1.0"), Some("reports")) => (FaultTarget::Methods, path.rsplit('/').next()),
        (Some("v1.0"), Some("identityProtection")) => (FaultTarget::Risk, path.rsplit('/').next()),
        (Some("v1.0"), _) => (FaultTarget::Other, None),
        _ if path.ends_with("/oauth2/v2.0/token") => (FaultTarget::Token, None),
        _ if path.ends_with("/discovery/v2.0/keys") => (FaultTarget::Keys, None),
        _ => (FaultTarget::Other, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limited_fault_stops_after_its_last_use() {
        let mut faults =
            vec![InjectedFault::new(FaultTarget::Operation, FaultEffect::Hangup).for_person("a@x").times(1)];
        assert_eq!(take_effects(&mut faults, FaultTarget::Operation, Some("b@x"), |_| true), []);
        assert_eq!(take_effects(&mut faults, FaultTarget::Operation, Some("a@x"), |_| true), [FaultEffect::Hangup]);
        assert_eq!(take_effects(&mut faults, FaultTarget::Operation, Some("a@x"), |_| true), []);
    }

    #[test]
    fn requests_are_classified_by_path() {
        let reset = "/v1.0/users/1/authentication/methods/28c10230-6103-485e-b985-444c60001490/resetPassword";
        assert_eq!(classify_request(&Method::POST, reset), (FaultTarget::ResetPassword, Some("1")));
        let operation = "/v1.0/users/1/authentication/operations/2";
        assert_eq!(classify_request(&Method::GET, operation), (FaultTarget::Operation, Some("1")));
        assert_eq!(classify_request(&Method::GET, "/v1.0/users/1"), (FaultTarget::User, Some("1")));
        assert_eq!(
            classify_request(&Method::GET, "/v1.0/users/1/registeredDevices"),
            (FaultTarget::Devices, Some("1"))
        );
        assert_eq!(classify_request(&Method::GET, "/v1.0/users/1/manager"), (FaultTarget::Manager, Some("1")));
        assert_eq!(
            classify_request(&Method::POST, "/v1.0/users/1/revokeSignInSessions"),
            (FaultTarget::Revoke, Some("1"))
        );
        let passes = "/v1.0/users/1/authentication/temporaryAccessPassMethods";
        assert_eq!(classify_request(&Method::POST, passes), (FaultTarget::Pass, Some("1")));
        assert_eq!(classify_request(&Method::DELETE, &format!("{passes}/2")), (FaultTarget::Pass, Some("1")));
        let report = "/v1.0/reports/authenticationMethods/userRegistrationDetails/1";
        assert_eq!(classify_request(&Method::GET, report), (FaultTarget::Methods, Some("1")));
        assert_eq!(
            classify_request(&Method::POST, "/beta/users/validatePassword"),
            (FaultTarget::ValidatePassword, None)
        );
        assert_eq!(classify_request(&Method::GET, "/t/oauth2/v2.0/token"), (FaultTarget::Token, None));
    }
}
