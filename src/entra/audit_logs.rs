//! Graph resource `directoryAudit`: Microsoft's directory audit log.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::graph::GraphClient;
use super::graph_error::GraphError;
use super::wire_value::wire_enum;
use crate::base::ObjectId;
use crate::store::RateLimit;

/// Rate limit for all reads of Microsoft's directory audit log, shared under the key `graph:audits`.
///
/// Microsoft allows 5 requests in 10 seconds per application and tenant
/// (<https://learn.microsoft.com/graph/throttling-limits>). One every 3 seconds is at most 4 in any 10 seconds. A burst
/// of 4 followed by one every 2.5 seconds could reach 8.
pub(crate) const AUDIT_LOG_RATE_LIMIT: RateLimit = RateLimit { count: 1, window: SignedDuration::from_secs(3) };
/// Key of the additional detail that names the writeback agent.
const ON_PREMISES_AGENT_KEY: &str = "OnPremisesAgent";

/// Activity by which the log is filtered (`activityDisplayName`).
///
/// <https://learn.microsoft.com/entra/identity/monitoring-health/reference-audit-activities> (read 2026-11-24)
#[derive(Clone, Copy)]
enum AuditActivity {
    ResetPasswordByAdmin,
    RegisteredSecurityInfo,
}

impl AuditActivity {
    fn as_str(self) -> &'static str {
        match self {
            Self::ResetPasswordByAdmin => "Reset password (by admin)",
            Self::RegisteredSecurityInfo => "User registered security info",
        }
    }
}

wire_enum! {
    /// Result of an audited activity (`result`).
    AuditResult, exact {
        Success = "success",
        Failure = "failure",
        Timeout = "timeout",
    }
}

/// Agent that wrote a password to the on-premises directory (additional detail `OnPremisesAgent`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnPremisesAgent {
    /// The record names an agent, such as `CloudSync`.
    Named(String),
    /// The record says that no agent was used (`None`).
    NotUsed,
    /// The record says nothing about an agent.
    NotRecorded,
}

impl OnPremisesAgent {
    fn from_detail(value: Option<&str>) -> Self {
        match value {
            None | Some("") => Self::NotRecorded,
            Some("None") => Self::NotUsed,
            Some(name) => Self::Named(name.to_owned()),
        }
    }

    /// Returns the text of the record. Empty if it says nothing.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Named(name) => name,
            Self::NotUsed => "None",
            Self::NotRecorded => "",
        }
    }
}

/// Record of Microsoft's directory audit log.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DirectoryAuditRecord {
    pub(crate) activity_date_time: Timestamp,
    pub(crate) result: AuditResult,
    #[serde(default)]
    pub(crate) result_reason: Option<String>,
    #[serde(default)]
    initiated_by: Option<AuditInitiator>,
    #[serde(default)]
    target_resources: Vec<ObjectReference>,
    #[serde(default)]
    additional_details: Vec<AdditionalDetail>,
}

#[derive(Clone, Debug, Deserialize)]
struct AuditInitiator {
    #[serde(default)]
    user: Option<ObjectReference>,
}

#[derive(Clone, Debug, Deserialize)]
struct ObjectReference {
    #[serde(default)]
    id: Option<String>,
}

impl ObjectReference {
    fn refers_to(&self, object: ObjectId) -> bool {
        self.id.as_deref() == Some(object.to_string().as_str())
    }
}

#[derive(Clone, Debug, Deserialize)]
struct AdditionalDetail {
    #[serde(default)]
    key: Option<String>,
    #[serde(default)]
    value: Option<String>,
}

impl DirectoryAuditRecord {
    /// Returns true if this user started the activity.
    pub(crate) fn is_initiated_by(&self, user: ObjectId) -> bool {
        self.initiated_by.as_ref().and_then(|by| by.user.as_ref()).is_some_and(|by| by.refers_to(user))
    }

    /// Returns true if the activity changed this object.
    pub(crate) fn has_target(&self, object: ObjectId) -> bool {
        self.target_resources.iter().any(|target| target.refers_to(object))
    }

    /// Returns the agent that wrote the password to the on-premises directory.
    pub(crate) fn on_premises_agent(&self) -> OnPremisesAgent {
        let detail = self.additional_details.iter().find(|d| d.key.as_deref() == Some(ON_PREMISES_AGENT_KEY));
        OnPremisesAgent::from_detail(detail.and_then(|d| d.value.as_deref()))
    }

    fn first_target(&self) -> Option<ObjectId> {
        self.target_resources.iter().find_map(|target| target.id.as_deref()?.parse().ok())
    }
}

