//! Verification of the chain against exported heads.
//!
//! A chain that lacks one of its exported heads was rolled back or rewritten, unless the restore of a backup is recorded
//! in it.

use super::chain_verification::AuditVerification;
use super::exported_heads::ExportedHead;
use super::restores::RecordedRestore;
use crate::store::{Db, StoreError, select_optional};

/// Maximum number of missing heads that are reported one by one.
const MAX_REPORTED_HEADS: usize = 10;

/// Loads the heads that the chain does not contain, the one with the fewest rows first.
pub(crate) async fn load_missing_heads(db: &Db, heads: &[ExportedHead]) -> Result<Vec<ExportedHead>, StoreError> {
    const SQL: &str = "SELECT hash FROM audit WHERE seq = $1";
    let mut missing = Vec::new();
    for head in heads {
        let row: Option<(String,)> = select_optional!(db, SQL, head.count)?;
        if row.is_none_or(|(hash,)| hash != head.hash) {
            missing.push(head.clone());
        }
    }
    missing.sort_by_key(|head| head.count);
    Ok(missing)
}

/// Checks that the chain contains each exported head, and reports the recorded restores.
///
/// A missing head is a break, unless an event with a valid MAC records that a restored backup lacks it.
pub(crate) async fn check_exported_heads(
    db: &Db,
    heads: &[ExportedHead],
    report: &mut AuditVerification,
) -> Result<(), StoreError> {
    let proved = report.restores.iter().filter(|restore| restore.is_proved());
    report.notices.extend(proved.map(RecordedRestore::describe));
    if heads.is_empty() {
        report.unchecked.push("rewriting of the whole history: no exported head was given (--head)".to_owned());
        return Ok(());
    }
    let missing = load_missing_heads(db, heads).await?;
    let lost = missing.iter().filter_map(|head| describe_missing(head, &report.restores)).collect::<Vec<_>>();
    let more = lost.len().saturating_sub(MAX_REPORTED_HEADS);
    report.breaks.extend(lost.into_iter().take(MAX_REPORTED_HEADS));
    if more > 0 {
        report.breaks.push(format!("{more} more exported heads are missing"));
    }
    Ok(())
}

/// Returns the break of a missing head, or `None` if a restore lost it.
fn describe_missing(head: &ExportedHead, restores: &[RecordedRestore]) -> Option<String> {
    let mut recorded = restores.iter().filter(|restore| restore.has_lost(head));
    if recorded.clone().any(RecordedRestore::is_proved) {
        return None;
    }
    let break_text = format!(
        "rolled back or rewritten: this chain does not go through the exported head at row {} of {}",
        head.count,
        head.source.display()
    );
    Some(match recorded.next() {
        Some(restore) => {
            format!("{break_text}. Row {} records a restore, but only its MAC proves it (--config)", restore.seq())
        }
        None => break_text,
    })
}

