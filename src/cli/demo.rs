//! Runs `passback demo` and `passback tenant`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use passback::demo::{DemoOptions, RunningDemo};
use passback::{Clock, Random};
use passback_emulator::{EmulatorOptions, LdapsOptions, TenantSeed};
use serde_json::json;
use url::Url;

use super::output::{CliError, print_line};

#[derive(Args)]
pub(super) struct DemoArgs {
    /// Port of the portal.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Port of the emulated tenant.
    #[arg(long, default_value_t = 8081)]
    tenant_port: u16,
    /// Folder for the data. Default: a new temporary folder, removed on exit.
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// File that describes a tenant to use instead of Contoso.
    #[arg(long)]
    seed: Option<PathBuf>,
    /// Print machine-readable lines first.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    directory: DirectoryArgs,
}

#[derive(Args)]
pub(super) struct TenantArgs {
    /// Address on which the emulator listens.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// File that describes a tenant to use instead of Contoso.
    #[arg(long)]
    seed: Option<PathBuf>,
    /// Graph URL for `Location` headers (with /v1.0), if a proxy is in front of Graph.
    #[arg(long)]
    graph_public_url: Option<String>,
    /// Serve TLS with this certificate and key (PEM): `--tls cert.pem key.pem`.
    #[arg(long, num_args = 2, value_names = ["CERT", "KEY"])]
    tls: Option<Vec<PathBuf>>,
    /// Redirect address of all apps of the seed that name none.
    #[arg(long)]
    redirect: Option<String>,
    #[command(flatten)]
    directory: DirectoryArgs,
}

/// Real Active Directory behind the emulated writeback agent.
#[derive(Args)]
struct DirectoryArgs {
    /// URL of the domain controller, `ldaps://127.…`: loopback only.
    #[arg(long, requires_all = ["directory_bind_dn", "directory_password_file", "directory_base_dn", "directory_ca"])]
    directory: Option<Url>,
    /// Distinguished name of the account that writes passwords.
    #[arg(long)]
    directory_bind_dn: Option<String>,
    /// File with the password of that account.
    #[arg(long)]
    directory_password_file: Option<PathBuf>,
    /// Distinguished name of the object below which people are searched.
    #[arg(long)]
    directory_base_dn: Option<String>,
    /// PEM file of the CA of the domain controller's certificate.
    #[arg(long)]
    directory_ca: Option<PathBuf>,
}

impl DirectoryArgs {
    fn into_ldaps_options(self) -> Result<Option<LdapsOptions>, CliError> {
        let Some(url) = self.directory else { return Ok(None) };
        let (Some(bind), Some(password), Some(base), Some(ca)) =
            (self.directory_bind_dn, self.directory_password_file, self.directory_base_dn, self.directory_ca)
        else {
            return Err("--directory needs all of the --directory-… options".into());
        };
        Ok(Some(LdapsOptions::new(url, bind, &password, base, ca)?))
    }
}

fn load_seed(path: Option<PathBuf>) -> Result<TenantSeed, CliError> {
    Ok(path.map_or_else(TenantSeed::contoso, |path| TenantSeed::from_file(&path))?)
}

impl DemoArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let seed = load_seed(self.seed)?;
        let password = seed.initial_password().to_owned();
        let options = DemoOptions {
            port: self.port,
            tenant_port: self.tenant_port,
            data_dir: self.data_dir,
            seed: Some(seed),
            directory: self.directory.into_ldaps_options()?,
            ..DemoOptions::default()
        };
        let demo = RunningDemo::start(options).await?;
        if self.json {
            print_json_lines(&demo);
        }
        print_table(&demo, &password);
        Ok(demo.run().await?)
    }
}

fn print_json_lines(demo: &RunningDemo) {
    let (control, token) = demo.tenant.fault_control();
    print_line(&json!({ "service": "portal", "url": demo.url() }).to_string());
    print_line(&json!({ "service": "tenant", "url": demo.tenant.url() }).to_string());
    print_line(&json!({ "service": "control", "url": control, "token": token }).to_string());
    for (upn, _, outcome) in &demo.people {
        print_line(&json!({ "person": upn, "outcome": outcome }).to_string());
    }
}

fn print_table(demo: &RunningDemo, password: &str) {
    let first = demo.people.first().map_or("", |(upn, _, _)| upn);
    print_line(&format!(
        "\n  Open {} and sign in as {first} with \"Face, fingerprint, PIN or security key\".\n",
        demo.url()
    ));
    print_line("  Who                                   what happens to their reset");
    for (upn, _, outcome) in &demo.people {
        print_line(&format!("  {upn:<36}  {outcome}"));
    }
    print_line(&format!(
        "\n  Everybody's forgotten password is {password}; the tenant is emulated at {}.",
        demo.tenant.url()
    ));
    print_line(&format!("  Helpdesk: hugo@contoso.example at {}/helpdesk.", demo.url()));
    print_line(&format!(
        "  Administrator: adam@contoso.example at {}/admin/operator.  Stop with Ctrl-C.\n",
        demo.url()
    ));
}

impl TenantArgs {
    pub(super) async fn run(self) -> Result<(), CliError> {
        let mut seed = load_seed(self.seed)?;
        if let Some(redirect) = &self.redirect {
            seed = seed.with_redirect_uri(redirect);
        }
        let mut start = EmulatorOptions::new(seed, Clock::system(), Random::system());
        start.listen = self.listen;
        start.graph_public_url = self.graph_public_url;
        start.directory = self.directory.into_ldaps_options()?;
        start.tls = self.tls.and_then(|files| <[PathBuf; 2]>::try_from(files).ok()).map(|[cert, key]| (cert, key));
        let tenant = start.start().await?;
        let (control, token) = tenant.fault_control();
        print_line(&json!({ "service": "tenant", "url": tenant.url(), "authority": tenant.authority(), "graph_url": tenant.graph_url() }).to_string());
        print_line(&json!({ "service": "control", "url": control, "token": token }).to_string());
        tokio::signal::ctrl_c().await?;
        tenant.stop().await;
        Ok(())
    }
}
