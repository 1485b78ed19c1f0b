//! Tests of the table constraints: no SQL statement can store an execution that was not verified, or not approved if an
//! approval is required.

use sqlx::AssertSqlSafe;

use crate::cases::execution_state::{ExecutionEvent, ExecutionStatus};
use crate::store::testing::{TestDatabase, test_databases};
use crate::store::{StoreError, exec_db, select_all};

/// Columns of a row with their SQL literals.
type ColumnLiterals = Vec<(&'static str, &'static str)>;

const CASE_ROW: [(&str, &str); 15] = [
    ("id", "'c1'"),
    ("reference", "'7KQ4M2ZD'"),
    ("tenant", "'t'"),
    ("object", "'wanda'"),
    ("name", "'Wanda'"),
    ("upn", "'wanda@x'"),
    ("origin", "'desk'"),
    ("asks", "0"),
    ("action", "'grant'"),
    ("state", "'open'"),
    ("ticket", "''"),
    ("owner_name", "''"),
    ("failures", "0"),
    ("created_at", "1"),
    ("updated_at", "1"),
];
const REQUEST_ROW: [(&str, &str); 13] = [
    ("id", "'k1'"),
    ("case_id", "'c1'"),
    ("action", "'grant'"),
    ("method", "'call_check'"),
    ("agent", "'hugo'"),
    ("agent_name", "'Hugo'"),
    ("tenant", "'t'"),
    ("object", "'wanda'"),
    ("sealed", "''"),
    ("state", "'confirmed'"),
    ("asked_at", "1"),
    ("until", "100"),
    ("answered_at", "2"),
];
const VERIFICATION_ROW: [(&str, &str); 12] = [
    ("id", "'v1'"),
    ("case_id", "'c1'"),
    ("action", "'grant'"),
    ("method", "'call_check'"),
    ("points", "2"),
    ("agent", "'hugo'"),
    ("agent_name", "'Hugo'"),
    ("check_id", "'k1'"),
    ("check_state", "'confirmed'"),
    ("witness", "'wanda'"),
    ("at", "2"),
    ("until", "50"),
];
const DECISION_ROW: [(&str, &str); 19] = [
    ("subject", "'wanda'"),
    ("shown_to", "'nobody'"),
    ("digest", "'x'"),
    ("id", "'d1'"),
    ("case_id", "'c1'"),
    ("action", "'grant'"),
    ("basis", "'methods'"),
    ("threshold", "2"),
    ("two_people", "0"),
    ("reason", "''"),
    ("agent", "'hugo'"),
    ("agent_name", "'Hugo'"),
    ("at", "3"),
    ("until", "50"),
    ("first_id", "'v1'"),
    ("first_method", "'call_check'"),
    ("first_points", "2"),
    ("first_agent", "'hugo'"),
    ("first_until", "50"),
];
const APPROVAL_ROW: [(&str, &str); 10] = [
    ("digest", "'x'"),
    ("id", "'p1'"),
    ("verdict_id", "'d1'"),
    ("agent", "'hugo'"),
    ("approver", "'april'"),
    ("approver_name", "'April'"),
    ("tenant", "'t'"),
    ("object", "'wanda'"),
    ("at", "4"),
    ("until", "40"),
];
const EXECUTION_ROW: [(&str, &str); 14] = [
    ("digest", "'x'"),
    ("id", "'a1'"),
    ("case_id", "'c1'"),
    ("action", "'grant'"),
    ("verdict_id", "'d1'"),
    ("basis", "'methods'"),
    ("two_people", "0"),
    ("verdict_until", "50"),
    ("agent", "'hugo'"),
    ("agent_name", "'Hugo'"),
    ("shown_to", "'nobody'"),
    ("at", "5"),
    ("outcome", "'done'"),
    ("detail", "''"),
];

/// Returns a row with some columns replaced.
fn with_columns(row: &[(&'static str, &'static str)], other: &[(&'static str, &'static str)]) -> ColumnLiterals {
    let mut all: ColumnLiterals = row.to_vec();
    for (column, value) in other {
        all.retain(|(name, _)| name != column);
        all.push((column, value));
    }
    all
}

