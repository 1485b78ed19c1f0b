//! Checks the rules while a password is typed.

use axum::Json;
use axum::extract::State;
use axum_extra::extract::Form;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};
use tower_sessions::Session;

use crate::base::Password;
use crate::password_policy::PasswordRequirements;
use crate::signin::{LoginSession, SignedInPerson};
use crate::state::AppState;
use crate::store::RateLimit;
use crate::web::WebError;

/// Session key of the password requirements, stored when the form is opened, so that a rule check while typing asks
/// neither Graph nor the directory.
pub(super) const REQUIREMENTS_KEY: &str = "asked";

#[derive(Deserialize)]
pub(super) struct PasswordCheckForm {
    password: Password,
    /// Requests another passphrase with the rule check.
    #[serde(default)]
    phrase: Option<String>,
}

/// `POST /reset/check`: returns the rule statuses for the password typed so far. Nothing is logged or stored.
pub(super) async fn check_password(
    State(app): State<AppState>,
    session: Session,
    SignedInPerson(login): SignedInPerson,
    Form(form): Form<PasswordCheckForm>,
) -> Result<Json<Value>, WebError> {
    let stored = session.get::<PasswordRequirements>(REQUIREMENTS_KEY).await.map_err(|e| WebError::unavailable(&e))?;
    let requirements =
        stored.unwrap_or_else(|| app.password_policy.requirements_for(name_parts_from_login(&login), None));
    let statuses = app
        .password_policy
        .check_password(&form.password, &requirements, async || try_acquire_breach_lookup(&app, &login).await)
        .await;
    let rules: serde_json::Map<String, Value> =
        statuses.into_iter().map(|(rule, status)| (rule.as_str().to_owned(), json!(status.as_str()))).collect();
    let phrase = form.phrase.and_then(|_| app.password_policy.suggest_passphrase(&app.random, &requirements));
    Ok(Json(json!({ "rules": rules, "phrase": phrase.as_ref().map(Password::expose_password) })))
}

/// Rate limit per person for breach lookups over the network while typing. Beyond it the rule is shown as unchecked. It
/// is checked at submit in any case, which has its own limits.
const BREACH_LOOKUP_LIMIT: RateLimit = RateLimit { count: 20, window: SignedDuration::from_mins(1) };

async fn try_acquire_breach_lookup(app: &AppState, login: &LoginSession) -> bool {
    match app.rate_limiter.try_acquire(&format!("breach:{}", login.key.object), BREACH_LOOKUP_LIMIT, app.now()).await {
        Ok(taken) => taken.is_ok(),
        Err(error) => {
            tracing::warn!(error = ?error, "breach lookup skipped: rate limiter unavailable");
            false
        }
    }
}

/// Returns the parts of the name that the session has, for a rule check without requirements in the session.
fn name_parts_from_login(login: &LoginSession) -> Vec<String> {
    let words = login.name.split(' ').chain(login.upn.split('@').take(1));
    words.filter(|w| w.chars().count() >= 4).map(str::to_lowercase).collect()
}
