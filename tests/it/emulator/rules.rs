//! Reach of roles, and expiry of access tokens and refresh tokens at the emulator.

use std::fmt::Write as _;

use jiff::SignedDuration;
use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, TenantSeed};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::raw_client::{
    EmulatorClient, OPERATOR_UPN, REDIRECT_URI, SignInCredentials, contoso_seed, http_client, install_crypto,
    json_text, param_value,
};

const WANDA_UPN: &str = "wanda@contoso.example";
const CP1_CLAIMS: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
const C1_CLAIMS: &str = r#"{"id_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
const UNIT_SCOPE: &str = "scope = \"/administrativeUnits/a0000000-0000-4000-8000-0000000000af\"";

fn edited_contoso(from: &str, to: &str) -> TenantSeed {
    let text = passback_emulator::CONTOSO_SEED;
    assert!(text.contains(from), "{from}");
    TenantSeed::parse(&text.replace(from, to)).unwrap().with_short_delays().with_redirect_uri(REDIRECT_URI)
}

/// Starts an emulator with a clock that the test advances.
async fn start_with_clock(seed: TenantSeed) -> (EmulatorClient, Clock) {
    install_crypto();
    let clock = Clock::system();
    let running = EmulatorOptions::new(seed, clock.clone(), Random::system()).start().await.unwrap();
    (EmulatorClient { emulator: running, http: http_client() }, clock)
}

