//! Checks the environment: domain controller, mail, canary resets, approvers and open health issues.

use crate::base::TimestampExt as _;
use crate::base::format_error_chain;
use jiff::SignedDuration;

use super::report::{DoctorFinding, DoctorReport};
use crate::audit::count_approvers_since;
use crate::directory::{AccountName, DirectoryProbe};
use crate::eligibility::{ActivePause, PausedBy, ResetPause};
use crate::health;
use crate::notify::check_mail_server;
use crate::reset::canary::{self, CanaryResult};
use crate::state::AppState;

/// Minimum number of approvers. With fewer, no one can approve when one is absent.
const MIN_APPROVERS: usize = 3;
/// Period in which an approver must have signed in to be counted.
const APPROVER_SIGN_IN_WINDOW: SignedDuration = SignedDuration::from_hours(24 * 90);
/// Maximum clock skew of the domain that Kerberos tolerates.
const MAX_KERBEROS_SKEW: SignedDuration = SignedDuration::from_mins(5);

pub(super) async fn check_environment(app: &AppState, report: &mut DoctorReport) {
    match &app.directory {
        Some(probe) => check_directory(app, probe, report).await,
        None => report.add(
            DoctorFinding::warning("directory", "no domain controller is asked")
                .with_consequence(
                    "the rung \"landed\" never comes, and people are not warned of minimum age, locks and rules",
                )
                .with_remedy("set up [directory] with an account that only reads (docs/operations.md)"),
        ),
    }
    check_pause(app, report).await;
    check_mail(app, report).await;
    check_canary(app, report).await;
    check_approvers(app, report).await;
    report_open_issues(app, report).await;
}

async fn check_directory(app: &AppState, probe: &DirectoryProbe, report: &mut DoctorReport) {
    const CHECK: &str = "directory";
    // An existing account tests more than an unknown one: use the canary's account, if one is configured.
    let name = app
        .config
        .canary
        .as_ref()
        .map_or("passback-doctor", |canary| canary.person.split('@').next().unwrap_or("passback-doctor"));
    match probe.fetch_account(&AccountName::Sam(name.to_owned())).await {
        Ok(found) => {
            report.add(DoctorFinding::ok(CHECK, "the domain controller answers the probe"));
            let account = found.as_ref();
            if account.is_some_and(|account| account.rules.is_none()) {
                report.add(
                    DoctorFinding::warning(CHECK, "the probe may not read the password rules of a fine-grained policy")
                        .with_consequence("people are not told of their own rules before Microsoft says no")
                        .with_remedy(
                            "let it read the Password Settings Container (docs/operations.md, domain controller)",
                        ),
                );
            }
            if account.is_some_and(|account| account.cannot_change.is_none()) {
                report.add(
                    DoctorFinding::warning(CHECK, "the probe may not read who can change a password")
                        .with_consequence("\"user cannot change password\" is only found out by trying")
                        .with_remedy("let it read nTSecurityDescriptor"),
                );
            }
        }
        Err(error) => report.add(
            DoctorFinding::error(CHECK, error.to_string())
                .with_consequence("nothing is known of the directory; resets go on without")
                .with_remedy("look at [directory]: url, bind_dn, password_file, base_dn, ca_file"),
        ),
    }
    if let Ok(Some(theirs)) = probe.fetch_controller_time().await {
        let off = theirs.duration_since(app.now());
        let says = format!("the domain controller's clock is {} s ahead of this machine's", off.as_secs());
        report.add(if off.abs() > MAX_KERBEROS_SKEW {
            DoctorFinding::warning(CHECK, says)
                .with_consequence("Kerberos refuses more than five minutes")
                .with_remedy("keep both clocks by NTP")
        } else {
            DoctorFinding::ok(CHECK, says)
        });
    }
}

/// Reports whether resets are paused: since when, by whom and why.
async fn check_pause(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "pause";
    report.add(match ResetPause::new(app.db.clone()).load_active_pause().await {
        Ok(None) => DoctorFinding::ok(CHECK, "resets are not paused"),
        Ok(Some(pause)) => DoctorFinding::error(CHECK, describe_pause(&pause))
            .with_consequence("no one can reset a password")
            .with_remedy("resume at /admin/pause once the reason is over, or by the command")
            .with_command("passback resume --config FILE"),
        Err(error) => DoctorFinding::unknown(CHECK, format_error_chain(&error))
            .with_consequence("")
            .with_remedy("look at the database"),
    });
}

