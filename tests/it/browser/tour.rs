//! Visits every page in every state, for the accessibility checks and the screenshots.

use futures_util::future::join_all;
use jiff::SignedDuration;
use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use crate::support::chromium::ChromiumBrowser;
use crate::support::portal::{HttpBrowser, PortalSetup, TestPortal, VALID_PASSWORD, full_upn};

/// Starts a portal in which every state can be reached and does not change.
pub(super) async fn start_portal() -> TestPortal {
    let stuck =
        InjectedFault::new(FaultTarget::Writeback, FaultEffect::Slow { ms: 3_600_000 }).for_person(&full_upn("carl"));
    let silent = FaultEffect::Status { status: 504, code: "x".into(), retry_after: None, graph_body: false };
    let silent = InjectedFault::new(FaultTarget::ResetPassword, silent).for_person(&full_upn("luca"));
    // A canary reset that fails: the helpdesk and the reset form show it.
    let canary = "\n[[people]]\nupn = \"canary@contoso.example\"\nname = \"Test Account\"\n";
    let down =
        InjectedFault::new(FaultTarget::Writeback, FaultEffect::AgentOffline).for_person("canary@contoso.example");
    let seed = TenantSeed::parse(&(passback_emulator::CONTOSO_SEED.to_owned() + canary)).unwrap();
    let seed = seed.with_short_delays().with_fault(stuck).with_fault(silent).with_fault(down);
    let seed =
        seed.with_application_permission("Mail.Send").with_application_permission("IdentityRiskyUser.ReadWrite.All");
    let many = PortalSetup::with_config(|config| {
        config.notify = toml::from_str("kind = \"graph\"\nfrom = \"mona@contoso.example\"").unwrap();
        config.canary = toml::from_str("person = \"canary@contoso.example\"\nstop_after = 1").ok();
        config.risk = toml::from_str("").ok();
        config.reset.per_address_minute = 10_000;
        config.reset.per_person_hour = 1_000;
        config.helpdesk.minutes_per_reset = 15;
        config.helpdesk.alarms.every_seconds = 1;
        config.helpdesk.alarms.people_per_agent = 1;
    });
    TestPortal::start_with(PortalSetup { seed, ..many }).await
}

/// A part of the tour. Each has a portal and a browser of its own, so that parts can be visited at the same time.
#[derive(Clone, Copy, Debug)]
pub(super) enum TourPart {
    /// From the landing page to the end of a reset, in each way in which it can end.
    Resets,
    /// The helpdesk's lists, people, insights and audit log.
    Helpdesk,
    /// Cases, and the pages of the people who take part in them.
    Cases,
}

impl TourPart {
    pub(super) const ALL: [Self; 3] = [Self::Resets, Self::Helpdesk, Self::Cases];
}

/// People and the state in which their reset ends or stays.
const RESET_STATES: [(&str, &str); 7] = [
    ("wanda", "written"),
    ("carl", "writing"),
    ("rita", "refused"),
    ("olaf", "failed"),
    ("sven", "split"),
    ("luca", "unknown"),
    ("clara", "cloud_only"),
];
/// The password that Wanda chooses at Entra.
const FINAL_PASSWORD: &str = "Copper-Lantern-Sails-8";

/// Calls `look` on every page of a part with the page's name. A name that starts with `form-` marks the answer to a
/// form, which cannot be reloaded.
pub(super) async fn visit_pages(
    part: TourPart,
    portal: &TestPortal,
    browser: &ChromiumBrowser,
    mut look: impl AsyncFnMut(&str),
) {
    match part {
        TourPart::Resets => visit_reset_pages(portal, browser, &mut look).await,
        TourPart::Helpdesk => {
            prepare_resets(portal).await;
            visit_helpdesk_pages(portal, browser, &mut look).await;
        }
        TourPart::Cases => {
            visit_case_pages(portal, browser, &mut look).await;
            visit_account_pages(portal, browser, &mut look).await;
        }
    }
}

