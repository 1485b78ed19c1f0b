//! SQL of policy assessments (table `policy_verdicts`, which keeps the word *verdict*).

use jiff::Timestamp;

use super::assessment::{AssessmentResult, PolicyAssessment, PolicyFinding};
use crate::store::{Db, StoreError, StoredTime, exec_db, select_one, select_optional};

/// Loads the stored result of a context and the time of its assessment.
pub(super) async fn load_result(db: &Db, context: &str) -> Result<Option<(AssessmentResult, Timestamp)>, StoreError> {
    const SQL: &str = "SELECT verdict, checked_at FROM policy_verdicts WHERE context = $1";
    let row: Option<(String, StoredTime)> = select_optional!(db, SQL, context)?;
    let Some((text, at)) = row else { return Ok(None) };
    let result = serde_json::from_str(&text)
        .map_err(|e| StoreError::InvalidRow { table: "policy_verdicts", problem: e.to_string() })?;
    Ok(Some((result, at.0)))
}

/// Loads the stored findings of a context. Empty if none are stored, or if this release cannot read them.
pub(super) async fn load_findings(db: &Db, context: &str) -> Result<Vec<PolicyFinding>, StoreError> {
    const SQL: &str = "SELECT remarks FROM policy_verdicts WHERE context = $1";
    let row: Option<(Option<String>,)> = select_optional!(db, SQL, context)?;
    Ok(row.and_then(|(text,)| serde_json::from_str(&text?).ok()).unwrap_or_default())
}

/// Counts the contexts whose policy is enforced.
pub(crate) async fn count_enforced_policies(db: &Db) -> Result<i64, StoreError> {
    const SQL: &str = "SELECT COUNT(*) FROM policy_verdicts WHERE verdict <> '\"bad\"'";
    let (count,): (i64,) = select_one!(db, SQL)?;
    Ok(count)
}