impl GraphClient {
    /// Fetches the audit records of administrator resets in a time range.
    ///
    /// Records arrive late, so an empty result is not final.
    pub(crate) async fn fetch_reset_audits(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DirectoryAuditRecord>, GraphError> {
        self.fetch_audit_records(AuditActivity::ResetPasswordByAdmin, from, to).await
    }

    /// Fetches when and by whom sign-in methods were registered in a time range.
    pub(crate) async fn fetch_method_registrations(
        &self,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<(Timestamp, ObjectId)>, GraphError> {
        let rows = self.fetch_audit_records(AuditActivity::RegisteredSecurityInfo, from, to).await?;
        let done = rows.iter().filter(|row| row.result == AuditResult::Success);
        Ok(done.filter_map(|row| Some((row.activity_date_time, row.first_target()?))).collect())
    }

    async fn fetch_audit_records(
        &self,
        activity: AuditActivity,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<DirectoryAuditRecord>, GraphError> {
        let at = |t: Timestamp| t.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let filter = format!(
            "activityDisplayName eq '{}' and activityDateTime ge {} and activityDateTime le {}",
            activity.as_str(),
            at(from),
            at(to)
        );
        let mut url = self.url(&["auditLogs", "directoryAudits"]);
        // Requests the largest page, because each further page counts against the rate limit.
        url.query_pairs_mut().append_pair("$filter", &filter).append_pair("$top", "999");
        self.get_all_pages(url).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::entra::wire_value::testing::{accepts_any_case, check_wire_values};

    fn audit_record(change: impl Fn(&mut Value)) -> Result<DirectoryAuditRecord, serde_json::Error> {
        let mut record = json!({ "activityDateTime": "2026-11-23T10:00:04Z", "result": "success" });
        change(&mut record);
        serde_json::from_value(record)
    }

    #[test]
    fn result_is_required_and_unknown_result_is_kept() {
        check_wire_values::<AuditResult>();
        assert!(!accepts_any_case::<AuditResult>());
        assert_eq!(audit_record(|_| {}).unwrap().result, AuditResult::Success);
        let later = audit_record(|r| r["result"] = json!("unknownFutureValue")).unwrap();
        assert_eq!(later.result, AuditResult::Other("unknownFutureValue".to_owned()));
        assert!(audit_record(|r| r["result"] = Value::Null).is_err());
        assert!(audit_record(|r| drop(r.as_object_mut().unwrap().remove("result"))).is_err());
    }

    #[test]
    fn on_premises_agent_is_read_from_additional_details() {
        let agent =
            |details: Value| audit_record(|r| r["additionalDetails"] = details.clone()).unwrap().on_premises_agent();
        assert_eq!(audit_record(|_| {}).unwrap().on_premises_agent(), OnPremisesAgent::NotRecorded);
        for nothing in [
            json!([]),
            json!([{ "key": null, "value": "CloudSync" }, {}]),
            json!([{ "key": "OnPremisesAgent", "value": null }]),
            json!([{ "key": "OnPremisesAgent", "value": "" }]),
        ] {
            let agent = agent(nothing);
            assert_eq!((&agent, agent.as_str()), (&OnPremisesAgent::NotRecorded, ""));
        }
        let unused = agent(json!([{ "key": "OnPremisesAgent", "value": "None" }]));
        assert_eq!((&unused, unused.as_str()), (&OnPremisesAgent::NotUsed, "None"));
        let named = agent(json!([{ "key": "x" }, { "key": "OnPremisesAgent", "value": "CloudSync" }]));
        assert_eq!((&named, named.as_str()), (&OnPremisesAgent::Named("CloudSync".to_owned()), "CloudSync"));
    }

    #[test]
    fn initiator_and_target_are_compared_by_object_id() {
        let [user, other] = ["1", "2"].map(|n| format!("00000000-0000-4000-8000-00000000000{n}").parse().unwrap());
        let nobody = audit_record(|r| r["initiatedBy"] = json!({ "user": null, "app": {} })).unwrap();
        assert!(!nobody.is_initiated_by(user) && !nobody.has_target(user) && nobody.first_target().is_none());
        let record = audit_record(|r| {
            r["initiatedBy"] = json!({ "user": { "id": user } });
            r["targetResources"] = json!([{ "id": null }, { "id": "not an id" }, { "id": other }]);
        })
        .unwrap();
        assert!(record.is_initiated_by(user) && !record.is_initiated_by(other));
        assert!(record.has_target(other) && !record.has_target(user));
        assert_eq!(record.first_target(), Some(other));
    }
}
