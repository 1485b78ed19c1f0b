//! Checks a password at Microsoft before its reset starts, if `policy.microsoft_check` is enabled.
//!
//! The check runs at submit only, so that no partly typed password is sent. It fails open: if Microsoft does not
//! answer, the reset itself shows whether the password is accepted.

use crate::entra::{PasswordValidation, ValidationRuleName};
use crate::password_policy::{NewPassword, PasswordRule, RuleStatus};
use crate::state::AppState;

/// Maximum length of Microsoft's message on the form.
const MAX_MESSAGE_CHARS: usize = 400;

/// Outcome of the check.
pub(super) enum PrecheckOutcome {
    /// The check is disabled, or Microsoft accepts the password.
    NoObjection,
    /// The check was not possible, or not in time.
    Unavailable,
    Refused(PrecheckRefusal),
}

/// Refusal by Microsoft, as the form shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PrecheckRefusal {
    pub(super) rule_statuses: Vec<(PasswordRule, RuleStatus)>,
    /// Microsoft's own message, in English.
    pub(super) message: String,
}

pub(super) async fn precheck_password(app: &AppState, password: &NewPassword) -> PrecheckOutcome {
    if !app.config.policy.microsoft_check {
        return PrecheckOutcome::NoObjection;
    }
    match app.entra.operator.validate_password(password.as_password()).await {
        Ok(verdict) if verdict.is_valid => PrecheckOutcome::NoObjection,
        Ok(verdict) => PrecheckOutcome::Refused(build_refusal(password.rule_statuses(), &verdict)),
        // Logs only this part of the error: a Graph response to a request with a password does not belong in a log.
        Err(error) => {
            tracing::warn!(error = %error, "Microsoft password check failed: continuing without this check");
            PrecheckOutcome::Unavailable
        }
    }
}

/// Returns the rule for a rule of Microsoft. Other names count under Microsoft's own rule only.
fn rule_from_name(name: &ValidationRuleName) -> Option<PasswordRule> {
    match name {
        ValidationRuleName::TooShort => Some(PasswordRule::Length),
        ValidationRuleName::NotComplex => Some(PasswordRule::Classes),
        ValidationRuleName::Banned => Some(PasswordRule::Banned),
        ValidationRuleName::Other(_) => None,
    }
}

fn build_refusal(ours: &[(PasswordRule, RuleStatus)], verdict: &PasswordValidation) -> PrecheckRefusal {
    let broken: Vec<_> = verdict.validation_results.iter().filter(|rule| !rule.validation_passed).collect();
    let failed = |rule: PasswordRule| {
        rule == PasswordRule::Microsoft || broken.iter().any(|b| rule_from_name(&b.rule_name) == Some(rule))
    };
    let standings = ours.iter().map(|&(rule, ours)| (rule, if failed(rule) { RuleStatus::Failed } else { ours }));
    let words: Vec<&str> = broken.iter().map(|rule| rule.message.trim()).filter(|words| !words.is_empty()).collect();
    let words = words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_MESSAGE_CHARS).collect();
    PrecheckRefusal { rule_statuses: standings.collect(), message: words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal_from_results(results: &str) -> PrecheckRefusal {
        let verdict = serde_json::from_str(&format!("{{\"isValid\":false,\"validationResults\":{results}}}")).unwrap();
        let ours = PasswordRule::ALL.map(|rule| (rule, RuleStatus::Met));
        build_refusal(&ours, &verdict)
    }

    fn failed_rules(refused: &PrecheckRefusal) -> Vec<&'static str> {
        refused.rule_statuses.iter().filter(|(_, s)| *s == RuleStatus::Failed).map(|(rule, _)| rule.as_str()).collect()
    }

    #[test]
    fn known_rule_name_fails_our_rule_and_microsofts() {
        let one = |name: &str| format!("{{\"ruleName\":\"{name}\",\"validationPassed\":false,\"message\":\"No.\"}}");
        for (name, rules) in [
            ("password_too_short", vec!["length", "microsoft"]),
            ("password_not_meet_complexity", vec!["classes", "microsoft"]),
            ("password_banned", vec!["banned", "microsoft"]),
            ("password_of_a_weekday", vec!["microsoft"]),
        ] {
            let refused = refusal_from_results(&format!("[{}]", one(name)));
            assert_eq!((failed_rules(&refused), refused.message.as_str()), (rules, "No."), "{name}");
        }
        let passed = "{\"ruleName\":\"password_banned\",\"validationPassed\":true,\"message\":\"Fine.\"}";
        let refused = refusal_from_results(&format!("[{passed},{}]", one("password_too_short")));
        assert_eq!((failed_rules(&refused), refused.message.as_str()), (vec!["length", "microsoft"], "No."));
    }

    #[test]
    fn refusal_without_reason_counts_and_long_message_is_truncated() {
        assert_eq!(
            (failed_rules(&refusal_from_results("[]")), refusal_from_results("[]").message.as_str()),
            (vec!["microsoft"], "")
        );
        let long = format!("[{{\"ruleName\":\"x\",\"message\":\"{}\\u0007\"}}]", "é".repeat(900));
        assert_eq!(refusal_from_results(&long).message.chars().count(), MAX_MESSAGE_CHARS);
        assert!(!refusal_from_results("[{\"message\":\"a\\u001bb\"}]").message.contains('\u{1b}'));
    }
}