fn describe_pause(pause: &ActivePause) -> String {
    let since = format!("resets are paused since {}", pause.since);
    match &pause.by {
        PausedBy::CommandLine if pause.reason.is_empty() => format!("{since}, by the command line, without a reason"),
        PausedBy::CommandLine => format!("{since}, by the command line, because: {}", pause.reason),
        PausedBy::Staff(name) => format!("{since}, by {name}, because: {}", pause.reason),
        PausedBy::HourlyLimit(Some((people, limit))) => format!(
            "{since}, by the hourly limit, because too many people wanted to reset within an hour: {people}, and the limit is {limit}"
        ),
        PausedBy::HourlyLimit(None) => format!("{since}, by the hourly limit, because: {}", pause.reason),
    }
}

async fn check_mail(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "mail";
    report.add(match check_mail_server(app).await {
        Ok(Some(true)) => DoctorFinding::ok(CHECK, "the mail server takes us"),
        Ok(Some(false)) => DoctorFinding::ok(CHECK, "goes by Graph: Mail.Send is among the permissions above"),
        Ok(None) => DoctorFinding::warning(CHECK, "is off")
            .with_consequence(
                "people hear of a reset that was not theirs from nobody, and administrators of no trouble",
            )
            .with_remedy("set up [notify], with alarms_to (docs/operations.md)"),
        Err(problem) => DoctorFinding::error(CHECK, problem)
            .with_consequence("nobody hears of a reset that was not theirs")
            .with_remedy("look at [notify.smtp]: host, port, tls, ca_file, username"),
    });
}

async fn check_canary(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "canary";
    let Some(settings) = &app.config.canary else {
        report.add(
            DoctorFinding::warning(CHECK, "no test account is set up")
                .with_consequence("that writeback is down is found out by a person who needs it")
                .with_remedy("set up [canary] with a synchronised test account without roles (docs/operations.md)"),
        );
        return;
    };
    let Ok(runs) = canary::load_runs(&app.db, 30, app.now()).await else {
        report.add(
            DoctorFinding::unknown(CHECK, "its runs cannot be read")
                .with_consequence("")
                .with_remedy("look at the database"),
        );
        return;
    };
    let stopped = canary::is_suspended(app, &runs).await.unwrap_or(false);
    let newest = runs.iter().find(|run| !matches!(run.result, CanaryResult::Pending | CanaryResult::Inconclusive));
    report.add(match newest {
        None => DoctorFinding::warning(CHECK, format!("{} was never reset so far", settings.person))
            .with_consequence("nobody knows yet whether writeback works")
            .with_remedy("let the portal run, and look at /helpdesk/insights"),
        Some(run) if run.result == CanaryResult::Failed => {
            let cause = run.cause.map_or(run.state.as_str(), |cause| cause.as_str());
            let more = if stopped { "; it stopped" } else { "" };
            DoctorFinding::error(CHECK, format!("did not come through ({cause}, {}){more}", run.reference))
                .with_consequence("people's passwords do not reach the directory either")
                .with_remedy("look at the writeback agent on the sync server (docs/causes.md), then try it again at /helpdesk/insights")
        }
        Some(run) => {
            let hours = app.now().duration_since(run.started_at).as_hours();
            let says = format!("came through {hours} hours ago");
            if hours > settings.every_hours * 2 {
                DoctorFinding::warning(CHECK, says).with_consequence("it should have run since").with_remedy("look into the log for why it does not")
            } else {
                DoctorFinding::ok(CHECK, says)
            }
        }
    });
}

/// Checks the number of approvers. Only the id token has the approver role, so this counts people who signed in with
/// it.
async fn check_approvers(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "approvers";
    let since = app.now().earlier(APPROVER_SIGN_IN_WINDOW);
    report.add(match count_approvers_since(&app.db, since).await {
        Ok(count) if count < MIN_APPROVERS => DoctorFinding::warning(
            CHECK,
            format!("{count} people with Passback.Approver signed in within 90 days; three are few"),
        )
        .with_consequence("nobody approves for themselves, and two may not take turns: one away, and cases stand still")
        .with_remedy("give the app role to more people in Entra (Enterprise applications), and let each sign in once"),
        Ok(count) => DoctorFinding::ok(CHECK, format!("{count} people signed in with the role within 90 days")),
        Err(error) => DoctorFinding::unknown(CHECK, format_error_chain(&error))
            .with_consequence("")
            .with_remedy("look at the database"),
    });
}

/// Reports the open health issues.
async fn report_open_issues(app: &AppState, report: &mut DoctorReport) {
    let Ok(troubles) = health::load_open_issues(&app.db).await else { return };
    for trouble in troubles {
        report.add(
            DoctorFinding::warning(
                "alarms",
                format!("{} since {} ({})", trouble.kind.as_str(), trouble.since, trouble.detail),
            )
            .with_consequence("the desk sees it, too")
            .with_remedy("/helpdesk says what to do"),
        );
    }
}