/// Returns the heads of these that no proved restore has lost.
pub(crate) fn unrecorded_heads(missing: Vec<ExportedHead>, report: &AuditVerification) -> Vec<ExportedHead> {
    let is_recorded = |head: &ExportedHead| report.restores.iter().any(|r| r.is_proved() && r.has_lost(head));
    missing.into_iter().filter(|head| !is_recorded(head)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::chain_verification::check_chain;
    use crate::audit::restores::restore_event;
    use crate::audit::{AuditActor, AuditEvent, AuditLog, load_head};
    use crate::base::{Clock, Random};
    use crate::store::testing::{TestDatabase, test_databases, test_sealer};
    use crate::store::{Sealer, exec_db};

    async fn append_events(engine: &TestDatabase, sealer: &Sealer, kinds: &[&'static str]) -> ExportedHead {
        let audit_log = AuditLog::new(engine.db.clone(), sealer.clone(), Clock::system(), Random::system());
        for kind in kinds {
            audit_log.append(AuditEvent::new(kind, AuditActor::Portal)).await.unwrap();
        }
        let (count, hash) = load_head(&engine.db).await.unwrap().unwrap();
        ExportedHead { count, hash, source: "head.txt".into() }
    }

    /// Sets rows and head back to an earlier state, as someone who restores a backup or attacks the database would.
    async fn roll_back(engine: &TestDatabase, to: &ExportedHead, mac: (String, String)) {
        const SQL: &str = "UPDATE audit_head SET count = $1, hash = $2, mac = $3, mac_key = $4";
        exec_db!(&engine.db, "DELETE FROM audit_personal WHERE seq > $1", to.count).unwrap();
        exec_db!(&engine.db, "DELETE FROM audit WHERE seq > $1", to.count).unwrap();
        exec_db!(&engine.db, SQL, to.count, &to.hash, &mac.0, &mac.1).unwrap();
    }

    async fn load_head_mac(engine: &TestDatabase) -> (String, String) {
        let db = &engine.db;
        crate::store::select_one!(db, "SELECT mac, mac_key FROM audit_head").unwrap()
    }

    async fn verify(engine: &TestDatabase, sealer: Option<&Sealer>, heads: &[ExportedHead]) -> AuditVerification {
        let mut report = check_chain(&engine.db, sealer).await.unwrap();
        check_exported_heads(&engine.db, heads, &mut report).await.unwrap();
        report
    }

    #[tokio::test]
    async fn rollback_is_found_against_any_exported_head() {
        for engine in test_databases().await {
            let sealer = test_sealer();
            let first = append_events(&engine, &sealer, &["a", "b"]).await;
            let second = append_events(&engine, &sealer, &["c"]).await;
            let mac = load_head_mac(&engine).await;
            let third = append_events(&engine, &sealer, &["d", "e"]).await;
            let heads = [third.clone(), first.clone(), second.clone()];
            assert_eq!(verify(&engine, Some(&sealer), &heads).await.breaks, Vec::<String>::new());
            roll_back(&engine, &second, mac).await;
            assert_eq!(verify(&engine, Some(&sealer), &[first, second]).await.breaks, Vec::<String>::new());
            let found = verify(&engine, Some(&sealer), &heads).await.breaks;
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].starts_with("rolled back or rewritten") && found[0].contains("row 5"), "{found:?}");
        }
    }

    #[tokio::test]
    async fn recorded_restore_covers_its_lost_heads_and_no_later_rollback() {
        for engine in test_databases().await {
            let sealer = test_sealer();
            let backup = append_events(&engine, &sealer, &["a", "b"]).await;
            let mac = load_head_mac(&engine).await;
            let lost = append_events(&engine, &sealer, &["c", "d", "e"]).await;
            roll_back(&engine, &backup, mac).await;
            let audit_log = AuditLog::new(engine.db.clone(), sealer.clone(), Clock::system(), Random::system());
            let missing = load_missing_heads(&engine.db, &[backup.clone(), lost.clone()]).await.unwrap();
            assert_eq!(missing, std::slice::from_ref(&lost));
            audit_log.append(restore_event(backup.count, &backup.hash, &missing, "disk failed")).await.unwrap();
            let restored_mac = load_head_mac(&engine).await;
            let restored = append_events(&engine, &sealer, &[]).await;
            let later = append_events(&engine, &sealer, &["f"]).await;
            let heads = [backup, lost.clone(), later.clone()];
            let report = verify(&engine, Some(&sealer), &heads).await;
            assert_eq!(report.breaks, Vec::<String>::new());
            assert!(report.notices[0].contains("rows 3 to 5 of the exported head are missing"), "{:?}", report.notices);
            // Without keys the event proves nothing.
            let unproved = verify(&engine, None, &heads).await;
            assert_eq!((unproved.breaks.len(), unproved.notices.len()), (1, 0), "{:?}", unproved.breaks);
            // The head after the restore has fewer rows than the lost one, and is not covered.
            roll_back(&engine, &restored, restored_mac).await;
            let found = verify(&engine, Some(&sealer), &heads).await.breaks;
            assert_eq!(found.len(), 1, "{found:?}");
            assert!(found[0].contains("row 4") && later.count < lost.count, "{found:?}");
        }
    }
}
