//! Serves TLS with rustls and its defaults, which are TLS 1.2 and 1.3 with forward secrecy and authenticated encryption
//! only (Mozilla's intermediate profile without its finite-field suites; read 2026-11-23). A renewed certificate is
//! loaded without a restart.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use axum_server::tls_rustls::RustlsConfig;
use tokio_util::sync::CancellationToken;

/// Interval of the check for a renewed certificate.
const CERTIFICATE_CHECK_INTERVAL: Duration = Duration::from_secs(2);

/// PEM files of the certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct TlsFiles {
    pub(super) cert: PathBuf,
    pub(super) key: PathBuf,
}

impl TlsFiles {
    pub(super) async fn load(&self) -> io::Result<RustlsConfig> {
        RustlsConfig::from_pem_file(&self.cert, &self.key).await
    }

    async fn modified_at(&self) -> Option<(SystemTime, SystemTime)> {
        let cert = tokio::fs::metadata(&self.cert).await.ok()?.modified().ok()?;
        let key = tokio::fs::metadata(&self.key).await.ok()?.modified().ok()?;
        Some((cert, key))
    }

    /// Loads changed files until the process stops. Files that do not fit together leave the previous certificate in
    /// use.
    pub(super) async fn run_certificate_reload(self, config: RustlsConfig, stop: CancellationToken) {
        let mut seen = self.modified_at().await;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(CERTIFICATE_CHECK_INTERVAL) => {}
            }
            let now = self.modified_at().await;
            if now.is_none() || now == seen {
                continue;
            }
            match config.reload_from_pem_file(&self.cert, &self.key).await {
                Ok(()) => tracing::info!("TLS certificate reloaded"),
                Err(error) => tracing::error!(%error, "TLS certificate reload failed: keeping the previous one"),
            }
            seen = now;
        }
    }
}
