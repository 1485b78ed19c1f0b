//! Every way in which a reset can end, from the fault to the sentence on the page. The expected list is
//! `docs/causes.md` itself.

use futures_util::StreamExt as _;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault};

use crate::support::fleet::{person_upn, seed_with_people};
use crate::support::portal::{HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD};

struct DocumentedCause {
    code: String,
    text: String,
    patterns: Vec<String>,
}

/// Parses the documentation of the causes.
fn load_documented_causes() -> Vec<DocumentedCause> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/causes.md")).unwrap();
    let sections = page.split("\n## ").skip(1);
    sections
        .map(|section| {
            let mut lines = section.lines();
            let code = lines.next().unwrap().to_owned();
            let text = lines.nth(1).unwrap().to_owned();
            let recognised = section.lines().filter(|line| line.starts_with("- **Recognised by:**"));
            let words = recognised
                .flat_map(|line| line.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>())
                .collect();
            DocumentedCause { code, text, patterns: words }
        })
        .collect()
}

/// Escapes text as the template does.
fn html_escaped(text: &str) -> String {
    text.replace('\'', "&#39;").replace('"', "&#34;")
}

async fn reset_to_end(browser: &mut HttpBrowser) -> ResponsePage {
    let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
    browser.wait_until(&reference, |s| s["state"] != "sending" && s["state"] != "writing").await;
    browser.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn every_documented_status_detail_shows_its_cause() {
    let all = load_documented_causes();
    let words: Vec<(&DocumentedCause, &String)> =
        all.iter().flat_map(|d| d.patterns.iter().map(move |w| (d, w))).collect();
    assert!(words.len() > 50, "{}", words.len());
    let many = PortalSetup::with_config(|config| {
        config.reset.hourly_ceiling = Some(10_000);
        config.reset.per_address_minute = 10_000;
    });
    let portal = TestPortal::start_with(PortalSetup { seed: seed_with_people(words.len()), ..many }).await;
    let portal = &portal;
    let walks = words.into_iter().enumerate().map(|(n, (cause, word))| async move {
        let effect = FaultEffect::Fails { detail: format!("Before {} after", word.to_uppercase()) };
        portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Writeback, effect).for_person(&person_upn(n)));
        let page = reset_to_end(&mut portal.signed_in(&person_upn(n)).await).await;
        assert!(page.body.contains(&format!("<bdi>{}</bdi>", cause.code)), "{word}: {}", page.main_text());
        assert!(page.body.contains(&html_escaped(&cause.text)), "{word}: {}", page.main_text());
    });
    // 12 people at a time: each of them mostly waits.
    futures_util::stream::iter(walks).buffer_unordered(12).collect::<()>().await;
}

#[tokio::test]
async fn every_other_ending_shows_its_cause() {
    let status =
        |status, code: &str| FaultEffect::Status { status, code: code.into(), retry_after: None, graph_body: true };
    let faults = [
        ("R-DENIED", FaultTarget::ResetPassword, status(403, "Authorization_RequestDenied")),
        ("R-NOT-FOUND", FaultTarget::ResetPassword, status(404, "Request_ResourceNotFound")),
        ("R-REJECTED", FaultTarget::ResetPassword, status(400, "Request_BadRequest")),
        ("R-OPERATOR", FaultTarget::ResetPassword, status(401, "InvalidAuthenticationToken")),
        ("F-UNRECOGNISED", FaultTarget::Writeback, FaultEffect::Fails { detail: "SomethingNobodyHasSeenYet".into() }),
        ("F-AGENT-OFFLINE", FaultTarget::Writeback, FaultEffect::AgentOffline),
        ("X-SPLIT", FaultTarget::Writeback, FaultEffect::Split),
        ("X-CLOUD-ONLY", FaultTarget::Writeback, FaultEffect::CloudOnly),
        ("U-NO-ANSWER", FaultTarget::ResetPassword, FaultEffect::Hangup),
    ];
    let all = load_documented_causes();
    let portal =
        TestPortal::start_with(PortalSetup { seed: seed_with_people(faults.len()), ..PortalSetup::default() }).await;
    for (n, (code, call, effect)) in faults.clone().into_iter().enumerate() {
        portal.demo.tenant.add_fault(InjectedFault::new(call, effect).for_person(&person_upn(n)));
        let mut browser = portal.signed_in(&person_upn(n)).await;
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        browser.wait_until(&reference, |s| s["cause"] == code).await;
        let page = browser.get(&format!("/resets/{reference}?back=1")).await;
        let text = &all.iter().find(|d| d.code == code).unwrap().text;
        assert!(page.body.contains(&html_escaped(text)), "{code}: {}", page.main_text());
    }
    portal.demo.stop().await;
    // The other causes need a crash, a clock jump or an outage. They are tested in `fleet`, `journey::submit`,
    // `journey::graph` and `journey::signin`.
    let elsewhere = ["R-NOT-SENT", "R-THROTTLED", "R-ROLE", "U-CRASHED", "U-LOST", "U-TIME-LIMIT"];
    for cause in &all {
        let here = !cause.patterns.is_empty() || faults.iter().any(|(code, ..)| *code == cause.code);
        assert!(here || elsewhere.contains(&&*cause.code), "{} is shown nowhere", cause.code);
    }
}
