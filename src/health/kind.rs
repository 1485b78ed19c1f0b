//! Kinds of health issues.

/// Kind of health issue. The message catalogue has `trouble-<name>` and `trouble-<name>-do`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HealthIssueKind {
    /// The reset operator is unavailable: no one can reset.
    OperatorUnavailable,
    /// The operator's refresh token was not renewed for a week and will expire.
    OperatorTokenStale,
    /// The operator holds a role with more privileges than it needs.
    OperatorOverprivileged,
    /// No Conditional Access policy enforces the authentication context for people.
    PersonPolicyNotEnforced,
    /// No Conditional Access policy enforces the authentication context for staff.
    StaffPolicyNotEnforced,
    /// The portal's client credential expires soon.
    CredentialExpiring,
    /// The last directory synchronisation was hours ago.
    SyncOverdue,
    /// The canary reset failed.
    CanaryFailed,
    /// The portal's clock differs from Microsoft's.
    ClockSkewed,
    /// A proxy that is not in `server.trusted_proxies` forwards requests.
    ProxyNotTrusted,
}

impl HealthIssueKind {
    pub(crate) const ALL: [Self; 10] = [
        Self::OperatorUnavailable,
        Self::OperatorTokenStale,
        Self::OperatorOverprivileged,
        Self::PersonPolicyNotEnforced,
        Self::StaffPolicyNotEnforced,
        Self::CredentialExpiring,
        Self::SyncOverdue,
        Self::CanaryFailed,
        Self::ClockSkewed,
        Self::ProxyNotTrusted,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::OperatorUnavailable => "operator",
            Self::OperatorTokenStale => "operator-old",
            Self::OperatorOverprivileged => "operator-power",
            Self::PersonPolicyNotEnforced => "policy-people",
            Self::StaffPolicyNotEnforced => "policy-staff",
            Self::CredentialExpiring => "credential",
            Self::SyncOverdue => "sync",
            Self::CanaryFailed => "canary",
            Self::ClockSkewed => "clock",
            Self::ProxyNotTrusted => "proxy",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}