async fn insert_row(engine: &TestDatabase, table: &str, row: &[(&str, &str)]) -> Result<(), StoreError> {
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let values: Vec<&str> = row.iter().map(|(_, value)| *value).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "));
    exec_db!(&engine.db, AssertSqlSafe(sql))?;
    Ok(())
}

async fn assert_accepted(engine: &TestDatabase, table: &str, row: &[(&str, &str)]) {
    insert_row(engine, table, row).await.unwrap_or_else(|error| panic!("{table} {row:?}: {error:?}"));
}

/// Asserts that a constraint rejects the row, and not an error in the test.
async fn assert_rejected(engine: &TestDatabase, table: &str, row: &[(&str, &str)], why: &str) {
    match insert_row(engine, table, row).await {
        Ok(()) => panic!("{why}: {table} took {row:?}"),
        Err(StoreError::AlreadyExists) => {}
        Err(StoreError::Sql(error)) => {
            let kind = error.as_database_error().map(sqlx::error::DatabaseError::kind);
            // SQLite's code for a trigger that refused.
            let by_trigger =
                error.as_database_error().and_then(sqlx::error::DatabaseError::code).is_some_and(|code| code == "1811");
            let by_rule = by_trigger
                || matches!(
                    kind,
                    Some(sqlx::error::ErrorKind::ForeignKeyViolation | sqlx::error::ErrorKind::CheckViolation)
                );
            assert!(by_rule, "{why}: {error:?}");
        }
        Err(error) => panic!("{why}: {error:?}"),
    }
}

/// Duties of the decision `d1`, as far as the tests need them.
const DUTIES: [(&str, &str); 6] = [
    ("'subject'", "'wanda'"),
    ("'requester'", "'hugo'"),
    ("'attester'", "'hugo'"),
    ("'executor'", "'hugo'"),
    ("'approver'", "'april'"),
    ("'viewer'", "'mona'"),
];

/// Returns databases that contain a case with a confirmed call check, and a second case.
async fn databases_with_case() -> Vec<TestDatabase> {
    let all = test_databases().await;
    for engine in &all {
        assert_accepted(engine, "cases", &CASE_ROW).await;
        assert_accepted(engine, "cases", &with_columns(&CASE_ROW, &[("id", "'c2'"), ("reference", "'7KQ4M2ZE'")]))
            .await;
        assert_accepted(engine, "case_checks", &REQUEST_ROW).await;
        for (duty, object) in DUTIES {
            let row = [("verdict_id", "'d1'"), ("duty", duty), ("object", object)];
            assert_accepted(engine, "case_duties", &row).await;
        }
    }
    all
}

#[tokio::test]
async fn verification_without_confirmed_request_is_rejected() {
    for engine in databases_with_case().await {
        let try_ = |other: &[(&'static str, &'static str)]| with_columns(&VERIFICATION_ROW, other);
        let none = [("check_id", "NULL"), ("check_state", "NULL"), ("witness", "NULL")];
        assert_rejected(&engine, "case_verifications", &try_(&none), "a call check without its request").await;
        let waiting = with_columns(&REQUEST_ROW, &[("id", "'k2'"), ("state", "'waiting'"), ("answered_at", "NULL")]);
        assert_accepted(&engine, "case_checks", &waiting).await;
        assert_rejected(&engine, "case_verifications", &try_(&[("check_id", "'k2'")]), "not answered yet").await;
        let said = [("check_id", "'k2'"), ("check_state", "'waiting'")];
        assert_rejected(&engine, "case_verifications", &try_(&said), "not confirmed").await;
        assert_rejected(&engine, "case_verifications", &try_(&[("case_id", "'c2'")]), "of another case").await;
        assert_rejected(&engine, "case_verifications", &try_(&[("action", "'pass'")]), "for something else").await;
        assert_rejected(&engine, "case_verifications", &try_(&[("witness", "'omar'")]), "by another witness").await;
        assert_rejected(&engine, "case_verifications", &try_(&[("agent", "'hana'")]), "another agent's request").await;
        assert_rejected(&engine, "case_verifications", &try_(&[("points", "0")]), "worth nothing").await;
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        assert_rejected(&engine, "case_verifications", &try_(&[("id", "'v2'")]), "one reply counts once").await;
        assert_rejected(
            &engine,
            "case_checks",
            &with_columns(&REQUEST_ROW, &[("id", "'k3'"), ("object", "'hugo'")]),
            "an agent cannot send a request to themselves",
        )
        .await;
    }
}

