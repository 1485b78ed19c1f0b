//! The sign-in pages of Entra and of the emulator.
//!
//! The element ids of Entra are those of Microsoft's own library tests
//! (AzureAD/microsoft-authentication-library-for-java, `SeleniumConstants`, read 2026-11-25: `i0116`, `i0118`,
//! `idSIButton9`, `idBtn_Back`). Those for a Temporary Access Pass and for a forced password change are not published,
//! and are not tested against a real tenant.

use std::time::Duration;

use fantoccini::Locator;

use crate::support::chromium::ChromiumBrowser;

/// Entra builds its pages with JavaScript, which takes time.
const PATIENCE: Duration = Duration::from_secs(30);
const PASS: &str = "input[name=accesspass], input[name=passwd][placeholder*='Temporary']";
const PASSWORD: &str = "#i0118";
const NEXT: &str = "#idSIButton9";

/// The site whose sign-in pages are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInSite {
    Entra,
    Emulator,
}

impl SignInSite {
    /// Detects the site: the emulator runs on this machine, Entra never does.
    pub(crate) fn of(authority: &url::Url) -> Self {
        match authority.host_str() {
            Some("127.0.0.1" | "localhost") => Self::Emulator,
            _ => Self::Entra,
        }
    }

    /// Signs in with a Temporary Access Pass.
    pub(crate) async fn with_pass(self, browser: &ChromiumBrowser, upn: &str, pass: &str) -> Result<(), String> {
        if self == Self::Emulator {
            fill(browser, "#account", upn).await?;
            press(browser, "#m-tap").await?;
            fill(browser, "#tap", pass).await?;
            return press(browser, "button[type=submit]").await;
        }
        fill(browser, "#i0116", upn).await?;
        press(browser, NEXT).await?;
        fill(browser, PASS, pass).await?;
        press(browser, NEXT).await
    }

    /// Signs in with the password that was just set, and chooses another one when asked.
    pub(crate) async fn with_password(
        self,
        browser: &ChromiumBrowser,
        (old, new): (&str, &str),
        back: &str,
    ) -> Result<(), String> {
        // No person types within the first second of the page, and Graph reports the time of a password change in whole
        // seconds.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        if self == Self::Emulator {
            fill(browser, "#password", old).await?;
            press(browser, "button[type=submit]").await?;
            if seen(browser, "#new_password", Duration::from_secs(5)).await {
                fill(browser, "#password", old).await?;
                fill(browser, "#new_password", new).await?;
                press(browser, "button[type=submit]").await?;
            }
            return Ok(());
        }
        fill(browser, PASSWORD, old).await?;
        press(browser, NEXT).await?;
        if seen(browser, "#newPassword", PATIENCE).await {
            fill(browser, "#currentPassword", old).await?;
            fill(browser, "#newPassword", new).await?;
            fill(browser, "#confirmNewPassword", new).await?;
            press(browser, NEXT).await?;
        }
        // "Stay signed in?" is answered with no, because the browser is discarded.
        if !browser.client.current_url().await.is_ok_and(|url| url.as_str().starts_with(back))
            && seen(browser, "#idBtn_Back", Duration::from_secs(10)).await
        {
            press(browser, "#idBtn_Back").await?;
        }
        Ok(())
    }
}

pub(crate) async fn seen(browser: &ChromiumBrowser, css: &str, within: Duration) -> bool {
    browser.client.wait().at_most(within).for_element(Locator::Css(css)).await.is_ok()
}

pub(crate) async fn fill(browser: &ChromiumBrowser, css: &str, text: &str) -> Result<(), String> {
    let field = browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
    let field = field.map_err(|_| missing(browser, css))?;
    field.send_keys(text).await.map_err(|error| format!("{css}: {error}"))
}

pub(crate) async fn press(browser: &ChromiumBrowser, css: &str) -> Result<(), String> {
    let button = browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
    let button = button.map_err(|_| missing(browser, css))?;
    button.click().await.map_err(|error| format!("{css}: {error}"))
}

/// Returns an error without the text of the page, which may contain what was typed.
fn missing(_: &ChromiumBrowser, css: &str) -> String {
    format!("the page has no {css}")
}
