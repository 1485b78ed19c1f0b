//! Reach of roles, and expiry of access tokens and refresh tokens at the emulator.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, TenantSeed};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw::{
    BACK, EmulatorClient, OPERATOR, SignInCredentials, contoso, field, http, install_crypto, text,
};

const WANDA: &str = "wanda@contoso.example";
const CP1: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
const C1: &str = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
const SCOPE: &str = "scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\"";

fn changed(from: &str, to: &str) -> TenantSeed {
    let text = passback_emulator::CONTOSO_SEED;
    assert!(text.contains(from), "{from}");
    TenantSeed::parse(&text.replace(from, to)).unwrap().hurry().with_redirect(BACK)
}

/// Starts an emulator with a clock that the test advances.
async fn with_clock(seed: TenantSeed) -> (EmulatorClient, Clock) {
    install_crypto();
    let clock = Clock::system();
    let running = EmulatorOptions::new(seed, clock.clone(), Random::system()).run().await.unwrap();
    (EmulatorClient { running, http: http() }, clock)
}

async fn refreshed(entra: &EmulatorClient, token: &str) -> (StatusCode, Value, String) {
    let (status, body) = entra.token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
    (status, body["error_codes"][0].clone(), body["error"].as_str().unwrap_or_default().to_owned())
}

