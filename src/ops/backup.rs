//! Runs `passback backup`: copies a consistent snapshot of the database while the portal runs.

use std::path::Path;

use crate::config::Config;
pub use crate::store::BackupError;

/// Copies the database into a new file.
///
/// # Errors
/// When the file exists, cannot be written, or the database is PostgreSQL, which has its own tools.
pub async fn backup_database(config: &Config, to: &Path) -> Result<(), BackupError> {
    crate::store::create_backup(&config.database.url, to).await
}
