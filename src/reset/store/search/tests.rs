//! Tests of the search on both databases: results, order, scan limit and index.

use crate::store::{exec_tx, select_one};
use jiff::SignedDuration;

use super::super::listing::{PAGE_SIZE, ResetSummary};
use super::super::tests::{base_time, person_key, person_profile};
use super::super::{ResetIntent, StateTransition, insert_intent, mark_changed, update_state};
use super::batches::load_unindexed_before;
use super::query::SearchCursor;
use super::scan::MAX_SCANNED;
use super::*;
use crate::base::{Random, ReferenceCode, ResetId};
use crate::reset::cause::ResetCause;
use crate::reset::search_terms::SearchText;
use crate::reset::state::ResetState;
use crate::store::testing::{TestDatabase, test_databases};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Inserts a reset of the `n`th person, `hours` after the base time.
async fn insert_reset_at(engine: &TestDatabase, n: u32, name: &str, hours: i64) -> ResetSummary {
    let now = base_time() + HOUR * i32::try_from(hours).unwrap();
    let random = Random::system();
    let (id, reference, key) = (ResetId::new(&random, now), ReferenceCode::new(&random), person_key(n));
    let mut facts = person_profile(key);
    facts.name = name.to_owned();
    facts.upn = format!("p{n}@contoso.example");
    let intent =
        ResetIntent { id, reference: &reference, person: key, profile: &facts, owner: "me", lease_until: now, now };
    let mut tx = engine.db.begin().await.unwrap();
    insert_intent(&mut tx, &intent).await.unwrap();
    mark_changed(&mut tx, id, now).await.unwrap();
    tx.commit().await.unwrap();
    load_all_unindexed(engine).await.into_iter().find(|line| line.id == id).unwrap()
}

async fn end_reset(engine: &TestDatabase, line: &ResetSummary, to: ResetState, cause: Option<ResetCause>) {
    let mut tx = engine.db.begin().await.unwrap();
    let now = line.created_at;
    update_state(
        &mut tx,
        &StateTransition { id: line.id, from: ResetState::Sending, to, cause, detail: None, now, next_check_at: None },
    )
    .await
    .unwrap();
    tx.commit().await.unwrap();
}

/// Loads all resets that are not indexed, without the page limit.
async fn load_all_unindexed(engine: &TestDatabase) -> Vec<ResetSummary> {
    load_unindexed_before(&engine.db, first_cursor(), 100_000).await.unwrap()
}

fn first_cursor() -> SearchCursor {
    SearchCursor::start_of(&ResetQuery::default())
}

async fn index_all(engine: &TestDatabase) {
    loop {
        let waiting = load_unindexed(&engine.db, None, 1_000).await.unwrap();
        if waiting.is_empty() {
            return;
        }
        let mut tx = engine.db.begin().await.unwrap();
        index_terms(&mut tx, &waiting).await.unwrap();
        tx.commit().await.unwrap();
    }
}

fn text_query(text: &str) -> ResetQuery {
    ResetQuery { text: Some(SearchText::parse(text).unwrap()), ..ResetQuery::default() }
}

async fn search_ids(engine: &TestDatabase, asked: &ResetQuery) -> Vec<ResetId> {
    search_resets(&engine.db, asked).await.unwrap().resets.into_iter().map(|line| line.id).collect()
}

#[tokio::test]
async fn reset_is_found_before_and_after_indexing() {
    for engine in test_databases().await {
        let anna = insert_reset_at(&engine, 1, "Anna Müller", 1).await;
        let anke = insert_reset_at(&engine, 2, "Anke Murr", 2).await;
        let omar = insert_reset_at(&engine, 3, "Omar Diallo", 3).await;
        for kept in [false, true] {
            if kept {
                index_all(&engine).await;
                assert!(load_all_unindexed(&engine).await.is_empty());
            }
            for (text, expected) in [
                ("an mu", vec![anke.id, anna.id]),
                ("ann", vec![anna.id]),
                ("mueller", vec![anna.id]),
                ("p", vec![omar.id, anke.id, anna.id]),
                ("p3@contoso", vec![omar.id]),
                ("zzz", vec![]),
            ] {
                assert_eq!(search_ids(&engine, &text_query(text)).await, expected, "{text}, kept: {kept}");
            }
            assert_eq!(
                search_ids(&engine, &text_query(&omar.reference[..3])).await.first(),
                Some(&omar.id),
                "kept: {kept}"
            );
        }
    }
}

