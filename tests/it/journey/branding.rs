//! Branding, languages, and the help for people who return from Microsoft without finishing.

use passback_emulator::TenantSeed;
use reqwest::{StatusCode, header};

use crate::support::portal::{PortalSetup, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::raw_client;

#[tokio::test]
async fn configured_colour_and_logo_are_served() {
    let dir = tempfile::tempdir().unwrap();
    let logo = dir.path().join("logo.svg");
    std::fs::write(&logo, "<svg xmlns=\"http://www.w3.org/2000/svg\"/>").unwrap();
    let branded = PortalSetup::with_config(move |config| {
        config.branding.accent = Some("#7a1fa2".into());
        config.branding.logo_file = Some(logo.clone());
    });
    let portal = TestPortal::start_with(branded).await;
    let mut browser = portal.browser();
    let page = browser.get("/").await;
    let address = |name: &str| {
        let at = page.body.find(&format!("/{name}\"")).unwrap();
        let start = page.body[..at].rfind("/brand/").unwrap();
        format!("{}/{name}", &page.body[start..at])
    };
    let colours = browser.get_once(&address("colours.css")).await;
    assert_eq!(colours.headers()[header::CONTENT_TYPE], "text/css; charset=utf-8");
    assert!(colours.text().await.unwrap().contains("--accent: #7a1fa2"));
    let logo = browser.get_once(&address("logo")).await;
    assert_eq!(
        (logo.status(), &logo.headers()[header::CONTENT_TYPE]),
        (StatusCode::OK, &"image/svg+xml".parse().unwrap())
    );
    assert!(logo.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("default-src 'none'"));
    portal.demo.stop().await;
}

#[tokio::test]
async fn unreadable_accent_colour_stops_start_with_reason() {
    raw_client::install_crypto();
    let options = passback::demo::DemoOptions {
        config_override: Box::new(|config| config.branding.accent = Some("#ffcc00".into())),
        ..passback::demo::DemoOptions::default()
    };
    let Err(error) = passback::demo::RunningDemo::start(options).await else { panic!("it started") };
    let said = format!("{error}");
    assert!(said.contains("branding.accent #ffcc00") && said.contains("darker"), "{said}");
}

#[tokio::test]
async fn unfinished_sign_in_shows_help_for_limited_time() {
    let portal = TestPortal::start().await;
    let mut wanda = portal.browser();
    assert!(!wanda.get("/").await.body.contains("id=\"unfinished\""));
    assert!(wanda.get("/signin").await.url.contains("/oauth2/v2.0/authorize"));
    assert!(wanda.get("/").await.body.contains("Did you come back without finishing?"));
    wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
    portal.clock.advance(jiff::SignedDuration::from_mins(31));
    assert!(!wanda.get("/").await.body.contains("id=\"unfinished\""), "what is long ago is not said for ever");
    portal.demo.stop().await;
}

#[tokio::test]
async fn language_switch_redirects_only_within_portal() {
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
async fn portal_with_german_wanda() -> TestPortal {
    let text = passback_emulator::CONTOSO_SEED.replace("language = \"en-GB\"", "language = \"de-AT\"");
    TestPortal::start_with(PortalSetup {
        seed: TenantSeed::parse(&text).unwrap().with_short_delays(),
        ..PortalSetup::default()
    })
    .await
}

#[tokio::test]
async fn unsupported_browser_language_falls_back_to_entra() {
    let portal = portal_with_german_wanda().await;
    let mut wanda = portal.browser_with_languages("fi-FI,fi;q=0.9");
    assert_eq!(wanda.get("/").await.language(), "en", "nobody is signed in");
    assert_eq!(wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await.language(), "de", "the form itself");
    for path in ["/", "/reset", "/nothing"] {
        assert_eq!(wanda.get(path).await.language(), "de", "{path}");
    }
    let reset = wanda.submit_reset(VALID_PASSWORD).await;
    assert_eq!(reset.language(), "de");
    assert!(reset.body.contains("Abmelden"), "{}", reset.body);
    wanda.post_once("/language", &[("lang", "ja"), ("back", "/")]).await;
    for path in ["/", &format!("/resets/{}", reset.reference())] {
        assert_eq!(wanda.get(path).await.language(), "ja", "{path}: who switches has the last word");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn supported_browser_language_overrides_entra() {
    let portal = portal_with_german_wanda().await;
    let mut wanda = portal.browser_with_languages("fi,fr-CA;q=0.8");
    assert_eq!(wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await.language(), "fr");
    assert_eq!(wanda.get("/").await.language(), "fr");
    assert!(!wanda.cookies.iter().any(|(_, cookie)| cookie.starts_with("lang_hint")), "there is nothing to remember");
    portal.demo.stop().await;
}

#[tokio::test]
async fn language_is_not_kept_for_next_person() {
    let portal = portal_with_german_wanda().await;
    let mut browser = portal.browser_with_languages("fi");
    assert_eq!(browser.sign_in("/signin", &full_upn("wanda"), "passkey", "").await.language(), "de");
    browser.post_once("/signout", &[]).await;
    assert_eq!(browser.get("/").await.language(), "en", "signed out");
    assert_eq!(browser.sign_in("/signin", &full_upn("wanda"), "passkey", "").await.language(), "de");
    assert_eq!(
        browser.sign_in("/signin", &full_upn("omar"), "passkey", "").await.language(),
        "en",
        "Entra has none for him"
    );
    portal.demo.stop().await;
}
