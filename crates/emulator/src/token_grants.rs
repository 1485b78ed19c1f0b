//! Results of a sign-in: browser session, authorization code, device authorization and token grant.

use jiff::Timestamp;
use uuid::Uuid;

/// The method with which a person signed in at the emulator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EmulatedSignInMethod {
    Passkey,
    Password,
    TemporaryAccessPass,
}

impl EmulatedSignInMethod {
    /// Returns the values of the claim `amr` in access tokens.
    pub(super) fn amr_values(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["fido", "mfa"],
            Self::Password => &["pwd"],
            Self::TemporaryAccessPass => &["tap", "mfa"],
        }
    }

    /// Returns the name in Graph's `authenticationMethodModes`, as authentication strengths list it.
    pub(super) fn combination_name(self) -> &'static str {
        match self {
            Self::Passkey => "fido2",
            Self::Password => "password",
            Self::TemporaryAccessPass => "temporaryAccessPassOneTime",
        }
    }
}

/// A browser's single sign-on session.
#[derive(Clone)]
pub(super) struct BrowserSession {
    pub(super) account: Uuid,
    pub(super) method: EmulatedSignInMethod,
    pub(super) signed_in_at: Timestamp,
    pub(super) id: Uuid,
}

/// A pending device authorization: a program waits until a person enters its user code.
#[derive(Clone)]
pub(super) struct DeviceAuthorization {
    pub(super) user_code: String,
    pub(super) client_id: Uuid,
    pub(super) scope: Vec<String>,
    pub(super) expires_at: Timestamp,
    /// Earliest time of the next poll. An earlier one gets `slow_down`.
    pub(super) next_poll_at: Timestamp,
    pub(super) state: DeviceAuthorizationState,
}

/// Progress of a device authorization.
#[derive(Clone)]
pub(super) enum DeviceAuthorizationState {
    Pending,
    Declined,
    SignedIn(BrowserSession),
}

/// An authorization code and the values that its redemption must match.
#[derive(Clone)]
pub(super) struct AuthorizationCode {
    pub(super) grant: TokenGrant,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) expires_at: Timestamp,
    pub(super) used: bool,
}

/// A person's sign-in to an app, from which tokens are issued.
#[derive(Clone)]
pub(super) struct TokenGrant {
    pub(super) client_id: Uuid,
    pub(super) account: Uuid,
    pub(super) scope: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: Timestamp,
    pub(super) session_id: Uuid,
    /// Requested authentication contexts. All are satisfied, or no policy applies to them.
    pub(super) acrs: Vec<String>,
    /// Time at which the current refresh token was issued.
    pub(super) issued_at: Timestamp,
    /// Time at which the first refresh token of this grant was issued.
    pub(super) first_issued_at: Timestamp,
    pub(super) method: EmulatedSignInMethod,
    /// Whether the redirect URI belongs to a single-page application.
    pub(super) is_spa: bool,
}

impl TokenGrant {
    /// Creates the grant of a browser session for an app.
    pub(super) fn from_session(session: &BrowserSession, client_id: Uuid, scope: Vec<String>, now: Timestamp) -> Self {
        Self {
            client_id,
            account: session.account,
            scope,
            nonce: None,
            auth_time: session.signed_in_at,
            session_id: session.id,
            acrs: Vec::new(),
            issued_at: now,
            first_issued_at: now,
            method: session.method,
            is_spa: false,
        }
    }
}
