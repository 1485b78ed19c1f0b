//! Linking the operator by device code: an administrator at a terminal, with a browser on another device.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{ChildStdin, ChildStdout, Stdio};

use passback_emulator::{FaultEffect, FaultTarget, InjectedFault, TenantSeed};

use crate::support::child_process::ChildProcess;
use crate::support::fleet::{OPERATOR_UPN, PortalFleet};
use crate::support::portal::{DatabaseEngine, available_engines};
use crate::support::raw_client;
use crate::support::wait::wait_until;

/// A running `passback operator link`.
struct LinkTerminal {
    child: ChildProcess,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Exit status and output of the command.
struct TerminalResult {
    succeeded: bool,
    output: String,
}

impl LinkTerminal {
    /// Starts the command and reads the address and the code from its output.
    fn start(fleet: &PortalFleet, more: &[&str]) -> (Self, String, String) {
        let mut command = fleet.cli_command(&["operator", "link"]);
        command.args(more).env("PASSBACK_LOG", "off");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = ChildProcess::spawn(command);
        let (keys, screen) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
        let mut terminal = Self { child, stdin: keys, stdout: screen };
        let first = terminal.read_line();
        let words: Vec<&str> = first.split_whitespace().collect();
        let (address, code) = (words[1].to_owned(), words[words.len() - 1].to_owned());
        assert!(address.ends_with("/devicelogin"), "{first}");
        assert!(terminal.read_line().contains("not as yourself"));
        (terminal, address, code)
    }

    fn read_line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    fn type_line(&mut self, text: &str) {
        writeln!(self.stdin, "{text}").unwrap();
    }

    /// Runs in a blocking thread, because the emulator runs in this process.
    async fn wait_for_exit(self) -> TerminalResult {
        let Self { mut child, stdin: keys, stdout: mut screen } = self;
        drop(keys);
        tokio::task::spawn_blocking(move || {
            let mut said = String::new();
            std::io::Read::read_to_string(&mut screen, &mut said).unwrap();
            std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut said).unwrap();
            TerminalResult { succeeded: child.wait().unwrap().success(), output: said }
        })
        .await
        .unwrap()
    }
}

/// Enters the code on the emulator's page and signs in.
async fn submit_code_form(address: &str, form: &[(&str, &str)]) -> String {
    raw_client::http_client().post(address).form(form).send().await.unwrap().text().await.unwrap()
}

async fn sign_in_with_code(address: &str, code: &str, account: &str) {
    let form = [("user_code", code), ("account", account), ("method", "passkey")];
    let page = submit_code_form(address, &form).await;
    assert!(page.contains("You have signed in to Passback"), "{page}");
}

