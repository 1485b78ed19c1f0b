//! Checks the environment: domain controller, mail, canary resets, approvers and open health issues.

use jiff::SignedDuration;

use super::chain;
use super::report::{DoctorFinding, DoctorReport};
use crate::audit::approvers_since;
use crate::directory::{AccountName, DirectoryProbe};
use crate::notify::probe_mail;
use crate::reset::canary::{self, CanaryResult};
use crate::state::AppState;
use crate::troubles;

/// Minimum number of approvers. With fewer, no one can approve when one is absent.
const APPROVERS: usize = 3;
/// Period in which an approver must have signed in to be counted.
const LATELY: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Maximum clock skew of the domain that Kerberos tolerates.
const KERBEROS: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn look(app: &AppState, report: &mut DoctorReport) {
    match &app.directory {
        Some(probe) => directory(app, probe, report).await,
        None => report.add(
            DoctorFinding::warning("directory", "no domain controller is asked")
                .so("the rung \"landed\" never comes, and people are not warned of minimum age, locks and rules")
                .then("set up [directory] with an account that only reads (docs/operations.md)"),
        ),
    }
    mail(app, report).await;
    run_of_canary(app, report).await;
    approvers(app, report).await;
    standing(app, report).await;
}

async fn directory(app: &AppState, probe: &DirectoryProbe, report: &mut DoctorReport) {
    const CHECK: &str = "directory";
    // An existing account tests more than an unknown one: use the canary's account, if one is configured.
    let name = app
        .config
        .canary
        .as_ref()
        .map_or("passback-doctor", |canary| canary.person.split('@').next().unwrap_or("passback-doctor"));
    match probe.account(&AccountName::Sam(name.to_owned())).await {
        Ok(found) => {
            report.add(DoctorFinding::ok(CHECK, "the domain controller answers the probe"));
            let account = found.as_ref();
            if account.is_some_and(|account| account.rules.is_none()) {
                report.add(
                    DoctorFinding::warning(CHECK, "the probe may not read the password rules of a fine-grained policy")
                        .so("people are not told of their own rules before Microsoft says no")
                        .then("let it read the Password Settings Container (docs/operations.md, domain controller)"),
                );
            }
            if account.is_some_and(|account| account.cannot_change.is_none()) {
                report.add(
                    DoctorFinding::warning(CHECK, "the probe may not read who can change a password")
                        .so("\"user cannot change password\" is only found out by trying")
                        .then("let it read nTSecurityDescriptor"),
                );
            }
        }
        Err(error) => report.add(
            DoctorFinding::error(CHECK, error.to_string())
                .so("nothing is known of the directory; resets go on without")
                .then("look at [directory]: url, bind_dn, password_file, base_dn, ca_file"),
        ),
    }
    if let Ok(Some(theirs)) = probe.clock().await {
        let off = theirs.duration_since(app.now());
        let says = format!("the domain controller's clock is {} s ahead of this machine's", off.as_secs());
        report.add(if off.abs() > KERBEROS {
            DoctorFinding::warning(CHECK, says)
                .so("Kerberos refuses more than five minutes")
                .then("keep both clocks by NTP")
        } else {
            DoctorFinding::ok(CHECK, says)
        });
    }
}

async fn mail(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "mail";
    report.add(match probe_mail(app).await {
        Ok(Some(true)) => DoctorFinding::ok(CHECK, "the mail server takes us"),
        Ok(Some(false)) => DoctorFinding::ok(CHECK, "goes by Graph: Mail.Send is among the permissions above"),
        Ok(None) => DoctorFinding::warning(CHECK, "is off")
            .so("people hear of a reset that was not theirs from nobody, and administrators of no trouble")
            .then("set up [notify], with alarms_to (docs/operations.md)"),
        Err(problem) => DoctorFinding::error(CHECK, problem)
            .so("nobody hears of a reset that was not theirs")
            .then("look at [notify.smtp]: host, port, tls, ca_file, username"),
    });
}

async fn run_of_canary(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "canary";
    let Some(settings) = &app.config.canary else {
        report.add(
            DoctorFinding::warning(CHECK, "no test account is set up")
                .so("that writeback is down is found out by a person who needs it")
                .then("set up [canary] with a synchronised test account without roles (docs/operations.md)"),
        );
        return;
    };
    let Ok(runs) = canary::runs(&app.db, 30, app.now()).await else {
        report.add(DoctorFinding::unknown(CHECK, "its runs cannot be read").so("").then("look at the database"));
        return;
    };
    let stopped = canary::stopped(app, &runs).await.unwrap_or(false);
    let newest = runs.iter().find(|run| !matches!(run.says, CanaryResult::Pending | CanaryResult::Nothing));
    report.add(match newest {
        None => DoctorFinding::warning(CHECK, format!("{} was never reset so far", settings.person))
            .so("nobody knows yet whether writeback works")
            .then("let the portal run, and look at /helpdesk/insights"),
        Some(run) if run.says == CanaryResult::Bad => {
            let cause = run.cause.map_or(run.state.name(), |cause| cause.code());
            let more = if stopped { "; it stopped" } else { "" };
            DoctorFinding::error(CHECK, format!("did not come through ({cause}, {}){more}", run.reference))
                .so("people's passwords do not reach the directory either")
                .then("look at the writeback agent on the sync server (docs/causes.md), then try it again at /helpdesk/insights")
        }
        Some(run) => {
            let hours = app.now().duration_since(run.at).as_hours();
            let says = format!("came through {hours} hours ago");
            if hours > settings.every_hours * 2 {
                DoctorFinding::warning(CHECK, says).so("it should have run since").then("look into the log for why it does not")
            } else {
                DoctorFinding::ok(CHECK, says)
            }
        }
    });
}

/// Checks the number of approvers. Only the id token has the approver role, so this counts people who signed in with
/// it.
async fn approvers(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "approvers";
    let since = app.now().saturating_sub(LATELY).unwrap_or_default();
    report.add(match approvers_since(&app.db, since).await {
        Ok(count) if count < APPROVERS => DoctorFinding::warning(
            CHECK,
            format!("{count} people with Passback.Approver signed in within 90 days; three are few"),
        )
        .so("nobody approves for themselves, and two may not take turns: one away, and cases stand still")
        .then("give the app role to more people in Entra (Enterprise applications), and let each sign in once"),
        Ok(count) => DoctorFinding::ok(CHECK, format!("{count} people signed in with the role within 90 days")),
        Err(error) => DoctorFinding::unknown(CHECK, chain(&error)).so("").then("look at the database"),
    });
}

/// Reports the open health issues.
async fn standing(app: &AppState, report: &mut DoctorReport) {
    let Ok(troubles) = troubles::standing(&app.db).await else { return };
    for trouble in troubles {
        report.add(
            DoctorFinding::warning(
                "alarms",
                format!("{} since {} ({})", trouble.kind.name(), trouble.since, trouble.detail),
            )
            .so("the desk sees it, too")
            .then("/helpdesk says what to do"),
        );
    }
}
