//! Cause codes of resets that did not succeed.
//!
//! Codes are stable. The catalogue has a text per code for the person, the helpdesk agent and the AD administrator
//! (`cause-<code>-person`, `-agent`, `-admin`).

use reqwest::StatusCode;

use crate::entra::GraphRefusal;

/// Cause of a reset's outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ResetCause {
    /// The directory's rules: length, complexity, age, history.
    Policy,
    /// The password contains a word that Microsoft's or the organisation's list bans.
    Banned,
    /// The reset ended before the request was sent.
    NotSent,
    /// Graph throttled requests for longer than the queue limit.
    Throttled,
    /// The reset operator has no usable token, or Graph rejected it.
    Operator,
    /// Microsoft protects this account, or it is outside the operator's unit.
    Denied,
    /// The reset operator no longer has its role.
    Role,
    NotFound,
    /// Graph rejected the request for another reason.
    Rejected,
    AgentOffline,
    /// Rights are missing in AD: protected group, or missing permission of the writeback account.
    AdminAction,
    AccountDisabled,
    AccountLocked,
    AccountExpired,
    NotInDirectory,
    /// More than one account in the directory matches.
    SeveralInDirectory,
    /// Self-service password reset or writeback is not enabled or not licensed for this person.
    NotEnabled,
    /// The writeback agent itself failed.
    AgentTrouble,
    Unrecognised,
    Split,
    CloudOnly,
    NoAnswer,
    Crashed,
    Lost,
    TimeLimit,
}

impl ResetCause {
    pub(crate) const ALL: [Self; 25] = [
        Self::Policy,
        Self::Banned,
        Self::NotSent,
        Self::Throttled,
        Self::Operator,
        Self::Denied,
        Self::Role,
        Self::NotFound,
        Self::Rejected,
        Self::AgentOffline,
        Self::AdminAction,
        Self::AccountDisabled,
        Self::AccountLocked,
        Self::AccountExpired,
        Self::NotInDirectory,
        Self::SeveralInDirectory,
        Self::NotEnabled,
        Self::AgentTrouble,
        Self::Unrecognised,
        Self::Split,
        Self::CloudOnly,
        Self::NoAnswer,
        Self::Crashed,
        Self::Lost,
        Self::TimeLimit,
    ];

    /// Returns the stable code. Prefixes: `R-` refused, `F-` failed, `U-` unknown, `X-` a state of its own.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Policy => "R-POLICY",
            Self::Banned => "R-BANNED",
            Self::NotSent => "R-NOT-SENT",
            Self::Throttled => "R-THROTTLED",
            Self::Operator => "R-OPERATOR",
            Self::Denied => "R-DENIED",
            Self::Role => "R-ROLE",
            Self::NotFound => "R-NOT-FOUND",
            Self::Rejected => "R-REJECTED",
            Self::AgentOffline => "F-AGENT-OFFLINE",
            Self::AdminAction => "F-ADMIN-ACTION",
            Self::AccountDisabled => "F-DISABLED",
            Self::AccountLocked => "F-LOCKED",
            Self::AccountExpired => "F-EXPIRED",
            Self::NotInDirectory => "F-NOT-IN-DIRECTORY",
            Self::SeveralInDirectory => "F-SEVERAL",
            Self::NotEnabled => "F-NOT-ENABLED",
            Self::AgentTrouble => "F-AGENT-TROUBLE",
            Self::Unrecognised => "F-UNRECOGNISED",
            Self::Split => "X-SPLIT",
            Self::CloudOnly => "X-CLOUD-ONLY",
            Self::NoAnswer => "U-NO-ANSWER",
            Self::Crashed => "U-CRASHED",
            Self::Lost => "U-LOST",
            Self::TimeLimit => "U-TIME-LIMIT",
        }
    }

    pub(crate) fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.code() == code)
    }

    /// Returns the cause of an HTTP error response to the reset request.
    pub(super) fn of_refusal(refusal: &GraphRefusal) -> Self {
        match refusal.status {
            StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNAUTHORIZED => Self::Operator,
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            _ => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::details::KNOWN;
    use crate::reset::state::OperationFailure;

    #[test]
    fn codes_read_back_and_every_cause_has_its_three_texts() {
        for cause in ResetCause::ALL {
            assert_eq!(ResetCause::read(cause.code()), Some(cause));
            for reader in ["person", "agent", "admin"] {
                let key = format!("cause-{}-{reader}", cause.code().to_lowercase());
                assert!(crate::web::Lang::english().knows(&key), "{key}");
            }
        }
    }

    /// Compares `docs/causes.md` with the catalogue. `PASSBACK_WRITE_DOCS=1 cargo test causes` writes the file.
    #[test]
    fn the_page_of_causes_is_what_the_code_says() {
        let made = page();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/causes.md");
        if std::env::var_os("PASSBACK_WRITE_DOCS").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        assert_eq!(
            std::fs::read_to_string(path).unwrap(),
            made,
            "docs/causes.md is out of date: run PASSBACK_WRITE_DOCS=1 cargo test causes"
        );
    }

    fn page() -> String {
        use std::fmt::Write as _;
        let lang = crate::web::Lang::english();
        let mut text = "# How a reset can end\n\nMade from the code by a test; do not edit. `R-` refused, nothing was changed; `F-` failed; `U-` unknown; `X-` a state of its own. A person reads\nthe first text, the helpdesk the second, whoever runs AD and the sync server the third.\n".to_owned();
        for cause in ResetCause::ALL {
            let code = cause.code();
            let say = |reader: &str| lang.text(&format!("cause-{}-{reader}", code.to_lowercase()));
            let _ = write!(
                text,
                "\n## {code}\n\n{}\n\n- **Agent:** {}\n- **Administrator:** {}\n",
                say("person"),
                say("agent"),
                say("admin")
            );
            let rows = KNOWN.iter().filter(|known| match known.ending {
                OperationFailure::Refused(of) | OperationFailure::Failed(of) => of == cause,
                OperationFailure::Split => cause == ResetCause::Split,
            });
            for known in rows {
                let words: Vec<String> = known.words.iter().map(|word| format!("`{word}`")).collect();
                let _ = writeln!(text, "- **Recognised by:** {} ({})", words.join(", "), known.source);
            }
        }
        text
    }
}
