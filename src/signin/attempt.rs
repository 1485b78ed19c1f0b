//! Sign-in attempts: starts a sign-in at Entra and stores what its callback needs.
//!
//! An attempt is bound to one browser and has one purpose. The callback follows only this stored purpose.

use axum::response::Redirect;
use serde::{Deserialize, Serialize};
use tower_sessions::Session;

use super::finishing_store::insert_finishing;
use super::refusals::SignInRefusal;
use super::session::ensure_browser_id;
use crate::base::{PersonKey, ResetId, Secret};
use crate::entra::{AGENT_SCOPES, AuthorizeRequest, ChallengeCapability, ClaimsChallenge, GraphScope};
use crate::state::AppState;
use crate::store::StoredSignInAttempt;
use crate::web::WebError;

/// Purpose of a sign-in. The stored names are the lower-case variant names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum SignInPurpose {
    Person,
    Staff,
    Operator,
    /// Finishing sign-in of one reset. Never creates a session.
    Finish,
    /// Sign-in to answer a verification request of the helpdesk: as strong as [`Self::Person`], and leads to
    /// `/account`.
    Vouch,
    /// Sign-in of an agent for a token of their own, for one action of one case.
    Act,
}

impl SignInPurpose {
    fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Staff => "staff",
            Self::Operator => "operator",
            Self::Finish => "finish",
            Self::Vouch => "vouch",
            Self::Act => "act",
        }
    }

    /// Returns the authentication context that the sign-in must satisfy. The operator can sign in with any method,
    /// because its role is checked instead. A finishing sign-in uses the password.
    pub(super) fn required_context(self, app: &AppState) -> Option<&str> {
        match self {
            Self::Person | Self::Vouch => Some(&app.config.signin.required_context),
            Self::Staff | Self::Act => Some(&app.config.signin.staff_context),
            Self::Operator | Self::Finish => None,
        }
    }

    fn requested_scopes(self, app: &AppState) -> &'static [GraphScope] {
        match self {
            Self::Person | Self::Staff | Self::Finish | Self::Vouch => &[],
            Self::Operator => app.entra.operator.scopes(),
            Self::Act => &AGENT_SCOPES,
        }
    }

    /// Returns whether a user is present to answer a claims challenge to the resulting token.
    fn challenge_capability(self) -> ChallengeCapability {
        if self == Self::Act { ChallengeCapability::CanAnswer } else { ChallengeCapability::CannotAnswer }
    }
}

/// Reset of a finishing sign-in, and its person. Stored sealed in the sign-in attempt as JSON, so the field names are
/// part of the format.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FinishingSignIn {
    pub(crate) reset: ResetId,
    pub(crate) reference: String,
    pub(crate) person: PersonKey,
}

impl FinishingSignIn {
    /// Returns the path of the status page, to which the person returns. `back` bypasses the page cache.
    pub(super) fn return_path(&self) -> String {
        format!("/resets/{}?back=1", self.reference)
    }
}

/// Action to execute when the agent returns. Stored sealed in the sign-in attempt as JSON, so the field names are part
/// of the format.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct PendingAction {
    /// The reference of the case.
    pub(crate) case: String,
    pub(crate) agent: PersonKey,
    /// Action that the agent started. The case can have another action when the agent returns.
    pub(crate) action: String,
    /// Whether the agent sees the Temporary Access Pass.
    pub(crate) to_agent: bool,
    /// Id of an execution that has started and stopped at a claims challenge. The new token continues it.
    pub(crate) row: Option<String>,
    /// Digest of the case's status that the agent read. The release before stored none, and its action is refused.
    #[serde(default)]
    pub(crate) seen: String,
}

/// State that the callback needs. Stored sealed as JSON, so the field names are part of the format.
#[derive(Serialize, Deserialize)]
pub(super) struct SignInAttempt {
    pub(super) purpose: SignInPurpose,
    pub(super) nonce: String,
    pub(super) verifier: String,
    /// Whether this attempt is the single repetition after a missing authentication context.
    pub(super) step_up: bool,
    /// Reset of a finishing sign-in.
    #[serde(default)]
    pub(super) finishing: Option<FinishingSignIn>,
    /// Pending action of an agent's sign-in.
    #[serde(default)]
    pub(super) acting: Option<PendingAction>,
    #[serde(default)]
    challenge: Option<ClaimsChallenge>,
    /// Value of the `claims` parameter, sent again with the token request.
    #[serde(default)]
    pub(super) claims: Option<String>,
}

