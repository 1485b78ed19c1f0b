//! Linking the operator by device code: an administrator at a terminal, with a browser on another device.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use crate::support::fleet::{OPERATOR, PortalFleet};
use crate::support::portal::{DatabaseEngine, engines};
use crate::support::raw;

/// A running `passback operator link`.
struct LinkTerminal {
    child: Child,
    keys: ChildStdin,
    screen: BufReader<ChildStdout>,
}

/// Exit status and output of the command.
struct TerminalResult {
    good: bool,
    said: String,
}

impl LinkTerminal {
    /// Starts the command and reads the address and the code from its output.
    fn begin(fleet: &PortalFleet, more: &[&str]) -> (Self, String, String) {
        let mut command = fleet.command(&["operator", "link"]);
        command.args(more).env("PASSBACK_LOG", "off");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (keys, screen) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut terminal = Self { child, keys, screen };
        let first = terminal.line();
        let words: Vec<&str> = first.split_whitespace().collect();
        let (address, code) = (words[1].to_owned(), words[words.len() - 1].to_owned());
        assert!(address.ends_with("/devicelogin"), "{first}");
        assert!(terminal.line().contains("not as yourself"));
        (terminal, address, code)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.screen.read_line(&mut line).unwrap();
        line
    }

    fn types(&mut self, text: &str) {
        writeln!(self.keys, "{text}").unwrap();
    }

    /// Runs in a blocking thread, because the emulator runs in this process.
    async fn ends(self) -> TerminalResult {
        let Self { child, keys, mut screen } = self;
        drop(keys);
        tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            std::io::Read::read_to_string(&mut screen, &mut said).unwrap();
            let done = child.wait_with_output().unwrap();
            said.push_str(&String::from_utf8_lossy(&done.stderr));
            TerminalResult { good: done.status.success(), said }
        })
        .await
        .unwrap()
    }
}

/// Enters the code on the emulator's page and signs in.
async fn types_the_code(address: &str, form: &[(&str, &str)]) -> String {
    raw::http().post(address).form(form).send().await.unwrap().text().await.unwrap()
}

async fn signs_in(address: &str, code: &str, account: &str) {
    let form = [("user_code", code), ("account", account), ("method", "passkey")];
    let page = types_the_code(address, &form).await;
    assert!(page.contains("You have signed in to Passback"), "{page}");
}

async fn portal_once(engine: DatabaseEngine) -> PortalFleet {
    let fleet = PortalFleet::new(engine, TenantSeed::contoso().unwrap().hurry()).await;
    let mut portal = fleet.start(fleet.port, &[]).await;
    // The port is open before the migrations have run.
    while !fleet.browser().once("/readyz").await.status().is_success() {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    portal.stop();
    fleet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_administrator_links_the_operator_from_a_terminal_and_people_reset() {
    for engine in engines() {
        let fleet = portal_once(engine).await;
        let (mut terminal, address, code) = LinkTerminal::begin(&fleet, &[]);
        let wrong = types_the_code(&address, &[("user_code", "XXXXXXXXX"), ("account", OPERATOR)]).await;
        assert!(wrong.contains("AADSTS70018"), "{wrong}");
        signs_in(&address, &code, OPERATOR).await;
        let who = terminal.line();
        assert!(who.contains(OPERATOR) && who.contains("Authentication Administrator"), "{who}");
        assert!(who.contains("/administrativeUnits/"), "{who}");
        terminal.types("yes");
        let ended = terminal.ends().await;
        assert!(ended.good && ended.said.contains("is the operator"), "{}", ended.said);
        // The link works, and the audit log names the command that created it.
        let _portal = fleet.start(fleet.port, &[]).await;
        let mut wanda = fleet.signed_in("wanda@contoso.example").await;
        let reference = wanda.reset(crate::support::portal::GOOD).await.reference();
        wanda.until_state(&reference, "written").await;
        let claims = fleet.tenant.claims_asked();
        assert!(
            !claims.iter().any(|claims| claims.contains("cp1")),
            "nobody is there to answer a challenge: {claims:?}"
        );
        fleet.verify_audit();
    }
}

#[test]
fn before_the_portal_ran_once_the_terminal_says_what_to_do() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fleet = runtime.block_on(PortalFleet::new(DatabaseEngine::Sqlite, TenantSeed::contoso().unwrap().hurry()));
    std::fs::File::create(fleet.path().join("passback.db")).unwrap();
    let done = fleet.command(&["operator", "link", "--account", OPERATOR]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("Start the portal once"), "{said}");
    assert!(done.stdout.is_empty(), "nobody is sent to sign in for nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_cannot_be_the_operator_is_not_linked_and_the_terminal_says_why() {
    let fleet = portal_once(DatabaseEngine::Sqlite).await;
    // A Global Administrator, and a person without a role.
    for (account, why) in [
        ("breakglass@contoso.example", "a Global Administrator must not be the operator"),
        ("wanda@contoso.example", "holds no role that may reset passwords"),
    ] {
        let (terminal, address, code) = LinkTerminal::begin(&fleet, &["--account", account]);
        signs_in(&address, &code, account).await;
        let ended = terminal.ends().await;
        assert!(!ended.good && ended.said.contains(why), "{}", ended.said);
    }
    // An account other than the one that was named.
    let (terminal, address, code) = LinkTerminal::begin(&fleet, &["--account", "other@contoso.example"]);
    signs_in(&address, &code, OPERATOR).await;
    let ended = terminal.ends().await;
    assert!(!ended.good && ended.said.contains("other@contoso.example was named"), "{}", ended.said);
    // The administrator sees the account and declines.
    let (mut terminal, address, code) = LinkTerminal::begin(&fleet, &[]);
    signs_in(&address, &code, OPERATOR).await;
    terminal.types("no");
    let ended = terminal.ends().await;
    assert!(!ended.good && ended.said.contains("as you chose"), "{}", ended.said);
    // The person with the code did not request it.
    let (terminal, address, code) = LinkTerminal::begin(&fleet, &[]);
    types_the_code(&address, &[("user_code", &code), ("decline", "yes")]).await;
    let ended = terminal.ends().await;
    assert!(!ended.good && ended.said.contains("chose not to sign in"), "{}", ended.said);
    // Entra does not accept a device code from this app.
    let refused = FaultEffect::Aadsts { code: 7_000_218, error: "invalid_client".to_owned() };
    fleet.tenant.add_fault(InjectedFault::on(FaultTarget::Token, refused).for_person(OPERATOR).times(1));
    let (terminal, address, code) = LinkTerminal::begin(&fleet, &["--account", OPERATOR]);
    signs_in(&address, &code, OPERATOR).await;
    let ended = terminal.ends().await;
    assert!(!ended.good && ended.said.contains("/admin/operator"), "{}", ended.said);
    // None of these accounts became the operator.
    let _portal = fleet.start(fleet.port, &[]).await;
    let mut wanda = fleet.browser();
    let page = wanda.sign_in("/signin", "wanda@contoso.example", "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
}
