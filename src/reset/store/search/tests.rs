//! Tests of the search on both databases: results, order, scan limit and index.

use jiff::SignedDuration;

use super::super::tests::{facts, person, start};
use super::super::{ResetIntent, StateTransition, insert, step, touch};
use super::keep::{TicketScope, forget, index_ticket};
use super::*;
use crate::base::{Random, ReferenceCode};
use crate::reset::causes::ResetCause;
use crate::store::on_tx;
use crate::store::testing::{TestDatabase, engines};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Inserts a reset of the `n`th person, `hours` after the base time.
async fn add(engine: &TestDatabase, n: u32, name: &str, hours: i64) -> ResetSummary {
    let now = start() + HOUR * i32::try_from(hours).unwrap();
    let random = Random::system();
    let (id, reference, key) = (ResetId::new(&random, now), ReferenceCode::new(&random), person(n));
    let mut facts = facts(key);
    facts.name = name.to_owned();
    facts.upn = format!("p{n}@contoso.example");
    let intent =
        ResetIntent { id, reference: &reference, person: key, facts: &facts, owner: "me", lease_until: now, now };
    let mut tx = engine.db.begin().await.unwrap();
    insert(&mut tx, &intent).await.unwrap();
    touch(&mut tx, id, now).await.unwrap();
    tx.commit().await.unwrap();
    all(engine).await.into_iter().find(|line| line.id == id).unwrap()
}

