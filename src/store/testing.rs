//! Test databases on both engines for contract tests.
//!
//! A test gets a SQLite file and a new schema on the PostgreSQL server of `TEST_DATABASE_URL`. `make test` sets that
//! variable. Without it the test prints that it ran on SQLite only.

use std::path::Path;

use super::{Db, Sealer};
use crate::base::{Random, Secret, TenantId};
use crate::config::{SealingConfig, SealingKey};

pub(crate) fn test_tenant() -> TenantId {
    "c0de0000-7e5a-4f00-8000-00000000c0de".parse().unwrap()
}

pub(crate) fn write_key_file(dir: &Path, id: &str, byte: u8) -> SealingKey {
    use std::os::unix::fs::PermissionsExt as _;
    let file = dir.join(id);
    std::fs::write(&file, format!("{byte:02x}").repeat(32)).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    SealingKey { id: id.to_owned(), file }
}

pub(crate) fn test_sealer() -> Sealer {
    let dir = tempfile::tempdir().unwrap();
    let keys = vec![write_key_file(dir.path(), "k1", 7)];
    Sealer::load(&SealingConfig { keys }, test_tenant(), Random::system()).unwrap()
}

/// Database that is deleted with the test, except for the schema on PostgreSQL.
pub(crate) struct TestDatabase {
    pub(crate) db: Db,
    _dir: tempfile::TempDir,
}

pub(crate) async fn test_databases() -> Vec<TestDatabase> {
    let dir = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}", dir.path().join("test.db").display());
    let mut engines = vec![TestDatabase { db: Db::open(&Secret::new(sqlite)).await.unwrap(), _dir: dir }];
    match std::env::var("TEST_DATABASE_URL") {
        Ok(url) => {
            let db = Db::open(&Secret::new(create_schema(&url).await)).await.unwrap();
            engines.push(TestDatabase { db, _dir: tempfile::tempdir().unwrap() });
        }
        Err(_) => println!("TEST_DATABASE_URL is not set: this contract ran on SQLite alone"),
    }
    engines
}

async fn create_schema(url: &str) -> String {
    use sqlx::Connection as _;
    let name = format!("t{}", Random::system().uuid().simple());
    let mut connection = sqlx::PgConnection::connect(url).await.unwrap();
    sqlx::query(sqlx::AssertSqlSafe(format!("CREATE SCHEMA {name}"))).execute(&mut connection).await.unwrap();
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}options=-csearch_path%3D{name}")
}
