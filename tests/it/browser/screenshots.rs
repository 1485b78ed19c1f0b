//! `make screenshots`: saves every page and state at phone and desktop width, in both themes, to the folder named by
//! `PASSBACK_SCREENSHOTS`. Without the variable the test does nothing.

use std::path::PathBuf;

use super::tour::{self, TourPart};
use crate::support::chromium::{BrowserOptions, ChromiumBrowser, DESKTOP, PHONE};

#[tokio::test]
async fn every_page_is_captured_in_both_themes() {
    let Some(folder) = std::env::var_os("PASSBACK_SCREENSHOTS").map(PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (name, looks) in [("phone", PHONE), ("desktop", DESKTOP)] {
        for dark in [false, true] {
            let suffix = format!("{name}-{}", if dark { "dark" } else { "light" });
            for part in TourPart::ALL {
                let portal = tour::start_portal().await;
                let browser = ChromiumBrowser::start(BrowserOptions { dark, ..looks }).await;
                tour::visit_pages(part, &portal, &browser, async |page| {
                    browser.save_screenshot(&folder.join(format!("{page}-{suffix}.png"))).await;
                })
                .await;
                browser.close().await;
                portal.demo.stop().await;
            }
        }
    }
}
