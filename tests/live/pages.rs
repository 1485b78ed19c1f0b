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
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);
const PASS_FIELD: &str = "input[name=accesspass], input[name=passwd][placeholder*='Temporary']";
const PASSWORD_FIELD: &str = "#i0118";
const NEXT_BUTTON: &str = "#idSIButton9";

/// The site whose sign-in pages are filled in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignInSite {
    Entra,
    Emulator,
}

impl SignInSite {
    /// Detects the site: the emulator runs on this machine, Entra never does.
    pub(crate) fn from_authority(authority: &url::Url) -> Self {
        match authority.host_str() {
            Some("127.0.0.1" | "localhost") => Self::Emulator,
            _ => Self::Entra,
        }
    }

    /// Signs in with a Temporary Access Pass.
    pub(crate) async fn sign_in_with_pass(
        self,
        browser: &ChromiumBrowser,
        upn: &str,
        pass: &str,
    ) -> Result<(), String> {
        if self == Self::Emulator {
            fill_field(browser, "#account", upn).await?;
            press_element(browser, "#m-tap").await?;
            fill_field(browser, "#tap", pass).await?;
            return press_element(browser, "button[type=submit]").await;
        }
        fill_field(browser, "#i0116", upn).await?;
        press_element(browser, NEXT_BUTTON).await?;
        fill_field(browser, PASS_FIELD, pass).await?;
        press_element(browser, NEXT_BUTTON).await
    }

    /// Signs in with the password that was just set, and chooses another one when asked.
    pub(crate) async fn sign_in_with_password(
        self,
        browser: &ChromiumBrowser,
        (old, new): (&str, &str),
        back: &str,
    ) -> Result<(), String> {
        // No person types within the first second of the page, and Graph reports the time of a password change in whole
        // seconds.
        tokio::time::sleep(Duration::from_millis(1_200)).await;
        if self == Self::Emulator {
            fill_field(browser, "#password", old).await?;
            press_element(browser, "button[type=submit]").await?;
            if appears_within(browser, "#new_password", Duration::from_secs(5)).await {
                fill_field(browser, "#password", old).await?;
                fill_field(browser, "#new_password", new).await?;
                press_element(browser, "button[type=submit]").await?;
            }
            return Ok(());
        }
        fill_field(browser, PASSWORD_FIELD, old).await?;
        press_element(browser, NEXT_BUTTON).await?;
        if appears_within(browser, "#newPassword", PAGE_TIMEOUT).await {
            fill_field(browser, "#currentPassword", old).await?;
            fill_field(browser, "#newPassword", new).await?;
            fill_field(browser, "#confirmNewPassword", new).await?;
            press_element(browser, NEXT_BUTTON).await?;
        }
        // "Stay signed in?" is answered with no, because the browser is discarded.
        if !browser.client.current_url().await.is_ok_and(|url| url.as_str().starts_with(back))
            && appears_within(browser, "#idBtn_Back", Duration::from_secs(10)).await
        {
            press_element(browser, "#idBtn_Back").await?;
        }
        Ok(())
    }
}

pub(crate) async fn appears_within(browser: &ChromiumBrowser, css: &str, within: Duration) -> bool {
    browser.client.wait().at_most(within).for_element(Locator::Css(css)).await.is_ok()
}

pub(crate) async fn fill_field(browser: &ChromiumBrowser, css: &str, text: &str) -> Result<(), String> {
    let field = browser.client.wait().at_most(PAGE_TIMEOUT).for_element(Locator::Css(css)).await;
    let field = field.map_err(|_| missing_element(browser, css))?;
    field.send_keys(text).await.map_err(|error| format!("{css}: {error}"))
}

pub(crate) async fn press_element(browser: &ChromiumBrowser, css: &str) -> Result<(), String> {
    let button = browser.client.wait().at_most(PAGE_TIMEOUT).for_element(Locator::Css(css)).await;
    let button = button.map_err(|_| missing_element(browser, css))?;
    button.click().await.map_err(|error| format!("{css}: {error}"))
}

/// Returns an error without the text of the page, which may contain what was typed.
fn missing_element(_: &ChromiumBrowser, css: &str) -> String {
    format!("the page has no {css}")
}