async fn visit_reset_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    browser.open(&url).await;
    look("landing").await;
    browser.click("a[href='/signin']").await;
    browser.wait_for("#account").await;
    look("entra").await;
    browser.open(&url).await;
    look("landing-unfinished").await;
    browser.sign_in(&url, &full_upn("wanda")).await;
    browser.wait_for("#reset-form").await;
    look("form").await;
    browser.submit_reset("wanda").await;
    browser.wait_for("#problem").await;
    look("form-refused").await;
    for (name, state) in RESET_STATES {
        browser.sign_in(&url, &full_upn(name)).await;
        if name == "rita" {
            browser.wait_for("#at-risk").await;
            look("form-at-risk").await;
        }
        browser.submit_reset(VALID_PASSWORD).await;
        browser.wait_for(&format!("[data-state={state}]")).await;
        look(state).await;
    }
    browser.open(&format!("{url}/reset")).await;
    visit_finishing_pages(portal, browser, look).await;
    throttle_reset(portal, "omar");
    browser.sign_in(&url, &full_upn("omar")).await;
    browser.submit_reset(VALID_PASSWORD).await;
    browser.wait_for("[data-state=sending] .note").await;
    look("in-line").await;
    for (name, page) in [("gloria", "stopped"), ("dora", "refused-sign-in")] {
        browser.sign_in(&url, &full_upn(name)).await;
        browser.wait_for("[data-code]").await;
        // The first is a page of its own. The other answers Entra's callback, which is accepted once.
        look(if page == "stopped" { page } else { "form-refused-sign-in" }).await;
    }
    visit_not_me_pages(portal, browser, look).await;
    browser.open(&format!("{url}/nothing")).await;
    look("not-found").await;
    sign_in_staff(&url, browser, "adam").await;
    browser.wait_for(".standing-line").await;
    look("operator").await;
    visit_pause_page(&url, browser, look).await;
}

/// Visits the page that pauses all resets, with a reason that is too short, and with a pause that is then ended.
async fn visit_pause_page(url: &str, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    browser.open(&format!("{url}/admin/pause")).await;
    browser.wait_for("#pause[data-paused=false]").await;
    look("pause").await;
    browser.type_into("#reason", "          ").await;
    browser.click("#pause form button").await;
    browser.wait_for("#problem").await;
    look("pause-refused").await;
    browser.type_into("#reason", "A fire drill of the helpdesk.").await;
    browser.click("#pause form button").await;
    browser.wait_for("#pause[data-paused=true]").await;
    look("pause-paused").await;
    browser.type_into("#reason", "The fire drill is over.").await;
    browser.click("#pause form button").await;
    browser.wait_for("#pause[data-paused=false]").await;
}

/// Lets Graph throttle this person's next reset, which then waits in the line.
fn throttle_reset(portal: &TestPortal, name: &str) {
    let busy = FaultEffect::Status { status: 429, code: "x".into(), retry_after: Some(55), graph_body: true };
    let busy = InjectedFault::new(FaultTarget::ResetPassword, busy).for_person(&full_upn(name)).times(1);
    portal.demo.tenant.add_fault(busy);
}

/// Makes the resets that the helpdesk sees, without a browser: one in every state, one that is finished, one in the
/// line, and one that its person reports.
async fn prepare_resets(portal: &TestPortal) {
    let reset = async |name: &str, state: &str| {
        let mut browser = portal.signed_in(name).await;
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        browser.wait_for_state(&reference, state).await;
        (browser, reference)
    };
    let mut ended = join_all(RESET_STATES.map(|(name, state)| reset(name, state))).await;
    let (wanda, reference) = &mut ended[0];
    let entra = wanda.get(&format!("/resets/{reference}/finish")).await;
    step_past_second(portal);
    let upn = full_upn("wanda");
    let fields = [
        ("account", upn.as_str()),
        ("method", "password"),
        ("password", VALID_PASSWORD),
        ("new_password", FINAL_PASSWORD),
        ("tap", ""),
    ];
    wanda.post(&entra.url, &fields).await;
    wanda.wait_for_state(reference, "finished").await;
    let link = super::wait_for_not_me_link(portal).await;
    assert_eq!(portal.browser().post(&link, &[]).await.code(), "N-DONE");
    throttle_reset(portal, "omar");
    portal.signed_in("omar").await.submit_reset(VALID_PASSWORD).await.reference();
}

