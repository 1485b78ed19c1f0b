//! Runs the live check of `tests/live` against the emulator. This proves the steps of the check, but not Entra's own
//! pages.

use passback_emulator::TenantSeed;

use crate::real::{LiveCheckSettings, run_journey};
use crate::support::fleet::PortalFleet;
use crate::support::portal::DatabaseEngine;

const LIVE_CHECK_GROUP: &str = "Accounts for live checks";

/// Wanda may be touched, Omar may not. Gloria is in the group by mistake and holds a role.
fn live_check_seed() -> TenantSeed {
    let text = passback_emulator::CONTOSO_SEED;
    let group = format!(
        "[[groups]]\nname = \"{LIVE_CHECK_GROUP}\"\nmembers = [\"wanda@contoso.example\", \"gloria@contoso.example\"]\n\n[[groups]]\nname = \"Emergency access\""
    );
    TenantSeed::parse(&text.replace("[[groups]]\nname = \"Emergency access\"", &group)).unwrap().with_short_delays()
}

fn live_check_settings(fleet: &PortalFleet, person: &str) -> LiveCheckSettings {
    let group = fleet.emulator.group_id(LIVE_CHECK_GROUP);
    LiveCheckSettings {
        config: fleet.config.clone(),
        group,
        person: format!("{person}@contoso.example"),
        pass: "FJ3K-WANDA".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_check_completes_and_touches_only_its_group() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, live_check_seed()).await;
    let mut once = fleet.start_replica(fleet.port, &[]).await;
    fleet.link_operator().await;
    once.stop();
    for (person, why) in [("omar", "is not in the group"), ("gloria", "holds a role")] {
        let refused = run_journey(&live_check_settings(&fleet, person)).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(fleet.load_resets().await.is_empty());
    let measured = run_journey(&live_check_settings(&fleet, "wanda")).await.unwrap();
    assert!(measured.contains("carried=true finished=true"), "{measured}");
    let rows = fleet.load_resets().await;
    assert_eq!((rows.len(), rows[0].state.as_str()), (1, "finished"));
}
