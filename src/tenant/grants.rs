//! What comes of a sign-in: a browser's session, a code, a grant.

use jiff::Timestamp;
use uuid::Uuid;

/// How somebody signed in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Method {
    Passkey,
    Password,
    Tap,
}

impl Method {
    /// The claim `amr` of an access token.
    pub(super) fn references(self) -> &'static [&'static str] {
        match self {
            Self::Passkey => &["fido", "mfa"],
            Self::Password => &["pwd"],
            Self::Tap => &["tap", "mfa"],
        }
    }

    /// The name in `authenticationMethodModes`.
    pub(super) fn combination(self) -> &'static str {
        match self {
            Self::Passkey => "fido2",
            Self::Password => "password",
            Self::Tap => "temporaryAccessPassOneTime",
        }
    }
}

/// A browser that is signed in at Entra.
#[derive(Clone)]
pub(super) struct BrowserSession {
    pub(super) account: Uuid,
    pub(super) method: Method,
    pub(super) at: Timestamp,
    pub(super) id: Uuid,
}

/// A program that waits until somebody types its code.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) user_code: String,
    pub(super) client_id: Uuid,
    pub(super) scope: Vec<String>,
    pub(super) expires: Timestamp,
    /// Not to be asked about before.
    pub(super) next: Timestamp,
    pub(super) state: DeviceState,
}

#[derive(Clone)]
pub(super) enum DeviceState {
    Pending,
    Declined,
    SignedIn(BrowserSession),
}

/// An authorization code.
#[derive(Clone)]
pub(super) struct Code {
    pub(super) grant: Grant,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) expires: Timestamp,
    pub(super) used: bool,
}

/// What somebody let an app do.
#[derive(Clone)]
pub(super) struct Grant {
    pub(super) client_id: Uuid,
    pub(super) account: Uuid,
    pub(super) scope: Vec<String>,
    pub(super) nonce: Option<String>,
    pub(super) auth_time: Timestamp,
    pub(super) session: Uuid,
    /// Authentication contexts that were asked for and are met, or had nothing behind them.
    pub(super) acrs: Vec<String>,
    pub(super) issued: Timestamp,
    /// When the first of its refresh tokens was made.
    pub(super) began: Timestamp,
    pub(super) method: Method,
    /// For a single-page application.
    pub(super) spa: bool,
}

impl Grant {
    /// What comes of a sign-in.
    pub(super) fn of(session: &BrowserSession, client_id: Uuid, scope: Vec<String>, now: Timestamp) -> Self {
        Self {
            client_id,
            account: session.account,
            scope,
            nonce: None,
            auth_time: session.at,
            session: session.id,
            acrs: Vec::new(),
            issued: now,
            began: now,
            method: session.method,
            spa: false,
        }
    }
}
