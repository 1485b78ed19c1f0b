//! Tests of every kind of tampering and the check that detects it: the chain alone (offline), its MACs (`--config`), an
//! exported head (`--head`).
//!
//! An attacker with only the database can compute hashes but no MACs. An attacker who also has the sealing keys is
//! detected only by an exported head.

use super::chain::{ChainedRow, head_mac_input};
use super::chain_verification::{AuditVerification, check_chain};
use super::{AuditActor, AuditEvent, AuditLog, ExportedHead, check_exported_heads, load_head};
use crate::base::{Clock, Random};
use crate::store::testing::{TestDatabase, test_databases, test_sealer};
use crate::store::{KeyPurpose, Sealer, exec_db, select_all};

/// Tampering with the database, and the expected detection.
struct TamperingCase {
    description: &'static str,
    sql: &'static [&'static str],
    forgery: ForgeryLevel,
    detected_by: DetectionResult,
}

/// Values that the attacker forges after changing rows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ForgeryLevel {
    None,
    /// Recomputes all hashes and the head, which needs no key.
    Hashes,
    /// Recomputes all hashes and the head, and names a key that is not configured.
    HashesAndKeyIds,
    /// Recomputes the MACs as well, with the stolen sealing key.
    HashesAndMacs,
}

/// Checks that detect the tampering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct DetectionResult {
    chain: bool,
    macs: bool,
    exported_head: bool,
}

const DETECTED_BY_ALL: DetectionResult = DetectionResult { chain: true, macs: true, exported_head: true };
const DETECTED_BY_MACS: DetectionResult = DetectionResult { chain: false, macs: true, exported_head: true };
const DETECTED_BY_EXPORTED_HEAD: DetectionResult = DetectionResult { chain: false, macs: false, exported_head: true };
const DETECTED_BY_NOTHING: DetectionResult = DetectionResult { chain: false, macs: false, exported_head: false };

