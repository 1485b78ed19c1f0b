//! Runs the live check of `tests/live` against the emulator. This proves the steps of the check, but not Entra's own
//! pages.

use passback_emulator::TenantSeed;

use crate::real::{LiveCheckSettings, journey};
use crate::support::fleet::PortalFleet;
use crate::support::portal::DatabaseEngine;

const GROUP: &str = "Accounts for live checks";

/// Wanda may be touched, Omar may not. Gloria is in the group by mistake and holds a role.
fn contoso() -> TenantSeed {
    let text = passback_emulator::CONTOSO_SEED;
    let group = format!(
        "[[groups]]\nname = \"{GROUP}\"\nmembers = [\"wanda@contoso.example\", \"gloria@contoso.example\"]\n\n[[groups]]\nname = \"Emergency access\""
    );
    TenantSeed::parse(&text.replace("[[groups]]\nname = \"Emergency access\"", &group)).unwrap().hurry()
}

fn settings(fleet: &PortalFleet, person: &str) -> LiveCheckSettings {
    let group = fleet.tenant.group_id(GROUP);
    LiveCheckSettings {
        config: fleet.config.clone(),
        group,
        person: format!("{person}@contoso.example"),
        pass: "FJ3K-WANDA".to_owned(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_live_check_walks_the_whole_way_and_touches_nobody_who_is_not_in_its_group() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, contoso()).await;
    let mut once = fleet.start(fleet.port, &[]).await;
    fleet.link().await;
    once.stop();
    for (person, why) in [("omar", "is not in the group"), ("gloria", "holds a role")] {
        let refused = journey(&settings(&fleet, person)).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
    }
    assert!(fleet.resets().await.is_empty());
    let measured = journey(&settings(&fleet, "wanda")).await.unwrap();
    assert!(measured.contains("carried=true finished=true"), "{measured}");
    let rows = fleet.resets().await;
    assert_eq!((rows.len(), rows[0].state.as_str()), (1, "finished"));
}
