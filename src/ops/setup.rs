//! Runs `passback setup`: prints a script or text that sets up Entra or the directory.
//!
//! - It runs nothing, so that administrators read the text before they run it.
//! - Permission names come from the list that doctor uses, so the two cannot differ.

use url::Url;

use crate::config::{Config, NationalCloud, SignInConfig};
use crate::entra::{
    APPLICATION_PERMISSIONS, AppPermission, DELEGATED_PERMISSIONS, FORBIDDEN_APPLICATION_PERMISSIONS, GraphScope,
};

/// Format of the setup text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetupFormat {
    /// Everything in Entra, with Microsoft Graph PowerShell.
    PowerShell,
    /// The app registration, with the Azure CLI.
    AzureCli,
    /// The app registration, as Bicep.
    Bicep,
    /// Rights in Active Directory.
    Directory,
}

/// Values of the organisation that the setup texts contain.
#[derive(Clone, Debug)]
pub struct SetupContext {
    public_url: Url,
    tenant: Option<String>,
    cloud: &'static str,
    contexts: Vec<String>,
    canary: Option<String>,
}

impl SetupContext {
    /// Creates the context without a configuration, which needs the id of the app registration.
    #[must_use]
    pub fn from_url(public_url: Url) -> Self {
        let signin = SignInConfig::default();
        Self { public_url, tenant: None, cloud: "global", contexts: authentication_contexts(&signin), canary: None }
    }

    /// Creates the context from a configuration.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let cloud = match config.entra.cloud {
            NationalCloud::Global => "global",
            NationalCloud::UsGov => "us-gov",
            NationalCloud::UsGovDod => "us-gov-dod",
        };
        Self {
            public_url: config.server.public_url.clone(),
            tenant: Some(config.entra.tenant_id.to_string()),
            cloud,
            contexts: authentication_contexts(&config.signin),
            canary: config.canary.as_ref().map(|canary| canary.person.clone()),
        }
    }
}

/// Returns the authentication contexts. Only letters and digits are kept, because the texts put them between quotes; a
/// valid context is `c1` to `c99`.
fn authentication_contexts(signin: &SignInConfig) -> Vec<String> {
    let mut all: Vec<String> = [&signin.required_context, &signin.staff_context]
        .map(|context| context.chars().filter(char::is_ascii_alphanumeric).collect())
        .into();
    all.dedup();
    all
}

macro_rules! setup_template {
    ($name:ident, $path:literal) => {
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $name<'a> {
            public_url: &'a Url,
            tenant: &'a Option<String>,
            cloud: &'a str,
            contexts: &'a [String],
            canary: Option<String>,
            application: &'a [(AppPermission, &'a str)],
            delegated: &'a [(GraphScope, &'a str)],
            forbidden: &'a [AppPermission],
        }

        impl<'a> $name<'a> {
            fn of(facts: &'a SetupContext) -> Self {
                Self {
                    public_url: &facts.public_url,
                    tenant: &facts.tenant,
                    cloud: facts.cloud,
                    contexts: &facts.contexts,
                    // Remove characters that end or expand a quoted string in a shell.
                    canary: facts.canary.as_ref().map(|upn| upn.replace(['\'', '"', '`', '$', '\\', '\n'], "")),
                    application: &APPLICATION_PERMISSIONS,
                    delegated: &DELEGATED_PERMISSIONS,
                    forbidden: &FORBIDDEN_APPLICATION_PERMISSIONS,
                }
            }
        }
    };
}

#[expect(dead_code, reason = "each template uses only some of the shared fields")]
mod texts {
    use askama::Template;
    use url::Url;

    use super::{
        APPLICATION_PERMISSIONS, AppPermission, DELEGATED_PERMISSIONS, FORBIDDEN_APPLICATION_PERMISSIONS, GraphScope,
        SetupContext, SetupFormat,
    };

    setup_template!(PowerShell, "setup/powershell.ps1");
    setup_template!(AzureCli, "setup/azure-cli.sh");
    setup_template!(Bicep, "setup/main.bicep");
    setup_template!(Directory, "setup/directory.txt");

    pub(super) fn render_template(which: SetupFormat, facts: &SetupContext) -> Result<String, askama::Error> {
        match which {
            SetupFormat::PowerShell => PowerShell::of(facts).render(),
            SetupFormat::AzureCli => AzureCli::of(facts).render(),
            SetupFormat::Bicep => Bicep::of(facts).render(),
            SetupFormat::Directory => Directory::of(facts).render(),
        }
    }
}

/// Renders a setup text.
///
/// # Errors
/// When the template cannot be rendered, which a test would detect.
pub fn render_setup(which: SetupFormat, facts: &SetupContext) -> Result<String, askama::Error> {
    texts::render_template(which, facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_FORMATS: [SetupFormat; 4] =
        [SetupFormat::PowerShell, SetupFormat::AzureCli, SetupFormat::Bicep, SetupFormat::Directory];

    fn example_context() -> SetupContext {
        SetupContext {
            canary: Some("canary'; rm -rf / #@contoso.example".to_owned()),
            ..SetupContext::from_url("https://reset.contoso.example".parse().unwrap())
        }
    }

    #[test]
    fn every_setup_text_names_permissions_and_quotes_input() {
        for which in ALL_FORMATS {
            let text = render_setup(which, &example_context()).unwrap();
            assert!(text.contains("nothing here was run for you") || which == SetupFormat::Bicep, "{which:?}");
            assert!(!text.contains("rm -rf / #@contoso.example'; "), "{which:?}");
        }
        for which in [SetupFormat::PowerShell, SetupFormat::AzureCli, SetupFormat::Bicep] {
            let text = render_setup(which, &example_context()).unwrap();
            assert!(text.contains("https://reset.contoso.example/signin/callback"), "{which:?}");
            let application = APPLICATION_PERMISSIONS.iter().map(|(permission, _)| permission.as_str());
            for name in application.chain(DELEGATED_PERMISSIONS.iter().map(|(scope, _)| scope.as_str())) {
                assert!(text.contains(name), "{which:?} {name}");
            }
            for claim in ["auth_time", "acct", "login_hint"] {
                assert!(text.contains(claim), "{which:?} {claim}");
            }
        }
        let whole = render_setup(SetupFormat::PowerShell, &example_context()).unwrap();
        for part in [
            "includeAuthenticationContextClassReferences = @('c1', 'c2')",
            "everyTime",
            "administrativeUnits",
            "Principal",
        ] {
            assert!(whole.contains(part), "{part}: {whole}");
        }
        assert!(!whole.contains("'password"), "no combination contains the password");
        assert!(
            render_setup(SetupFormat::Directory, &example_context())
                .unwrap()
                .contains("'canary; rm -rf / #@contoso.example'")
        );
    }

    #[test]
    fn azure_cli_text_is_valid_bash() {
        use std::io::Write as _;
        use std::process::{Command, Stdio};
        let text = render_setup(SetupFormat::AzureCli, &example_context()).unwrap();
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let done = bash.wait_with_output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
}
