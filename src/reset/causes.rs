//! Why a reset ended as it did: stable codes, each with texts for the person, the agent and the AD administrator in
//! the catalogue (`cause-<code>-person`, `-agent`, `-admin`).

use reqwest::StatusCode;

use crate::entra::GraphRefusal;

/// A cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Cause {
    /// The directory's rules: length, complexity, age, history.
    Policy,
    /// Microsoft's or the organisation's list of words.
    Banned,
    /// It ended before it was sent.
    NotSent,
    /// Graph was busy for longer than anybody should wait.
    Throttled,
    /// The operator's sign-in was not taken.
    Operator,
    /// Microsoft protects this account, or it is outside the operator's unit.
    Denied,
    /// The operator's role is gone.
    Role,
    NotFound,
    /// Graph refused for a reason of its own.
    Rejected,
    AgentOffline,
    /// Rights in AD: protected group, missing permission.
    AdminAction,
    AccountDisabled,
    AccountLocked,
    AccountExpired,
    NotInDirectory,
    /// More than one account in the directory fits.
    SeveralInDirectory,
    /// Self-service reset or writeback is not switched on, or not licensed, for this person.
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

impl Cause {
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

    /// `R-` refused, `F-` failed, `U-` unknown, `X-` a state of its own.
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

    /// What an HTTP refusal of the reset means.
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
    use crate::reset::state::Ending;

    #[test]
    fn codes_read_back_and_every_cause_has_its_three_texts() {
        for cause in Cause::ALL {
            assert_eq!(Cause::read(cause.code()), Some(cause));
            for reader in ["person", "agent", "admin"] {
                let key = format!("cause-{}-{reader}", cause.code().to_lowercase());
                assert!(crate::web::Lang::english().knows(&key), "{key}");
            }
        }
    }

    /// `docs/causes.md` is made from the catalogue: `PASSBACK_WRITE_DOCS=1 cargo test causes` writes it.
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
            "make it again: PASSBACK_WRITE_DOCS=1 cargo test causes"
        );
    }

    fn page() -> String {
        use std::fmt::Write as _;
        let lang = crate::web::Lang::english();
        let mut text = "# How a reset can end\n\nMade from the code by a test; do not edit. `R-` refused, nothing was changed; `F-` failed; `U-` unknown; `X-` a state of its own. A person reads\nthe first text, the helpdesk the second, whoever runs AD and the sync server the third.\n".to_owned();
        for cause in Cause::ALL {
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
                Ending::Refused(of) | Ending::Failed(of) => of == cause,
                Ending::Split => cause == Cause::Split,
            });
            for known in rows {
                let words: Vec<String> = known.words.iter().map(|word| format!("`{word}`")).collect();
                let _ = writeln!(text, "- **Recognised by:** {} ({})", words.join(", "), known.source);
            }
        }
        text
    }
}
