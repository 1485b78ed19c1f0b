//! Cause codes of resets that did not succeed.
//!
//! Codes are stable. The catalogue has a text per code for the person, the helpdesk agent and the AD administrator
//! (`cause-<code>-person`, `-agent`, `-admin`).

use reqwest::StatusCode;

use crate::entra::GraphRefusal;

/// Detail of a reset that the hourly limit stopped before it was sent, with the cause [`ResetCause::NotSent`]. A cause
/// of its own would be unreadable to the release before, which runs during an upgrade.
pub(super) const LIMIT_REACHED_DETAIL: &str = "G-CEILING: hourly limit reached";

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
    OperatorUnavailable,
    /// Microsoft protects this account, or it is outside the operator's unit.
    Denied,
    /// The reset operator no longer has its role.
    OperatorRoleMissing,
    NotFound,
    /// Graph rejected the request for another reason.
    Rejected,
    AgentOffline,
    /// Rights are missing in AD: protected group, or missing permission of the writeback account.
    AdminActionRequired,
    AccountDisabled,
    AccountLocked,
    AccountExpired,
    NotInDirectory,
    /// More than one account in the directory matches.
    SeveralInDirectory,
    /// Self-service password reset or writeback is not enabled or not licensed for this person.
    NotEnabled,
    /// The writeback agent itself failed.
    AgentFailed,
    Unrecognised,
    Split,
    CloudOnly,
    NoAnswer,
    ProcessLost,
    OperationLost,
    TimeLimit,
}

impl ResetCause {
    pub(crate) const ALL: [Self; 25] = [
        Self::Policy,
        Self::Banned,
        Self::NotSent,
        Self::Throttled,
        Self::OperatorUnavailable,
        Self::Denied,
        Self::OperatorRoleMissing,
        Self::NotFound,
        Self::Rejected,
        Self::AgentOffline,
        Self::AdminActionRequired,
        Self::AccountDisabled,
        Self::AccountLocked,
        Self::AccountExpired,
        Self::NotInDirectory,
        Self::SeveralInDirectory,
        Self::NotEnabled,
        Self::AgentFailed,
        Self::Unrecognised,
        Self::Split,
        Self::CloudOnly,
        Self::NoAnswer,
        Self::ProcessLost,
        Self::OperationLost,
        Self::TimeLimit,
    ];

    /// Returns the stable code. Prefixes: `R-` refused, `F-` failed, `U-` unknown, `X-` a state of its own.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Policy => "R-POLICY",
            Self::Banned => "R-BANNED",
            Self::NotSent => "R-NOT-SENT",
            Self::Throttled => "R-THROTTLED",
            Self::OperatorUnavailable => "R-OPERATOR",
            Self::Denied => "R-DENIED",
            Self::OperatorRoleMissing => "R-ROLE",
            Self::NotFound => "R-NOT-FOUND",
            Self::Rejected => "R-REJECTED",
            Self::AgentOffline => "F-AGENT-OFFLINE",
            Self::AdminActionRequired => "F-ADMIN-ACTION",
            Self::AccountDisabled => "F-DISABLED",
            Self::AccountLocked => "F-LOCKED",
            Self::AccountExpired => "F-EXPIRED",
            Self::NotInDirectory => "F-NOT-IN-DIRECTORY",
            Self::SeveralInDirectory => "F-SEVERAL",
            Self::NotEnabled => "F-NOT-ENABLED",
            Self::AgentFailed => "F-AGENT-TROUBLE",
            Self::Unrecognised => "F-UNRECOGNISED",
            Self::Split => "X-SPLIT",
            Self::CloudOnly => "X-CLOUD-ONLY",
            Self::NoAnswer => "U-NO-ANSWER",
            Self::ProcessLost => "U-CRASHED",
            Self::OperationLost => "U-LOST",
            Self::TimeLimit => "U-TIME-LIMIT",
        }
    }

    pub(crate) fn from_name(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == code)
    }

    /// Returns the cause of an HTTP error response to the reset request.
    pub(super) fn from_refusal(refusal: &GraphRefusal) -> Self {
        match refusal.status {
            StatusCode::FORBIDDEN => Self::Denied,
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::UNAUTHORIZED => Self::OperatorUnavailable,
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled,
            _ => Self::Rejected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reset::state::OperationFailure;
    use crate::reset::status_detail::DETAIL_PATTERNS;

    #[test]
    fn codes_parse_back_and_every_cause_has_three_texts() {
        for cause in ResetCause::ALL {
            assert_eq!(ResetCause::from_name(cause.as_str()), Some(cause));
            for reader in ["person", "agent", "admin"] {
                let key = format!("cause-{}-{reader}", cause.as_str().to_lowercase());
                assert!(crate::web::Lang::english().has_message(&key), "{key}");
            }
        }
    }

    /// Compares `docs/causes.md` with the catalogue. `PASSBACK_WRITE_DOCS=1 cargo test causes` writes the file.
    #[test]
    fn causes_page_matches_code() {
        let made = render_causes_page();
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

    fn render_causes_page() -> String {
        use std::fmt::Write as _;
        let lang = crate::web::Lang::english();
        let mut text = "# How a reset can end\n\nMade from the code by a test; do not edit. `R-` refused, nothing was changed; `F-` failed; `U-` unknown; `X-` a state of its own. A person reads\nthe first text, the helpdesk the second, whoever runs AD and the sync server the third.\n".to_owned();
        for cause in ResetCause::ALL {
            let code = cause.as_str();
            let say = |reader: &str| lang.text(&format!("cause-{}-{reader}", code.to_lowercase()));
            let _ = write!(
                text,
                "\n## {code}\n\n{}\n\n- **Agent:** {}\n- **Administrator:** {}\n",
                say("person"),
                say("agent"),
                say("admin")
            );
            let rows = DETAIL_PATTERNS.iter().filter(|known| match known.failure {
                OperationFailure::Refused(of) | OperationFailure::Failed(of) => of == cause,
                OperationFailure::Split => cause == ResetCause::Split,
            });
            for known in rows {
                let words: Vec<String> = known.fragments.iter().map(|word| format!("`{word}`")).collect();
                let _ = writeln!(text, "- **Recognised by:** {} ({})", words.join(", "), known.source);
            }
        }
        text
    }
}