/// Inserts the assessment of a context, or replaces the earlier one.
pub(super) async fn upsert_assessment(
    db: &Db,
    context: &str,
    opinion: &PolicyAssessment,
    now: Timestamp,
) -> Result<(), StoreError> {
    const SQL: &str =
        "INSERT INTO policy_verdicts (context, checked_at, verdict, policy, remarks) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (context) DO UPDATE SET checked_at = $2, verdict = $3, policy = $4, remarks = $5";
    let text = serde_json::to_string(&opinion.result).unwrap_or_default();
    let remarks = serde_json::to_string(&opinion.findings).unwrap_or_default();
    exec_db!(db, SQL, context, StoredTime(now), &text, &opinion.policy_name, &remarks)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entra::EntraRole;
    use crate::store::testing::test_databases;

    fn enforced(roles: Vec<EntraRole>) -> AssessmentResult {
        AssessmentResult::Enforced { people: vec![], groups: vec![], roles, guests: true, passes: true }
    }

    #[tokio::test]
    async fn assessment_result_is_stored_with_timestamp() {
        for engine in test_databases().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            assert_eq!(load_result(&engine.db, "c1").await.unwrap(), None);
            for (result, enforced_count) in
                [(AssessmentResult::NotEnforced, 0), (enforced(vec![EntraRole::Other("r".to_owned())]), 1)]
            {
                let opinion = PolicyAssessment {
                    result,
                    policy_name: "p".to_owned(),
                    findings: vec![PolicyFinding::ExcludesRoles(1)],
                };
                upsert_assessment(&engine.db, "c1", &opinion, now).await.unwrap();
                assert_eq!(load_result(&engine.db, "c1").await.unwrap(), Some((opinion.result, now)));
                assert_eq!(load_findings(&engine.db, "c1").await.unwrap(), opinion.findings);
                assert_eq!(count_enforced_policies(&engine.db).await.unwrap(), enforced_count);
            }
        }
    }

    #[tokio::test]
    async fn row_of_release_before_is_readable() {
        const SQL: &str =
            "INSERT INTO policy_verdicts (context, checked_at, verdict, policy, remarks) VALUES ($1, $2, $3, $4, $5)";
        for engine in test_databases().await {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let good = r#"{"good":{"people":["u"],"groups":["g"],"roles":["r"],"guests":true,"passes":false}}"#;
            let remarks = r#"[{"says":"narrowed","what":"locations"},{"says":"excludes_people","what":2},{"says":"not_every_time"}]"#;
            exec_db!(&engine.db, SQL, "c1", StoredTime(now), good, "p", remarks).unwrap();
            exec_db!(&engine.db, SQL, "c2", StoredTime(now), "\"bad\"", "", r#"[{"says":"no_policy"}]"#).unwrap();
            let [people, groups] = ["u", "g"].map(|id| vec![id.to_owned()]);
            let roles = vec![EntraRole::Other("r".to_owned())];
            let result = AssessmentResult::Enforced { people, groups, roles, guests: true, passes: false };
            assert_eq!(load_result(&engine.db, "c1").await.unwrap(), Some((result, now)));
            assert_eq!(
                load_findings(&engine.db, "c1").await.unwrap(),
                [
                    PolicyFinding::NarrowedByCondition("locations".to_owned()),
                    PolicyFinding::ExcludesPeople(2),
                    PolicyFinding::NotEveryTime
                ]
            );
            assert_eq!(load_result(&engine.db, "c2").await.unwrap(), Some((AssessmentResult::NotEnforced, now)));
            assert_eq!(load_findings(&engine.db, "c2").await.unwrap(), [PolicyFinding::NoPolicy]);
            assert_eq!(count_enforced_policies(&engine.db).await.unwrap(), 1);
        }
    }

    #[test]
    fn result_of_older_release_is_readable() {
        let old = r#"{"good":{"people":[],"groups":["g"],"roles":[]}}"#;
        assert!(serde_json::from_str::<AssessmentResult>(old).unwrap().is_enforced());
        assert_eq!(serde_json::from_str::<AssessmentResult>("\"bad\"").unwrap(), AssessmentResult::NotEnforced);
    }

    /// The release before reads what this release writes, and the other way round.
    #[test]
    fn stored_names_are_those_of_release_before() {
        let json = |value: &PolicyFinding| serde_json::to_string(value).unwrap();
        assert_eq!(serde_json::to_string(&AssessmentResult::NotEnforced).unwrap(), "\"bad\"");
        assert_eq!(
            serde_json::to_string(&enforced(vec![])).unwrap(),
            r#"{"good":{"people":[],"groups":[],"roles":[],"guests":true,"passes":true}}"#
        );
        for (finding, text) in [
            (PolicyFinding::NoPolicy, r#"{"says":"no_policy"}"#),
            (PolicyFinding::Disabled, r#"{"says":"disabled"}"#),
            (PolicyFinding::ReportOnly, r#"{"says":"report_only"}"#),
            (PolicyFinding::NotAllUsers, r#"{"says":"not_everybody"}"#),
            (PolicyFinding::NarrowedByCondition("x".to_owned()), r#"{"says":"narrowed","what":"x"}"#),
            (PolicyFinding::AlternativeControl("x".to_owned()), r#"{"says":"or_else","what":"x"}"#),
            (PolicyFinding::BlocksAccess, r#"{"says":"blocks"}"#),
            (PolicyFinding::NoStrength, r#"{"says":"no_strength"}"#),
            (PolicyFinding::AllowsPassword("x".to_owned()), r#"{"says":"password","what":"x"}"#),
            (PolicyFinding::UnknownMethod("x".to_owned()), r#"{"says":"unknown_method","what":"x"}"#),
            (PolicyFinding::NotEveryTime, r#"{"says":"not_every_time"}"#),
            (PolicyFinding::ExcludesPeople(1), r#"{"says":"excludes_people","what":1}"#),
            (PolicyFinding::ExcludesGroups(1), r#"{"says":"excludes_groups","what":1}"#),
            (PolicyFinding::ExcludesRoles(1), r#"{"says":"excludes_roles","what":1}"#),
            (PolicyFinding::ExcludesGuests, r#"{"says":"excludes_guests"}"#),
            (PolicyFinding::WeakMethod("x".to_owned()), r#"{"says":"weak_method","what":"x"}"#),
            (PolicyFinding::MultiUsePass, r#"{"says":"multi_use_pass"}"#),
        ] {
            assert_eq!((json(&finding).as_str(), serde_json::from_str(text).ok()), (text, Some(finding)));
        }
    }
}
