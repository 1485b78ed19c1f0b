//! The helpdesk: from where and how long staff work, and what is enough to act on a caller's word.

use ipnet::IpNet;
use serde::Deserialize;

use super::Alarms;

/// Staff: where from, and for how long.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Helpdesk {
    /// Networks that staff work from (`10.0.0.0/8`). From everywhere by default.
    pub networks: Vec<IpNet>,
    /// A staff session without a request for so long ends, in seconds; never later than `signin.idle_seconds`.
    pub idle_seconds: i64,
    /// No staff session is older, in seconds.
    pub absolute_seconds: i64,
    /// Whose permission ends sessions and makes passes that an agent sees: the operator's, or the agent's own, which Entra's
    /// audit then names. An agent then needs a role in Entra that may do it.
    pub act_as: ActAs,
    /// A telephone number counts for calling back once it was seen unchanged for so many days.
    pub phone_settle_days: i64,
    /// Who is privileged besides whoever holds a role: user principal names or object ids.
    pub privileged: Vec<String>,
    /// What each way to verify a caller counts.
    pub points: Points,
    /// How many points each action takes.
    pub thresholds: Thresholds,
    /// How many more it takes when the risk is higher.
    pub raises: Raises,
    /// How long what speaks for a caller is good, in seconds.
    pub verification_seconds: i64,
    /// How long an approval is good, in seconds.
    pub approval_seconds: i64,
    /// How many minutes of staff a reset by telephone takes, for "time saved" in the insights. 0: it is not shown.
    pub minutes_per_reset: i64,
    /// Odd patterns that alarm.
    pub alarms: Alarms,
}

impl Default for Helpdesk {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            idle_seconds: 900,
            absolute_seconds: 14_400,
            act_as: ActAs::Operator,
            phone_settle_days: 14,
            privileged: Vec::new(),
            points: Points::default(),
            thresholds: Thresholds::default(),
            raises: Raises::default(),
            verification_seconds: 1_800,
            approval_seconds: 1_800,
            minutes_per_reset: 0,
            alarms: Alarms::default(),
        }
    }
}

/// Whose permission the desk's work at Microsoft takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActAs {
    Operator,
    Agent,
}

/// Points of the ways to verify a caller (`docs/helpdesk.md` says what each does not prove).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Points {
    pub call_check: i64,
    pub push: i64,
    pub manager: i64,
    pub call_back: i64,
    pub in_person: i64,
}

impl Default for Points {
    fn default() -> Self {
        Self { call_check: 2, push: 1, manager: 2, call_back: 1, in_person: 2 }
    }
}

/// Points that an action takes; at least one each.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    pub grant: i64,
    pub pass: i64,
    pub revoke: i64,
    pub unlock: i64,
    pub thaw: i64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { grant: 2, pass: 3, revoke: 1, unlock: 2, thaw: 2 }
    }
}

/// Points on top, each for itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Raises {
    /// Somebody with power in the tenant.
    pub privileged: i64,
    /// The case came from the internet, by `/help`.
    pub internet: i64,
    /// Frozen: a reset was reported as not theirs.
    pub frozen: i64,
}

impl Default for Raises {
    fn default() -> Self {
        Self { privileged: 1, internet: 1, frozen: 1 }
    }
}