async fn tokens(
    entra: &EmulatorClient,
    more: &[(&str, &str)],
    who: &SignInCredentials<'_>,
    claims: Option<&str>,
) -> Value {
    let code = field(&entra.sign_in(more, who).await, "code");
    let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
    fields.extend(claims.map(|claims| ("claims", claims)));
    let (status, body) = entra.token(&fields).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

async fn may_reset(entra: &EmulatorClient, token: &str, person: &str) -> bool {
    match entra.reset(token, person, "Quiet-Harbour-92").await.status() {
        StatusCode::ACCEPTED => true,
        StatusCode::FORBIDDEN => false,
        other => panic!("{person}: {other}"),
    }
}

#[tokio::test]
async fn a_role_of_an_administrative_unit_reaches_its_members_alone() {
    let except = "except = [\"breakglass@contoso.example\", ";
    let entra = EmulatorClient::with(changed(except, &format!("{except}\"omar@contoso.example\", "))).await;
    let operator = entra.operator().await;
    assert!(may_reset(&entra, &operator, WANDA).await);
    assert!(!may_reset(&entra, &operator, "omar@contoso.example").await, "outside of the unit");
    let listed: Value = entra
        .graph("GET", &format!("/users/{WANDA}/transitiveMemberOf"), &entra.application().await, None)
        .await
        .json()
        .await
        .unwrap();
    let unit =
        listed["value"].as_array().unwrap().iter().find(|o| o["@odata.type"] == "#microsoft.graph.administrativeUnit");
    assert_eq!(unit.unwrap()["id"], json!("a0000000-0000-4000-8000-0000000000af"));
    // The same role for the entire tenant reaches Omar as well. One for another unit reaches none of them.
    let everywhere = EmulatorClient::with(changed(&format!(", {SCOPE} }}]"), " }]")).await;
    assert!(may_reset(&everywhere, &everywhere.operator().await, "omar@contoso.example").await);
    let elsewhere = EmulatorClient::with(changed(SCOPE, "scope = \"/administrativeUnits/none\"")).await;
    assert!(!may_reset(&elsewhere, &elsewhere.operator().await, WANDA).await);
}

#[tokio::test]
async fn every_cell_of_microsofts_table_is_kept() {
    const TEMPLATES: [(&str, &str); 6] = [
        ("Password Administrator", "966707d0-3269-4727-9be2-8c3a10f19b9d"),
        ("Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8"),
        ("Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f"),
        ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1"),
        ("Privileged Authentication Administrator", "7be44c8a-adaf-4e2a-84d6-ab2649e08a13"),
        ("Global Administrator", "62e90394-69f5-4237-9190-012177145e10"),
    ];
    // Rows: roles of the target. Columns: the roles above; `y` where they may reset.
    let table = [
        ("nothing", "", "yyyyyy"),
        ("Directory Readers", "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "yyyyyy"),
        ("Guest Inviter", "95e79109-95c0-4d8e-aee3-d01accf2d47b", "yyyyyy"),
        ("Password Administrator", "966707d0-3269-4727-9be2-8c3a10f19b9d", "yyyyyy"),
        ("Message Center Reader", "790c1fb9-7f7d-4f88-86a1-ef1f95c05c1b", "-yyyyy"),
        ("Reports Reader", "4a5d8f65-41da-4de4-8968-e035b65339cf", "-yyyyy"),
        ("Usage Summary Reports Reader", "75934031-6c7e-415a-99d7-48dbd49e875e", "-yyyyy"),
        ("Helpdesk Administrator", "729827e3-9c14-49f7-bb1b-9608f156bbb8", "-y-yyy"),
        ("Authentication Administrator", "c4e39bd9-1100-46d3-8c65-fb160da0071f", "--y-yy"),
        ("User Administrator", "fe930be7-5e62-47db-91af-98c3a49a38b1", "---yyy"),
        ("Global Administrator", "62e90394-69f5-4237-9190-012177145e10", "----yy"),
        ("a role of no row", "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "----yy"),
        ("restricted", "", "----yy"),
    ];
    let mut seed = passback_emulator::CONTOSO_SEED.to_owned();
    for (n, (_, template)) in TEMPLATES.iter().enumerate() {
        let _ = write!(
            seed,
            "\n[[people]]\nupn = \"by{n}@contoso.example\"\nname = \"By {n}\"\nroles = [{{ template = \"{template}\" }}]\n"
        );
    }
    for (n, (what, template, _)) in table.iter().enumerate() {
        let roles =
            if template.is_empty() { String::new() } else { format!("roles = [{{ template = \"{template}\" }}]\n") };
        let restricted = if *what == "restricted" { "restricted = true\n" } else { "" };
        let _ = write!(seed, "\n[[people]]\nupn = \"of{n}@contoso.example\"\nname = \"Of {n}\"\n{roles}{restricted}");
    }
    // An eligible role is not an active role.
    seed += "\n[[people]]\nupn = \"eligible@contoso.example\"\nname = \"Eligible\"\nroles = [{ template = \"c4e39bd9-1100-46d3-8c65-fb160da0071f\", eligible = true }]\n";
    let entra = EmulatorClient::with(TenantSeed::parse(&seed).unwrap().hurry().with_redirect(BACK)).await;
    for (column, (by, _)) in TEMPLATES.iter().enumerate() {
        let who = format!("by{column}@contoso.example");
        let token = text(&entra.tokens_of(&SignInCredentials::passkey(&who)).await, "access_token");
        for (row, (of, _, cells)) in table.iter().enumerate() {
            let wanted = cells.as_bytes()[column] == b'y';
            assert_eq!(may_reset(&entra, &token, &format!("of{row}@contoso.example")).await, wanted, "{by} over {of}");
        }
    }
    let eligible =
        text(&entra.tokens_of(&SignInCredentials::passkey("eligible@contoso.example")).await, "access_token");
    assert!(!may_reset(&entra, &eligible, WANDA).await);
}

#[tokio::test]
async fn ways_to_sign_in_take_other_roles_than_a_reset_and_never_reach_oneself() {
    let helpdesk = "\n[[people]]\nupn = \"harry@contoso.example\"\nname = \"Harry\"\nroles = [{ template = \"729827e3-9c14-49f7-bb1b-9608f156bbb8\" }]\n";
    let text_of = passback_emulator::CONTOSO_SEED.to_owned() + helpdesk;
    let entra = EmulatorClient::with(TenantSeed::parse(&text_of).unwrap().hurry().with_redirect(BACK)).await;
    let harry = text(&entra.tokens_of(&SignInCredentials::passkey("harry@contoso.example")).await, "access_token");
    let wanda = text(&entra.tokens_of(&SignInCredentials::passkey(WANDA)).await, "access_token");
    let operator = entra.operator().await;
    assert!(may_reset(&entra, &harry, "omar@contoso.example").await, "a Helpdesk Administrator resets");
    let passes = "/users/omar@contoso.example/authentication/temporaryAccessPassMethods";
    let status = async |method: &str, path: &str, token: &str| {
        let body = (method == "POST").then(|| json!({}));
        entra.graph(method, path, token, body).await.status()
    };
    for (who, token) in [("Harry", &harry), ("Wanda", &wanda)] {
        assert_eq!(status("POST", passes, token).await, StatusCode::FORBIDDEN, "{who} makes no pass");
        assert_eq!(status("GET", passes, token).await, StatusCode::FORBIDDEN, "{who} looks at none");
        let methods = "/users/omar@contoso.example/authentication/methods";
        assert_eq!(status("GET", methods, token).await, StatusCode::FORBIDDEN, "{who} looks at no methods");
    }
    assert_eq!(
        status("GET", &format!("/users/{WANDA}/authentication/methods"), &wanda).await,
        StatusCode::OK,
        "her own"
    );
    let made: Value = entra.graph("POST", passes, &operator, Some(json!({}))).await.json().await.unwrap();
    let one = format!("{passes}/{}", text(&made, "id"));
    assert_eq!(status("DELETE", &one, &harry).await, StatusCode::FORBIDDEN);
    assert_eq!(status("DELETE", &one, &operator).await, StatusCode::NO_CONTENT);
    let own = format!("/users/{OPERATOR}/authentication/temporaryAccessPassMethods");
    assert_eq!(status("POST", &own, &operator).await, StatusCode::FORBIDDEN, "never one's own");
}

/// Returns whether Graph accepts a token, challenges it, or treats it as expired.
async fn judged(entra: &EmulatorClient, token: &str) -> String {
    let answer = entra.graph("GET", &format!("/users/{WANDA}/authentication/methods"), token, None).await;
    let header = answer.headers().get("www-authenticate").map(|h| h.to_str().unwrap().to_owned()).unwrap_or_default();
    match (answer.status(), header.contains("insufficient_claims")) {
        (StatusCode::OK, _) => "good".to_owned(),
        (StatusCode::UNAUTHORIZED, true) => "challenged".to_owned(),
        (StatusCode::UNAUTHORIZED, false) => "over".to_owned(),
        (other, _) => other.to_string(),
    }
}

#[tokio::test]
async fn only_a_token_whose_owner_can_answer_is_challenged_and_the_other_ends_by_itself() {
    let (entra, clock) = with_clock(contoso()).await;
    let plain = text(&tokens(&entra, &[], &SignInCredentials::passkey(WANDA), None).await, "access_token");
    let capable = tokens(&entra, &[], &SignInCredentials::passkey(WANDA), Some(CP1)).await;
    assert!(capable["expires_in"].as_i64().unwrap() > 70_000, "20 to 28 hours: {capable}");
    let capable = text(&capable, "access_token");
    assert_eq!((judged(&entra, &plain).await.as_str(), judged(&entra, &capable).await.as_str()), ("good", "good"));
    clock.advance(SignedDuration::from_secs(2));
    entra.running.revoke(WANDA);
    assert_eq!(
        (judged(&entra, &plain).await.as_str(), judged(&entra, &capable).await.as_str()),
        ("good", "challenged")
    );
    // A token from a new sign-in answers the challenge. A session from before the revocation would not.
    clock.advance(SignedDuration::from_secs(2));
    let again = text(&tokens(&entra, &[], &SignInCredentials::passkey(WANDA), Some(CP1)).await, "access_token");
    assert_eq!(judged(&entra, &again).await, "good");
    clock.advance(SignedDuration::from_mins(66));
    assert_eq!((judged(&entra, &plain).await.as_str(), judged(&entra, &again).await.as_str()), ("over", "good"));
}

#[tokio::test]
async fn a_changed_password_ends_what_was_signed_in_with_it_and_nothing_else() {
    let (entra, clock) = with_clock(contoso()).await;
    let by_password = tokens(&entra, &[], &SignInCredentials::password(WANDA, "Old-River-Stone-7"), Some(CP1)).await;
    let by_passkey = tokens(&entra, &[], &SignInCredentials::passkey(WANDA), Some(CP1)).await;
    clock.advance(SignedDuration::from_secs(2));
    let operator = entra.operator().await;
    let accepted = entra.reset(&operator, WANDA, "Quiet-Harbour-92").await;
    assert_eq!(entra.outcome(&operator, &accepted).await.0, "succeeded");
    assert_eq!(judged(&entra, &text(&by_password, "access_token")).await, "challenged");
    assert_eq!(judged(&entra, &text(&by_passkey, "access_token")).await, "good");
    let (_, code, _) = refreshed(&entra, &text(&by_password, "refresh_token")).await;
    assert_eq!(code, json!(50173));
    assert_eq!(refreshed(&entra, &text(&by_passkey, "refresh_token")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn refresh_tokens_end_by_their_own_rules() {
    let (entra, clock) = with_clock(contoso()).await;
    let wanda = SignInCredentials::passkey(WANDA);
    let first = text(&tokens(&entra, &[], &wanda, None).await, "refresh_token");
    clock.advance(SignedDuration::from_hours(24 * 89));
    let (status, body) = entra.token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let used = text(&body, "refresh_token");
    clock.advance(SignedDuration::from_hours(24 * 2));
    assert_eq!(refreshed(&entra, &first).await.1, json!(700_082), "unused for more than 90 days");
    assert_eq!(refreshed(&entra, &used).await.0, StatusCode::OK, "used within them");
    // Refresh tokens from a Temporary Access Pass expire with the pass, here after 8 hours.
    let tap = SignInCredentials { account: WANDA, method: "tap", secret: "FJ3K-WANDA" };
    let (entra, clock) = with_clock(contoso()).await;
    let of_pass = text(&tokens(&entra, &[], &tap, None).await, "refresh_token");
    assert_eq!(refreshed(&entra, &of_pass).await.0, StatusCode::OK);
    clock.advance(SignedDuration::from_hours(9));
    assert_eq!(refreshed(&entra, &of_pass).await.1, json!(50173));
    // Refresh tokens of a single-page application expire after 24 hours, however often they are used.
    let spa = TenantSeed::parse(&passback_emulator::CONTOSO_SEED.replacen(
        "secret = \"demo-secret-of-the-emulator\"",
        &format!("secret = \"demo-secret-of-the-emulator\"\nspa_redirect_uris = [\"{BACK}\"]"),
        1,
    ));
    let (entra, clock) = with_clock(spa.unwrap().hurry()).await;
    let mut token = text(&tokens(&entra, &[], &wanda, None).await, "refresh_token");
    for _ in 0..2 {
        clock.advance(SignedDuration::from_hours(11));
        let (status, body) = entra.token(&[("grant_type", "refresh_token"), ("refresh_token", &token)]).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        token = text(&body, "refresh_token");
    }
    clock.advance(SignedDuration::from_hours(3));
    assert_eq!(refreshed(&entra, &token).await.1, json!(700_084));
}

#[tokio::test]
async fn conditional_access_is_asked_again_at_each_refresh() {
    let policies = |more: &str| changed("every_time = true", &format!("every_time = true\n{more}"));
    let (entra, clock) = with_clock(contoso()).await;
    let grant =
        text(&tokens(&entra, &[("claims", C1)], &SignInCredentials::passkey(WANDA), None).await, "refresh_token");
    entra.running.set_policies(policies("hours = 8"));
    assert_eq!(refreshed(&entra, &grant).await.0, StatusCode::OK);
    clock.advance(SignedDuration::from_hours(9));
    let (_, code, error) = refreshed(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(70043), "invalid_grant"), "sign-in frequency");
    entra.running.set_policies(policies("block = true"));
    let (_, code, error) = refreshed(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(53003), "interaction_required"), "blocked");
    // Dora is excluded from the policy and signed in with her password. Then the exclusion is removed.
    entra.running.set_policies(contoso());
    let dora = SignInCredentials::password("dora@contoso.example", "Old-River-Stone-7");
    let grant = text(&tokens(&entra, &[("claims", C1)], &dora, None).await, "refresh_token");
    assert_eq!(refreshed(&entra, &grant).await.0, StatusCode::OK);
    entra.running.set_policies(changed("exclude_people = [\"dora@contoso.example\"]", "exclude_people = []"));
    let (_, code, error) = refreshed(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(50076), "interaction_required"), "not strong enough");
}
