//! Client of the portal's app registration: authorize URLs, code exchange, refresh and logout.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use oauth2::{
    AuthType, AuthorizationCode, ClientId, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RefreshToken, Scope,
};
use reqwest::Client;
use tokio::sync::RwLock;
use url::Url;

use super::identity::{IdTokenVerification, IdentityError, VerifiedIdentity};
use super::provider::DiscoveredProvider;
use crate::base::{Clock, Secret, TenantId};
use crate::config::Config;
use crate::entra::credential::{ClientAuthentication, ClientCredential};
use crate::entra::http_client::{HttpError, build_client, send_oauth_request};
use crate::entra::permissions::GraphScope;
use crate::entra::token_endpoint::{EntraOauthClient, TokenError, TokenSet};

/// Minimum time between refreshes caused by tokens with an unknown key. Entra may rotate its keys at any time, so an
/// unknown key causes an immediate refresh, but a forged token must not cause many.
const UNKNOWN_KEY_REFRESH_INTERVAL: SignedDuration = SignedDuration::from_secs(60);
/// Maximum age of discovery document and keys.
pub(super) const PROVIDER_REFRESH_INTERVAL: SignedDuration = SignedDuration::from_hours(24);

/// Failure of a sign-in after the person returned from Entra.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignInError {
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
}

/// Parameters of an authorize request.
pub(crate) struct AuthorizeRequest<'a> {
    pub(crate) state: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) pkce_verifier: &'a Secret,
    pub(crate) scopes: &'a [GraphScope],
    pub(crate) claims: Option<&'a str>,
    pub(crate) login_hint: Option<&'a str>,
}

/// Authorization code to exchange, with what belongs to its authorize request.
pub(crate) struct CodeRedemption<'a> {
    pub(crate) code: &'a Secret,
    pub(crate) nonce: &'a str,
    pub(crate) pkce_verifier: &'a Secret,
    /// `claims` parameter that the token must satisfy.
    pub(crate) claims: Option<&'a str>,
}

/// Completed sign-in: the verified person and their tokens.
pub(crate) struct AuthorizedSignIn {
    pub(crate) identity: VerifiedIdentity,
    /// Present only with the scope `offline_access`, which only the operator requests.
    pub(crate) refresh_token: Option<Secret>,
    pub(crate) access_token: Secret,
    pub(crate) access_lifetime_seconds: i64,
}

/// OpenID Connect client of the portal's app registration.
pub(crate) struct OidcClient {
    pub(super) http: Client,
    authority: Url,
    client_id: String,
    tenant_id: TenantId,
    credential: Arc<ClientCredential>,
    redirect_uri: RedirectUrl,
    pub(super) clock: Clock,
    provider: RwLock<Option<Arc<DiscoveredProvider>>>,
    /// Time of the last refresh caused by an unknown key, in Unix milliseconds.
    unknown_key_refreshed_at_ms: AtomicI64,
}

impl OidcClient {
    pub(in crate::entra) fn new(
        settings: &Config,
        credential: Arc<ClientCredential>,
        clock: Clock,
    ) -> Result<Self, HttpError> {
        let mut redirect = settings.server.public_url.clone();
        redirect.set_path("/signin/callback");
        Ok(Self {
            http: build_client()?,
            authority: settings.entra.authority(),
            client_id: settings.entra.client_id.to_string(),
            tenant_id: settings.tenant_id(),
            credential,
            redirect_uri: RedirectUrl::from_url(redirect),
            clock,
            provider: RwLock::new(None),
            unknown_key_refreshed_at_ms: AtomicI64::new(i64::MIN),
        })
    }