/// Returns a verification row for an attestation.
fn attested_row(id: &'static str, method: &'static str, agent: &'static str, points: &'static str) -> ColumnLiterals {
    let nobody = [("check_id", "NULL"), ("check_state", "NULL"), ("witness", "NULL")];
    let row = with_columns(&VERIFICATION_ROW, &nobody);
    with_columns(&row, &[("id", id), ("method", method), ("agent", agent), ("points", points)])
}

/// Binds the verifications to the decision `d1`.
async fn insert_parts(engine: &TestDatabase, ids: &[&'static str]) {
    for id in ids {
        assert_accepted(engine, "case_parts", &[("verification_id", id), ("verdict_id", "'d1'")]).await;
    }
}

const SECOND_VERIFICATION: [(&str, &str); 5] = [
    ("second_id", "'v2'"),
    ("second_method", "'in_person'"),
    ("second_points", "2"),
    ("second_agent", "'hugo'"),
    ("second_until", "50"),
];

#[tokio::test]
async fn decision_requires_its_points_and_a_witness() {
    for engine in databases_with_case().await {
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        assert_accepted(&engine, "case_verifications", &attested_row("'v2'", "'in_person'", "'hugo'", "2")).await;
        assert_accepted(&engine, "case_verifications", &attested_row("'v3'", "'call_back'", "'hugo'", "1")).await;
        let try_ = |other: &[(&'static str, &'static str)]| with_columns(&DECISION_ROW, other);
        assert_rejected(&engine, "case_verdicts", &DECISION_ROW, "a verification that is not bound to it").await;
        insert_parts(&engine, &["'v1'", "'v2'", "'v3'"]).await;
        assert_rejected(&engine, "case_parts", &[("verification_id", "'v1'"), ("verdict_id", "'d2'")], "used up").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("id", "'d2'")]), "a verification of another decision").await;
        let none = [
            ("first_id", "NULL"),
            ("first_method", "NULL"),
            ("first_points", "NULL"),
            ("first_agent", "NULL"),
            ("first_until", "NULL"),
        ];
        assert_rejected(&engine, "case_verdicts", &try_(&none), "no verification").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("threshold", "3")]), "too few points").await;
        let more = [("threshold", "9"), ("first_points", "9")];
        assert_rejected(&engine, "case_verdicts", &try_(&more), "more points than it was worth").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("first_points", "NULL")]), "an incomplete verification")
            .await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("action", "'thaw'")]), "verified for something else").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("until", "60")]), "longer than its verifications").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("two_people", "1")]), "own session alone").await;
        let twice = with_columns(
            &try_(&[("threshold", "4")]),
            &[
                ("second_id", "'v1'"),
                ("second_method", "'call_check'"),
                ("second_points", "2"),
                ("second_agent", "'hugo'"),
                ("second_until", "50"),
            ],
        );
        assert_rejected(&engine, "case_verdicts", &twice, "the same one twice").await;
        let own_word = with_columns(
            &try_(&[("first_id", "'v3'"), ("first_method", "'call_back'"), ("first_points", "1")]),
            &SECOND_VERIFICATION,
        );
        assert_rejected(&engine, "case_verdicts", &own_word, "one agent's attestation alone").await;
        let both = with_columns(&try_(&[("threshold", "4"), ("two_people", "1")]), &SECOND_VERIFICATION);
        assert_accepted(&engine, "case_verdicts", &both).await;
    }
}

