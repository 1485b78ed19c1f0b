//! Staff networks and rate limits behind proxies, over the real router.

use reqwest::{Client, StatusCode, header, redirect};

use crate::support::fleet::OPERATOR_UPN;
use crate::support::portal::{HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, full_upn};
use crate::support::raw_client;

/// Starts a portal behind a proxy on this machine. The proxies are in the staff networks, so that an address which is
/// replaced by a proxy's would open the staff pages.
async fn start_behind_proxy() -> TestPortal {
    let setup = PortalSetup::with_config(|config| {
        config.server.trusted_proxies = ["127.0.0.1/32", "10.0.0.2/32"].map(|net| net.parse().unwrap()).to_vec();
        config.helpdesk.networks =
            ["127.0.0.0/8", "10.0.0.0/24", "10.20.0.0/16", "2001:db8:20::/48"].map(|net| net.parse().unwrap()).to_vec();
    });
    // The demo links the operator without a header, as no one behind a proxy can.
    TestPortal::start_with(PortalSetup { link_operator: false, ..setup }).await
}

/// Signs a staff member in from a staff network.
async fn sign_in_from_office(portal: &TestPortal, name: &str) -> HttpBrowser {
    raw_client::install_crypto();
    let headers = [("x-forwarded-for".parse().unwrap(), "10.20.3.4".parse().unwrap())];
    let headers: header::HeaderMap = headers.into_iter().collect();
    let http = Client::builder().redirect(redirect::Policy::none()).default_headers(headers).build().unwrap();
    let mut browser = HttpBrowser { http, ..portal.browser() };
    let page = browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
    assert!(page.status.is_success() || name == "adam", "{}", page.body);
    browser
}

async fn link_operator(portal: &TestPortal) {
    let mut adam = sign_in_from_office(portal, "adam").await;
    adam.sign_in("/admin/operator/link", OPERATOR_UPN, "passkey", "").await;
    let done = adam.post_once("/admin/operator/confirm", &[]).await;
    assert!(done.status().is_redirection(), "{}", done.status());
}

#[tokio::test]
async fn staff_pages_open_from_staff_networks_only_behind_each_proxy() {
    let portal = start_behind_proxy().await;
    let hugo = sign_in_from_office(&portal, "hugo").await;
    // Without the header that the agent's own browser carries.
    let http = raw_client::http_client();
    for (name, lines, status) in [
        ("nginx", &[("x-forwarded-for", "10.20.3.4")][..], StatusCode::OK),
        ("nginx, outside", &[("x-forwarded-for", "203.0.113.9")], StatusCode::FORBIDDEN),
        ("Caddy, IPv6", &[("x-forwarded-for", "2001:db8:20::9")], StatusCode::OK),
        ("Application Gateway", &[("x-forwarded-for", "10.20.3.4:51234")], StatusCode::OK),
        ("Application Gateway, outside", &[("x-forwarded-for", "203.0.113.9:51234")], StatusCode::FORBIDDEN),
        ("Application Gateway, IPv6", &[("x-forwarded-for", "[2001:db8:20::9]:51234")], StatusCode::OK),
        ("Application Gateway, IPv6 outside", &[("x-forwarded-for", "[2001:db8::9]:51234")], StatusCode::FORBIDDEN),
        ("Front Door and gateway", &[("x-forwarded-for", "203.0.113.9, 10.0.0.2:40000")], StatusCode::FORBIDDEN),
        ("two proxies", &[("x-forwarded-for", "10.20.3.4, 10.0.0.2")], StatusCode::OK),
        ("mapped address", &[("x-forwarded-for", "::ffff:10.20.3.4")], StatusCode::OK),
        ("HAProxy", &[("forwarded", "for=\"10.20.3.4:80\";proto=https")], StatusCode::OK),
        ("HAProxy, outside", &[("forwarded", "for=203.0.113.9")], StatusCode::FORBIDDEN),
        ("no address", &[("x-forwarded-for", "unknown")], StatusCode::FORBIDDEN),
        ("hidden", &[("forwarded", "for=_hidden")], StatusCode::FORBIDDEN),
        ("no header", &[], StatusCode::FORBIDDEN),
        ("attacker", &[("x-forwarded-for", "10.20.3.4, 203.0.113.9")], StatusCode::FORBIDDEN),
        ("attacker, ends unreadable", &[("x-forwarded-for", "10.20.3.4, unknown")], StatusCode::FORBIDDEN),
        (
            "attacker, other header",
            &[("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=10.20.3.4")],
            StatusCode::FORBIDDEN,
        ),
        (
            "attacker, other header",
            &[("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "10.20.3.4")],
            StatusCode::FORBIDDEN,
        ),
        ("attacker, quotation", &[("forwarded", "for=10.20.3.4;x=\", for=203.0.113.9")], StatusCode::FORBIDDEN),
    ] {
        let mut request =
            http.get(format!("{}/helpdesk", hugo.portal_url)).header(header::COOKIE, hugo.cookie_header());
        for (header, value) in lines {
            request = request.header(*header, *value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), status, "{name} {lines:?}");
        if status == StatusCode::FORBIDDEN {
            assert!(answer.text().await.unwrap().contains("S-NETWORK"), "{name}");
        }
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn staff_outside_staff_networks_cannot_view_resets() {
    let portal = start_behind_proxy().await;
    link_operator(&portal).await;
    let mut wanda = portal.signed_in("wanda").await;
    let reference = wanda.submit_reset(VALID_PASSWORD).await.reference();
    wanda.wait_for_state(&reference, "written").await;
    let hugo = sign_in_from_office(&portal, "hugo").await;
    for (address, status) in [
        ("10.20.3.4", StatusCode::OK),
        ("203.0.113.9:51234", StatusCode::NOT_FOUND),
        ("unknown", StatusCode::NOT_FOUND),
    ] {
        let request = hugo.http.get(format!("{}/resets/{reference}", hugo.portal_url));
        let request = request.header(header::COOKIE, hugo.cookie_header()).header("x-forwarded-for", address);
        assert_eq!(request.send().await.unwrap().status(), status, "{address}");
    }
    portal.demo.stop().await;
}

#[tokio::test]
async fn each_client_behind_a_proxy_has_its_own_limit() {
    let portal = start_behind_proxy().await;
    let ask = async |address: &str| {
        let somebody = portal.browser();
        let request = somebody.http.post(format!("{}/help", somebody.portal_url));
        let request = request.header("sec-fetch-site", "same-origin").header("x-forwarded-for", address);
        request.form(&[("name", "wanda")]).send().await.unwrap().status()
    };
    for port in 0..5 {
        assert_eq!(ask(&format!("203.0.113.9:{}", 50_000 + port)).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(ask("203.0.113.9:1").await, StatusCode::TOO_MANY_REQUESTS, "another port is the same address");
    assert_eq!(ask("203.0.113.10:1").await, StatusCode::SEE_OTHER);
    // Clients that no one can tell apart share a limit, whatever the header says, and take nothing from others.
    for n in 0..5 {
        assert_eq!(ask(&format!("unknown{n}")).await, StatusCode::SEE_OTHER);
    }
    assert_eq!(ask("unknown").await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("203.0.113.10:2").await, StatusCode::SEE_OTHER);
    portal.demo.stop().await;
}