    /// Returns discovery document and keys from the cache, or fetches them if they are older than `max_age`.
    pub(super) async fn provider(&self, max_age: SignedDuration) -> Result<Arc<DiscoveredProvider>, TokenError> {
        let now = self.clock.now();
        let fresh = |provider: &Arc<DiscoveredProvider>| now.duration_since(provider.fetched_at) < max_age;
        if let Some(provider) = self.provider.read().await.as_ref().filter(|k| fresh(k)) {
            return Ok(Arc::clone(provider));
        }
        let mut slot = self.provider.write().await;
        if let Some(provider) = slot.as_ref().filter(|k| fresh(k)) {
            return Ok(Arc::clone(provider));
        }
        let read = Arc::new(self.fetch_provider(now).await?);
        *slot = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Fetches the keys again for a token whose key is not among `stale`, so that no sign-in fails during key rotation.
    ///
    /// Returns newer keys from the cache if there are any, and `stale` within [`UNKNOWN_KEY_REFRESH_INTERVAL`].
    async fn refresh_provider(&self, stale: &Arc<DiscoveredProvider>) -> Result<Arc<DiscoveredProvider>, TokenError> {
        let mut slot = self.provider.write().await;
        if let Some(provider) = slot.as_ref().filter(|provider| !Arc::ptr_eq(provider, stale)) {
            return Ok(Arc::clone(provider));
        }
        let now = self.clock.now();
        let last = Timestamp::from_millisecond(self.unknown_key_refreshed_at_ms.load(Ordering::Relaxed));
        if last.is_ok_and(|last| last <= now && now.duration_since(last) < UNKNOWN_KEY_REFRESH_INTERVAL) {
            return Ok(Arc::clone(stale));
        }
        self.unknown_key_refreshed_at_ms.store(now.as_millisecond(), Ordering::Relaxed);
        let read = Arc::new(self.fetch_provider(now).await?);
        *slot = Some(Arc::clone(&read));
        Ok(read)
    }

    /// Fetches discovery document and keys without the cache, and returns the number of keys.
    pub(crate) async fn check_discovery(&self) -> Result<usize, TokenError> {
        Ok(self.fetch_provider(self.clock.now()).await?.signing_keys.keys().len())
    }

    /// Fetches discovery document and keys.
    async fn fetch_provider(&self, now: Timestamp) -> Result<DiscoveredProvider, TokenError> {
        DiscoveredProvider::fetch(&self.http, &self.authority, now).await.map_err(TokenError::Discovery)
    }

    pub(super) fn oauth_client(&self, provider: &DiscoveredProvider) -> EntraOauthClient {
        oauth2::Client::new(ClientId::new(self.client_id.clone()))
            .set_auth_type(AuthType::RequestBody)
            .set_auth_uri(provider.authorization_endpoint.clone())
            .set_token_uri(provider.token_endpoint.clone())
            .set_redirect_uri(self.redirect_uri.clone())
    }

    /// Builds the client authentication for one request to the token endpoint.
    pub(super) async fn client_authentication(
        &self,
        provider: &DiscoveredProvider,
    ) -> Result<ClientAuthentication, TokenError> {
        Ok(self.credential.build_authentication(provider.token_endpoint.as_str()).await?)
    }

    /// Returns the URL at which a person signs in.
    pub(crate) async fn authorize_url(&self, parameters: &AuthorizeRequest<'_>) -> Result<Url, TokenError> {
        let provider = self.provider(PROVIDER_REFRESH_INTERVAL).await?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&PkceCodeVerifier::new(
            parameters.pkce_verifier.expose_secret().to_owned(),
        ));
        let oauth = self.oauth_client(&provider);
        let state = parameters.state.to_owned();
        let mut request = oauth.authorize_url(|| oauth2::CsrfToken::new(state)).set_pkce_challenge(challenge);
        for scope in sign_in_scopes(parameters.scopes) {
            request = request.add_scope(scope);
        }
        request = request
            .add_extra_param("nonce", parameters.nonce)
            .add_extra_param("response_mode", "query")
            .add_extra_param("prompt", "login");
        if let Some(claims) = parameters.claims {
            request = request.add_extra_param("claims", claims.to_owned());
        }
        if let Some(hint) = parameters.login_hint {
            request = request.add_extra_param("login_hint", hint.to_owned());
        }
        Ok(request.url().0)
    }

    /// Exchanges an authorization code for tokens and verifies the id token.
    pub(crate) async fn redeem_code(&self, redemption: CodeRedemption<'_>) -> Result<AuthorizedSignIn, SignInError> {
        let provider = self.provider(PROVIDER_REFRESH_INTERVAL).await?;
        let oauth = self.oauth_client(&provider);
        let verifier = PkceCodeVerifier::new(redemption.pkce_verifier.expose_secret().to_owned());
        let http = self.http.clone();
        let send = move |request| send_oauth_request(http.clone(), request);
        let proof = self.client_authentication(&provider).await?;
        let code = AuthorizationCode::new(redemption.code.expose_secret().to_owned());
        let mut request = oauth.exchange_code(code).set_pkce_verifier(verifier);
        for (name, value) in proof.form_fields() {
            request = request.add_extra_param(name, value);
        }
        if let Some(claims) = redemption.claims {
            request = request.add_extra_param("claims", claims.to_owned());
        }
        let tokens = TokenSet::from(&request.request_async(&send).await.map_err(TokenError::from)?);
        self.verify_tokens(&provider, tokens, Some(redemption.nonce)).await
    }