/// Entra tells the time of a password change in whole seconds. One that follows is later than what came before.
fn step_past_second(portal: &TestPortal) {
    portal.clock.advance(SignedDuration::from_secs(2));
}

/// Visits the case pages as the agent and the approver see them.
async fn visit_case_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    sign_in_staff(&url, browser, "hugo").await;
    browser.wait_for("nav").await;
    browser.open(&format!("{url}/helpdesk/cases")).await;
    look("cases-none").await;
    // Theo had no reset on the pages before.
    let mut theo = OtherParty::sign_in_person(portal, "theo").await;
    browser.type_into("#person", &full_upn("theo")).await;
    browser.click("[action='/helpdesk/cases'] button.button:not(.button-quiet)").await;
    browser.wait_for("#standing[data-enough=false]").await;
    look("case").await;
    browser.click("input[value=call_check] ~ button").await;
    browser.wait_for(".words").await;
    look("case-words").await;
    let words = browser.text(".words").await;
    theo.answer_request("yes", &words).await;
    browser.wait_for("#standing[data-enough=true]").await;
    look("case-enough").await;
    browser.click("[action$='/act'] button").await;
    browser.wait_for("#done [data-outcome=done]").await;
    look("case-done").await;
    browser.click("input[value=push] ~ button").await;
    browser.wait_for("#asked [data-check=open]").await;
    theo.answer_request("no", "").await;
    browser.wait_for("[data-state=locked]").await;
    look("case-locked").await;
    browser.open(&format!("{url}/helpdesk/cases")).await;
    browser.type_into("#person", "gloria@contoso.example").await;
    browser.click("[action='/helpdesk/cases'] button.button:not(.button-quiet)").await;
    browser.wait_for("#standing").await;
    browser.click("details:not(.ways) summary").await;
    browser.type_into("#reason", "She stands in front of me, with nothing but her card.").await;
    browser.click("[action$='/override'] button").await;
    browser.wait_for("#pending").await;
    look("case-waits").await;
    let case = browser.client.current_url().await.unwrap().path().to_owned();
    sign_in_staff(&url, browser, "april").await;
    browser.wait_for("nav").await;
    browser.open(&format!("{url}{case}")).await;
    browser.wait_for("[action$='/approve']").await;
    look("case-approve").await;
    browser.open(&format!("{url}/helpdesk/cases")).await;
    look("cases").await;
}

/// Visits the pages of the person and of the manager, and `/help` without a sign-in.
async fn visit_account_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    browser.open(&format!("{url}/help")).await;
    look("help").await;
    browser.type_into("#name", "Nadia, from the warehouse").await;
    browser.click("[action='/help'] button").await;
    browser.wait_for(".reference").await;
    look("help-asked").await;
    let mut hugo = OtherParty::open_case(portal, "hugo", "omar", "pass").await;
    browser.open(&format!("{url}/signin?purpose=vouch")).await;
    browser.sign_in_at_entra(&full_upn("omar")).await;
    browser.wait_for("#live").await;
    look("account").await;
    hugo.request_verification("call_check").await;
    browser.wait_for(".question .choices").await;
    look("account-words").await;
    for word in hugo.call_check_words().await {
        browser.click(&format!("input[value={word}]")).await;
    }
    browser.click("[name=says][value=yes]").await;
    browser.wait_for("#said").await;
    look("account-thanks").await;
    hugo.request_verification("manager").await;
    browser.open(&format!("{url}/signin?purpose=vouch")).await;
    browser.sign_in_at_entra(&full_upn("mona")).await;
    browser.wait_for(".question").await;
    look("account-vouch").await;
    browser.click("[name=says][value=yes]").await;
    browser.wait_for("#said").await;
    hugo.post_action("act").await;
    browser.wait_for("[action^='/account/passes/']").await;
    look("account-pass").await;
    browser.click("[action^='/account/passes/'] button").await;
    browser.wait_for(".pass").await;
    look("form-pass").await;
}