const REMOVE_ROW_SQL: &[&str] = &["DELETE FROM audit_personal WHERE seq = 3", "DELETE FROM audit WHERE seq = 3"];
/// Removes a row and renumbers the later ones.
const REMOVE_ROW_AND_CLOSE_GAP_SQL: &[&str] = &[
    "DELETE FROM audit_personal",
    "DELETE FROM audit WHERE seq = 3",
    "UPDATE audit SET seq = 3 WHERE seq = 4",
    "UPDATE audit SET seq = 4 WHERE seq = 5",
    "UPDATE audit SET seq = 5 WHERE seq = 6",
];
const SWAP_ROWS_SQL: &[&str] = &[
    "DELETE FROM audit_personal",
    "UPDATE audit SET seq = 99 WHERE seq = 3",
    "UPDATE audit SET seq = 3 WHERE seq = 4",
    "UPDATE audit SET seq = 4 WHERE seq = 99",
];
const INSERT_ROW_SQL: &[&str] = &[
    "DELETE FROM audit_personal",
    "UPDATE audit SET seq = 7 WHERE seq = 6",
    "UPDATE audit SET seq = 6 WHERE seq = 5",
    "UPDATE audit SET seq = 5 WHERE seq = 4",
    "INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
     SELECT 4, at, 'desk.note', actor, '{}', '', previous, hash, mac, mac_key FROM audit WHERE seq = 3",
];
const INSERT_BEFORE_FIRST_ROW_SQL: &[&str] =
    &["INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
     SELECT -1, at, 'desk.note', actor, '{}', '', previous, hash, mac, mac_key FROM audit WHERE seq = 1"];
const APPEND_ROW_SQL: &[&str] =
    &["INSERT INTO audit (seq, at, event, actor, detail, personal, previous, hash, mac, mac_key)
     SELECT 7, at, 'desk.note', actor, '{}', '', hash, hash, mac, mac_key FROM audit WHERE seq = 6"];
const TRUNCATE_SQL: &[&str] = &["DELETE FROM audit_personal WHERE seq > 4", "DELETE FROM audit WHERE seq > 4"];
const CHANGE_ROW_SQL: &[&str] = &["UPDATE audit SET detail = '{\"n\":9}' WHERE seq = 3"];

const fn without_forgery(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { description: what, sql, forgery: ForgeryLevel::None, detected_by: DETECTED_BY_ALL }
}

const fn with_forged_hashes(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { description: what, sql, forgery: ForgeryLevel::Hashes, detected_by: DETECTED_BY_MACS }
}

const fn with_forged_key_ids(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase { description: what, sql, forgery: ForgeryLevel::HashesAndKeyIds, detected_by: DETECTED_BY_MACS }
}

const fn with_stolen_keys(what: &'static str, sql: &'static [&'static str]) -> TamperingCase {
    TamperingCase {
        description: what,
        sql,
        forgery: ForgeryLevel::HashesAndMacs,
        detected_by: DETECTED_BY_EXPORTED_HEAD,
    }
}

const TAMPERING_CASES: &[TamperingCase] = &[
    without_forgery("changed", CHANGE_ROW_SQL),
    without_forgery("another time", &["UPDATE audit SET at = at + 1 WHERE seq = 3"]),
    without_forgery("another event", &["UPDATE audit SET event = 'x' WHERE seq = 3"]),
    without_forgery("another actor", &["UPDATE audit SET actor = 'portal ' WHERE seq = 3"]),
    without_forgery("another subject", &["UPDATE audit SET subject = 'x' WHERE seq = 3"]),
    without_forgery("another reset", &["UPDATE audit SET reset_id = 'x' WHERE seq = 3"]),
    without_forgery("personal details changed", &["UPDATE audit_personal SET data = '{}' WHERE seq = 3"]),
    without_forgery("personal details added", &["INSERT INTO audit_personal (seq, salt, data) VALUES (2, 's', '{}')"]),
    without_forgery(
        "the digest emptied",
        &["DELETE FROM audit_personal", "UPDATE audit SET personal = '' WHERE seq = 3"],
    ),
    without_forgery("removed", REMOVE_ROW_SQL),
    without_forgery("removed, the gap closed", REMOVE_ROW_AND_CLOSE_GAP_SQL),
    without_forgery("the first removed", &["DELETE FROM audit_personal", "DELETE FROM audit WHERE seq = 1"]),
    without_forgery("reordered", SWAP_ROWS_SQL),
    without_forgery("inserted", INSERT_ROW_SQL),
    without_forgery("inserted before the first", INSERT_BEFORE_FIRST_ROW_SQL),
    without_forgery("appended", APPEND_ROW_SQL),
    without_forgery("cut off", TRUNCATE_SQL),
    without_forgery("all removed", &["DELETE FROM audit_personal", "DELETE FROM audit"]),
    without_forgery("the head moved", &["UPDATE audit_head SET count = 5"]),
    without_forgery("the head gone", &["DELETE FROM audit_head"]),
    with_forged_hashes("changed, hashes recomputed", CHANGE_ROW_SQL),
    with_forged_hashes("removed, hashes recomputed", REMOVE_ROW_AND_CLOSE_GAP_SQL),
    with_forged_hashes("reordered, hashes recomputed", SWAP_ROWS_SQL),
    with_forged_hashes("inserted, hashes recomputed", INSERT_ROW_SQL),
    // An exported head does not cover rows that were appended after it.
    TamperingCase {
        detected_by: DetectionResult { exported_head: false, ..DETECTED_BY_MACS },
        ..with_forged_hashes("appended, hashes recomputed", APPEND_ROW_SQL)
    },
    with_forged_hashes("cut off, the head set back", TRUNCATE_SQL),
    with_forged_key_ids("changed, an unknown key named", CHANGE_ROW_SQL),
    with_forged_key_ids("removed, an unknown key named", REMOVE_ROW_AND_CLOSE_GAP_SQL),
    with_forged_key_ids("cut off, an unknown key named", TRUNCATE_SQL),
    TamperingCase {
        detected_by: DetectionResult { exported_head: false, ..DETECTED_BY_MACS },
        ..with_forged_key_ids("an unknown key named", &[])
    },
    with_stolen_keys("changed with the keys", CHANGE_ROW_SQL),
    with_stolen_keys("removed with the keys", REMOVE_ROW_AND_CLOSE_GAP_SQL),
    with_stolen_keys("reordered with the keys", SWAP_ROWS_SQL),
    with_stolen_keys("inserted with the keys", INSERT_ROW_SQL),
    with_stolen_keys("cut off with the keys", TRUNCATE_SQL),
    TamperingCase {
        detected_by: DetectionResult { exported_head: false, ..DETECTED_BY_EXPORTED_HEAD },
        ..with_stolen_keys("appended with the keys", APPEND_ROW_SQL)
    },
    TamperingCase {
        detected_by: DetectionResult { chain: false, exported_head: false, ..DETECTED_BY_ALL },
        ..without_forgery("a MAC forged", &["UPDATE audit SET mac = 'aa' WHERE seq = 1"])
    },
    TamperingCase {
        detected_by: DetectionResult { chain: false, exported_head: false, ..DETECTED_BY_ALL },
        ..without_forgery("the head's MAC forged", &["UPDATE audit_head SET mac = 'aa'"])
    },
    TamperingCase {
        detected_by: DETECTED_BY_NOTHING,
        ..without_forgery("personal details erased", &["DELETE FROM audit_personal"])
    },
    TamperingCase { detected_by: DETECTED_BY_NOTHING, ..without_forgery("nothing", &[]) },
];

async fn append_events(engine: &TestDatabase, keys: &Sealer) {
    let audit_log = AuditLog::new(engine.db.clone(), keys.clone(), Clock::system(), Random::system());
    for n in 0..6 {
        let event = AuditEvent::new("test", AuditActor::Portal).with_detail("n", n);
        audit_log.append(if n % 2 == 0 { event.with_personal_detail("name", "Wanda") } else { event }).await.unwrap();
    }
}

async fn execute_sql(engine: &TestDatabase, sql: &'static str) {
    exec_db!(&engine.db, sql).map(|_| ()).unwrap();
}

/// Recomputes the hashes of the chain and the head, and with the sealing keys also the MACs.
async fn rebuild_chain(engine: &TestDatabase, keys: Option<&Sealer>) {
    const SELECT_ROWS_SQL: &str = "SELECT seq, at, event, actor, subject, reset_id, detail, personal, previous, hash, mac, mac_key FROM audit ORDER BY seq";
    const UPDATE_ROW_SQL: &str = "UPDATE audit SET previous = $2, hash = $3, mac = $4 WHERE seq = $1";
    const UPDATE_HEAD_SQL: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3";
    let mac = |old: &str, data: &[u8]| {
        keys.map_or_else(|| old.to_owned(), |keys| keys.compute_mac(KeyPurpose::Audit, data).0)
    };
    let rows: Vec<ChainedRow> = select_all!(&engine.db, SELECT_ROWS_SQL).unwrap();
    let (mut previous, mut count) = (super::chain::GENESIS_HASH.to_owned(), 0);
    for mut row in rows {
        row.previous = previous;
        row.hash = row.compute_hash();
        let mac = mac(&row.mac, row.hash.as_bytes());
        exec_db!(&engine.db, UPDATE_ROW_SQL, row.seq, &row.previous, &row.hash, &mac).map(|_| ()).unwrap();
        (previous, count) = (row.hash, row.seq);
    }
    let mac = mac("00", &head_mac_input(count, &previous));
    exec_db!(&engine.db, UPDATE_HEAD_SQL, count, &previous, &mac).map(|_| ()).unwrap();
}

#[tokio::test]
async fn each_tampering_is_detected_by_the_expected_checks() {
    for tampering in TAMPERING_CASES {
        for engine in test_databases().await {
            let keys = test_sealer();
            append_events(&engine, &keys).await;
            let (count, hash) = load_head(&engine.db).await.unwrap().unwrap();
            for sql in tampering.sql {
                execute_sql(&engine, sql).await;
            }
            match tampering.forgery {
                ForgeryLevel::None => {}
                ForgeryLevel::Hashes => rebuild_chain(&engine, None).await,
                ForgeryLevel::HashesAndKeyIds => {
                    rebuild_chain(&engine, None).await;
                    execute_sql(&engine, "UPDATE audit SET mac_key = 'k0'").await;
                    execute_sql(&engine, "UPDATE audit_head SET mac_key = 'k0'").await;
                }
                ForgeryLevel::HashesAndMacs => rebuild_chain(&engine, Some(&keys)).await,
            }
            let broken = |report: AuditVerification| !report.breaks.is_empty();
            let mut exported = check_chain(&engine.db, None).await.unwrap();
            let head = ExportedHead { count, hash, source: "head.txt".into() };
            check_exported_heads(&engine.db, &[head], &mut exported).await.unwrap();
            let found = DetectionResult {
                chain: broken(check_chain(&engine.db, None).await.unwrap()),
                macs: broken(check_chain(&engine.db, Some(&keys)).await.unwrap()),
                exported_head: broken(exported),
            };
            assert_eq!(found, tampering.detected_by, "{}", tampering.description);
        }
    }
}

#[tokio::test]
async fn verification_without_keys_reports_unchecked_parts() {
    for engine in test_databases().await {
        let keys = test_sealer();
        append_events(&engine, &keys).await;
        execute_sql(&engine, "DELETE FROM audit_personal WHERE seq = 3").await;
        let report = check_chain(&engine.db, None).await.unwrap();
        let unchecked = [
            "the MACs: no sealing keys were given (--config). This result proves nothing against someone who can write the database",
            "the personal details of 1 rows: they were erased",
        ];
        assert_eq!((report.rows, report.breaks.len(), report.unchecked), (6, 0, unchecked.map(str::to_owned).to_vec()));
    }
}