impl SignInAttempt {
    fn new(app: &AppState, purpose: SignInPurpose) -> Self {
        let (nonce, verifier) = (app.random.token(), app.random.token());
        Self { purpose, nonce, verifier, step_up: false, finishing: None, acting: None, challenge: None, claims: None }
    }
}

/// Starts a sign-in and returns the redirect to Entra.
pub(super) async fn begin_sign_in(
    app: &AppState,
    session: &Session,
    purpose: SignInPurpose,
) -> Result<Redirect, WebError> {
    redirect_to_entra(app, session, SignInAttempt::new(app, purpose), None).await
}

/// Starts the sign-in of an account that an administrator wants to link as operator.
pub(crate) async fn begin_operator_sign_in(app: &AppState, session: &Session) -> Result<Redirect, WebError> {
    begin_sign_in(app, session, SignInPurpose::Operator).await
}

/// Repeats a sign-in for the same purpose, after a missing authentication context.
pub(super) async fn begin_step_up(
    app: &AppState,
    session: &Session,
    last: SignInAttempt,
    upn: &str,
) -> Result<Redirect, WebError> {
    let SignInAttempt { purpose, acting, challenge, .. } = last;
    let attempt = SignInAttempt { step_up: true, acting, challenge, ..SignInAttempt::new(app, purpose) };
    redirect_to_entra(app, session, attempt, Some(upn)).await
}

/// Redirects an agent to Entra for a token of their own. `challenge` is the claims challenge to the last token, if any.
pub(crate) async fn begin_agent_action(
    app: &AppState,
    session: &Session,
    acting: PendingAction,
    challenge: Option<ClaimsChallenge>,
    upn: &str,
) -> Result<Redirect, WebError> {
    let attempt = SignInAttempt { acting: Some(acting), challenge, ..SignInAttempt::new(app, SignInPurpose::Act) };
    redirect_to_entra(app, session, attempt, Some(upn)).await
}

/// Starts a finishing sign-in: redirects the browser to Entra, with the username filled in.
///
/// It belongs to one reset and proves only that the same person returned. It never creates, extends or elevates a
/// session. The reset code checks with Entra afterwards whether the password was changed.
pub(crate) async fn begin_finishing(
    app: &AppState,
    session: &Session,
    finishing: FinishingSignIn,
    upn: &str,
) -> Result<Redirect, WebError> {
    insert_finishing(&app.db, finishing.reset, app.now()).await?;
    let attempt = SignInAttempt { finishing: Some(finishing), ..SignInAttempt::new(app, SignInPurpose::Finish) };
    redirect_to_entra(app, session, attempt, Some(upn)).await
}

/// Stores the attempt and returns the redirect to Entra.
async fn redirect_to_entra(
    app: &AppState,
    session: &Session,
    mut attempt: SignInAttempt,
    hint: Option<&str>,
) -> Result<Redirect, WebError> {
    let purpose = attempt.purpose;
    let browser = ensure_browser_id(session, app).await?;
    let state = app.random.token();
    let verifier = Secret::new(attempt.verifier.clone());
    let claims = ClaimsChallenge::claims_parameter(
        purpose.required_context(app),
        purpose.challenge_capability(),
        attempt.challenge.as_ref(),
    );
    let with = AuthorizeRequest {
        state: &state,
        nonce: &attempt.nonce,
        pkce_verifier: &verifier,
        scopes: purpose.requested_scopes(app),
        claims: claims.as_deref(),
        login_hint: hint,
    };
    let url = app.entra.oidc.authorize_url(&with).await.map_err(|error| {
        tracing::warn!(error = ?error, "redirect to Entra failed: discovery unavailable");
        WebError::from(SignInRefusal::EntraFailed)
    })?;
    attempt.claims = claims.filter(|_| purpose.challenge_capability() == ChallengeCapability::CanAnswer);
    let data = serde_json::to_vec(&attempt).map_err(|e| WebError::internal(&e))?;
    app.sign_in_attempts
        .insert(&state, &browser, &StoredSignInAttempt { purpose: purpose.as_str().to_owned(), data }, app.now())
        .await?;
    Ok(Redirect::to(url.as_str()))
}
