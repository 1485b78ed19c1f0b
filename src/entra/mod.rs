//! Clients for Microsoft: sign-in with Entra, Graph, and the operator's tokens.
//!
//! No other module sends requests to Microsoft. Production, demo and tests differ only in base URLs.
//!
//! - The application's token reads, sends mail and dismisses risks.
//! - The operator's token resets passwords and polls operations. It also manages passes and revokes sessions unless
//!   agents act with their own tokens.
//! - An agent's own token makes only calls for that agent's case action and is not stored. A person's token is
//!   never stored.
//! - Wire formats stay inside this module. A value that Microsoft writes as text is an enum (`wire_value`): no other
//!   module compares such a text.

mod aadsts;
mod acting_identity;
mod app_token;
mod audit_logs;
mod claims_challenge;
mod clients;
mod conditional_access;
mod credential;
mod devices;
mod granted_permissions;
mod graph;
mod graph_error;
mod groups;
mod http_client;
mod identity_risk;
mod mail;
mod method_combination;
mod oidc;
mod operation_url;
mod operator;
mod organization;
mod permissions;
mod registrations;
mod roles;
mod token_endpoint;
mod users;
mod wire_value;

pub(crate) use aadsts::{AadstsCode, parse_aadsts_codes};
pub(crate) use acting_identity::{AGENT_SCOPES, ActingIdentity, AgentToken};
pub(crate) use audit_logs::{AUDIT_LOG_RATE_LIMIT, AuditResult, DirectoryAuditRecord, OnPremisesAgent};
pub(crate) use claims_challenge::{ChallengeCapability, ClaimsChallenge};
pub(crate) use clients::{EntraClients, EntraSetupError};
#[cfg(test)]
pub(crate) use conditional_access::parse_policy_for_test;
pub(crate) use conditional_access::{ConditionalAccessPolicy, PolicyState, SignInFrequency};
pub(crate) use devices::{DevicePlatform, DeviceTrust, GraphDevice};
pub(crate) use graph::GraphClient;
pub(crate) use graph_error::{GraphError, GraphRefusal};
#[cfg(feature = "emulator")]
pub(crate) use http_client::{HttpError, build_client};
pub(crate) use identity_risk::{RiskLookup, RiskyUser, UserRiskLevel, UserRiskState};
pub(crate) use mail::OutgoingMail;
pub(crate) use method_combination::{AuthenticationMethodMode, MethodCombination};
pub(crate) use oidc::{
    AuthorizeRequest, AuthorizedSignIn, CodeRedemption, IdentityError, SignInError, VerifiedIdentity,
};
pub(crate) use operator::{
    DispatchOutcome, DispatchPermit, LinkRefusal, LinkedOperator, OperationPoll, OperationStatus, OperatorCandidate,
    OperatorError, OperatorFault, OperatorPrivilege, PassStatus, PasswordValidation, TemporaryAccessPass,
    ValidationRuleName,
};
pub(crate) use permissions::{
    APPLICATION_PERMISSIONS, AppPermission, DELEGATED_PERMISSIONS, FORBIDDEN_APPLICATION_PERMISSIONS, GraphScope,
    PermissionReview, review_application_permissions, review_operator_permissions,
};
pub(crate) use registrations::{RegisteredMethod, RegistrationDetails};
pub(crate) use roles::{
    AssignmentKind, DirectoryScope, EntraRole, ResetRole, ResetRoleAssignment, RoleAssignment, find_reset_role,
    is_overprivileged,
};
pub(crate) use token_endpoint::{OauthErrorCode, TokenError};
pub(crate) use users::{GraphUser, MAX_SEARCH_RESULTS, UserSummary, UserType};
