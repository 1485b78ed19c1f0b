//! Whether a password is known from a breach. Off by default; a check that cannot be made does not stand in the way,
//! and is said.

mod file;
mod range;

pub use file::BreachLookup;
pub(crate) use file::build;

use std::sync::Arc;

use sha1::{Digest as _, Sha1};
use zeroize::Zeroizing;

use crate::base::Password;
use crate::config::{Breach as Settings, BreachKind};

/// What is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Breached {
    No,
    Yes,
    NotKnown,
}

/// Why the check cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum BreachError {
    #[error("breach.kind = \"file\" needs breach.file: make one with `passback breach build`")]
    NoFile,
    #[error("{path} cannot be read")]
    Read { path: String, source: std::io::Error },
    #[error("{path} is not a whole breach file: make it again with `passback breach build`")]
    Damaged { path: String, source: fst::Error },
    #[error("{path}, line {line}: not a SHA-1 hash in 40 hexadecimal digits, with or without `:count`")]
    NotAHash { path: String, line: u64 },
    #[error("{path}, line {line}: hashes must come in order; sort the file first (LC_ALL=C sort -u)")]
    NotSorted { path: String, line: u64 },
    #[error("{path} is there already; nothing is overwritten")]
    Exists { path: String },
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
}

/// The check, as it is set up.
pub(super) enum Breach {
    Off,
    Range(range::Range),
    File(Arc<BreachLookup>),
}

impl Breach {
    pub(super) fn new(settings: &Settings) -> Result<Self, BreachError> {
        Ok(match settings.kind {
            BreachKind::Off => Self::Off,
            BreachKind::RangeApi => Self::Range(range::Range::new(settings)?),
            BreachKind::File => {
                let path = settings.file.as_deref().ok_or(BreachError::NoFile)?;
                Self::File(Arc::new(BreachLookup::open(path)?))
            }
        })
    }

    pub(super) async fn look(&self, password: &Password) -> Breached {
        let hash: Zeroizing<[u8; 20]> = Zeroizing::new(Sha1::digest(password.expose_password()).into());
        match self {
            Self::Off => Breached::NotKnown,
            Self::Range(range) => range.look(&hash).await,
            Self::File(hashes) => {
                let hashes = Arc::clone(hashes);
                // The file may have to come from disk: no other request waits for that.
                tokio::task::spawn_blocking(move || hashes.holds(&hash))
                    .await
                    .map_or(Breached::NotKnown, |known| if known { Breached::Yes } else { Breached::No })
            }
        }
    }
}
