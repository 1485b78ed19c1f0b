//! Notices with several replicas on one mail queue, and the content of their logs.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Connection as _;

use crate::support::fleet::{PortalFleet, crowded, free_port, person};
use crate::support::mailbox::TestMailServer;
use crate::support::portal::{DatabaseEngine, GOOD};
use crate::support::traces::{contains, forms};

const PEOPLE: usize = 10;
const BUSY: usize = 3;
const LOGIN: &str = "M4il-Login-Canary";

/// Environment variables that send mail to this port on loopback, without TLS.
pub(super) fn through(port: &str) -> [(&str, &str); 5] {
    [
        ("PASSBACK__NOTIFY__KIND", "smtp"),
        ("PASSBACK__NOTIFY__FROM", "passback@contoso.example"),
        ("PASSBACK__NOTIFY__SMTP__HOST", "127.0.0.1"),
        ("PASSBACK__NOTIFY__SMTP__PORT", port),
        ("PASSBACK__NOTIFY__SMTP__TLS", "none"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_portals_send_each_letter_once_and_log_nothing_of_it() {
    if std::env::var("TEST_DATABASE_URL").is_err() {
        println!("TEST_DATABASE_URL is not set: several replicas need PostgreSQL");
        return;
    }
    let fleet = PortalFleet::new(DatabaseEngine::Postgres, crowded(PEOPLE)).await;
    let mailbox = TestMailServer::refusing(BUSY).await;
    // Longer than a portal's polling interval: a mail in delivery must not be mistaken for one that is due.
    mailbox.think(Duration::from_millis(700));
    let port = mailbox.port.to_string();
    let login = [("PASSBACK__NOTIFY__SMTP__USERNAME", "portal"), ("PASSBACK__NOTIFY__SMTP__PASSWORD", LOGIN)];
    let environment = [through(&port).as_slice(), &login, &[("PASSBACK_LOG", "trace")]].concat();
    let ports = [fleet.port, free_port(), free_port()];
    let mut replicas = Vec::new();
    for port in ports {
        replicas.push(fleet.start(port, &environment).await);
    }
    fleet.link().await;
    let mut browsers = Vec::new();
    for n in 0..PEOPLE {
        browsers.push(fleet.signed_in(&person(n)).await);
    }
    for browser in &mut browsers {
        let reference = browser.reset(GOOD).await.reference();
        browser.until_state(&reference, "written").await;
    }
    mailbox.wait(PEOPLE - BUSY).await;
    assert_eq!((mailbox.quiet().await.len(), mailbox.refused()), (PEOPLE - BUSY, BUSY));
    // Half a minute later, all three replicas find the remaining mails due at the same time.
    let mut database = sqlx::PgConnection::connect(&fleet.database).await.unwrap();
    let due = "UPDATE notices SET due_at = 1 WHERE due_at IS NOT NULL AND owner IS NULL";
    assert_eq!(sqlx::query(due).execute(&mut database).await.unwrap().rows_affected(), u64::try_from(BUSY).unwrap());
    mailbox.wait(PEOPLE).await;
    let mails = mailbox.quiet().await;
    let to: Vec<String> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    assert_eq!(to.len(), PEOPLE, "none twice: {to:?}");
    assert_eq!(to.into_iter().collect::<BTreeSet<_>>(), (0..PEOPLE).map(person).collect());
    let link = mails[0].link();
    assert_eq!(fleet.browser().get(&link).await.code(), "N-ASK");
    for replica in &mut replicas {
        replica.stop();
    }
    let token = link.rsplit('/').next().unwrap();
    for port in ports {
        let log = fleet.log(port);
        assert!(log.len() > 10_000, "there is something to look through");
        for secret in [token, LOGIN, &format!("\0portal\0{LOGIN}"), "This was not me"] {
            for form in forms(secret) {
                let found = log.lines().find(|line| contains(line.as_bytes(), &form));
                assert_eq!(found, None, "{port} logs {secret:?}");
            }
        }
    }
}

/// The mail server's acceptance and the portal's commit are two steps. A crash between them is the one case in which a
/// mail is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_portal_that_dies_before_it_wrote_the_sending_down_sends_again_under_the_same_id() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, crowded(1)).await;
    let mailbox = TestMailServer::start().await;
    let port = mailbox.port.to_string();
    let dies = [through(&port).as_slice(), &[("PASSBACK_CRASH_AT", "notice-sent")]].concat();
    let mut portal = fleet.start(fleet.port, &dies).await;
    fleet.link().await;
    fleet.signed_in(&person(0)).await.reset(GOOD).await;
    mailbox.wait(1).await;
    for _ in 0..100 {
        if portal.is_dead() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(portal.is_dead(), "{}", fleet.log(fleet.port));
    let _again = fleet.start(fleet.port, &through(&port)).await;
    assert_eq!(mailbox.quiet().await.len(), 1, "the dead one's claim is respected");
    // The claim expires after 15 minutes.
    let mut database = sqlx::SqliteConnection::connect(&fleet.database).await.unwrap();
    sqlx::query("UPDATE notices SET due_at = 1").execute(&mut database).await.unwrap();
    mailbox.wait(2).await;
    let mails = mailbox.quiet().await;
    assert_eq!(mails.len(), 2, "and then it is done");
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].link(), mails[1].link());
}
