//! Sign-in: discovery, the authorize address, the code's exchange. `openidconnect`'s long types stay in this folder.

mod device;
mod identity;

pub(crate) use identity::{Identity, IdentityError};

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, DeviceAuthorizationUrl, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, Scope, TokenUrl,
};
use openidconnect::IssuerUrl;
use openidconnect::core::CoreJsonWebKeySet;
use reqwest::Client;
use tokio::sync::RwLock;
use url::Url;

use super::credential::{Credential, Proof};
use super::http::{HttpError, bridge, client};
use super::oauth::{OauthClient, TokenError, Tokens};
use crate::base::{Clock, Secret, TenantId};
use crate::config::Config;

/// Keys may roll at any time; they are read anew daily, and at once for an unknown key, but for unknown keys not more often
/// than this.
const KEYS_AT_MOST: SignedDuration = SignedDuration::from_secs(60);
const KEYS_AT_LEAST: SignedDuration = SignedDuration::from_hours(24);

/// Why a callback leads to nobody.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInFailed {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// What to send somebody to Entra with.
pub(crate) struct Authorize<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) verifier: &'a Secret,
    pub(crate) scopes: &'a [&'a str],
    pub(crate) claims: Option<&'a str>,
    pub(crate) login_hint: Option<&'a str>,
}

/// What a callback brings.
pub(crate) struct Authorized {
    pub(crate) identity: Identity,
    /// Only with `offline_access`: the operator's.
    pub(crate) refresh: Option<Secret>,
    pub(crate) access: Secret,
    pub(crate) access_seconds: i64,
}

struct Known {
    authorize: AuthUrl,
    token: TokenUrl,
    device: Option<DeviceAuthorizationUrl>,
    end_session: Option<Url>,
    issuer: IssuerUrl,
    keys: CoreJsonWebKeySet,
    read_at: Timestamp,
}

/// The application at Entra.
pub(crate) struct Oidc {
    http: Client,
    authority: Url,
    client_id: String,
    tenant: TenantId,
    credential: Arc<Credential>,
    redirect: RedirectUrl,
    clock: Clock,
    known: RwLock<Option<Arc<Known>>>,
    /// When a token with an unknown key last made us read the keys, in milliseconds.
    unknown_key_at: AtomicI64,
}

impl Oidc {
    pub(super) fn new(settings: &Config, credential: Arc<Credential>, clock: Clock) -> Result<Self, HttpError> {
        let mut redirect = settings.server.public_url.clone();
        redirect.set_path("/signin/callback");
        Ok(Self {
            http: client()?,
            authority: settings.entra.authority(),
            client_id: settings.entra.client_id.to_string(),
            tenant: settings.tenant(),
            credential,
            redirect: RedirectUrl::from_url(redirect),
            clock,
            known: RwLock::new(None),
            unknown_key_at: AtomicI64::new(i64::MIN),
        })
    }

    /// Discovery and keys, from memory while they are fresh enough.
    async fn known(&self, at_least: SignedDuration) -> Result<Arc<Known>, TokenError> {
        let now = self.clock.now();
        let fresh = |known: &Arc<Known>| now.duration_since(known.read_at) < at_least;
        if let Some(known) = self.known.read().await.as_ref().filter(|k| fresh(k)) {
            return Ok(Arc::clone(known));
        }
        let mut slot = self.known.write().await;
        if let Some(known) = slot.as_ref().filter(|k| fresh(k)) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(self.discover(now).await?);
        *slot = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Keys for a token whose key is not among `stale`: read anew at once, so that nobody is turned away while keys roll.
    async fn anew(&self, stale: &Arc<Known>) -> Result<Arc<Known>, TokenError> {
        let mut slot = self.known.write().await;
        if let Some(known) = slot.as_ref().filter(|known| !Arc::ptr_eq(known, stale)) {
            return Ok(Arc::clone(known));
        }
        let now = self.clock.now();
        let last = Timestamp::from_millisecond(self.unknown_key_at.load(Ordering::Relaxed));
        if last.is_ok_and(|last| last <= now && now.duration_since(last) < KEYS_AT_MOST) {
            return Ok(Arc::clone(stale));
        }
        self.unknown_key_at.store(now.as_millisecond(), Ordering::Relaxed);
        let read = Arc::new(self.discover(now).await?);
        *slot = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Asks anew, and tells how many keys there are.
    pub(crate) async fn look(&self) -> Result<usize, TokenError> {
        Ok(self.discover(self.clock.now()).await?.keys.keys().len())
    }

    async fn discover(&self, now: Timestamp) -> Result<Known, TokenError> {
        let wrong = |problem: String| TokenError::Discovery(problem);
        // A URL of a host alone is written with a slash, an issuer without.
        let issuer = match self.authority.path() {
            "/" => self.authority.as_str().trim_end_matches('/').to_owned(),
            _ => self.authority.to_string(),
        };
        let issuer = IssuerUrl::new(issuer).map_err(|e| wrong(e.to_string()))?;
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let metadata = device::Metadata::discover_async(issuer.clone(), &send).await.map_err(|e| {
            tracing::warn!(cause = ?e, "discovery failed");
            wrong("discovery failed".to_owned())
        })?;
        let token = metadata.token_endpoint().cloned().ok_or_else(|| wrong("there is no token endpoint".to_owned()))?;
        let more = metadata.additional_metadata();
        let end_session = more.end_session_endpoint.as_ref().map(|at| at.url().clone());
        let device = more.additional_metadata.device_authorization_endpoint.clone();
        Ok(Known {
            authorize: metadata.authorization_endpoint().clone(),
            token,
            device,
            end_session,
            issuer,
            keys: metadata.jwks().clone(),
            read_at: now,
        })
    }

    fn oauth(&self, known: &Known) -> OauthClient {
        oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(known.authorize.clone())
            .set_token_uri(known.token.clone())
            .set_redirect_uri(self.redirect.clone())
    }

    /// What proves to the token endpoint that it is us; good for one request.
    async fn proof(&self, known: &Known) -> Result<Proof, TokenError> {
        Ok(self.credential.proof(known.token.as_str()).await?)
    }

    /// Where a browser goes to sign in.
    pub(crate) async fn authorize(&self, with: &Authorize<'_>) -> Result<Url, TokenError> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
            with.verifier.expose_secret().to_owned(),
        ));
        let oauth = self.oauth(&known);
        let state = with.state.to_owned();
        let mut request = oauth.authorize_url(|| oauth2::CsrfToken::new(state)).set_pkce_challenge(challenge);
        for scope in ["openid", "profile"].iter().chain(with.scopes) {
            request = request.add_scope(Scope::new((*scope).to_owned()));
        }
        request = request
            .add_extra_param("nonce", with.nonce)
            .add_extra_param("response_mode", "query")
            .add_extra_param("prompt", "login");
        if let Some(claims) = with.claims {
            request = request.add_extra_param("claims", claims.to_owned());
        }
        if let Some(hint) = with.login_hint {
            request = request.add_extra_param("login_hint", hint.to_owned());
        }
        Ok(request.url().0)
    }

