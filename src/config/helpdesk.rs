//! Configures the helpdesk: staff networks and sessions, and the points that verify a caller.

use ipnet::IpNet;
use serde::Deserialize;

use super::AlertConfig;

/// Settings of the helpdesk (`[helpdesk]`).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HelpdeskConfig {
    /// Networks from which staff work, such as `10.0.0.0/8`. Default: any network.
    pub networks: Vec<IpNet>,
    /// Idle time after which a staff session ends, in seconds; never later than `signin.idle_seconds`.
    pub idle_seconds: i64,
    /// Maximum age of a staff session, in seconds.
    pub absolute_seconds: i64,
    /// Identity that revokes sessions and creates passes that an agent sees: the operator, or the agent. With `agent`,
    /// Microsoft's directory audit log names the agent, who needs an Entra role that allows the action.
    pub act_as: ActAs,
    /// Number of days for which a phone number must be unchanged before it may be called back.
    pub phone_settle_days: i64,
    /// People who are privileged in addition to all who hold a role: user principal names or object ids.
    pub privileged: Vec<String>,
    /// Points of each verification method.
    pub points: VerificationPoints,
    /// Points that each action requires.
    pub thresholds: ActionThresholds,
    /// Additional points that a higher risk requires.
    pub raises: ThresholdIncreases,
    /// Time for which a verification is valid, in seconds.
    pub verification_seconds: i64,
    /// Time for which an approval is valid, in seconds.
    pub approval_seconds: i64,
    /// Time after a person's No in which what opens something for them takes two people, in hours.
    pub denial_hours: i64,
    /// Staff minutes that a reset by phone takes, for "time saved" in the insights. 0 hides it.
    pub minutes_per_reset: i64,
    /// Thresholds of the security alerts.
    pub alarms: AlertConfig,
}

impl Default for HelpdeskConfig {
    fn default() -> Self {
        Self {
            networks: Vec::new(),
            idle_seconds: 900,
            absolute_seconds: 14_400,
            act_as: ActAs::Operator,
            phone_settle_days: 14,
            privileged: Vec::new(),
            points: VerificationPoints::default(),
            thresholds: ActionThresholds::default(),
            raises: ThresholdIncreases::default(),
            verification_seconds: 1_800,
            approval_seconds: 1_800,
            denial_hours: 24,
            minutes_per_reset: 0,
            alarms: AlertConfig::default(),
        }
    }
}

/// Identity that performs the helpdesk's actions at Microsoft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ActAs {
    Operator,
    Agent,
}

/// Points of the verification methods (`docs/helpdesk.md` says what each does not prove).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationPoints {
    pub call_check: i64,
    pub push: i64,
    pub manager: i64,
    pub call_back: i64,
    pub in_person: i64,
}

impl Default for VerificationPoints {
    fn default() -> Self {
        Self { call_check: 2, push: 1, manager: 2, call_back: 1, in_person: 2 }
    }
}

/// Points that each action requires; every action requires at least one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ActionThresholds {
    pub grant: i64,
    pub pass: i64,
    pub revoke: i64,
    pub unlock: i64,
    pub thaw: i64,
}

impl Default for ActionThresholds {
    fn default() -> Self {
        Self { grant: 2, pass: 3, revoke: 1, unlock: 2, thaw: 2 }
    }
}

/// Points that are added for each risk.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdIncreases {
    /// The person has a privileged account.
    pub privileged: i64,
    /// The case was opened on `/help`, from the internet.
    pub internet: i64,
    /// The person's resets are on hold: a reset was reported as not requested.
    pub frozen: i64,
}

impl Default for ThresholdIncreases {
    fn default() -> Self {
        Self { privileged: 1, internet: 1, frozen: 1 }
    }
}
