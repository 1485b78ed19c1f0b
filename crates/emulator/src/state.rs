//! In-memory state of the emulated tenant.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::faults::{self, FaultEffect, FaultTarget, InjectedFault};
use super::password::PasswordDigest;
use super::seed::{self, TenantSeed};
pub(super) use super::token_grants::{
    AuthorizationCode, BrowserSession, DeviceAuthorization, DeviceAuthorizationState, EmulatedSignInMethod, TokenGrant,
};
use passback_foundation::Random;

/// The tenant's complete state, behind one lock.
pub(super) struct TenantState {
    pub(super) seed: TenantSeed,
    pub(super) accounts: Vec<CloudAccount>,
    /// Index into `accounts` by object id. A linear search through thousands of accounts per call would dominate
    /// benchmarks.
    index_by_id: HashMap<Uuid, usize>,
    /// Index into `accounts` by lower-case user principal name.
    index_by_upn: HashMap<String, usize>,
    pub(super) faults: Vec<InjectedFault>,
    pub(super) calls: Vec<RecordedCall>,
    /// Every issued token and code, so that tests can search for leaks.
    pub(super) issued_tokens: Vec<String>,
    /// How clients authenticated at the token endpoint, in order.
    pub(super) client_authentications: Vec<String>,
    /// The parameter `claims` of each token request that had one, in order.
    pub(super) requested_claims: Vec<String>,
    pub(super) authorization_codes: HashMap<String, AuthorizationCode>,
    pub(super) refresh_tokens: HashMap<String, TokenGrant>,
    pub(super) browser_sessions: HashMap<String, BrowserSession>,
    pub(super) device_authorizations: HashMap<String, DeviceAuthorization>,
    pub(super) operations: Vec<PendingOperation>,
    pub(super) audit_records: Vec<AuditRecord>,
    pub(super) sent_mails: Vec<SentMail>,
    pub(super) throttle_windows: HashMap<&'static str, Vec<Timestamp>>,
}

/// A request that arrived. The fault control returns it as JSON, without query and body.
#[derive(Clone, serde::Serialize)]
pub(super) struct RecordedCall {
    pub(super) at: Timestamp,
    pub(super) call: FaultTarget,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) person: Option<String>,
    /// HTTP status of the response; 0 if the connection was closed without one, and until it is sent.
    pub(super) status: u16,
    /// Query as sent. Tests compare it and the body with Microsoft's API description.
    #[serde(skip)]
    pub(super) query: String,
    /// JSON body without passwords.
    #[serde(skip)]
    pub(super) body: Option<serde_json::Value>,
}

/// A request that the emulator received, without passwords.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    pub method: String,
    pub path: String,
    /// Query as sent, still percent-encoded.
    pub query: String,
    /// JSON body with passwords replaced by `hidden`; `None` for other content types.
    pub body: Option<serde_json::Value>,
    /// HTTP status of the response; 0 if the connection was closed without one, and until it is sent.
    pub status: u16,
}

/// An email message that an application sent through Graph.
#[derive(Clone, Debug)]
pub struct SentMail {
    pub from: String,
    pub to: Vec<String>,
    pub subject: String,
    /// `contentType` as sent, such as `html` or `text`.
    pub content_type: String,
    pub content: String,
    /// Whether the message is saved to the sender's Sent Items folder.
    pub saved_to_sent_items: bool,
}

/// A cloud account.
pub(super) struct CloudAccount {
    pub(super) id: Uuid,
    pub(super) seed: seed::PersonSeed,
    pub(super) password: PasswordDigest,
    /// Whether the password must be changed at the next sign-in, as after an administrator's reset.
    pub(super) must_change: bool,
    pub(super) last_password_change: Timestamp,
    /// Sessions and refresh tokens from before this time are revoked.
    pub(super) sessions_valid_from: Timestamp,
    /// Sessions and refresh tokens of password sign-ins before this time are revoked.
    pub(super) password_set_at: Timestamp,
    /// Access tokens from before this time are expired. Tests use it instead of waiting for an hour.
    pub(super) tokens_valid_from: Timestamp,
    pub(super) pass: Option<EmulatedPass>,
    /// Whether an administrator has dismissed the seed's risk.
    pub(super) risk_dismissed: bool,
}