    /// Exchanges a callback's code and checks who came. `claims`: what the token has to have.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        (nonce, verifier): (&str, &Secret),
        claims: Option<&str>,
    ) -> Result<Authorized, SignInFailed> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let oauth = self.oauth(&known);
        let verifier = PkceCodeVerifier::new(verifier.expose_secret().to_owned());
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let proof = self.proof(&known).await?;
        let mut request = oauth.exchange_code(AuthorizationCode::new(code.to_owned())).set_pkce_verifier(verifier);
        for (name, value) in proof.fields() {
            request = request.add_extra_param(name, value);
        }
        if let Some(claims) = claims {
            request = request.add_extra_param("claims", claims.to_owned());
        }
        let tokens = Tokens::from(&request.request_async(&send).await.map_err(TokenError::from)?);
        self.authorized(&known, tokens, Some(nonce)).await
    }

    /// Who came, of the tokens that they brought.
    async fn authorized(
        &self,
        known: &Arc<Known>,
        tokens: Tokens,
        nonce: Option<&str>,
    ) -> Result<Authorized, SignInFailed> {
        let id_token = tokens.id_token.as_deref().ok_or(IdentityError::Missing)?;
        let identity = match self.verify(known, id_token, nonce) {
            Err(IdentityError::UnknownKey) => self.verify(&*self.anew(known).await?, id_token, nonce)?,
            other => other?,
        };
        Ok(Authorized { identity, refresh: tokens.refresh, access: tokens.access, access_seconds: tokens.seconds })
    }

    /// Where a browser goes to sign out at Entra.
    pub(crate) async fn end_session(&self, back: &Url, hint: Option<&str>) -> Option<Url> {
        let mut url = self.known(KEYS_AT_LEAST).await.ok()?.end_session.clone()?;
        url.query_pairs_mut().append_pair("post_logout_redirect_uri", back.as_str());
        if let Some(hint) = hint {
            url.query_pairs_mut().append_pair("logout_hint", hint);
        }
        Some(url)
    }

    /// The application's own token for Graph.
    pub(super) async fn application_token(&self, scope: String) -> Result<Tokens, TokenError> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let (oauth, proof) = (self.oauth(&known), self.proof(&known).await?);
        let mut request = oauth.exchange_client_credentials().add_scope(Scope::new(scope));
        for (name, value) in proof.fields() {
            request = request.add_extra_param(name, value);
        }
        Ok(Tokens::from(&request.request_async(&send).await?))
    }

    /// New tokens for an old refresh token.
    pub(super) async fn refresh(&self, token: &Secret, scopes: &[&str]) -> Result<Tokens, TokenError> {
        let known = self.known(KEYS_AT_LEAST).await?;
        let http = self.http.clone();
        let send = move |request| bridge(http.clone(), request);
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let scopes = scopes.iter().map(|s| Scope::new((*s).to_owned()));
        let (oauth, proof) = (self.oauth(&known), self.proof(&known).await?);
        let mut request = oauth.exchange_refresh_token(&token).add_scopes(scopes);
        for (name, value) in proof.fields() {
            request = request.add_extra_param(name, value);
        }
        Ok(Tokens::from(&request.request_async(&send).await?))
    }
}

#[cfg(feature = "tenant")]
#[cfg(test)]
mod forged;
