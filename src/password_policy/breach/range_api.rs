//! Breach check through the range API of Have I Been Pwned, with k-anonymity.
//!
//! Only the first 5 hexadecimal digits of the SHA-1 are sent, and the response is padded, so that neither identifies a
//! password (<https://haveibeenpwned.com/API/v3#SearchingPwnedPasswordsByRange>, read 2026-08).

use std::time::Duration;

use futures_util::StreamExt as _;
use reqwest::{Client, redirect, retry};
use url::Url;
use zeroize::Zeroizing;

use super::status::{BreachError, BreachStatus};
use crate::base::encode_hex;
use crate::config::BreachCheckConfig;

/// Maximum response body. A padded response has about 1,000 lines of 40 bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// Client of the range API.
pub(in crate::password_policy) struct BreachRangeApi {
    http: Client,
    url: Url,
}

impl BreachRangeApi {
    #[expect(clippy::disallowed_methods, reason = "external service with its own timeout, not Microsoft")]
    pub(super) fn new(settings: &BreachCheckConfig) -> Result<Self, BreachError> {
        let limit = Duration::from_millis(settings.timeout_milliseconds);
        let builder = Client::builder().redirect(redirect::Policy::none()).retry(retry::never()).timeout(limit);
        Ok(Self { http: builder.build().map_err(BreachError::Client)?, url: settings.url.clone() })
    }

    pub(super) async fn check_hash(&self, hash: &[u8; 20]) -> BreachStatus {
        match self.fetch_is_listed(hash).await {
            Ok(known) if known => BreachStatus::Found,
            Ok(_) => BreachStatus::NotFound,
            Err(problem) => {
                tracing::warn!(error = problem, "breach lookup failed: password accepted without the check");
                BreachStatus::Unknown
            }
        }
    }

    /// Fetches the range of the hash and returns whether it contains the hash.
    async fn fetch_is_listed(&self, hash: &[u8; 20]) -> Result<bool, String> {
        let digits = Zeroizing::new(encode_hex(hash).to_uppercase());
        let (prefix, rest) = digits.split_at(5);
        let url = self.url.join(prefix).map_err(|e| e.to_string())?;
        let describe = |e: reqwest::Error| e.without_url().to_string();
        let answer = self.http.get(url).header("Add-Padding", "true").send().await.map_err(describe)?;
        if !answer.status().is_success() {
            return Err(format!("status {}", answer.status().as_u16()));
        }
        let mut body = Vec::new();
        let mut stream = answer.bytes_stream();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(describe)?);
            if body.len() > MAX_BODY_BYTES {
                return Err("response too long".to_owned());
            }
        }
        let text = String::from_utf8_lossy(&body);
        // Padding lines have a count of 0.
        let names = |line: &str| {
            let (suffix, count) = line.trim().split_once(':')?;
            (suffix.eq_ignore_ascii_case(rest) && count.trim() != "0").then_some(())
        };
        Ok(text.lines().any(|line| names(line).is_some()))
    }
}
