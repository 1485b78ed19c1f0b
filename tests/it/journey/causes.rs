//! Every way in which a reset can end, from the fault to the sentence on the page. The expected list is
//! `docs/causes.md` itself.

use futures_util::StreamExt as _;
use passback_emulator::{Call, Effect, Fault};

use crate::support::fleet::{crowded, person};
use crate::support::portal::{Browser, GOOD, Page, Portal, Wish};

struct Described {
    code: String,
    text: String,
    words: Vec<String>,
}

/// Parses the documentation of the causes.
fn described() -> Vec<Described> {
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
            Described { code, text, words }
        })
        .collect()
}

/// Escapes text as the template does.
fn escaped(text: &str) -> String {
    text.replace('\'', "&#39;").replace('"', "&#34;")
}

async fn ended(browser: &mut Browser) -> Page {
    let reference = browser.reset(GOOD).await.reference();
    browser.until(&reference, |s| s["state"] != "sending" && s["state"] != "writing").await;
    browser.get(&format!("/resets/{reference}")).await
}

#[tokio::test]
async fn every_word_microsoft_or_ad_may_say_comes_out_as_its_sentence() {
    let all = described();
    let words: Vec<(&Described, &String)> = all.iter().flat_map(|d| d.words.iter().map(move |w| (d, w))).collect();
    assert!(words.len() > 50, "{}", words.len());
    let many = Wish::adjusted(|config| {
        config.reset.hourly_ceiling = Some(10_000);
        config.reset.per_address_minute = 10_000;
    });
    let portal = Portal::with(Wish { seed: crowded(words.len()), ..many }).await;
    let portal = &portal;
    let walks = words.into_iter().enumerate().map(|(n, (cause, word))| async move {
        let effect = Effect::Fails { detail: format!("Before {} after", word.to_uppercase()) };
        portal.demo.tenant.add_fault(Fault::on(Call::Writeback, effect).for_person(&person(n)));
        let page = ended(&mut portal.signed_in(&person(n)).await).await;
        assert!(page.body.contains(&format!("<bdi>{}</bdi>", cause.code)), "{word}: {}", page.main());
        assert!(page.body.contains(&escaped(&cause.text)), "{word}: {}", page.main());
    });
    // 12 people at a time: each of them mostly waits.
    futures_util::stream::iter(walks).buffer_unordered(12).collect::<()>().await;
}

#[tokio::test]
async fn every_other_end_has_its_sentence_too() {
    let status = |status, code: &str| Effect::Status { status, code: code.into(), retry_after: None, graph_body: true };
    let faults = [
        ("R-DENIED", Call::ResetPassword, status(403, "Authorization_RequestDenied")),
        ("R-NOT-FOUND", Call::ResetPassword, status(404, "Request_ResourceNotFound")),
        ("R-REJECTED", Call::ResetPassword, status(400, "Request_BadRequest")),
        ("R-OPERATOR", Call::ResetPassword, status(401, "InvalidAuthenticationToken")),
        ("F-UNRECOGNISED", Call::Writeback, Effect::Fails { detail: "SomethingNobodyHasSeenYet".into() }),
        ("F-AGENT-OFFLINE", Call::Writeback, Effect::AgentOffline),
        ("X-SPLIT", Call::Writeback, Effect::Split),
        ("X-CLOUD-ONLY", Call::Writeback, Effect::CloudOnly),
        ("U-NO-ANSWER", Call::ResetPassword, Effect::Hangup),
    ];
    let all = described();
    let portal = Portal::with(Wish { seed: crowded(faults.len()), ..Wish::default() }).await;
    for (n, (code, call, effect)) in faults.clone().into_iter().enumerate() {
        portal.demo.tenant.add_fault(Fault::on(call, effect).for_person(&person(n)));
        let mut browser = portal.signed_in(&person(n)).await;
        let reference = browser.reset(GOOD).await.reference();
        browser.until(&reference, |s| s["cause"] == code).await;
        let page = browser.get(&format!("/resets/{reference}?back=1")).await;
        let text = &all.iter().find(|d| d.code == code).unwrap().text;
        assert!(page.body.contains(&escaped(text)), "{code}: {}", page.main());
    }
    portal.demo.stop().await;
    // The other causes need a crash, a clock jump or an outage. They are tested in `fleet`, `journey::submit`,
    // `journey::graph` and `journey::signin`.
    let elsewhere = ["R-NOT-SENT", "R-THROTTLED", "R-ROLE", "U-CRASHED", "U-LOST", "U-TIME-LIMIT"];
    for cause in &all {
        let here = !cause.words.is_empty() || faults.iter().any(|(code, ..)| *code == cause.code);
        assert!(here || elsewhere.contains(&&*cause.code), "{} is shown nowhere", cause.code);
    }
}