#[tokio::test]
async fn search_requires_every_filter_to_match() {
    for engine in test_databases().await {
        let mut lines = Vec::new();
        let ended = [
            (ResetState::Writing, None),
            (ResetState::Refused, Some(ResetCause::Policy)),
            (ResetState::Failed, Some(ResetCause::AgentOffline)),
            (ResetState::Failed, Some(ResetCause::Unrecognised)),
        ];
        for n in 0..32 {
            let name = if n % 2 == 0 { "Anna Müller" } else { "Omar Diallo" };
            let line = insert_reset_at(&engine, n, name, i64::from(n)).await;
            let (state, cause) = ended[usize::try_from(n / 2 % 4).unwrap()];
            end_reset(&engine, &line, state, cause).await;
            lines.push(ResetSummary { state, cause: cause.map(|c| c.as_str().to_owned()), ..line });
        }
        index_all(&engine).await;
        lines.reverse();
        let mut asked = 0;
        for text in [None, Some("an mu"), Some("omar"), Some("zzz")] {
            for state in [None, Some(ResetState::Failed), Some(ResetState::Split)] {
                for cause in [None, Some("F-AGENT-OFFLINE"), Some("R-POLICY")] {
                    for (from, until) in [(None, None), (Some(9), None), (None, Some(20)), (Some(9), Some(20))] {
                        let at = |hours: Option<i32>| hours.map(|hours| base_time() + HOUR * hours);
                        let question = ResetQuery {
                            text: text.and_then(SearchText::parse),
                            state,
                            cause: cause.map(str::to_owned),
                            from: at(from),
                            until: at(until),
                            after: None,
                        };
                        let holds = |line: &&ResetSummary| {
                            text.is_none_or(|text| SearchText::parse(text).unwrap().is_match(&line.name, &line.upn, ""))
                                && state.is_none_or(|state| line.state == state)
                                && cause.is_none_or(|cause| line.cause.as_deref() == Some(cause))
                                && at(from).is_none_or(|from| line.created_at >= from)
                                && at(until).is_none_or(|until| line.created_at < until)
                        };
                        let expected: Vec<ResetId> = lines.iter().filter(holds).map(|line| line.id).collect();
                        assert_eq!(search_ids(&engine, &question).await, expected, "{question:?}");
                        asked += 1;
                    }
                }
            }
        }
        assert_eq!(asked, 144);
    }
}

/// Loads pages until the end.
async fn collect_pages(engine: &TestDatabase, mut asked: ResetQuery) -> (Vec<ResetId>, usize) {
    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let page = search_resets(&engine.db, &asked).await.unwrap();
        assert!(page.resets.len() <= PAGE_SIZE);
        seen.extend(page.resets.iter().map(|line| line.id));
        pages += 1;
        match page.continuation {
            SearchContinuation::End => return (seen, pages),
            SearchContinuation::More(place) | SearchContinuation::ScanLimitReached(place) => asked.after = Some(place),
        }
    }
}

#[tokio::test]
async fn paging_returns_every_reset_of_same_millisecond() {
    for engine in test_databases().await {
        let mut expected = Vec::new();
        for n in 0..120 {
            expected.push(insert_reset_at(&engine, n, "Anna Müller", 0).await.id);
        }
        expected.sort_unstable();
        expected.reverse();
        for kept in [false, true] {
            if kept {
                index_all(&engine).await;
            }
            for question in [ResetQuery::default(), text_query("anna"), text_query("an mu")] {
                assert_eq!(
                    collect_pages(&engine, question.clone()).await,
                    (expected.clone(), 3),
                    "{question:?}, kept: {kept}"
                );
            }
        }
    }
}

