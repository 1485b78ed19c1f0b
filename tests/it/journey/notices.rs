//! Notices by mail: a person is informed at the addresses from before the reset, and can report a reset as not
//! requested.

use jiff::SignedDuration;
use passback::config::Config;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};
use reqwest::StatusCode;

use crate::support::mail_server::{ReceivedMail, TestMailServer};
use crate::support::portal::{
    DatabaseEngine, HttpBrowser, PortalSetup, ResponsePage, TestPortal, VALID_PASSWORD, available_engines, full_upn,
};
use crate::support::wait::{wait_for_value, wait_until};

const OLD_PASSWORD: &str = "Old-River-Stone-7";

/// Returns a change of the configuration that sends mail to this server.
pub(super) fn smtp_config(port: u16, more: &str) -> impl Fn(&mut Config) + Send + Sync + 'static {
    let host = if more.contains("starttls") { "localhost" } else { "127.0.0.1" };
    let text = format!(
        "kind = \"smtp\"\nfrom = \"passback@contoso.example\"\n[smtp]\nhost = \"{host}\"\nport = {port}\n{more}\n"
    );
    move |config| config.notify = toml::from_str(&text).unwrap()
}

async fn start_with_mail(mailbox: &TestMailServer) -> TestPortal {
    TestPortal::start_with(PortalSetup::with_config(smtp_config(mailbox.port, "tls = \"none\""))).await
}

/// Resets until this state. Returns the browser and the reference.
async fn reset_until(portal: &TestPortal, name: &str, state: &str) -> (HttpBrowser, String) {
    let mut browser = portal.signed_in(name).await;
    let page = browser.submit_reset(VALID_PASSWORD).await;
    let reference = page.reference();
    browser.wait_for_state(&reference, state).await;
    (browser, reference)
}

/// Returns the audit events about holds and notices.
async fn notice_events(portal: &TestPortal) -> Vec<String> {
    const SQL: &str = "SELECT event FROM audit WHERE event LIKE 'guard.f%' OR event LIKE 'notice.%' ORDER BY seq";
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let rows: Vec<(String,)> = sqlx::query_as(SQL).fetch_all(&pool).await.unwrap();
    pool.close().await;
    rows.into_iter().map(|(event,)| event).collect()
}

/// Opens the link without a session, as a mail scanner or a person does.
async fn open_link(portal: &TestPortal, mail: &ReceivedMail) -> ResponsePage {
    portal.browser().get(&mail.not_me_link()).await
}

async fn press_button(portal: &TestPortal, mail: &ReceivedMail) -> ResponsePage {
    portal.browser().post(&mail.not_me_link(), &[]).await
}

#[tokio::test]
async fn written_reset_sends_notice_and_refused_one_does_not() {
    for engine in available_engines() {
        let mailbox = TestMailServer::start().await;
        let portal = TestPortal::start_with(PortalSetup {
            engine,
            ..PortalSetup::with_config(smtp_config(mailbox.port, "tls = \"none\""))
        })
        .await;
        let (_, reference) = reset_until(&portal, "wanda", "written").await;
        let mail = mailbox.wait_for_mails(1).await.remove(0);
        assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("passback@contoso.example", &[full_upn("wanda")][..]));
        for part in [
            "Hello Wanda Writeback,",
            &format!("Reference: {reference}"),
            "Your password at Contoso was reset",
            "multipart/alternative",
            "Content-Type: text/plain",
            "Content-Type: text/html",
            "Auto-Submitted: auto-generated",
            "+44 20 7946 0100",
            &format!("{}/not-me/", portal.demo.url()),
        ] {
            assert!(mail.text.contains(part), "{part} is missing in {}", mail.text);
        }
        for never in [VALID_PASSWORD, OLD_PASSWORD, "<img", "<script", "style=", "http-equiv"] {
            assert!(!mail.text.contains(never), "{never} in {}", mail.text);
        }
        let refusal =
            FaultEffect::Status { status: 400, code: "badRequest".into(), retry_after: None, graph_body: true };
        portal
            .demo
            .tenant
            .add_fault(InjectedFault::new(FaultTarget::ResetPassword, refusal).for_person(&full_upn("omar")));
        reset_until(&portal, "omar", "refused").await;
        assert_eq!(mailbox.mails_after_round(&portal).await.len(), 1, "one of the first, none of the second");
        portal.demo.stop().await;
    }
}

