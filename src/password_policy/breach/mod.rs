//! Checks whether a password is known from a breach.
//!
//! The check is off by default. If it fails, the password is accepted and its rule is shown as unchecked.

mod list_file;
mod range_api;
mod status;

pub use list_file::BreachList;
pub(crate) use list_file::build_breach_list;
pub use status::BreachError;
pub(super) use status::BreachStatus;

use std::sync::Arc;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::base::Password;
use crate::config::{BreachCheckConfig, BreachCheckKind};

/// Breach check, as configured.
pub(super) enum BreachChecker {
    Off,
    Range(range_api::BreachRangeApi),
    File(Arc<BreachList>),
}

impl BreachChecker {
    pub(super) fn new(settings: &BreachCheckConfig) -> Result<Self, BreachError> {
        Ok(match settings.kind {
            BreachCheckKind::Off => Self::Off,
            BreachCheckKind::RangeApi => Self::Range(range_api::BreachRangeApi::new(settings)?),
            BreachCheckKind::File => {
                let path = settings.file.as_deref().ok_or(BreachError::NoFile)?;
                Self::File(Arc::new(BreachList::open(path)?))
            }
        })
    }

    /// Checks the SHA-1 of a password against the configured list.
    pub(super) async fn check_password(&self, password: &Password) -> BreachStatus {
        let hash: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(password.expose_password()).into());
        match self {
            Self::Off => BreachStatus::Unknown,
            Self::Range(range) => range.check_hash(&hash).await,
            Self::File(hashes) => {
                let hashes = Arc::clone(hashes);
                // The lookup may read from disk, which must not delay other requests.
                tokio::task::spawn_blocking(move || hashes.contains(&hash)).await.map_or(
                    BreachStatus::Unknown,
                    |known| if known { BreachStatus::Found } else { BreachStatus::NotFound },
                )
            }
        }
    }
}