/// The other participant of a case, in a plain HTTP browser: the person, or the agent with the case.
struct OtherParty {
    browser: HttpBrowser,
    path: String,
}

impl OtherParty {
    async fn sign_in_person(portal: &TestPortal, name: &str) -> Self {
        let mut browser = portal.browser();
        browser.sign_in("/account", &full_upn(name), "passkey", "").await;
        Self { browser, path: "/account".to_owned() }
    }

    async fn open_case(portal: &TestPortal, name: &str, about: &str, action: &str) -> Self {
        let mut browser = portal.browser();
        browser.sign_in("/signin?purpose=staff", &full_upn(name), "passkey", "").await;
        let page = browser.post("/helpdesk/cases", &[("person", &full_upn(about)), ("action", action)]).await;
        Self { browser, path: format!("/helpdesk/cases/{}", page.url.rsplit('/').next().unwrap()) }
    }

    async fn answer_request(&mut self, says: &str, words: &str) {
        let page = self.browser.get(&self.path).await;
        let id = page.body.split("id=\"q-").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let mut fields = vec![("says", says)];
        fields.extend(words.split_whitespace().map(|word| ("word", word)));
        self.browser.post(&format!("/account/checks/{id}"), &fields).await;
    }

    async fn request_verification(&mut self, method: &str) {
        self.browser.post(&format!("{}/verify", self.path), &[("method", method)]).await;
    }

    /// Sends a form of someone who decides, with the digest of the page.
    async fn post_action(&mut self, what: &str) {
        let page = self.browser.get(&self.path).await;
        let seen = page.body.split_once("name=\"seen\" value=\"").unwrap().1.split('"').next().unwrap().to_owned();
        self.browser.post(&format!("{}/{what}", self.path), &[("seen", &seen)]).await;
    }

    async fn call_check_words(&mut self) -> Vec<String> {
        let page = self.browser.get(&self.path).await;
        let said = page.body.split("<p class=\"words\"").nth(1).unwrap().split("</p>").next().unwrap().to_owned();
        said.split("<strong>").skip(1).map(|word| word.split('<').next().unwrap().to_owned()).collect()
    }
}

/// Signs in a member of staff.
pub(super) async fn sign_in_staff(url: &str, browser: &ChromiumBrowser, name: &str) {
    browser.open(&format!("{url}/signin?purpose=staff")).await;
    browser.sign_in_at_entra(&full_upn(name)).await;
}

/// Visits the helpdesk's pages.
async fn visit_helpdesk_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let url = &portal.demo.url();
    sign_in_staff(url, browser, "hugo").await;
    browser.wait_for(".queue li").await;
    look("desk-queue").await;
    browser.open(&format!("{url}/helpdesk?q=nobody")).await;
    browser.wait_for("#nothing").await;
    look("desk-nothing").await;
    browser.open(&format!("{url}/helpdesk?q=--&state=written")).await;
    browser.wait_for("#q[aria-invalid]").await;
    look("desk-unreadable").await;
    for (state, page) in [("finished", "desk-finished"), ("refused", "desk-refused"), ("writing", "desk-writing")] {
        browser.open(&format!("{url}/helpdesk?state={state}")).await;
        browser.click(".queue a").await;
        browser.wait_for("#reset").await;
        look(page).await;
    }
    visit_person_pages(url, browser, look).await;
    browser.open(&format!("{url}/helpdesk?state=writing")).await;
    browser.click(".queue a").await;
    browser.wait_for("#reset").await;
    browser.type_into("#text", "Called at nine; the laptop lets her in.").await;
    browser.click("[action$='/note'] button").await;
    browser.wait_for(".written").await;
    look("desk-note").await;
    visit_insights(portal, browser, look).await;
    visit_audit_log(url, browser, look).await;
}