/// A Temporary Access Pass.
#[derive(Clone)]
pub(super) struct EmulatedPass {
    pub(super) id: Uuid,
    pub(super) code: String,
    pub(super) starts_at: Timestamp,
    pub(super) lifetime_minutes: i64,
    pub(super) usable_once: bool,
    pub(super) used: bool,
}

impl EmulatedPass {
    pub(super) fn is_usable(&self, now: Timestamp) -> bool {
        now >= self.starts_at && now < self.expires_at() && !(self.usable_once && self.used)
    }

    pub(super) fn expires_at(&self) -> Timestamp {
        self.starts_at.saturating_add(SignedDuration::from_mins(self.lifetime_minutes)).unwrap_or(Timestamp::MAX)
    }
}

/// A password reset that Graph accepted, as a long-running operation.
#[derive(Clone)]
pub(super) struct PendingOperation {
    pub(super) id: Uuid,
    pub(super) account: Uuid,
    pub(super) operator: Uuid,
    pub(super) created_at: Timestamp,
    /// Time at which the agent writes the password.
    pub(super) due_at: Timestamp,
    pub(super) last_action_at: Timestamp,
    pub(super) stage: OperationStage,
    /// Whether requests for the operation get 404.
    pub(super) lost: bool,
    /// Effects of faults on the reset and on writeback.
    pub(super) effects: Vec<FaultEffect>,
    /// The new password until the agent takes it.
    pub(super) password: Option<passback_foundation::Secret>,
}

/// Progress of an operation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum OperationStage {
    Waiting,
    /// The agent has taken the password.
    WritingBack,
    Succeeded,
    /// Failed, with Graph's `statusDetail`.
    Failed(String),
}

/// A record of the directory audit log.
#[derive(Clone)]
pub(super) struct AuditRecord {
    pub(super) id: Uuid,
    pub(super) correlation_id: Uuid,
    /// Time of the event.
    pub(super) occurred_at: Timestamp,
    /// Time from which the record can be read.
    pub(super) visible_from: Timestamp,
    pub(super) activity: &'static str,
    pub(super) service: &'static str,
    pub(super) initiator: Uuid,
    pub(super) target: Uuid,
    pub(super) success: bool,
    pub(super) reason: String,
    /// `OnPremisesAgent` in `additionalDetails`; omitted if `None`.
    pub(super) agent: Option<String>,
}

impl TenantState {
    pub(super) fn new(seed: TenantSeed, random: &Random, now: Timestamp) -> Self {
        let accounts: Vec<_> = seed.people.iter().map(|person| CloudAccount::new(person, &seed, random, now)).collect();
        Self {
            // Reversed, so that the first of several people with the same name or id is found.
            index_by_id: accounts.iter().enumerate().rev().map(|(at, a)| (a.id, at)).collect(),
            index_by_upn: accounts
                .iter()
                .enumerate()
                .rev()
                .map(|(at, a)| (a.seed.upn.to_ascii_lowercase(), at))
                .collect(),
            accounts,
            faults: seed.faults.clone(),
            seed,
            calls: Vec::new(),
            issued_tokens: Vec::new(),
            client_authentications: Vec::new(),
            requested_claims: Vec::new(),
            authorization_codes: HashMap::new(),
            refresh_tokens: HashMap::new(),
            device_authorizations: HashMap::new(),
            browser_sessions: HashMap::new(),
            operations: Vec::new(),
            audit_records: Vec::new(),
            sent_mails: Vec::new(),
            throttle_windows: HashMap::new(),
        }
    }

    /// Finds an account by object id or user principal name, as Graph's paths allow.
    pub(super) fn find_account(&self, name: &str) -> Option<&CloudAccount> {
        self.account_index(name).and_then(|at| self.accounts.get(at))
    }

    pub(super) fn find_account_mut(&mut self, name: &str) -> Option<&mut CloudAccount> {
        self.account_index(name).and_then(|at| self.accounts.get_mut(at))
    }

    fn account_index(&self, name: &str) -> Option<usize> {
        let id = || Uuid::parse_str(name).ok().and_then(|id| self.index_by_id.get(&id));
        self.index_by_upn.get(&name.to_ascii_lowercase()).or_else(id).copied()
    }

