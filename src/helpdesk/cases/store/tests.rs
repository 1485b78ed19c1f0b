//! Tests of the table constraints: no SQL statement can store an execution that was not verified, or not approved if an
//! approval is required.

use sqlx::AssertSqlSafe;

use crate::store::testing::{TestDatabase, engines};
use crate::store::{StoreError, on_db, write_db};

/// Columns of a row with their SQL literals.
type ColumnLiterals = Vec<(&'static str, &'static str)>;

const CASE: [(&str, &str); 15] = [
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
const CHECK: [(&str, &str); 13] = [
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
const VERIFICATION: [(&str, &str); 12] = [
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
const VERDICT: [(&str, &str); 16] = [
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
const APPROVAL: [(&str, &str); 9] = [
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
const ACTION: [(&str, &str); 13] = [
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
fn with(row: &[(&'static str, &'static str)], other: &[(&'static str, &'static str)]) -> ColumnLiterals {
    let mut all: ColumnLiterals = row.to_vec();
    for (column, value) in other {
        all.retain(|(name, _)| name != column);
        all.push((column, value));
    }
    all
}

async fn insert(engine: &TestDatabase, table: &str, row: &[(&str, &str)]) -> Result<(), StoreError> {
    let columns: Vec<&str> = row.iter().map(|(column, _)| *column).collect();
    let values: Vec<&str> = row.iter().map(|(_, value)| *value).collect();
    let sql = format!("INSERT INTO {table} ({}) VALUES ({})", columns.join(", "), values.join(", "));
    write_db!(&engine.db, |pool| sqlx::query(AssertSqlSafe(sql)).execute(pool).await.map(|_| ()))?;
    Ok(())
}

async fn taken(engine: &TestDatabase, table: &str, row: &[(&str, &str)]) {
    insert(engine, table, row).await.unwrap_or_else(|error| panic!("{table} {row:?}: {error:?}"));
}

/// Asserts that a constraint rejects the row, and not an error in the test.
async fn refused(engine: &TestDatabase, table: &str, row: &[(&str, &str)], why: &str) {
    match insert(engine, table, row).await {
        Ok(()) => panic!("{why}: {table} took {row:?}"),
        Err(StoreError::Exists) => {}
        Err(StoreError::Sql(error)) => {
            let kind = error.as_database_error().map(sqlx::error::DatabaseError::kind);
            let by_rule = matches!(
                kind,
                Some(sqlx::error::ErrorKind::ForeignKeyViolation | sqlx::error::ErrorKind::CheckViolation)
            );
            assert!(by_rule, "{why}: {error:?}");
        }
        Err(error) => panic!("{why}: {error:?}"),
    }
}

/// Returns databases that contain a case with a confirmed call check, and a second case.
async fn begun() -> Vec<TestDatabase> {
    let all = engines().await;
    for engine in &all {
        taken(engine, "cases", &CASE).await;
        taken(engine, "cases", &with(&CASE, &[("id", "'c2'"), ("reference", "'7KQ4M2ZE'")])).await;
        taken(engine, "case_checks", &CHECK).await;
    }
    all
}

#[tokio::test]
async fn nothing_is_verified_that_nobody_confirmed() {
    for engine in begun().await {
        let try_ = |other: &[(&'static str, &'static str)]| with(&VERIFICATION, other);
        let none = [("check_id", "NULL"), ("check_state", "NULL"), ("witness", "NULL")];
        refused(&engine, "case_verifications", &try_(&none), "a call check without its request").await;
        let waiting = with(&CHECK, &[("id", "'k2'"), ("state", "'waiting'"), ("answered_at", "NULL")]);
        taken(&engine, "case_checks", &waiting).await;
        refused(&engine, "case_verifications", &try_(&[("check_id", "'k2'")]), "not answered yet").await;
        let said = [("check_id", "'k2'"), ("check_state", "'waiting'")];
        refused(&engine, "case_verifications", &try_(&said), "not confirmed").await;
        refused(&engine, "case_verifications", &try_(&[("case_id", "'c2'")]), "of another case").await;
        refused(&engine, "case_verifications", &try_(&[("action", "'pass'")]), "for something else").await;
        refused(&engine, "case_verifications", &try_(&[("witness", "'omar'")]), "by another witness").await;
        refused(&engine, "case_verifications", &try_(&[("agent", "'hana'")]), "another agent's request").await;
        refused(&engine, "case_verifications", &try_(&[("points", "0")]), "worth nothing").await;
        taken(&engine, "case_verifications", &VERIFICATION).await;
        refused(&engine, "case_verifications", &try_(&[("id", "'v2'")]), "one reply counts once").await;
        refused(
            &engine,
            "case_checks",
            &with(&CHECK, &[("id", "'k3'"), ("object", "'hugo'")]),
            "an agent cannot send a request to themselves",
        )
        .await;
    }
}

/// Returns a verification row for an attestation.
fn attested(id: &'static str, method: &'static str, agent: &'static str, points: &'static str) -> ColumnLiterals {
    let nobody = [("check_id", "NULL"), ("check_state", "NULL"), ("witness", "NULL")];
    let row = with(&VERIFICATION, &nobody);
    with(&row, &[("id", id), ("method", method), ("agent", agent), ("points", points)])
}

/// Binds the verifications to the decision `d1`.
async fn parts(engine: &TestDatabase, ids: &[&'static str]) {
    for id in ids {
        taken(engine, "case_parts", &[("verification_id", id), ("verdict_id", "'d1'")]).await;
    }
}

const SECOND: [(&str, &str); 5] = [
    ("second_id", "'v2'"),
    ("second_method", "'in_person'"),
    ("second_points", "2"),
    ("second_agent", "'hugo'"),
    ("second_until", "50"),
];

#[tokio::test]
async fn a_verdict_has_the_points_it_says_and_a_witness() {
    for engine in begun().await {
        taken(&engine, "case_verifications", &VERIFICATION).await;
        taken(&engine, "case_verifications", &attested("'v2'", "'in_person'", "'hugo'", "2")).await;
        taken(&engine, "case_verifications", &attested("'v3'", "'call_back'", "'hugo'", "1")).await;
        let try_ = |other: &[(&'static str, &'static str)]| with(&VERDICT, other);
        refused(&engine, "case_verdicts", &VERDICT, "a verification that is not bound to it").await;
        parts(&engine, &["'v1'", "'v2'", "'v3'"]).await;
        refused(&engine, "case_parts", &[("verification_id", "'v1'"), ("verdict_id", "'d2'")], "used up").await;
        refused(&engine, "case_verdicts", &try_(&[("id", "'d2'")]), "a verification of another decision").await;
        let none = [
            ("first_id", "NULL"),
            ("first_method", "NULL"),
            ("first_points", "NULL"),
            ("first_agent", "NULL"),
            ("first_until", "NULL"),
        ];
        refused(&engine, "case_verdicts", &try_(&none), "no verification").await;
        refused(&engine, "case_verdicts", &try_(&[("threshold", "3")]), "too few points").await;
        let more = [("threshold", "9"), ("first_points", "9")];
        refused(&engine, "case_verdicts", &try_(&more), "more points than it was worth").await;
        refused(&engine, "case_verdicts", &try_(&[("first_points", "NULL")]), "an incomplete verification").await;
        refused(&engine, "case_verdicts", &try_(&[("action", "'thaw'")]), "verified for something else").await;
        refused(&engine, "case_verdicts", &try_(&[("until", "60")]), "longer than its verifications").await;
        refused(&engine, "case_verdicts", &try_(&[("two_people", "1")]), "own session alone").await;
        let twice = with(
            &try_(&[("threshold", "4")]),
            &[
                ("second_id", "'v1'"),
                ("second_method", "'call_check'"),
                ("second_points", "2"),
                ("second_agent", "'hugo'"),
                ("second_until", "50"),
            ],
        );
        refused(&engine, "case_verdicts", &twice, "the same one twice").await;
        let own_word =
            with(&try_(&[("first_id", "'v3'"), ("first_method", "'call_back'"), ("first_points", "1")]), &SECOND);
        refused(&engine, "case_verdicts", &own_word, "one agent's attestation alone").await;
        let both = with(&try_(&[("threshold", "4"), ("two_people", "1")]), &SECOND);
        taken(&engine, "case_verdicts", &both).await;
    }
}

#[tokio::test]
async fn nothing_is_done_without_its_verdict_and_its_second_person() {
    for engine in begun().await {
        taken(&engine, "case_verifications", &VERIFICATION).await;
        refused(&engine, "case_actions", &ACTION, "nothing verified").await;
        parts(&engine, &["'v1'"]).await;
        taken(&engine, "case_verdicts", &VERDICT).await;
        let try_ = |other: &[(&'static str, &'static str)]| with(&ACTION, other);
        refused(&engine, "case_actions", &try_(&[("agent", "'hana'")]), "another agent's decision").await;
        refused(&engine, "case_actions", &try_(&[("case_id", "'c2'")]), "another case").await;
        refused(&engine, "case_actions", &try_(&[("action", "'revoke'")]), "another action").await;
        refused(&engine, "case_actions", &try_(&[("at", "50")]), "too late").await;
        refused(&engine, "case_actions", &try_(&[("verdict_until", "90")]), "a longer decision").await;
        refused(&engine, "case_actions", &try_(&[("basis", "'override'")]), "no override").await;
        refused(&engine, "case_actions", &try_(&[("shown_to", "'agent'")]), "no pass to see").await;
        refused(
            &engine,
            "grants",
            &[("action_id", "'a1'"), ("tenant", "'t'"), ("object", "'wanda'"), ("until", "9")],
            "no action",
        )
        .await;
        taken(&engine, "case_actions", &ACTION).await;
        refused(&engine, "case_actions", &try_(&[("id", "'a2'")]), "done already").await;
        taken(&engine, "grants", &[("action_id", "'a1'"), ("tenant", "'t'"), ("object", "'wanda'"), ("until", "9")])
            .await;
    }
}

#[tokio::test]
async fn two_people_are_two() {
    for engine in begun().await {
        let none = [
            ("first_id", "NULL"),
            ("first_method", "NULL"),
            ("first_points", "NULL"),
            ("first_agent", "NULL"),
            ("first_until", "NULL"),
            ("basis", "'override'"),
            ("two_people", "1"),
        ];
        taken(&engine, "case_verdicts", &with(&VERDICT, &none)).await;
        let act = with(&ACTION, &[("basis", "'override'"), ("two_people", "1")]);
        refused(&engine, "case_actions", &act, "not approved").await;
        let try_ = |other: &[(&'static str, &'static str)]| with(&APPROVAL, other);
        refused(&engine, "case_approvals", &try_(&[("approver", "'hugo'")]), "own decision").await;
        refused(&engine, "case_approvals", &try_(&[("approver", "'wanda'")]), "by the person themselves").await;
        refused(&engine, "case_approvals", &try_(&[("agent", "'hana'")]), "for another agent").await;
        taken(&engine, "case_approvals", &APPROVAL).await;
        refused(&engine, "case_approvals", &try_(&[("id", "'p2'"), ("approver", "'audrey'")]), "once").await;
        let approved = |more: &[(&'static str, &'static str)]| {
            with(&with(&act, &[("approval_id", "'p1'"), ("approval_until", "40")]), more)
        };
        refused(&engine, "case_actions", &approved(&[("at", "40")]), "the approval has expired").await;
        refused(&engine, "case_actions", &approved(&[("approval_until", "49")]), "a longer approval").await;
        refused(&engine, "case_actions", &approved(&[("approval_until", "NULL")]), "an incomplete approval").await;
        refused(&engine, "case_actions", &approved(&[("two_people", "0")]), "fewer people than required").await;
        taken(&engine, "case_actions", &approved(&[])).await;
    }
}

#[tokio::test]
async fn a_pass_takes_more_than_the_callers_own_session() {
    for engine in begun().await {
        let pass = [("action", "'pass'")];
        taken(&engine, "case_checks", &with(&CHECK, &[("id", "'k4'"), ("action", "'pass'")])).await;
        let push = [("id", "'k5'"), ("action", "'pass'"), ("method", "'push'")];
        taken(&engine, "case_checks", &with(&CHECK, &push)).await;
        taken(&engine, "case_verifications", &with(&VERIFICATION, &[("check_id", "'k4'"), ("action", "'pass'")])).await;
        let push = [("id", "'v2'"), ("check_id", "'k5'"), ("action", "'pass'"), ("method", "'push'"), ("points", "1")];
        taken(&engine, "case_verifications", &with(&VERIFICATION, &push)).await;
        let both = [
            ("action", "'pass'"),
            ("threshold", "3"),
            ("second_id", "'v2'"),
            ("second_method", "'push'"),
            ("second_points", "1"),
            ("second_agent", "'hugo'"),
            ("second_until", "50"),
        ];
        parts(&engine, &["'v1'", "'v2'"]).await;
        refused(&engine, "case_verdicts", &with(&VERDICT, &both), "two requests to the same session").await;
        taken(&engine, "case_verifications", &with(&attested("'v3'", "'in_person'", "'hugo'", "2"), &pass)).await;
        parts(&engine, &["'v3'"]).await;
        let seen = [("second_id", "'v3'"), ("second_method", "'in_person'"), ("second_points", "2")];
        let verdict = with(&with(&VERDICT, &both), &seen);
        taken(&engine, "case_verdicts", &verdict).await;
        let act = with(&ACTION, &[("action", "'pass'"), ("shown_to", "'agent'")]);
        refused(&engine, "case_actions", &act, "the agent sees it without a second person").await;
        let unseen = with(&ACTION, &[("action", "'pass'")]);
        refused(&engine, "case_actions", &unseen, "a pass without a viewer").await;
        let manager = with(&act, &[("shown_to", "'manager'"), ("viewer", "'mona'")]);
        taken(&engine, "case_actions", &manager).await;
    }
}

#[tokio::test]
async fn what_is_personal_in_an_old_case_is_erased_and_what_was_done_stays() {
    const LEFT: &str = "SELECT c.name || c.upn || a.agent_name || d.agent_name || v.agent_name || k.agent_name || c.owner_name,
            c.state, a.outcome FROM cases c JOIN case_actions a ON a.case_id = c.id JOIN case_verdicts d ON d.case_id = c.id
            JOIN case_verifications v ON v.case_id = c.id JOIN case_checks k ON k.case_id = c.id";
    for engine in begun().await {
        taken(&engine, "case_verifications", &VERIFICATION).await;
        parts(&engine, &["'v1'"]).await;
        taken(&engine, "case_verdicts", &VERDICT).await;
        taken(&engine, "case_actions", &ACTION).await;
        let note =
            [("case_id", "'c1'"), ("seq", "1"), ("at", "1"), ("by", "'hugo'"), ("by_name", "'Hugo'"), ("text", "'x'")];
        taken(&engine, "case_notes", &note).await;
        let mut tx = engine.db.begin().await.unwrap();
        let early = jiff::Timestamp::from_millisecond(1).unwrap();
        assert_eq!(super::forget(&mut tx, early).await.unwrap(), 0, "not old yet");
        let late = jiff::Timestamp::from_millisecond(2).unwrap();
        assert_eq!(super::forget(&mut tx, late).await.unwrap(), 2);
        assert_eq!(super::forget(&mut tx, late).await.unwrap(), 0, "once");
        tx.commit().await.unwrap();
        let rows: Vec<(String, String, String)> =
            on_db!(&engine.db, |pool| sqlx::query_as(LEFT).fetch_all(pool).await).unwrap();
        assert_eq!(rows, [(String::new(), "closed".to_owned(), "done".to_owned())]);
    }
}
