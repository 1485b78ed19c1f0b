//! Tests of every kind of tampering and the check that detects it: the chain alone (offline), its MACs (`--config`), an
//! exported head (`--head`).
//!
//! An attacker with only the database can compute hashes but no MACs. An attacker who also has the sealing keys is
//! detected only by an exported head.

use super::chain::{ChainedRow, head_bytes};
use super::verify::{AuditVerification, check, check_exported};
use super::{AuditActor, AuditEvent, AuditLog, head};
use crate::base::{Clock, Random};
use crate::store::testing::{TestDatabase, engines, sealer};
use crate::store::{KeyPurpose, Sealer, on_db, write_db};

/// Tampering with the database, and the expected detection.
struct TamperingCase {
    what: &'static str,
    sql: &'static [&'static str],
    then: ForgeryLevel,
    found: DetectionResult,
}

/// Values that the attacker forges after changing rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ForgeryLevel {
    Nothing,
    /// Recomputes all hashes and the head, which needs no key.
    Hashes,
    /// Recomputes the MACs as well, with the stolen sealing key.
    HashesAndMacs,
}

/// Checks that detect the tampering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DetectionResult {
    chain: bool,
    macs: bool,
    exported: bool,
}

const BY_ALL: DetectionResult = DetectionResult { chain: true, macs: true, exported: true };
const BY_MACS: DetectionResult = DetectionResult { chain: false, macs: true, exported: true };
const BY_EXPORTED_HEAD: DetectionResult = DetectionResult { chain: false, macs: false, exported: true };
const BY_NOTHING: DetectionResult = DetectionResult { chain: false, macs: false, exported: false };