async fn fleet_after_first_start(engine: DatabaseEngine) -> PortalFleet {
    let fleet = PortalFleet::new(engine, TenantSeed::contoso().unwrap().with_short_delays()).await;
    let mut portal = fleet.start_replica(fleet.port, &[]).await;
    // The port is open before the migrations have run.
    let is_ready = async || fleet.browser().get_once("/readyz").await.status().is_success();
    wait_until("the portal is ready", is_ready).await;
    portal.stop();
    fleet
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn adam_links_operator_from_terminal_and_wanda_resets() {
    for engine in available_engines() {
        let fleet = fleet_after_first_start(engine).await;
        let (mut terminal, address, code) = LinkTerminal::start(&fleet, &[]);
        let wrong = submit_code_form(&address, &[("user_code", "XXXXXXXXX"), ("account", OPERATOR_UPN)]).await;
        assert!(wrong.contains("AADSTS70018"), "{wrong}");
        sign_in_with_code(&address, &code, OPERATOR_UPN).await;
        let who = terminal.read_line();
        assert!(who.contains(OPERATOR_UPN) && who.contains("Authentication Administrator"), "{who}");
        assert!(who.contains("/administrativeUnits/"), "{who}");
        terminal.type_line("yes");
        let ended = terminal.wait_for_exit().await;
        assert!(ended.succeeded && ended.output.contains("is the operator"), "{}", ended.output);
        // The link works, and the audit log names the command that created it.
        let _portal = fleet.start_replica(fleet.port, &[]).await;
        let mut wanda = fleet.signed_in("wanda@contoso.example").await;
        let reference = wanda.submit_reset(crate::support::portal::VALID_PASSWORD).await.reference();
        wanda.wait_for_state(&reference, "written").await;
        let claims = fleet.emulator.requested_claims();
        assert!(
            !claims.iter().any(|claims| claims.contains("cp1")),
            "nobody is there to answer a challenge: {claims:?}"
        );
        fleet.verify_audit();
    }
}

#[test]
fn operator_link_before_first_start_explains_what_to_do() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let fleet =
        runtime.block_on(PortalFleet::new(DatabaseEngine::Sqlite, TenantSeed::contoso().unwrap().with_short_delays()));
    std::fs::File::create(fleet.data_path().join("passback.db")).unwrap();
    let done = fleet.cli_command(&["operator", "link", "--account", OPERATOR_UPN]).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(!done.status.success() && said.contains("Start the portal once"), "{said}");
    assert!(done.stdout.is_empty(), "nobody is sent to sign in for nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unsuitable_operator_is_not_linked_and_terminal_shows_reason() {
    let fleet = fleet_after_first_start(DatabaseEngine::Sqlite).await;
    // A Global Administrator, and a person without a role.
    for (account, why) in [
        ("breakglass@contoso.example", "a Global Administrator must not be the operator"),
        ("wanda@contoso.example", "holds no role that may reset passwords"),
    ] {
        let (terminal, address, code) = LinkTerminal::start(&fleet, &["--account", account]);
        sign_in_with_code(&address, &code, account).await;
        let ended = terminal.wait_for_exit().await;
        assert!(!ended.succeeded && ended.output.contains(why), "{}", ended.output);
    }
    // An account other than the one that was named.
    let (terminal, address, code) = LinkTerminal::start(&fleet, &["--account", "other@contoso.example"]);
    sign_in_with_code(&address, &code, OPERATOR_UPN).await;
    let ended = terminal.wait_for_exit().await;
    assert!(!ended.succeeded && ended.output.contains("other@contoso.example was named"), "{}", ended.output);
    // The administrator sees the account and declines.
    let (mut terminal, address, code) = LinkTerminal::start(&fleet, &[]);
    sign_in_with_code(&address, &code, OPERATOR_UPN).await;
    terminal.type_line("no");
    let ended = terminal.wait_for_exit().await;
    assert!(!ended.succeeded && ended.output.contains("as you chose"), "{}", ended.output);
    // The person with the code did not request it.
    let (terminal, address, code) = LinkTerminal::start(&fleet, &[]);
    submit_code_form(&address, &[("user_code", &code), ("decline", "yes")]).await;
    let ended = terminal.wait_for_exit().await;
    assert!(!ended.succeeded && ended.output.contains("chose not to sign in"), "{}", ended.output);
    // Entra does not accept a device code from this app.
    let refused = FaultEffect::Aadsts { code: 7_000_218, error: "invalid_client".to_owned() };
    fleet.emulator.add_fault(InjectedFault::new(FaultTarget::Token, refused).for_person(OPERATOR_UPN).times(1));
    let (terminal, address, code) = LinkTerminal::start(&fleet, &["--account", OPERATOR_UPN]);
    sign_in_with_code(&address, &code, OPERATOR_UPN).await;
    let ended = terminal.wait_for_exit().await;
    assert!(!ended.succeeded && ended.output.contains("/admin/operator"), "{}", ended.output);
    // None of these accounts became the operator.
    let _portal = fleet.start_replica(fleet.port, &[]).await;
    let mut wanda = fleet.browser();
    let page = wanda.sign_in("/signin", "wanda@contoso.example", "passkey", "").await;
    assert_eq!(page.code(), "G-OPERATOR", "{}", page.body);
}
