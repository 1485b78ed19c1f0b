//! Checks a password at Microsoft before its reset starts, if `policy.microsoft_check` is enabled.
//!
//! The check runs at submit only, so that no partly typed password is sent. It fails open: if Microsoft does not
//! answer, the reset itself shows whether the password is accepted.

use crate::entra::PasswordValidation;
use crate::policy::{NewPassword, PasswordRule, RuleStatus};
use crate::state::AppState;

/// Maximum length of Microsoft's message on the form.
const WORDS: usize = 400;

/// Outcome of the check.
pub(super) enum PrecheckOutcome {
    /// The check is disabled, or Microsoft accepts the password.
    Nothing,
    /// The check was not possible, or not in time.
    Unasked,
    Refused(PrecheckRefusal),
}

/// Refusal by Microsoft, as the form shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PrecheckRefusal {
    pub(super) standings: Vec<(PasswordRule, RuleStatus)>,
    /// Microsoft's own message, in English.
    pub(super) words: String,
}

pub(super) async fn ask(app: &AppState, password: &NewPassword) -> PrecheckOutcome {
    if !app.config.policy.microsoft_check {
        return PrecheckOutcome::Nothing;
    }
    match app.entra.operators.validate(password.as_password()).await {
        Ok(verdict) if verdict.is_valid => PrecheckOutcome::Nothing,
        Ok(verdict) => PrecheckOutcome::Refused(refused(password.standings(), &verdict)),
        // Logs only this part of the error: a Graph response to a request with a password does not belong in a log.
        Err(error) => {
            tracing::warn!(error = %error, "Microsoft password check failed: continuing without it");
            PrecheckOutcome::Unasked
        }
    }
}

/// Returns the rule for a rule name of Microsoft. The names are from
/// <https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta> and the tests of
/// pnp/cli-microsoft365, read 2026-11-23. Other names count under Microsoft's own rule only.
fn known(name: &str) -> Option<PasswordRule> {
    match name {
        "password_too_short" => Some(PasswordRule::Length),
        "password_not_meet_complexity" => Some(PasswordRule::Classes),
        "password_banned" => Some(PasswordRule::Banned),
        _ => None,
    }
}

fn refused(ours: &[(PasswordRule, RuleStatus)], verdict: &PasswordValidation) -> PrecheckRefusal {
    let broken: Vec<_> = verdict.validation_results.iter().filter(|rule| !rule.validation_passed).collect();
    let failed = |rule: PasswordRule| {
        rule == PasswordRule::Microsoft || broken.iter().any(|b| known(&b.rule_name) == Some(rule))
    };
    let standings = ours.iter().map(|&(rule, ours)| (rule, if failed(rule) { RuleStatus::Failed } else { ours }));
    let words: Vec<&str> = broken.iter().map(|rule| rule.message.trim()).filter(|words| !words.is_empty()).collect();
    let words = words.join(" ").chars().filter(|c| !c.is_control()).take(WORDS).collect();
    PrecheckRefusal { standings: standings.collect(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(results: &str) -> PrecheckRefusal {
        let verdict = serde_json::from_str(&format!("{{\"isValid\":false,\"validationResults\":{results}}}")).unwrap();
        let ours = PasswordRule::ALL.map(|rule| (rule, RuleStatus::Met));
        refused(&ours, &verdict)
    }

    fn failed(refused: &PrecheckRefusal) -> Vec<&'static str> {
        refused.standings.iter().filter(|(_, s)| *s == RuleStatus::Failed).map(|(rule, _)| rule.code()).collect()
    }

    #[test]
    fn what_is_known_stands_under_our_rule_and_everything_under_microsofts() {
        let one = |name: &str| format!("{{\"ruleName\":\"{name}\",\"validationPassed\":false,\"message\":\"No.\"}}");
        for (name, rules) in [
            ("password_too_short", vec!["length", "microsoft"]),
            ("password_not_meet_complexity", vec!["classes", "microsoft"]),
            ("password_banned", vec!["banned", "microsoft"]),
            ("password_of_a_weekday", vec!["microsoft"]),
        ] {
            let refused = of(&format!("[{}]", one(name)));
            assert_eq!((failed(&refused), refused.words.as_str()), (rules, "No."), "{name}");
        }
        let passed = "{\"ruleName\":\"password_banned\",\"validationPassed\":true,\"message\":\"Fine.\"}";
        let refused = of(&format!("[{passed},{}]", one("password_too_short")));
        assert_eq!((failed(&refused), refused.words.as_str()), (vec!["length", "microsoft"], "No."));
    }

    #[test]
    fn a_refusal_without_a_reason_is_one_and_a_long_one_is_cut() {
        assert_eq!((failed(&of("[]")), of("[]").words.as_str()), (vec!["microsoft"], ""));
        let long = format!("[{{\"ruleName\":\"x\",\"message\":\"{}\\u0007\"}}]", "é".repeat(900));
        assert_eq!(of(&long).words.chars().count(), WORDS);
        assert!(!of("[{\"message\":\"a\\u001bb\"}]").words.contains('\u{1b}'));
    }
}