    /// Verifies an id token and returns the person it identifies.
    ///
    /// `nonce` is that of the authorize request. A device code sign-in has none.
    fn verify_id_token(
        &self,
        provider: &DiscoveredProvider,
        id_token: &str,
        nonce: Option<&str>,
    ) -> Result<VerifiedIdentity, IdentityError> {
        let verification = IdTokenVerification {
            provider,
            client_id: &self.client_id,
            tenant_id: self.tenant_id,
            nonce,
            now: self.clock.now(),
        };
        verification.verify(id_token)
    }

    /// Verifies the id token of a token response. Retries once with new keys if its key is unknown.
    pub(super) async fn verify_tokens(
        &self,
        provider: &Arc<DiscoveredProvider>,
        tokens: TokenSet,
        nonce: Option<&str>,
    ) -> Result<AuthorizedSignIn, SignInError> {
        let id_token = tokens.id_token.as_deref().ok_or(IdentityError::Missing)?;
        let identity = match self.verify_id_token(provider, id_token, nonce) {
            Err(IdentityError::UnknownKey) => {
                self.verify_id_token(&*self.refresh_provider(provider).await?, id_token, nonce)?
            }
            other => other?,
        };
        Ok(AuthorizedSignIn {
            identity,
            refresh_token: tokens.refresh_token,
            access_token: tokens.access_token,
            access_lifetime_seconds: tokens.lifetime_seconds,
        })
    }

    /// Returns the URL at which a person signs out at Entra. `None` if discovery fails or has no such endpoint.
    pub(crate) async fn end_session_url(&self, back: &Url, hint: Option<&str>) -> Option<Url> {
        let mut url = self.provider(PROVIDER_REFRESH_INTERVAL).await.ok()?.end_session_endpoint.clone()?;
        url.query_pairs_mut().append_pair("post_logout_redirect_uri", back.as_str());
        if let Some(hint) = hint {
            url.query_pairs_mut().append_pair("logout_hint", hint);
        }
        Some(url)
    }

    /// Requests an access token of the application itself (client credentials grant).
    pub(in crate::entra) async fn fetch_application_token(&self, scope: String) -> Result<TokenSet, TokenError> {
        let provider = self.provider(PROVIDER_REFRESH_INTERVAL).await?;
        let http = self.http.clone();
        let send = move |request| send_oauth_request(http.clone(), request);
        let (oauth, proof) = (self.oauth_client(&provider), self.client_authentication(&provider).await?);
        let mut request = oauth.exchange_client_credentials().add_scope(Scope::new(scope));
        for (name, value) in proof.form_fields() {
            request = request.add_extra_param(name, value);
        }
        Ok(TokenSet::from(&request.request_async(&send).await?))
    }

    /// Exchanges a refresh token for new tokens.
    pub(in crate::entra) async fn refresh_tokens(
        &self,
        token: &Secret,
        scopes: &[GraphScope],
    ) -> Result<TokenSet, TokenError> {
        let provider = self.provider(PROVIDER_REFRESH_INTERVAL).await?;
        let http = self.http.clone();
        let send = move |request| send_oauth_request(http.clone(), request);
        let token = RefreshToken::new(token.expose_secret().to_owned());
        let scopes = scopes.iter().map(to_oauth_scope);
        let (oauth, proof) = (self.oauth_client(&provider), self.client_authentication(&provider).await?);
        let mut request = oauth.exchange_refresh_token(&token).add_scopes(scopes);
        for (name, value) in proof.form_fields() {
            request = request.add_extra_param(name, value);
        }
        Ok(TokenSet::from(&request.request_async(&send).await?))
    }
}

fn to_oauth_scope(scope: &GraphScope) -> Scope {
    Scope::new(scope.to_string())
}

/// Returns the scopes of a sign-in: those of OpenID Connect, and these.
pub(super) fn sign_in_scopes(scopes: &[GraphScope]) -> impl Iterator<Item = Scope> {
    [GraphScope::OpenId, GraphScope::Profile].iter().chain(scopes).map(to_oauth_scope).collect::<Vec<_>>().into_iter()
}

#[cfg(feature = "emulator")]
#[cfg(test)]
#[path = "forged_token_tests.rs"]
mod forged_token_tests;
