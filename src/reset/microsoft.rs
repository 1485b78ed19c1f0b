//! Asks Microsoft about a password before its reset begins, where the organisation wants that: at submit only, so that
//! nothing half typed leaves. It fails open: what Microsoft does not say now, the reset itself will bring.

use crate::entra::PasswordVerdict;
use crate::policy::{NewPassword, Rule, Standing};
use crate::state::App;

/// So much of what Microsoft says is shown.
const WORDS: usize = 400;

/// What Microsoft said.
pub(super) enum Said {
    /// Nothing: it was not to be asked, or takes the password.
    Nothing,
    /// It could not be asked, or not in time.
    Unasked,
    Refused(Refused),
}

/// A refusal as the form shows it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) standings: Vec<(Rule, Standing)>,
    /// Microsoft's own words; English.
    pub(super) words: String,
}

pub(super) async fn ask(app: &App, password: &NewPassword) -> Said {
    if !app.config.policy.microsoft_check {
        return Said::Nothing;
    }
    match app.entra.operators.validate(password.as_password()).await {
        Ok(verdict) if verdict.is_valid => Said::Nothing,
        Ok(verdict) => Said::Refused(refused(password.standings(), &verdict)),
        // No more than this of the error: what Graph answers to a request with a password is not for a log.
        Err(error) => {
            tracing::warn!(problem = %error, "Microsoft could not be asked about a password; the reset goes on");
            Said::Unasked
        }
    }
}

/// Rule names as seen in answers (<https://learn.microsoft.com/graph/api/user-validatepassword?view=graph-rest-beta> and
/// the tests of pnp/cli-microsoft365, read 2026-11-23). Others stand under Microsoft's own rule.
fn known(name: &str) -> Option<Rule> {
    match name {
        "password_too_short" => Some(Rule::Length),
        "password_not_meet_complexity" => Some(Rule::Classes),
        "password_banned" => Some(Rule::Banned),
        _ => None,
    }
}

fn refused(ours: &[(Rule, Standing)], verdict: &PasswordVerdict) -> Refused {
    let broken: Vec<_> = verdict.validation_results.iter().filter(|rule| !rule.validation_passed).collect();
    let failed = |rule: Rule| rule == Rule::Microsoft || broken.iter().any(|b| known(&b.rule_name) == Some(rule));
    let standings = ours.iter().map(|&(rule, ours)| (rule, if failed(rule) { Standing::Failed } else { ours }));
    let words: Vec<&str> = broken.iter().map(|rule| rule.message.trim()).filter(|words| !words.is_empty()).collect();
    let words = words.join(" ").chars().filter(|c| !c.is_control()).take(WORDS).collect();
    Refused { standings: standings.collect(), words }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(results: &str) -> Refused {
        let verdict = serde_json::from_str(&format!("{{\"isValid\":false,\"validationResults\":{results}}}")).unwrap();
        let ours = Rule::ALL.map(|rule| (rule, Standing::Met));
        refused(&ours, &verdict)
    }

    fn failed(refused: &Refused) -> Vec<&'static str> {
        refused.standings.iter().filter(|(_, s)| *s == Standing::Failed).map(|(rule, _)| rule.code()).collect()
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
