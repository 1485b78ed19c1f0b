//! OpenID Connect client for Entra: discovery, authorize URLs, code exchange, refresh and logout.
//!
//! The long generic types of `openidconnect` stay inside this module.

mod client;
mod device;
mod identity;
mod provider;

pub(crate) use client::{AuthorizeRequest, AuthorizedSignIn, CodeRedemption, OidcClient, SignInError};
pub(crate) use identity::{IdentityError, VerifiedIdentity};
