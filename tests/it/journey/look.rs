//! Branding, languages, and the help for people who return from Microsoft without finishing.

use passback_emulator::TenantSeed;
use reqwest::{StatusCode, header};

use crate::support::portal::{GOOD, PortalSetup, TestPortal, upn};
use crate::support::raw;

#[tokio::test]
async fn an_organisation_gives_its_colour_and_its_logo_without_a_rebuild() {
    let dir = tempfile::tempdir().unwrap();
    let logo = dir.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let branded = PortalSetup::adjusted(move |config| {
        config.branding.accent = Some("#7a1fa2".into());
        config.branding.logo_file = Some(logo.clone());
    });
    let portal = TestPortal::with(branded).await;
    let mut browser = portal.browser();
    let page = browser.get("/").await;
    let address = |name: &str| {
        let at = page.body.find(&format!("/{name}\"")).unwrap();
        let start = page.body[..at].rfind("/brand/").unwrap();
        format!("{}/{name}", &page.body[start..at])
    };
    let colours = browser.once(&address("colours.css")).await;
    assert_eq!(colours.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(colours.text().await.unwrap().contains("--accent: #7a1fa2"));
    let logo = browser.once(&address("logo")).await;
    assert_eq!(
        (logo.status(), &logo.headers()[header::CONTENT_TYPE]),
        (StatusCode::OK, &"image/svg+xml".parse().unwrap())
    );
    assert!(logo.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_colour_nobody_can_read_stops_the_start_and_says_why() {
    raw::install_crypto();
    let options = passback::demo::DemoOptions {
        adjust: Box::new(|config| config.branding.accent = Some("#ffcc00".into())),
        ..passback::demo::DemoOptions::default()
    };
    let Err(error) = passback::demo::RunningDemo::start(options).await else { panic!("it started") };
    let said = format!("{error}");
    assert!(said.contains("branding.accent #ffcc00") && said.contains("darker"), "{said}");
}

#[tokio::test]
async fn coming_back_without_finishing_is_seen_and_helped() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    assert!(!wanda.get("/").await.body.contains("id=\"unfinished\""));
    assert!(wanda.get("/signin").await.url.contains("/oauth2/v2.0/authorize"));
    assert!(wanda.get("/").await.body.contains("Did you come back without finishing?"));
    wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await;
    portal.clock.advance(jiff::SignedDuration::from_mins(31));
    assert!(!wanda.get("/").await.body.contains("id=\"unfinished\""), "what is long ago is not said for ever");
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_language_switch_stays_and_leads_nowhere_else() {
    let portal = TestPortal::start().await;
    let mut browser = portal.browser();
    for (back, to) in [
        ("/", "/"),
        ("/resets/7KQ4M2ZD", "/resets/7KQ4M2ZD"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
    ] {
        let answer = browser.post_once("/language", &[("lang", "en"), ("back", back)]).await;
        assert_eq!(
            (answer.status().as_u16(), answer.headers()[header::LOCATION].to_str().unwrap()),
            (303, to),
            "{back}"
        );
    }
    let unknown = browser.post_once("/language", &[("lang", "tlh"), ("back", "/")]).await;
    assert!(unknown.headers().get(header::SET_COOKIE).is_none(), "a language we do not speak changes nothing");
    portal.demo.stop().await;
}

/// Starts a portal in whose tenant Wanda's language is German.
async fn german() -> TestPortal {
    let text = passback_emulator::CONTOSO_SEED.replace("language = \"en-GB\"", "language = \"de-AT\"");
    TestPortal::with(PortalSetup { seed: TenantSeed::parse(&text).unwrap().hurry(), ..PortalSetup::default() }).await
}

#[tokio::test]
async fn somebody_whose_browser_speaks_nothing_of_ours_reads_the_language_entra_has() {
    let portal = german().await;
    let mut wanda = portal.browser_speaking("fi-FI,fi;q=0.9");
    assert_eq!(wanda.get("/").await.language(), "en", "nobody is signed in");
    assert_eq!(wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await.language(), "de", "the form itself");
    for path in ["/", "/reset", "/nothing"] {
        assert_eq!(wanda.get(path).await.language(), "de", "{path}");
    }
    let reset = wanda.reset(GOOD).await;
    assert_eq!(reset.language(), "de");
    assert!(reset.body.contains("Abmelden"), "{}", reset.body);
    wanda.post_once("/language", &[("lang", "ja"), ("back", "/")]).await;
    for path in ["/", &format!("/resets/{}", reset.reference())] {
        assert_eq!(wanda.get(path).await.language(), "ja", "{path}: who switches has the last word");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn a_browser_that_names_one_of_ours_is_believed_before_entra() {
    let portal = german().await;
    let mut wanda = portal.browser_speaking("fi,fr-CA;q=0.8");
    assert_eq!(wanda.sign_in("/signin", &upn("wanda"), "passkey", "").await.language(), "fr");
    assert_eq!(wanda.get("/").await.language(), "fr");
    assert!(!wanda.cookies.iter().any(|(_, cookie)| cookie.starts_with("lang_hint")), "there is nothing to remember");
    portal.demo.stop().await;
}

#[tokio::test]
async fn the_language_of_one_person_is_not_the_next_ones() {
    let portal = german().await;
    let mut browser = portal.browser_speaking("fi");
    assert_eq!(browser.sign_in("/signin", &upn("wanda"), "passkey", "").await.language(), "de");
    browser.post_once("/signout", &[]).await;
    assert_eq!(browser.get("/").await.language(), "en", "signed out");
    assert_eq!(browser.sign_in("/signin", &upn("wanda"), "passkey", "").await.language(), "de");
    assert_eq!(
        browser.sign_in("/signin", &upn("omar"), "passkey", "").await.language(),
        "en",
        "Entra has none for him"
    );
    portal.demo.stop().await;
}