#[tokio::test]
async fn decision_without_duties_or_digest_is_rejected() {
    for engine in databases_with_case().await {
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        insert_parts(&engine, &["'v1'"]).await;
        let try_ = |other: &[(&'static str, &'static str)]| with_columns(&DECISION_ROW, other);
        // As the release before writes it.
        let old: ColumnLiterals = DECISION_ROW.iter().copied().skip(3).collect();
        assert_rejected(&engine, "case_verdicts", &old, "the release before decides nothing").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("digest", "NULL")]), "no digest").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("subject", "'omar'")]), "about somebody else").await;
        assert_rejected(&engine, "case_verdicts", &try_(&[("agent", "'hana'")]), "a requester without the duty").await;
        let seen = [("shown_to", "'agent'")];
        assert_rejected(&engine, "case_verdicts", &try_(&seen), "somebody sees a pass that there is not").await;
        assert_accepted(&engine, "case_verdicts", &DECISION_ROW).await;
        let approval = |other: &[(&'static str, &'static str)]| with_columns(&APPROVAL_ROW, other);
        assert_rejected(&engine, "case_approvals", &approval(&[("digest", "'y'")]), "of another content").await;
        assert_rejected(&engine, "case_approvals", &approval(&[("object", "'omar'")]), "about somebody else").await;
        assert_rejected(&engine, "case_approvals", &approval(&[("approver", "'audrey'")]), "without the duty").await;
        let act = |other: &[(&'static str, &'static str)]| with_columns(&EXECUTION_ROW, other);
        assert_rejected(&engine, "case_actions", &act(&[("digest", "'y'")]), "of another content").await;
        assert_accepted(&engine, "case_actions", &EXECUTION_ROW).await;
        let grant = [("action_id", "'a1'"), ("tenant", "'t'"), ("object", "'omar'"), ("until", "9")];
        assert_rejected(&engine, "grants", &grant, "for somebody else than the case's person").await;
    }
}

#[tokio::test]
async fn execution_requires_its_own_decision_and_happens_once() {
    for engine in databases_with_case().await {
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        assert_rejected(&engine, "case_actions", &EXECUTION_ROW, "nothing verified").await;
        insert_parts(&engine, &["'v1'"]).await;
        assert_accepted(&engine, "case_verdicts", &DECISION_ROW).await;
        let try_ = |other: &[(&'static str, &'static str)]| with_columns(&EXECUTION_ROW, other);
        assert_rejected(&engine, "case_actions", &try_(&[("agent", "'hana'")]), "another agent's decision").await;
        assert_rejected(&engine, "case_actions", &try_(&[("case_id", "'c2'")]), "another case").await;
        assert_rejected(&engine, "case_actions", &try_(&[("action", "'revoke'")]), "another action").await;
        assert_rejected(&engine, "case_actions", &try_(&[("at", "50")]), "too late").await;
        assert_rejected(&engine, "case_actions", &try_(&[("verdict_until", "90")]), "a longer decision").await;
        assert_rejected(&engine, "case_actions", &try_(&[("basis", "'override'")]), "no override").await;
        assert_rejected(&engine, "case_actions", &try_(&[("shown_to", "'agent'")]), "no pass to see").await;
        assert_rejected(
            &engine,
            "grants",
            &[("action_id", "'a1'"), ("tenant", "'t'"), ("object", "'wanda'"), ("until", "9")],
            "no action",
        )
        .await;
        assert_accepted(&engine, "case_actions", &EXECUTION_ROW).await;
        assert_rejected(&engine, "case_actions", &try_(&[("id", "'a2'")]), "done already").await;
        assert_accepted(
            &engine,
            "grants",
            &[("action_id", "'a1'"), ("tenant", "'t'"), ("object", "'wanda'"), ("until", "9")],
        )
        .await;
    }
}