/// Returns the current date in the format of a language.
fn localised_date(portal: &TestPortal, months: &str, write: impl Fn(&str, &str, &str) -> String) -> String {
    let part = |format: &str| portal.clock.now().strftime(format).to_string();
    let month: usize = part("%-m").parse().unwrap();
    write(&part("%-d"), months.split(' ').nth(month - 1).unwrap(), &part("%Y"))
}

/// Converts the digits to Arabic-Indic ones.
fn arabic_digits(text: &str) -> String {
    let digits: Vec<char> = "٠١٢٣٤٥٦٧٨٩".chars().collect();
    text.chars().map(|c| c.to_digit(10).map_or(c, |digit| digits[digit as usize])).collect()
}

#[tokio::test]
async fn notice_uses_persons_language_and_date_format() {
    const GERMAN_MONTHS: &str = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember";
    const ARABIC_MONTHS: &str = "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر";
    for (language, direction, hello) in
        [("de", "ltr", "Guten Tag Wanda Writeback,"), ("ar", "rtl", "مرحبًا Wanda Writeback،")]
    {
        let text = passback_emulator::CONTOSO_SEED;
        let text = text.replace("language = \"en-GB\"", &format!("language = \"{language}\""));
        let mailbox = TestMailServer::start().await;
        let seed = TenantSeed::parse(&text).unwrap().with_short_delays();
        let portal = TestPortal::start_with(PortalSetup {
            seed,
            ..PortalSetup::with_config(smtp_config(mailbox.port, "tls = \"none\""))
        })
        .await;
        let date = || match language {
            "de" => localised_date(&portal, GERMAN_MONTHS, |day, month, year| format!("{day}. {month} {year}, ")),
            _ => arabic_digits(&localised_date(&portal, ARABIC_MONTHS, |day, month, year| {
                format!("{day} {month} {year}، ")
            })),
        };
        // The date may change during the test.
        let before = date();
        let mut wanda = portal.browser_with_languages("en");
        wanda.sign_in("/signin", &full_upn("wanda"), "passkey", "").await;
        let page = wanda.submit_reset(VALID_PASSWORD).await;
        assert_eq!(page.language(), "en", "what the browser asks for is for pages");
        let mail = mailbox.wait_for_mails(1).await.remove(0);
        let html = format!("<html lang=\"{language}\" dir=\"{direction}\">");
        for part in [html.as_str(), hello, &page.reference()] {
            assert!(mail.text.contains(part), "{part} is missing in {}", mail.text);
        }
        assert_eq!(mail.text.matches(hello).count(), 2, "in the text as well as in the HTML");
        assert!([before, date()].iter().any(|date| mail.text.matches(date.as_str()).count() == 2), "{}", mail.text);
        for never in ["Hello", "Reference:", "This was not me"] {
            assert!(!mail.text.contains(never), "{never} in {}", mail.text);
        }
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn uncertain_reset_notice_says_so() {
    let mailbox = TestMailServer::start().await;
    let portal = start_with_mail(&mailbox).await;
    portal.demo.tenant.add_fault(
        InjectedFault::new(FaultTarget::ResetPassword, FaultEffect::DropAnswer).for_person(&full_upn("wanda")),
    );
    portal.demo.tenant.add_fault(InjectedFault::new(FaultTarget::Audits, FaultEffect::Hangup).times(1_000));
    for (n, (name, state, says)) in
        [("sven", "split", "is being set"), ("wanda", "unknown", "may have been reset")].into_iter().enumerate()
    {
        reset_until(&portal, name, state).await;
        let mail = mailbox.wait_for_mails(n + 1).await.pop().unwrap();
        assert_eq!(mail.to, [full_upn(name)]);
        assert!(mail.text.contains(says), "{name}: {}", mail.text);
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn notice_refused_by_mail_server_is_sent_later_once() {
    let mailbox = TestMailServer::start_refusing(2).await;
    let portal = start_with_mail(&mailbox).await;
    reset_until(&portal, "wanda", "written").await;
    for refused in 1..=2 {
        wait_until(format!("refusal {refused}"), async || mailbox.refused_count() >= refused).await;
        assert!(mailbox.mails_after_round(&portal).await.is_empty());
        assert_eq!(mailbox.refused_count(), refused, "it waits before it tries again");
        portal.clock.advance(SignedDuration::from_mins(3));
    }
    mailbox.wait_for_mails(1).await;
    portal.clock.advance(SignedDuration::from_hours(25));
    assert_eq!(mailbox.mails_after_round(&portal).await.len(), 1);
    assert_eq!(notice_events(&portal).await, ["notice.sent"]);
    portal.demo.stop().await;
}

#[tokio::test]
async fn notice_survives_portal_crash() {
    let mailbox = TestMailServer::start_refusing(1).await;
    let mut portal = start_with_mail(&mailbox).await;
    reset_until(&portal, "wanda", "written").await;
    wait_until("the refusal", async || mailbox.refused_count() == 1).await;
    portal.demo.crash_and_restart().await.unwrap();
    // Longer than the claim of the crashed process.
    portal.clock.advance(SignedDuration::from_mins(16));
    mailbox.wait_for_mails(1).await;
    assert_eq!(mailbox.mails_after_round(&portal).await.len(), 1);
    portal.demo.stop().await;
}

#[tokio::test]
async fn notice_is_abandoned_and_audited_after_one_day() {
    let mailbox = TestMailServer::start_refusing(1_000).await;
    let portal = start_with_mail(&mailbox).await;
    reset_until(&portal, "wanda", "written").await;
    for _ in 0..20 {
        portal.clock.advance(SignedDuration::from_hours(5));
        mailbox.mails_after_round(&portal).await;
        if notice_events(&portal).await == ["notice.given_up"] {
            portal.demo.stop().await;
            return;
        }
    }
    panic!("it goes on for ever");
}

#[tokio::test]
async fn not_me_button_places_hold_and_opening_link_does_not() {
    for engine in available_engines() {
        let mailbox = TestMailServer::start().await;
        let portal = TestPortal::start_with(PortalSetup {
            engine,
            ..PortalSetup::with_config(smtp_config(mailbox.port, "tls = \"none\""))
        })
        .await;
        let (mut wanda, reference) = reset_until(&portal, "wanda", "written").await;
        let mail = mailbox.wait_for_mails(1).await.remove(0);
        for _ in 0..3 {
            let page = open_link(&portal, &mail).await;
            assert_eq!((page.status, page.code().as_str()), (StatusCode::OK, "N-ASK"));
            assert!(page.body.contains(&reference) && page.body.contains("<form method=\"post\">"), "{}", page.body);
        }
        let head =
            portal.browser().http.head(format!("{}{}", portal.demo.url(), mail.not_me_link())).send().await.unwrap();
        assert_eq!(head.status(), StatusCode::OK);
        assert_eq!(wanda.get("/reset").await.status, StatusCode::OK, "nothing happened");
        let page = press_button(&portal, &mail).await;
        assert_eq!((page.status, page.code().as_str()), (StatusCode::OK, "N-DONE"));
        assert!(page.body.contains("+44 20 7946 0100"), "whom to call: {}", page.body);
        // The form that was already open is refused as well as a new one, and nothing is sent.
        let sent = portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None);
        assert_eq!(wanda.submit_reset("Another-Harbour-93").await.code(), "G-FROZEN");
        let form = wanda.get("/reset").await;
        assert_eq!((form.status, form.code().as_str()), (StatusCode::SERVICE_UNAVAILABLE, "G-FROZEN"));
        assert_eq!(portal.demo.tenant.count_calls(FaultTarget::ResetPassword, None), sent);
        assert_eq!(portal.signed_in("omar").await.get("/reset").await.status, StatusCode::OK, "nobody else");
        if engine == DatabaseEngine::Sqlite {
            assert_eq!(press_button(&portal, &mail).await.code(), "N-DONE", "pressed twice is pressed once");
            assert_eq!(notice_events(&portal).await, ["notice.sent", "guard.frozen"]);
        }
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn second_hold_within_a_day_only_alerts() {
    let mailbox = TestMailServer::start().await;
    let portal = start_with_mail(&mailbox).await;
    let (mut wanda, _) = reset_until(&portal, "wanda", "written").await;
    let reference = wanda.submit_reset("Another-Harbour-93").await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let mails = mailbox.wait_for_mails(2).await;
    assert_ne!(mails[0].not_me_link(), mails[1].not_me_link());
    let pages = [press_button(&portal, &mails[0]).await, press_button(&portal, &mails[1]).await];
    let told =
        |page: &ResponsePage| page.main_text().lines().filter(|l| !l.contains("class=\"big\"")).collect::<String>();
    assert_eq!(told(&pages[0]), told(&pages[1]), "the answer is the same");
    let freezes: Vec<String> = notice_events(&portal).await.into_iter().filter(|e| e.starts_with("guard")).collect();
    assert_eq!(freezes, ["guard.frozen", "guard.freeze_again"]);
    portal.demo.stop().await;
}

#[tokio::test]
async fn expired_or_forged_link_does_nothing_and_is_limited() {
    let mailbox = TestMailServer::start().await;
    let portal = start_with_mail(&mailbox).await;
    reset_until(&portal, "wanda", "written").await;
    let mail = mailbox.wait_for_mails(1).await.remove(0);
    let last = mail.not_me_link().chars().last().unwrap();
    let forged = format!("{}{}", mail.not_me_link().trim_end_matches(last), if last == '0' { '1' } else { '0' });
    assert_eq!(portal.browser().post(&forged, &[]).await.code(), "E-NOT-FOUND");
    portal.clock.advance(SignedDuration::from_hours(7 * 24));
    for page in [open_link(&portal, &mail).await, press_button(&portal, &mail).await] {
        assert_eq!((page.status, page.code().as_str()), (StatusCode::NOT_FOUND, "E-NOT-FOUND"));
    }
    assert_eq!(notice_events(&portal).await, ["notice.sent"]);
    // All at once: one after the other on a slow machine, the limit would be regained meanwhile.
    let guess = async |n: usize| portal.browser().get(&format!("/not-me/{n}")).await.status;
    let statuses = futures_util::future::join_all((0..150).map(guess)).await;
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");
    portal.demo.stop().await;
}

#[tokio::test]
async fn notice_goes_to_addresses_from_before_reset() {
    let mailbox = TestMailServer::start().await;
    let portal = start_with_mail(&mailbox).await;
    portal.demo.tenant.set_mail_addresses(&full_upn("wanda"), "wanda@contoso.example", &["wanda@home.example"]);
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    portal.demo.tenant.set_mail_addresses(&full_upn("wanda"), "thief@evil.example", &[]);
    wanda.wait_for_state(&reference, "written").await;
    let mut mails = mailbox.wait_for_mails(2).await;
    mails.sort_by(|a, b| a.to.cmp(&b.to));
    assert_eq!(
        mails.iter().map(|m| m.to.join(",")).collect::<Vec<_>>(),
        [full_upn("wanda"), "wanda@home.example".into()]
    );
    assert!(!mails[0].text.contains("home.example"), "one address is not told to the other");
    assert_eq!(mailbox.mails_after_round(&portal).await.len(), 2);
    portal.demo.stop().await;
}

#[tokio::test]
async fn graph_sends_notice_from_configured_mailbox() {
    let adjust = |config: &mut Config| {
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    };
    let seed = TenantSeed::contoso().unwrap().with_short_delays().with_application_permission("Mail.Send");
    let portal = TestPortal::start_with(PortalSetup { seed, ..PortalSetup::with_config(adjust) }).await;
    let (_, reference) = reset_until(&portal, "wanda", "written").await;
    let mails = wait_for_value("the notice", async || portal.demo.tenant.sent_mails(), |mails| !mails.is_empty()).await;
    assert_eq!(mails.len(), 1);
    let mail = &mails[0];
    assert_eq!((mail.from.as_str(), mail.to.as_slice()), ("mona@contoso.example", &[full_upn("wanda")][..]));
    assert_eq!(
        (mail.content_type.as_str(), mail.saved_to_sent_items),
        ("html", false),
        "no link is left in a shared mailbox"
    );
    assert!(
        mail.content.contains(&reference)
            && mail.content.contains("/not-me/")
            && !mail.content.contains(VALID_PASSWORD)
    );
    portal.demo.stop().await;
}

#[tokio::test]
async fn missing_mail_send_permission_loses_only_the_notice() {
    let adjust = |config: &mut Config| {
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
    };
    let portal = TestPortal::start_with(PortalSetup::with_config(adjust)).await;
    reset_until(&portal, "wanda", "written").await;
    let is_refused = |(_, path, status): &(String, String, u16)| path.ends_with("/sendMail") && *status == 403;
    wait_until("Graph refuses the notice", async || portal.demo.tenant.request_lines().iter().any(is_refused)).await;
    assert!(portal.demo.tenant.sent_mails().is_empty());
    portal.demo.stop().await;
}

#[tokio::test]
async fn mail_server_with_wrong_certificate_gets_no_credentials() {
    let (mailbox, pem) = TestMailServer::start_with_tls().await;
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.pem");
    let login = "username = \"passback\"\npassword = \"ma1l-secret\"";
    let settings = format!("tls = \"starttls\"\nca_file = \"{}\"\n{login}", ca.display());
    std::fs::write(&ca, &pem).unwrap();
    let portal = TestPortal::start_with(PortalSetup::with_config(smtp_config(mailbox.port, &settings))).await;
    reset_until(&portal, "wanda", "written").await;
    let mail = mailbox.wait_for_mails(1).await.remove(0);
    assert!(mail.encrypted && mail.login.is_some(), "{mail:?}");
    portal.demo.stop().await;
    // A wrong CA, then no CA of the organisation: a server that cannot prove its name receives nothing.
    let (_, other) = TestMailServer::start_with_tls().await;
    for settings in [settings.clone(), format!("tls = \"starttls\"\n{login}")] {
        std::fs::write(&ca, &other).unwrap();
        let before = mailbox.connection_count();
        let portal = TestPortal::start_with(PortalSetup::with_config(smtp_config(mailbox.port, &settings))).await;
        reset_until(&portal, "wanda", "written").await;
        wait_until("a connection to the mail server", async || mailbox.connection_count() > before).await;
        assert_eq!(mailbox.mails_after_round(&portal).await.len(), 1);
        portal.demo.stop().await;
    }
}

#[tokio::test]
async fn mail_server_without_required_tls_gets_no_notice() {
    let mailbox = TestMailServer::start().await;
    let portal =
        TestPortal::start_with(PortalSetup::with_config(smtp_config(mailbox.port, "tls = \"starttls\""))).await;
    reset_until(&portal, "wanda", "written").await;
    wait_until("a connection to the mail server", async || mailbox.connection_count() > 0).await;
    assert!(mailbox.mails_after_round(&portal).await.is_empty());
    portal.demo.stop().await;
}

#[tokio::test]
async fn disabled_notices_store_and_send_nothing() {
    let portal = TestPortal::start().await;
    reset_until(&portal, "wanda", "written").await;
    let pool = sqlx::SqlitePool::connect(&portal.database).await.unwrap();
    let (rows,): (i64,) = sqlx::query_as("SELECT COUNT(*) FROM notices").fetch_one(&pool).await.unwrap();
    assert_eq!(rows, 0);
    portal.demo.stop().await;
}