async fn ends(engine: &TestDatabase, line: &ResetSummary, to: ResetState, cause: Option<ResetCause>) {
    let mut tx = engine.db.begin().await.unwrap();
    let now = line.created_at;
    step(
        &mut tx,
        &StateTransition { id: line.id, from: ResetState::Sending, to, cause, detail: None, now, look_at: None },
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Loads all resets that are not indexed, without the page limit.
async fn all(engine: &TestDatabase) -> Vec<ResetSummary> {
    fresh(&engine.db, &start_of_all(), 100_000).await.unwrap()
}

fn start_of_all() -> SearchCursor {
    super::start(&ResetQuery::default())
}

async fn keep(engine: &TestDatabase) {
    loop {
        let waiting = unsearchable(&engine.db, None, 1_000).await.unwrap();
        if waiting.is_empty() {
            return;
        }
        let mut tx = engine.db.begin().await.unwrap();
        keep_words(&mut tx, &waiting).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn typed(text: &str) -> ResetQuery {
    ResetQuery { text: Some(SearchText::read(text).unwrap()), ..ResetQuery::default() }
}

async fn found(engine: &TestDatabase, asked: &ResetQuery) -> Vec<ResetId> {
    search(&engine.db, asked).await.unwrap().lines.into_iter().map(|line| line.id).collect()
}

#[tokio::test]
async fn a_reset_is_found_before_and_after_its_words_are_kept() {
    for engine in engines().await {
        let anna = add(&engine, 1, "Anna Müller", 1).await;
        let anke = add(&engine, 2, "Anke Murr", 2).await;
        let omar = add(&engine, 3, "Omar Diallo", 3).await;
        for kept in [false, true] {
            if kept {
                keep(&engine).await;
                assert!(all(&engine).await.is_empty());
            }
            for (text, expected) in [
                ("an mu", vec![anke.id, anna.id]),
                ("ann", vec![anna.id]),
                ("mueller", vec![anna.id]),
                ("p", vec![omar.id, anke.id, anna.id]),
                ("p3@contoso", vec![omar.id]),
                ("zzz", vec![]),
            ] {
                assert_eq!(found(&engine, &typed(text)).await, expected, "{text}, kept: {kept}");
            }
            assert_eq!(found(&engine, &typed(&omar.reference[..3])).await.first(), Some(&omar.id), "kept: {kept}");
        }
    }
}

#[tokio::test]
async fn state_cause_time_and_text_must_all_hold() {
    for engine in engines().await {
        let mut lines = Vec::new();
        let ended = [
            (ResetState::Writing, None),
            (ResetState::Refused, Some(ResetCause::Policy)),
            (ResetState::Failed, Some(ResetCause::AgentOffline)),
            (ResetState::Failed, Some(ResetCause::Unrecognised)),
        ];
        for n in 0..32 {
            let name = if n % 2 == 0 { "Anna Müller" } else { "Omar Diallo" };
            let line = add(&engine, n, name, i64::from(n)).await;
            let (state, cause) = ended[usize::try_from(n / 2 % 4).unwrap()];
            ends(&engine, &line, state, cause).await;
            lines.push(ResetSummary { state, cause: cause.map(|c| c.code().to_owned()), ..line });
        }
        keep(&engine).await;
        lines.reverse();
        let mut asked = 0;
        for text in [None, Some("an mu"), Some("omar"), Some("zzz")] {
            for state in [None, Some(ResetState::Failed), Some(ResetState::Split)] {
                for cause in [None, Some("F-AGENT-OFFLINE"), Some("R-POLICY")] {
                    for (from, until) in [(None, None), (Some(9), None), (None, Some(20)), (Some(9), Some(20))] {
                        let at = |hours: Option<i32>| hours.map(|hours| start() + HOUR * hours);
                        let question = ResetQuery {
                            text: text.and_then(SearchText::read),
                            state,
                            cause: cause.map(str::to_owned),
                            from: at(from),
                            until: at(until),
                            after: None,
                        };
                        let holds = |line: &&ResetSummary| {
                            text.is_none_or(|text| SearchText::read(text).unwrap().fits(&line.name, &line.upn, ""))
                                && state.is_none_or(|state| line.state == state)
                                && cause.is_none_or(|cause| line.cause.as_deref() == Some(cause))
                                && at(from).is_none_or(|from| line.created_at >= from)
                                && at(until).is_none_or(|until| line.created_at < until)
                        };
                        let expected: Vec<ResetId> = lines.iter().filter(holds).map(|line| line.id).collect();
                        assert_eq!(found(&engine, &question).await, expected, "{question:?}");
                        asked += 1;
                    }
                }
            }
        }
        assert_eq!(asked, 144);
    }
}

/// Loads pages until the end.
async fn walk(engine: &TestDatabase, mut asked: ResetQuery) -> (Vec<ResetId>, usize) {
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = search(&engine.db, &asked).await.unwrap();
        assert!(page.lines.len() <= PAGE);
        seen.extend(page.lines.iter().map(|line| line.id));
        pages += 1;
        match page.rest {
            SearchContinuation::Nothing => return (seen, pages),
            SearchContinuation::More(place) | SearchContinuation::Unseen(place) => asked.after = Some(place),
        }
    }
}

#[tokio::test]
async fn pages_miss_none_even_of_resets_that_began_together() {
    for engine in engines().await {
        let mut expected = Vec::new();
        for n in 0..120 {
            expected.push(add(&engine, n, "Anna Müller", 0).await.id);
        }
        expected.sort_unstable();
        expected.reverse();
        for kept in [false, true] {
            if kept {
                keep(&engine).await;
            }
            for question in [ResetQuery::default(), typed("anna"), typed("an mu")] {
                assert_eq!(walk(&engine, question.clone()).await, (expected.clone(), 3), "{question:?}, kept: {kept}");
            }
        }
    }
}

/// Inserts copies of a reset, an hour apart, with their terms, directly into the tables.
async fn crowd(engine: &TestDatabase, of: &ResetSummary, count: i64) {
    const RESET: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open, searchable)
        SELECT $1, $2, tenant, $3, upn, name, synced, 'refused', $4, updated_at, revision, change, 0, 1 FROM resets WHERE id = $5";
    const WORDS: &str =
        "INSERT INTO search_words (word, reset_id) SELECT word, $1 FROM search_words WHERE reset_id = $2";
    let mut tx = engine.db.begin().await.unwrap();
    for n in 0..count {
        let now = start() - HOUR * i32::try_from(n + 1).unwrap();
        let id = ResetId::first_at(now).to_string();
        let (reference, object, source) =
            (format!("0{n:07}"), format!("00000000-0000-4000-8000-{n:012}"), of.id.to_string());
        on_tx!(&mut tx, |c| sqlx::query(RESET)
            .bind(&id)
            .bind(&reference)
            .bind(&object)
            .bind(now.as_millisecond())
            .bind(&source)
            .execute(c)
            .await
            .map(|_| ()))
        .unwrap();
        on_tx!(&mut tx, |c| sqlx::query(WORDS).bind(&id).bind(&source).execute(c).await.map(|_| ())).unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_walk_ends_after_so_many_lines_says_so_and_goes_on() {
    for engine in engines().await {
        let omar = add(&engine, 1, "Omar Diallo", -5_000).await;
        let anna = add(&engine, 2, "Anna Müller", 1).await;
        keep(&engine).await;
        crowd(&engine, &anna, 2_500).await;
        let question = ResetQuery { state: Some(ResetState::Sending), ..typed("anna") };
        assert_eq!(
            search(&engine.db, &question).await.unwrap().rest,
            SearchContinuation::Nothing,
            "the shorter index was scanned"
        );
        assert_eq!(found(&engine, &question).await, [anna.id]);
        assert_eq!(walk(&engine, ResetQuery { until: Some(start()), ..typed("a") }).await.0.len(), 2_500);
        // No name has a second word that begins so, and the only index is that of the first word.
        let question = typed("an z");
        let first = search(&engine.db, &question).await.unwrap();
        let SearchContinuation::Unseen(place) = first.rest else { panic!("{:?}", first.rest) };
        let looked = start() - HOUR * i32::try_from(LOOKED).unwrap();
        assert!((place.at - looked).total(jiff::Unit::Hour).unwrap().abs() < 3.0, "{place:?}");
        assert_eq!(walk(&engine, question).await, (vec![], 7), "the scan continues to the end");
        assert_eq!(found(&engine, &typed("omar")).await, [omar.id]);
    }
}

#[tokio::test]
async fn a_ticket_finds_its_resets_until_they_are_forgotten() {
    for engine in engines().await {
        let anna = add(&engine, 1, "Anna Müller", 1).await;
        ends(&engine, &anna, ResetState::Refused, Some(ResetCause::Policy)).await;
        let again = add(&engine, 1, "Anna Müller", 2).await;
        let omar = add(&engine, 2, "Omar Diallo", 3).await;
        keep(&engine).await;
        let mut tx = engine.db.begin().await.unwrap();
        index_ticket(&mut tx, TicketScope::Person(person(1)), "INC 0012345").await.unwrap();
        index_ticket(&mut tx, TicketScope::Resets(&[omar.id]), "REQ-7").await.unwrap();
        index_ticket(&mut tx, TicketScope::Resets(&[omar.id]), "REQ-7").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(&engine, &typed("inc0012345")).await, [again.id, anna.id]);
        let refused = ResetQuery { state: Some(ResetState::Refused), ..typed("INC 0012345") };
        assert_eq!(found(&engine, &refused).await, [anna.id]);
        assert_eq!(found(&engine, &typed("req-7")).await, [omar.id]);
        assert_eq!(found(&engine, &typed("INC001")).await, [], "a ticket matches only in full");
        for line in [&omar, &anna, &again] {
            let mut tx = engine.db.begin().await.unwrap();
            forget(&mut tx, line.id).await.unwrap();
            tx.commit().await.unwrap();
        }
        keep(&engine).await;
        for text in ["req-7", "omar", "inc0012345", "an mu", "p1@"] {
            assert_eq!(found(&engine, &typed(text)).await, [], "{text}");
        }
        let (left,): (i64,) =
            on_db!(&engine.db, |p| sqlx::query_as("SELECT COUNT(*) FROM search_words").fetch_one(p).await).unwrap();
        assert_eq!(left, 0, "nothing personal is left");
    }
}

#[tokio::test]
async fn words_are_kept_once_whoever_tries_and_not_after_they_were_forgotten() {
    for engine in engines().await {
        let anna = add(&engine, 1, "Anna Müller", 1).await;
        let waiting = unsearchable(&engine.db, None, 10).await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        forget(&mut tx, anna.id).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        keep_words(&mut tx, &waiting).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(found(&engine, &typed("anna")).await, []);
    }
}