#[tokio::test]
async fn execution_status_changes_only_by_allowed_transitions() {
    const SET_SQL: &str = "UPDATE case_actions SET outcome = $1";
    let events = [
        ExecutionEvent::Succeeded,
        ExecutionEvent::Rejected,
        ExecutionEvent::StepUpRequired,
        ExecutionEvent::Resumed,
        ExecutionEvent::StepUpRepeated,
    ];
    for engine in databases_with_case().await {
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        insert_parts(&engine, &["'v1'"]).await;
        assert_accepted(&engine, "case_verdicts", &DECISION_ROW).await;
        assert_accepted(&engine, "case_actions", &EXECUTION_ROW).await;
        for (before, event) in ExecutionStatus::ALL.into_iter().flat_map(|status| events.map(|event| (status, event))) {
            exec_db!(&engine.db, SET_SQL, before).unwrap();
            let (transition, now) = (event.transition(), jiff::Timestamp::UNIX_EPOCH);
            let mut tx = engine.db.begin().await.unwrap();
            let changed = super::set_execution_status(&mut tx, "a1", transition, "", now).await.unwrap();
            tx.commit().await.unwrap();
            let after: Vec<(ExecutionStatus,)> = select_all!(&engine.db, "SELECT outcome FROM case_actions").unwrap();
            let allowed = transition.source_status() == before;
            assert_eq!(changed, allowed, "{before:?} {event:?}");
            assert_eq!(after, [(if allowed { transition.target_status() } else { before },)], "{before:?} {event:?}");
        }
    }
}

#[tokio::test]
async fn override_requires_approval_by_another_person() {
    for engine in databases_with_case().await {
        let none = [
            ("first_id", "NULL"),
            ("first_method", "NULL"),
            ("first_points", "NULL"),
            ("first_agent", "NULL"),
            ("first_until", "NULL"),
            ("basis", "'override'"),
            ("two_people", "1"),
        ];
        assert_accepted(&engine, "case_verdicts", &with_columns(&DECISION_ROW, &none)).await;
        let act = with_columns(&EXECUTION_ROW, &[("basis", "'override'"), ("two_people", "1")]);
        assert_rejected(&engine, "case_actions", &act, "not approved").await;
        let try_ = |other: &[(&'static str, &'static str)]| with_columns(&APPROVAL_ROW, other);
        assert_rejected(&engine, "case_approvals", &try_(&[("approver", "'hugo'")]), "own decision").await;
        assert_rejected(&engine, "case_approvals", &try_(&[("approver", "'wanda'")]), "by the person themselves").await;
        assert_rejected(&engine, "case_approvals", &try_(&[("agent", "'hana'")]), "for another agent").await;
        assert_accepted(&engine, "case_approvals", &APPROVAL_ROW).await;
        assert_rejected(&engine, "case_approvals", &try_(&[("id", "'p2'"), ("approver", "'audrey'")]), "once").await;
        let approved = |more: &[(&'static str, &'static str)]| {
            with_columns(&with_columns(&act, &[("approval_id", "'p1'"), ("approval_until", "40")]), more)
        };
        assert_rejected(&engine, "case_actions", &approved(&[("at", "40")]), "the approval has expired").await;
        assert_rejected(&engine, "case_actions", &approved(&[("approval_until", "49")]), "a longer approval").await;
        assert_rejected(&engine, "case_actions", &approved(&[("approval_until", "NULL")]), "an incomplete approval")
            .await;
        assert_rejected(&engine, "case_actions", &approved(&[("two_people", "0")]), "fewer people than required").await;
        assert_accepted(&engine, "case_actions", &approved(&[])).await;
    }
}

