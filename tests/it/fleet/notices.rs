//! Notices with several replicas on one mail queue, and the content of their logs.

use std::collections::BTreeSet;
use std::time::Duration;

use sqlx::Connection as _;

use crate::support::fleet::{ObservedReplica, PortalFleet, free_port, person_upn, seed_with_people};
use crate::support::mail_server::TestMailServer;
use crate::support::portal::{DatabaseEngine, VALID_PASSWORD};
use crate::support::secret_scan::{contains_bytes, encoded_forms};

const PERSON_COUNT: usize = 10;
const REFUSED_MAIL_COUNT: usize = 3;
const SMTP_PASSWORD: &str = "M4il-Login-Canary";

/// Environment variables that send mail to this port on loopback, without TLS.
pub(super) fn smtp_environment(port: &str) -> [(&str, &str); 5] {
    [
        ("PASSBACK__NOTIFY__KIND", "smtp"),
        ("PASSBACK__NOTIFY__FROM", "passback@contoso.example"),
        ("PASSBACK__NOTIFY__SMTP__HOST", "127.0.0.1"),
        ("PASSBACK__NOTIFY__SMTP__PORT", port),
        ("PASSBACK__NOTIFY__SMTP__TLS", "none"),
    ]
}

/// Waits until every replica has looked for due mail once more: what one of them could have sent, it has sent.
async fn wait_for_mail_rounds(replicas: &[ObservedReplica]) {
    for replica in replicas {
        replica.wait_for_round("mail-delivery").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_replicas_send_each_mail_once_without_logging_it() {
    if std::env::var("TEST_DATABASE_URL").is_err() {
        println!("TEST_DATABASE_URL is not set: several replicas need PostgreSQL");
        return;
    }
    let fleet = PortalFleet::new(DatabaseEngine::Postgres, seed_with_people(PERSON_COUNT)).await;
    let mailbox = TestMailServer::start_refusing(REFUSED_MAIL_COUNT).await;
    // Longer than a portal's polling interval: a mail in delivery must not be mistaken for one that is due.
    mailbox.set_delay(Duration::from_millis(700));
    let port = mailbox.port.to_string();
    let login = [("PASSBACK__NOTIFY__SMTP__USERNAME", "portal"), ("PASSBACK__NOTIFY__SMTP__PASSWORD", SMTP_PASSWORD)];
    let environment = [smtp_environment(&port).as_slice(), &login, &[("PASSBACK_LOG", "trace")]].concat();
    let ports = [fleet.port, free_port(), free_port()];
    let mut replicas = Vec::new();
    for port in ports {
        replicas.push(fleet.start_observed_replica(port, &environment).await);
    }
    fleet.link_operator().await;
    let mut browsers = Vec::new();
    for n in 0..PERSON_COUNT {
        browsers.push(fleet.signed_in(&person_upn(n)).await);
    }
    for browser in &mut browsers {
        let reference = browser.submit_reset(VALID_PASSWORD).await.reference();
        browser.wait_for_state(&reference, "written").await;
    }
    mailbox.wait_for_mails(PERSON_COUNT - REFUSED_MAIL_COUNT).await;
    wait_for_mail_rounds(&replicas).await;
    assert_eq!(
        (mailbox.mails().len(), mailbox.refused_count()),
        (PERSON_COUNT - REFUSED_MAIL_COUNT, REFUSED_MAIL_COUNT)
    );
    // Half a minute later, all three replicas find the remaining mails due at the same time.
    let mut database = sqlx::PgConnection::connect(&fleet.database).await.unwrap();
    let due = "UPDATE notices SET due_at = 1 WHERE due_at IS NOT NULL AND owner IS NULL";
    assert_eq!(
        sqlx::query(due).execute(&mut database).await.unwrap().rows_affected(),
        u64::try_from(REFUSED_MAIL_COUNT).unwrap()
    );
    mailbox.wait_for_mails(PERSON_COUNT).await;
    wait_for_mail_rounds(&replicas).await;
    let mails = mailbox.mails();
    let to: Vec<String> = mails.iter().flat_map(|mail| mail.to.clone()).collect();
    assert_eq!(to.len(), PERSON_COUNT, "none twice: {to:?}");
    assert_eq!(to.into_iter().collect::<BTreeSet<_>>(), (0..PERSON_COUNT).map(person_upn).collect());
    let link = mails[0].not_me_link();
    assert_eq!(fleet.browser().get(&link).await.code(), "N-ASK");
    for replica in &mut replicas {
        replica.portal.stop();
    }
    let token = link.rsplit('/').next().unwrap();
    for port in ports {
        let log = fleet.read_log(port);
        assert!(log.len() > 10_000, "there is something to look through");
        for secret in [token, SMTP_PASSWORD, &format!("\0portal\0{SMTP_PASSWORD}"), "This was not me"] {
            for form in encoded_forms(secret) {
                let found = log.lines().find(|line| contains_bytes(line.as_bytes(), &form));
                assert_eq!(found, None, "{port} logs {secret:?}");
            }
        }
    }
}

/// The mail server's acceptance and the portal's commit are two steps. A crash between them is the one case in which a
/// mail is sent twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn portal_killed_after_sending_repeats_mail_with_same_id() {
    let fleet = PortalFleet::new(DatabaseEngine::Sqlite, seed_with_people(1)).await;
    let mailbox = TestMailServer::start().await;
    let port = mailbox.port.to_string();
    let dies = [smtp_environment(&port).as_slice(), &[("PASSBACK_CRASH_AT", "notice-sent")]].concat();
    let mut portal = fleet.start_replica(fleet.port, &dies).await;
    fleet.link_operator().await;
    fleet.signed_in(&person_upn(0)).await.submit_reset(VALID_PASSWORD).await;
    mailbox.wait_for_mails(1).await;
    portal.wait_until_exited().await;
    let again = [fleet.start_observed_replica(fleet.port, &smtp_environment(&port)).await];
    wait_for_mail_rounds(&again).await;
    assert_eq!(mailbox.mails().len(), 1, "the dead one's claim is respected");
    // The claim expires after 15 minutes.
    let mut database = sqlx::SqliteConnection::connect(&fleet.database).await.unwrap();
    sqlx::query("UPDATE notices SET due_at = 1").execute(&mut database).await.unwrap();
    mailbox.wait_for_mails(2).await;
    wait_for_mail_rounds(&again).await;
    let mails = mailbox.mails();
    assert_eq!(mails.len(), 2, "and then it is done");
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    assert_eq!(mails[0].not_me_link(), mails[1].not_me_link());
}