async fn redeem_refresh_token(entra: &EmulatorClient, token: &str) -> (StatusCode, Value, String) {
    let (status, body) = entra.request_token(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await;
    (status, body["error_codes"][0].clone(), body["error"].as_str().unwrap_or_default().to_owned())
}

async fn sign_in_for_tokens(
    entra: &EmulatorClient,
    more: &[(&str, &str)],
    who: &SignInCredentials<'_>,
    claims: Option<&str>,
) -> Value {
    let code = param_value(&entra.sign_in(more, who).await, "code");
    let mut fields = vec![("grant_type", "authorization_code"), ("code", code.as_str())];
    fields.extend(claims.map(|claims| ("claims", claims)));
    let (status, body) = entra.request_token(&fields).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

async fn can_reset(entra: &EmulatorClient, token: &str, person: &str) -> bool {
    match entra.reset_password(token, person, "Quiet-Harbour-92").await.status() {
        StatusCode::ACCEPTED => true,
        StatusCode::FORBIDDEN => false,
        other => panic!("{person}: {other}"),
    }
}

#[tokio::test]
async fn unit_scoped_role_reaches_only_unit_members() {
    let except = "except = [\"breakglass@contoso.example\", ";
    let entra =
        EmulatorClient::start_with(edited_contoso(except, &format!("{except}\"omar@contoso.example\", "))).await;
    let operator = entra.operator_token().await;
    assert!(can_reset(&entra, &operator, WANDA_UPN).await);
    assert!(!can_reset(&entra, &operator, "omar@contoso.example").await, "outside of the unit");
    let listed: Value = entra
        .graph_request("GET", &format!("/users/{WANDA_UPN}/transitiveMemberOf"), &entra.app_token().await, None)
        .await
        .json()
        .await
        .unwrap();
    let unit =
        listed["value"].as_array().unwrap().iter().find(|o| o["@odata.type"] == "#microsoft.graph.administrativeUnit");
    assert_eq!(unit.unwrap()["id"], json!("a0000000-0000-4000-8000-0000000000af"));
    // The same role for the entire tenant reaches Omar as well. One for another unit reaches none of them.
    let everywhere = EmulatorClient::start_with(edited_contoso(&format!(", {UNIT_SCOPE} }}]"), " }]")).await;
    assert!(can_reset(&everywhere, &everywhere.operator_token().await, "omar@contoso.example").await);
    let elsewhere =
        EmulatorClient::start_with(edited_contoso(UNIT_SCOPE, "scope = \"/administrativeUnits/none\"")).await;
    assert!(!can_reset(&elsewhere, &elsewhere.operator_token().await, WANDA_UPN).await);
}

#[tokio::test]
async fn role_reach_matches_microsofts_table() {
    const ROLE_TEMPLATES: [(&str, &str); 6] = [
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
    for (n, (_, template)) in ROLE_TEMPLATES.iter().enumerate() {
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
    let entra = EmulatorClient::start_with(
        TenantSeed::parse(&seed).unwrap().with_short_delays().with_redirect_uri(REDIRECT_URI),
    )
    .await;
    for (column, (by, _)) in ROLE_TEMPLATES.iter().enumerate() {
        let who = format!("by{column}@contoso.example");
        let token = json_text(&entra.sign_in_for_tokens(&SignInCredentials::passkey(&who)).await, "access_token");
        for (row, (of, _, cells)) in table.iter().enumerate() {
            let wanted = cells.as_bytes()[column] == b'y';
            assert_eq!(can_reset(&entra, &token, &format!("of{row}@contoso.example")).await, wanted, "{by} over {of}");
        }
    }
    let eligible = json_text(
        &entra.sign_in_for_tokens(&SignInCredentials::passkey("eligible@contoso.example")).await,
        "access_token",
    );
    assert!(!can_reset(&entra, &eligible, WANDA_UPN).await);
}

#[tokio::test]
async fn authentication_methods_need_other_roles_and_never_reach_self() {
    let helpdesk = "\n[[people]]\nupn = \"harry@contoso.example\"\nname = \"Harry\"\nroles = [{ template = \"729827e3-9c14-49f7-bb1b-9608f156bbb8\" }]\n";
    let text_of = passback_emulator::CONTOSO_SEED.to_owned() + helpdesk;
    let entra = EmulatorClient::start_with(
        TenantSeed::parse(&text_of).unwrap().with_short_delays().with_redirect_uri(REDIRECT_URI),
    )
    .await;
    let harry = json_text(
        &entra.sign_in_for_tokens(&SignInCredentials::passkey("harry@contoso.example")).await,
        "access_token",
    );
    let wanda = json_text(&entra.sign_in_for_tokens(&SignInCredentials::passkey(WANDA_UPN)).await, "access_token");
    let operator = entra.operator_token().await;
    assert!(can_reset(&entra, &harry, "omar@contoso.example").await, "a Helpdesk Administrator resets");
    let passes = "/users/omar@contoso.example/authentication/temporaryAccessPassMethods";
    let status = async |method: &str, path: &str, token: &str| {
        let body = (method == "POST").then(|| json!({}));
        entra.graph_request(method, path, token, body).await.status()
    };
    for (who, token) in [("Harry", &harry), ("Wanda", &wanda)] {
        assert_eq!(status("POST", passes, token).await, StatusCode::FORBIDDEN, "{who} makes no pass");
        assert_eq!(status("GET", passes, token).await, StatusCode::FORBIDDEN, "{who} looks at none");
        let methods = "/users/omar@contoso.example/authentication/methods";
        assert_eq!(status("GET", methods, token).await, StatusCode::FORBIDDEN, "{who} looks at no methods");
    }
    assert_eq!(
        status("GET", &format!("/users/{WANDA_UPN}/authentication/methods"), &wanda).await,
        StatusCode::OK,
        "her own"
    );
    let made: Value = entra.graph_request("POST", passes, &operator, Some(json!({}))).await.json().await.unwrap();
    let one = format!("{passes}/{}", json_text(&made, "id"));
    assert_eq!(status("DELETE", &one, &harry).await, StatusCode::FORBIDDEN);
    assert_eq!(status("DELETE", &one, &operator).await, StatusCode::NO_CONTENT);
    let own = format!("/users/{OPERATOR_UPN}/authentication/temporaryAccessPassMethods");
    assert_eq!(status("POST", &own, &operator).await, StatusCode::FORBIDDEN, "never one's own");
}

/// Returns whether Graph accepts a token, challenges it, or treats it as expired.
async fn token_status(entra: &EmulatorClient, token: &str) -> String {
    let answer = entra.graph_request("GET", &format!("/users/{WANDA_UPN}/authentication/methods"), token, None).await;
    let header = answer.headers().get("www-authenticate").map(|h| h.to_str().unwrap().to_owned()).unwrap_or_default();
    match (answer.status(), header.contains("insufficient_claims")) {
        (StatusCode::OK, _) => "good".to_owned(),
        (StatusCode::UNAUTHORIZED, true) => "challenged".to_owned(),
        (StatusCode::UNAUTHORIZED, false) => "over".to_owned(),
        (other, _) => other.to_string(),
    }
}

#[tokio::test]
async fn only_capable_token_is_challenged_and_other_one_expires() {
    let (entra, clock) = start_with_clock(contoso_seed()).await;
    let plain =
        json_text(&sign_in_for_tokens(&entra, &[], &SignInCredentials::passkey(WANDA_UPN), None).await, "access_token");
    let capable = sign_in_for_tokens(&entra, &[], &SignInCredentials::passkey(WANDA_UPN), Some(CP1_CLAIMS)).await;
    assert!(capable["expires_in"].as_i64().unwrap() > 70_000, "20 to 28 hours: {capable}");
    let capable = json_text(&capable, "access_token");
    assert_eq!(
        (token_status(&entra, &plain).await.as_str(), token_status(&entra, &capable).await.as_str()),
        ("good", "good")
    );
    clock.advance(SignedDuration::from_secs(2));
    entra.emulator.revoke_sessions(WANDA_UPN);
    assert_eq!(
        (token_status(&entra, &plain).await.as_str(), token_status(&entra, &capable).await.as_str()),
        ("good", "challenged")
    );
    // A token from a new sign-in answers the challenge. A session from before the revocation would not.
    clock.advance(SignedDuration::from_secs(2));
    let again = json_text(
        &sign_in_for_tokens(&entra, &[], &SignInCredentials::passkey(WANDA_UPN), Some(CP1_CLAIMS)).await,
        "access_token",
    );
    assert_eq!(token_status(&entra, &again).await, "good");
    clock.advance(SignedDuration::from_mins(66));
    assert_eq!(
        (token_status(&entra, &plain).await.as_str(), token_status(&entra, &again).await.as_str()),
        ("over", "good")
    );
}

#[tokio::test]
async fn changed_password_ends_only_password_sign_ins() {
    let (entra, clock) = start_with_clock(contoso_seed()).await;
    let by_password =
        sign_in_for_tokens(&entra, &[], &SignInCredentials::password(WANDA_UPN, "Old-River-Stone-7"), Some(CP1_CLAIMS))
            .await;
    let by_passkey = sign_in_for_tokens(&entra, &[], &SignInCredentials::passkey(WANDA_UPN), Some(CP1_CLAIMS)).await;
    clock.advance(SignedDuration::from_secs(2));
    let operator = entra.operator_token().await;
    let accepted = entra.reset_password(&operator, WANDA_UPN, "Quiet-Harbour-92").await;
    assert_eq!(entra.wait_for_outcome(&operator, &accepted).await.0, "succeeded");
    assert_eq!(token_status(&entra, &json_text(&by_password, "access_token")).await, "challenged");
    assert_eq!(token_status(&entra, &json_text(&by_passkey, "access_token")).await, "good");
    let (_, code, _) = redeem_refresh_token(&entra, &json_text(&by_password, "refresh_token")).await;
    assert_eq!(code, json!(50173));
    assert_eq!(redeem_refresh_token(&entra, &json_text(&by_passkey, "refresh_token")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn refresh_tokens_expire_by_kind() {
    let (entra, clock) = start_with_clock(contoso_seed()).await;
    let wanda = SignInCredentials::passkey(WANDA_UPN);
    let first = json_text(&sign_in_for_tokens(&entra, &[], &wanda, None).await, "refresh_token");
    clock.advance(SignedDuration::from_hours(24 * 89));
    let (status, body) = entra.request_token(&[("grant_type", "refresh_token"), ("refresh_token", &first)]).await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let used = json_text(&body, "refresh_token");
    clock.advance(SignedDuration::from_hours(24 * 2));
    assert_eq!(redeem_refresh_token(&entra, &first).await.1, json!(700_082), "unused for more than 90 days");
    assert_eq!(redeem_refresh_token(&entra, &used).await.0, StatusCode::OK, "used within them");
    // Refresh tokens from a Temporary Access Pass expire with the pass, here after 8 hours.
    let tap = SignInCredentials { account: WANDA_UPN, method: "tap", secret: "FJ3K-WANDA" };
    let (entra, clock) = start_with_clock(contoso_seed()).await;
    let of_pass = json_text(&sign_in_for_tokens(&entra, &[], &tap, None).await, "refresh_token");
    assert_eq!(redeem_refresh_token(&entra, &of_pass).await.0, StatusCode::OK);
    clock.advance(SignedDuration::from_hours(9));
    assert_eq!(redeem_refresh_token(&entra, &of_pass).await.1, json!(50173));
    // Refresh tokens of a single-page application expire after 24 hours, however often they are used.
    let spa = TenantSeed::parse(&passback_emulator::CONTOSO_SEED.replacen(
        "secret = \"demo-secret-of-the-emulator\"",
        &format!("secret = \"demo-secret-of-the-emulator\"\nspa_redirect_uris = [\"{REDIRECT_URI}\"]"),
        1,
    ));
    let (entra, clock) = start_with_clock(spa.unwrap().with_short_delays()).await;
    let mut token = json_text(&sign_in_for_tokens(&entra, &[], &wanda, None).await, "refresh_token");
    for _ in 0..2 {
        clock.advance(SignedDuration::from_hours(11));
        let (status, body) = entra.request_token(&[("grant_type", "refresh_token"), ("refresh_token", &token)]).await;
        assert_eq!(status, StatusCode::OK, "{body}");
        token = json_text(&body, "refresh_token");
    }
    clock.advance(SignedDuration::from_hours(3));
    assert_eq!(redeem_refresh_token(&entra, &token).await.1, json!(700_084));
}

#[tokio::test]
async fn conditional_access_is_evaluated_at_each_refresh() {
    let policies = |more: &str| edited_contoso("every_time = true", &format!("every_time = true\n{more}"));
    let (entra, clock) = start_with_clock(contoso_seed()).await;
    let grant = json_text(
        &sign_in_for_tokens(&entra, &[("claims", C1_CLAIMS)], &SignInCredentials::passkey(WANDA_UPN), None).await,
        "refresh_token",
    );
    entra.emulator.set_policies(policies("hours = 8"));
    assert_eq!(redeem_refresh_token(&entra, &grant).await.0, StatusCode::OK);
    clock.advance(SignedDuration::from_hours(9));
    let (_, code, error) = redeem_refresh_token(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(70043), "invalid_grant"), "sign-in frequency");
    entra.emulator.set_policies(policies("block = true"));
    let (_, code, error) = redeem_refresh_token(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(53003), "interaction_required"), "blocked");
    // Dora is excluded from the policy and signed in with her password. Then the exclusion is removed.
    entra.emulator.set_policies(contoso_seed());
    let dora = SignInCredentials::password("dora@contoso.example", "Old-River-Stone-7");
    let grant = json_text(&sign_in_for_tokens(&entra, &[("claims", C1_CLAIMS)], &dora, None).await, "refresh_token");
    assert_eq!(redeem_refresh_token(&entra, &grant).await.0, StatusCode::OK);
    entra.emulator.set_policies(edited_contoso("exclude_people = [\"dora@contoso.example\"]", "exclude_people = []"));
    let (_, code, error) = redeem_refresh_token(&entra, &grant).await;
    assert_eq!((code, error.as_str()), (json!(50076), "interaction_required"), "not strong enough");
}