#[tokio::test]
async fn pass_requires_more_than_own_session_of_caller() {
    for engine in databases_with_case().await {
        let pass = [("action", "'pass'")];
        assert_accepted(&engine, "case_checks", &with_columns(&REQUEST_ROW, &[("id", "'k4'"), ("action", "'pass'")]))
            .await;
        let push = [("id", "'k5'"), ("action", "'pass'"), ("method", "'push'")];
        assert_accepted(&engine, "case_checks", &with_columns(&REQUEST_ROW, &push)).await;
        assert_accepted(
            &engine,
            "case_verifications",
            &with_columns(&VERIFICATION_ROW, &[("check_id", "'k4'"), ("action", "'pass'")]),
        )
        .await;
        let push = [("id", "'v2'"), ("check_id", "'k5'"), ("action", "'pass'"), ("method", "'push'"), ("points", "1")];
        assert_accepted(&engine, "case_verifications", &with_columns(&VERIFICATION_ROW, &push)).await;
        let both = [
            ("action", "'pass'"),
            ("shown_to", "'manager'"),
            ("viewer", "'mona'"),
            ("threshold", "3"),
            ("second_id", "'v2'"),
            ("second_method", "'push'"),
            ("second_points", "1"),
            ("second_agent", "'hugo'"),
            ("second_until", "50"),
        ];
        insert_parts(&engine, &["'v1'", "'v2'"]).await;
        assert_rejected(
            &engine,
            "case_verdicts",
            &with_columns(&DECISION_ROW, &both),
            "two requests to the same session",
        )
        .await;
        assert_accepted(
            &engine,
            "case_verifications",
            &with_columns(&attested_row("'v3'", "'in_person'", "'hugo'", "2"), &pass),
        )
        .await;
        insert_parts(&engine, &["'v3'"]).await;
        let seen = [("second_id", "'v3'"), ("second_method", "'in_person'"), ("second_points", "2")];
        let verdict = with_columns(&with_columns(&DECISION_ROW, &both), &seen);
        assert_accepted(&engine, "case_verdicts", &verdict).await;
        let act = with_columns(&EXECUTION_ROW, &[("action", "'pass'"), ("shown_to", "'agent'")]);
        assert_rejected(&engine, "case_actions", &act, "the agent sees it without a second person").await;
        let unseen = with_columns(&EXECUTION_ROW, &[("action", "'pass'")]);
        assert_rejected(&engine, "case_actions", &unseen, "a pass without a viewer").await;
        let manager = with_columns(&act, &[("shown_to", "'manager'"), ("viewer", "'mona'")]);
        assert_accepted(&engine, "case_actions", &manager).await;
    }
}

#[tokio::test]
async fn old_case_loses_personal_data_and_keeps_executions() {
    const REMAINING_SQL: &str = "SELECT c.name || c.upn || a.agent_name || d.agent_name || v.agent_name || k.agent_name || c.owner_name,
            c.state, a.outcome FROM cases c JOIN case_actions a ON a.case_id = c.id JOIN case_verdicts d ON d.case_id = c.id
            JOIN case_verifications v ON v.case_id = c.id JOIN case_checks k ON k.case_id = c.id";
    for engine in databases_with_case().await {
        assert_accepted(&engine, "case_verifications", &VERIFICATION_ROW).await;
        insert_parts(&engine, &["'v1'"]).await;
        assert_accepted(&engine, "case_verdicts", &DECISION_ROW).await;
        assert_accepted(&engine, "case_actions", &EXECUTION_ROW).await;
        let note =
            [("case_id", "'c1'"), ("seq", "1"), ("at", "1"), ("by", "'hugo'"), ("by_name", "'Hugo'"), ("text", "'x'")];
        assert_accepted(&engine, "case_notes", &note).await;
        let mut tx = engine.db.begin().await.unwrap();
        let early = jiff::Timestamp::from_millisecond(1).unwrap();
        assert_eq!(super::erase_old_cases(&mut tx, early).await.unwrap(), 0, "not old yet");
        let late = jiff::Timestamp::from_millisecond(2).unwrap();
        assert_eq!(super::erase_old_cases(&mut tx, late).await.unwrap(), 2);
        assert_eq!(super::erase_old_cases(&mut tx, late).await.unwrap(), 0, "once");
        tx.commit().await.unwrap();
        let rows: Vec<(String, String, String)> = select_all!(&engine.db, REMAINING_SQL).unwrap();
        assert_eq!(rows, [(String::new(), "closed".to_owned(), "done".to_owned())]);
    }
}