/// Inserts copies of a reset, an hour apart, with their terms, directly into the tables.
async fn insert_copies(engine: &TestDatabase, of: &ResetSummary, count: i64) {
    const INSERT_RESET: &str = "INSERT INTO resets (id, reference, tenant, object, upn, name, synced, state, created_at, updated_at, revision, change, open, searchable)
        SELECT $1, $2, tenant, $3, upn, name, synced, 'refused', $4, updated_at, revision, change, 0, 1 FROM resets WHERE id = $5";
    const INSERT_TERMS: &str =
        "INSERT INTO search_words (word, reset_id) SELECT word, $1 FROM search_words WHERE reset_id = $2";
    let mut tx = engine.db.begin().await.unwrap();
    for n in 0..count {
        let now = base_time() - HOUR * i32::try_from(n + 1).unwrap();
        let id = ResetId::lower_bound_at(now).to_string();
        let (reference, object, source) =
            (format!("0{n:07}"), format!("00000000-0000-4000-8000-{n:012}"), of.id.to_string());
        exec_tx!(&mut tx, INSERT_RESET, &id, &reference, &object, now.as_millisecond(), &source).map(|_| ()).unwrap();
        exec_tx!(&mut tx, INSERT_TERMS, &id, &source).map(|_| ()).unwrap();
    }
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn search_stops_at_scan_limit_and_continues_from_there() {
    for engine in test_databases().await {
        let omar = insert_reset_at(&engine, 1, "Omar Diallo", -5_000).await;
        let anna = insert_reset_at(&engine, 2, "Anna Müller", 1).await;
        index_all(&engine).await;
        insert_copies(&engine, &anna, 2_500).await;
        let question = ResetQuery { state: Some(ResetState::Sending), ..text_query("anna") };
        assert_eq!(
            search_resets(&engine.db, &question).await.unwrap().continuation,
            SearchContinuation::End,
            "the shorter index was scanned"
        );
        assert_eq!(search_ids(&engine, &question).await, [anna.id]);
        assert_eq!(
            collect_pages(&engine, ResetQuery { until: Some(base_time()), ..text_query("a") }).await.0.len(),
            2_500
        );
        // No name has a second word that begins so, and the only index is that of the first word.
        let question = text_query("an z");
        let first = search_resets(&engine.db, &question).await.unwrap();
        let SearchContinuation::ScanLimitReached(place) = first.continuation else {
            panic!("{:?}", first.continuation)
        };
        let looked = base_time() - HOUR * i32::try_from(MAX_SCANNED).unwrap();
        assert!((place.at - looked).total(jiff::Unit::Hour).unwrap().abs() < 3.0, "{place:?}");
        assert_eq!(collect_pages(&engine, question).await, (vec![], 7), "the scan continues to the end");
        assert_eq!(search_ids(&engine, &text_query("omar")).await, [omar.id]);
    }
}

#[tokio::test]
async fn ticket_finds_its_resets_until_erasure() {
    for engine in test_databases().await {
        let anna = insert_reset_at(&engine, 1, "Anna Müller", 1).await;
        end_reset(&engine, &anna, ResetState::Refused, Some(ResetCause::Policy)).await;
        let again = insert_reset_at(&engine, 1, "Anna Müller", 2).await;
        let omar = insert_reset_at(&engine, 2, "Omar Diallo", 3).await;
        index_all(&engine).await;
        let mut tx = engine.db.begin().await.unwrap();
        index_ticket(&mut tx, TicketScope::Person(person_key(1)), "INC 0012345").await.unwrap();
        index_ticket(&mut tx, TicketScope::Resets(&[omar.id]), "REQ-7").await.unwrap();
        index_ticket(&mut tx, TicketScope::Resets(&[omar.id]), "REQ-7").await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(search_ids(&engine, &text_query("inc0012345")).await, [again.id, anna.id]);
        let refused = ResetQuery { state: Some(ResetState::Refused), ..text_query("INC 0012345") };
        assert_eq!(search_ids(&engine, &refused).await, [anna.id]);
        assert_eq!(search_ids(&engine, &text_query("req-7")).await, [omar.id]);
        assert_eq!(search_ids(&engine, &text_query("INC001")).await, [], "a ticket matches only in full");
        for line in [&omar, &anna, &again] {
            let mut tx = engine.db.begin().await.unwrap();
            delete_terms(&mut tx, line.id).await.unwrap();
            tx.commit().await.unwrap();
        }
        index_all(&engine).await;
        for text in ["req-7", "omar", "inc0012345", "an mu", "p1@"] {
            assert_eq!(search_ids(&engine, &text_query(text)).await, [], "{text}");
        }
        let (left,): (i64,) = select_one!(&engine.db, "SELECT COUNT(*) FROM search_words").unwrap();
        assert_eq!(left, 0, "nothing personal is left");
    }
}

#[tokio::test]
async fn erased_reset_is_not_indexed_again() {
    for engine in test_databases().await {
        let anna = insert_reset_at(&engine, 1, "Anna Müller", 1).await;
        let waiting = load_unindexed(&engine.db, None, 10).await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        delete_terms(&mut tx, anna.id).await.unwrap();
        tx.commit().await.unwrap();
        let mut tx = engine.db.begin().await.unwrap();
        index_terms(&mut tx, &waiting).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(search_ids(&engine, &text_query("anna")).await, []);
    }
}