const REMOVE: &[&str] = &["DELETE FROM audit_personal WHERE seq = 3", "DELETE FROM audit WHERE seq = 3"];
/// Removes a row and renumbers the later ones.
const REMOVE_AND_CLOSE: &[&str] = &[
    "DELETE FROM audit_personal",
    "DELETE FROM audit WHERE seq = 3",
    "UPDATE audit SET seq = 3 WHERE seq = 4",
    "UPDATE audit SET seq = 4 WHERE seq = 5",
    "UPDATE audit SET seq = 5 WHERE seq = 6",
];
const SWAP: &[&str] = &[
    "DELETE FROM audit_personal",
    "UPDATE audit SET seq = 99 WHERE seq = 3",
    "UPDATE audit SET seq = 3 WHERE seq = 4",
    "UPDATE audit SET seq = 4 WHERE seq = 99",
];
const INSERT: &[&str] = &[
    "DELETE FROM audit_personal",
    "UPDATE audit SET seq = 7 WHERE seq = 6",
    "UPDATE audit SET seq = 6 WHERE seq = 5",
    "UPDATE audit SET seq = 5 WHERE seq = 4",
    "INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
     SELECT 4, at, 'desk.note', actor, '{}', '', previous, hash, mac, mac_key FROM audit WHERE seq = 3",
];
const APPEND: &[&str] = &["INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
     SELECT 7, at, 'desk.note', actor, '{}', '', hash, hash, mac, mac_key FROM audit WHERE seq = 6"];
const CUT: &[&str] = &["DELETE FROM audit_personal WHERE seq > 4", "DELETE FROM audit WHERE seq > 4"];
const CHANGE: &[&str] = &["UPDATE audit SET detail = '{\"n\":9}' WHERE seq = 3"];

const fn plain(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { what, sql, then: ForgeryLevel::Nothing, found: BY_ALL }
}

const fn rehashed(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { what, sql, then: ForgeryLevel::Hashes, found: BY_MACS }
}

const fn with_the_keys(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { what, sql, then: ForgeryLevel::HashesAndMacs, found: BY_EXPORTED_HEAD }
}

const ALL: &[TamperingCase] = &[
    plain("changed", CHANGE),
    plain("another time", &["UPDATE audit SET at = at + 1 WHERE seq = 3"]),
    plain("another event", &["UPDATE audit SET event = 'x' WHERE seq = 3"]),
    plain("another actor", &["UPDATE audit SET actor = 'portal ' WHERE seq = 3"]),
    plain("another subject", &["UPDATE audit SET subject = 'x' WHERE seq = 3"]),
    plain("another reset", &["UPDATE audit SET reset_id = 'x' WHERE seq = 3"]),
    plain("personal details changed", &["UPDATE audit_personal SET data = '{}' WHERE seq = 3"]),
    plain("personal details added", &["INSERT INTO audit_personal (seq, salt, data) VALUES (2, 's', '{}')"]),
    plain("the digest emptied", &["DELETE FROM audit_personal", "UPDATE audit SET personal = '' WHERE seq = 3"]),
    plain("removed", REMOVE),
    plain("removed, the gap closed", REMOVE_AND_CLOSE),
    plain("the first removed", &["DELETE FROM audit_personal", "DELETE FROM audit WHERE seq = 1"]),
    plain("reordered", SWAP),
    plain("inserted", INSERT),
    plain("appended", APPEND),
    plain("cut off", CUT),
    plain("all removed", &["DELETE FROM audit_personal", "DELETE FROM audit"]),
    plain("the head moved", &["UPDATE audit_head SET count = 5"]),
    plain("the head gone", &["DELETE FROM audit_head"]),
    rehashed("changed, hashes recomputed", CHANGE),
    rehashed("removed, hashes recomputed", REMOVE_AND_CLOSE),
    rehashed("reordered, hashes recomputed", SWAP),
    rehashed("inserted, hashes recomputed", INSERT),
    // An exported head does not cover rows that were appended after it.
    TamperingCase {
        found: DetectionResult { exported: false, ..BY_MACS },
        ..rehashed("appended, hashes recomputed", APPEND)
    },
    rehashed("cut off, the head set back", CUT),
    with_the_keys("changed with the keys", CHANGE),
    with_the_keys("removed with the keys", REMOVE_AND_CLOSE),
    with_the_keys("reordered with the keys", SWAP),
    with_the_keys("inserted with the keys", INSERT),
    with_the_keys("cut off with the keys", CUT),
    TamperingCase {
        found: DetectionResult { exported: false, ..BY_EXPORTED_HEAD },
        ..with_the_keys("appended with the keys", APPEND)
    },
    TamperingCase {
        found: DetectionResult { chain: false, exported: false, ..BY_ALL },
        ..plain("a MAC forged", &["UPDATE audit SET mac = 'aa' WHERE seq = 1"])
    },
    TamperingCase {
        found: DetectionResult { chain: false, exported: false, ..BY_ALL },
        ..plain("the head's MAC forged", &["UPDATE audit_head SET mac = 'aa'"])
    },
    TamperingCase { found: BY_NOTHING, ..plain("personal details erased", &["DELETE FROM audit_personal"]) },
    TamperingCase { found: BY_NOTHING, ..plain("nothing", &[]) },
];

async fn fill(engine: &TestDatabase, keys: &Sealer) {
    let auditor = AuditLog::new(engine.db.clone(), keys.clone(), Clock::system(), Random::system());
    for n in 0..6 {
        let event = AuditEvent::new("test", AuditActor::Portal).with("n", n);
        auditor.note(if n % 2 == 0 { event.personal("name", "Wanda") } else { event }).await.unwrap();
    }
}

async fn run(engine: &TestDatabase, sql: &'static str) {
    write_db!(&engine.db, |pool| sqlx::query(sql).execute(pool).await.map(|_| ())).unwrap();
}

/// Recomputes the hashes of the chain and the head, and with the sealing keys also the MACs.
async fn make_anew(engine: &TestDatabase, keys: Option<&Sealer>) {
    const READ: &str = "SELECT seq, at, event, actor, subject, reset_id, detail, personal, previous, hash, mac, mac_key FROM audit ORDER BY seq";
    const WRITE: &str = "UPDATE audit SET previous = $2, hash = $3, mac = $4 WHERE seq = $1";
    const HEAD: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3";
    let mac = |old: &str, data: &[u8]| keys.map_or_else(|| old.to_owned(), |keys| keys.mac(KeyPurpose::Audit, data).0);
    let rows: Vec<ChainedRow> = on_db!(&engine.db, |pool| sqlx::query_as(READ).fetch_all(pool).await).unwrap();
    let (mut previous, mut count) = (super::chain::GENESIS.to_owned(), 0);
    for mut row in rows {
        row.previous = previous;
        row.hash = row.computed();
        let mac = mac(&row.mac, row.hash.as_bytes());
        write_db!(&engine.db, |pool| sqlx::query(WRITE)
            .bind(row.seq)
            .bind(&row.previous)
            .bind(&row.hash)
            .bind(&mac)
            .execute(pool)
            .await
            .map(|_| ()))
        .unwrap();
        (previous, count) = (row.hash, row.seq);
    }
    let mac = mac("00", &head_bytes(count, &previous));
    write_db!(&engine.db, |pool| sqlx::query(HEAD)
        .bind(count)
        .bind(&previous)
        .bind(&mac)
        .execute(pool)
        .await
        .map(|_| ()))
    .unwrap();
}

#[tokio::test]
async fn every_tampering_is_found_by_what_can_find_it() {
    for tampering in ALL {
        for engine in engines().await {
            let keys = sealer();
            fill(&engine, &keys).await;
            let (count, hash) = head(&engine.db).await.unwrap().unwrap();
            for sql in tampering.sql {
                run(&engine, sql).await;
            }
            match tampering.then {
                ForgeryLevel::Nothing => {}
                ForgeryLevel::Hashes => make_anew(&engine, None).await,
                ForgeryLevel::HashesAndMacs => make_anew(&engine, Some(&keys)).await,
            }
            let broken = |report: AuditVerification| !report.breaks.is_empty();
            let mut exported = check(&engine.db, None).await.unwrap();
            check_exported(&engine.db, &format!("{count} {hash}"), &mut exported).await.unwrap();
            let found = DetectionResult {
                chain: broken(check(&engine.db, None).await.unwrap()),
                macs: broken(check(&engine.db, Some(&keys)).await.unwrap()),
                exported: broken(exported),
            };
            assert_eq!(found, tampering.found, "{}", tampering.what);
        }
    }
}

#[tokio::test]
async fn without_keys_or_head_it_is_said_what_was_not_checked() {
    for engine in engines().await {
        let keys = sealer();
        fill(&engine, &keys).await;
        run(&engine, "DELETE FROM audit_personal WHERE seq = 3").await;
        let report = check(&engine.db, None).await.unwrap();
        let unchecked =
            ["the MACs: no sealing keys were given (--config)", "the personal details of 1 rows: they were erased"];
        assert_eq!((report.rows, report.breaks.len(), report.unchecked), (6, 0, unchecked.map(str::to_owned).to_vec()));
    }
}