/// Visits the audit log as an auditor.
async fn visit_audit_log(url: &str, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    sign_in_staff(url, browser, "audrey").await;
    browser.wait_for(".queue li").await;
    for (query, name) in [("?event=reset.requested", "desk-audit"), ("?actor=xyzzy", "desk-audit-nobody")] {
        browser.open(&format!("{url}/helpdesk/audit{query}")).await;
        browser.wait_for("#audit").await;
        look(name).await;
    }
}

/// Visits the person search and two persons: one with many details, one with a privileged account.
async fn visit_person_pages(url: &str, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    for (typed, name) in [("", "desk-people"), ("xyzzy", "desk-people-nobody"), ("helpdesk", "desk-people-found")] {
        browser.open(&format!("{url}/helpdesk/people?q={typed}")).await;
        browser.wait_for("#people").await;
        look(name).await;
    }
    for (typed, name) in [("wanda", "desk-person"), ("gloria", "desk-person-privileged")] {
        browser.open(&format!("{url}/helpdesk/people?q={typed}")).await;
        browser.click(".queue a").await;
        browser.wait_for("#person").await;
        look(name).await;
    }
}

/// Visits the insights with an open security alert, and acknowledges it.
async fn visit_insights(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    // The agent has looked at people before, which the scanner finds.
    portal.wait_for_round("alert-scanner").await;
    browser.open(&format!("{}/helpdesk/insights", portal.demo.url())).await;
    browser.wait_for(".alarm").await;
    browser.click("details:last-of-type summary").await;
    look("desk-insights").await;
    browser.type_into(".alarm textarea", "A fire drill.").await;
    browser.click(".alarm button").await;
    browser.wait_for("[role=status]").await;
    look("desk-insights-acknowledged").await;
}

/// Visits the device checklist and the finished reset after the finishing sign-in.
async fn visit_finishing_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let url = portal.demo.url();
    browser.sign_in(&url, &full_upn("wanda")).await;
    browser.submit_reset("Amber-Lantern-Copper-5").await;
    browser.wait_for("[data-state=written] #finish").await;
    browser.click("[name=laptop][value=inside]").await;
    browser.wait_for("[data-step=lock-unlock]").await;
    browser.click("[data-step=phone] .check").await;
    browser.wait_for("[data-step=phone][data-done=true]").await;
    look("aftercare").await;
    browser.click("#finish").await;
    browser.wait_for("#m-password").await;
    step_past_second(portal);
    browser.type_into("#password", "Amber-Lantern-Copper-5").await;
    browser.click("button[type=submit]").await;
    browser.wait_for("#new_password").await;
    browser.type_into("#password", "Amber-Lantern-Copper-5").await;
    browser.type_into("#new_password", FINAL_PASSWORD).await;
    browser.click("button[type=submit]").await;
    browser.wait_for("[data-state=finished]").await;
    look("finished").await;
}

/// Visits the page behind the link in a notice, and the page after its button.
async fn visit_not_me_pages(portal: &TestPortal, browser: &ChromiumBrowser, look: &mut impl AsyncFnMut(&str)) {
    let link = super::wait_for_not_me_link(portal).await;
    browser.open(&format!("{}{link}", portal.demo.url())).await;
    browser.wait_for("[data-code=N-ASK]").await;
    look("not-me").await;
    browser.click("main button[type=submit]").await;
    browser.wait_for("[data-code=N-DONE]").await;
    look("form-not-me-done").await;
}