    pub(super) fn account_by_id(&self, id: Uuid) -> Option<&CloudAccount> {
        self.index_by_id.get(&id).and_then(|at| self.accounts.get(*at))
    }

    pub(super) fn account_by_id_mut(&mut self, id: Uuid) -> Option<&mut CloudAccount> {
        self.index_by_id.get(&id).and_then(|at| self.accounts.get_mut(*at))
    }

    pub(super) fn find_app(&self, client_id: Uuid) -> Option<&seed::AppRegistration> {
        self.seed.apps.iter().find(|app| app.client_id == client_id)
    }

    /// Takes the effects of all faults that apply to a call about a person (object id or user principal name).
    pub(super) fn take_faults(&mut self, call: FaultTarget, target: Option<&str>) -> Vec<FaultEffect> {
        self.take_faults_matching(call, target, |_| true)
    }

    /// As [`Self::take_faults`], for `wanted` effects only. Other faults are not used up.
    pub(super) fn take_faults_matching(
        &mut self,
        call: FaultTarget,
        target: Option<&str>,
        wanted: impl Fn(&FaultEffect) -> bool,
    ) -> Vec<FaultEffect> {
        let upn = target.and_then(|name| self.find_account(name)).map(|a| a.seed.upn.clone());
        faults::take_effects(&mut self.faults, call, upn.as_deref(), wanted)
    }

    /// Counts a request against the limit `what`. Returns the seconds to wait if the limit is reached. A limit of 0
    /// allows all requests.
    pub(super) fn throttle_request(
        &mut self,
        what: &'static str,
        limit: u32,
        window: SignedDuration,
        now: Timestamp,
    ) -> Option<i64> {
        if limit == 0 {
            return None;
        }
        let seen = self.throttle_windows.entry(what).or_default();
        seen.retain(|at| now.duration_since(*at) < window);
        if seen.len() < limit as usize {
            seen.push(now);
            return None;
        }
        let oldest = seen.first().copied().unwrap_or(now);
        Some((window - now.duration_since(oldest)).as_secs().max(0) + 1)
    }
}

impl CloudAccount {
    fn new(person: &seed::PersonSeed, seed: &TenantSeed, random: &Random, now: Timestamp) -> Self {
        let password = person.password.as_deref().unwrap_or(&seed.organization.initial_password);
        let tap = person.methods.iter().find_map(|m| m.strip_prefix("tap:")).map(|code| EmulatedPass {
            id: random.uuid(),
            code: code.to_owned(),
            starts_at: now,
            lifetime_minutes: 480,
            usable_once: false,
            used: false,
        });
        let month_ago = now.saturating_sub(SignedDuration::from_hours(24 * 40)).unwrap_or(Timestamp::MIN);
        Self {
            id: person.id.unwrap_or_else(|| derive_object_id(seed, &person.upn)),
            password: PasswordDigest::new(password, random),
            must_change: person.ad.must_change,
            last_password_change: month_ago,
            sessions_valid_from: month_ago,
            password_set_at: month_ago,
            tokens_valid_from: month_ago,
            pass: tap,
            risk_dismissed: false,
            seed: person.clone(),
        }
    }

    /// Returns the account's `sAMAccountName`: the part of the user principal name before the `@`.
    pub(super) fn sam_account_name(&self) -> &str {
        self.seed.upn.split('@').next().unwrap_or(&self.seed.upn)
    }

    pub(super) fn has_passkey(&self) -> bool {
        self.seed.methods.iter().any(|m| m == "passkey")
    }

    /// Returns whether the account is in a role-assignable group. Microsoft protects such a group's members and owners.
    pub(super) fn is_in_role_assignable_group(&self, seed: &TenantSeed) -> bool {
        seed.groups.iter().any(|g| g.role_assignable && g.members.contains(&self.seed.upn))
    }
}

/// Derives an object id from the tenant id and a name, so that ids are the same after a restart of the demo.
pub(super) fn derive_object_id(seed: &TenantSeed, name: &str) -> Uuid {
    let hash: [u8; 32] =
        Sha256::new().chain_update(seed.organization.id.as_bytes()).chain_update(name.to_lowercase()).finalize().into();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(to, from)| *to = from);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}
