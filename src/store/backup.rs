//! Backup of a SQLite database while the portal runs.

use std::path::Path;
use std::str::FromStr as _;

use sqlx::ConnectOptions as _;
use sqlx::sqlite::SqliteConnectOptions;

use crate::base::Secret;

/// Reason why a backup was not created.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{0} already exists: choose another file, a backup never overwrites")]
    Exists(String),
    #[error("cannot create backup file {path}")]
    File { path: String, source: std::io::Error },
    #[error("cannot back up a PostgreSQL database: run pg_dump --format=custom --file=passback.dump <database.url>")]
    Postgres,
    #[error("the copy was damaged and has been removed: {0}")]
    Damaged(String),
    #[error("cannot copy the database: the file name is not valid UTF-8")]
    FileName,
    #[error("cannot copy the database")]
    Database(#[from] sqlx::Error),
}

/// Copies the database at `url` into a new file that only its owner can read. The copy is a consistent snapshot,
/// whatever is written meanwhile, and its integrity is checked before this returns. A failed copy is deleted.
pub(crate) async fn create_backup(url: &Secret, to: &Path) -> Result<(), BackupError> {
    let text = url.expose_secret();
    if !text.starts_with("sqlite:") {
        return Err(BackupError::Postgres);
    }
    create_private_file(to)?;
    let copied = copy_database(text, to).await;
    if copied.is_err() {
        let _ = std::fs::remove_file(to);
    }
    copied
}

/// Creates an empty file that only its owner can read. `VACUUM INTO` accepts an empty file and keeps its permissions.
fn create_private_file(path: &Path) -> Result<(), BackupError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let shown = || path.display().to_string();
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Err(BackupError::Exists(shown())),
        Err(source) => Err(BackupError::File { path: shown(), source }),
    }
}

async fn copy_database(url: &str, to: &Path) -> Result<(), BackupError> {
    let name = to.to_str().ok_or(BackupError::FileName)?;
    let mut source = SqliteConnectOptions::from_str(url)?.create_if_missing(false).connect().await?;
    sqlx::query("VACUUM INTO $1").bind(name).execute(&mut source).await?;
    let mut copied = SqliteConnectOptions::new().filename(to).read_only(true).connect().await?;
    let (found,): (String,) = sqlx::query_as("PRAGMA integrity_check").fetch_one(&mut copied).await?;
    if found == "ok" { Ok(()) } else { Err(BackupError::Damaged(found)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Db;

    #[tokio::test]
    async fn backup_is_a_private_new_file_that_opens() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let url = Secret::new(format!("sqlite://{}", dir.path().join("live.db").display()));
        let live = Db::open(&url).await.unwrap();
        let to = dir.path().join("it's a copy.db");
        create_backup(&url, &to).await.unwrap();
        assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(
            matches!(create_backup(&url, &to).await, Err(BackupError::Exists(_))),
            "an existing file is not overwritten"
        );
        let copied = Db::open_existing(&Secret::new(format!("sqlite://{}", to.display()))).await.unwrap();
        copied.ping().await.unwrap();
        live.close().await;
    }

    #[tokio::test]
    async fn failed_backup_leaves_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let to = dir.path().join("copy.db");
        let missing = Secret::new(format!("sqlite://{}", dir.path().join("missing.db").display()));
        assert!(matches!(create_backup(&missing, &to).await, Err(BackupError::Database(_))));
        assert!(!to.exists());
        let postgres = Secret::new("postgres://localhost/passback".to_owned());
        assert!(create_backup(&postgres, &to).await.unwrap_err().to_string().contains("pg_dump"));
    }
}
