//! Checks Microsoft's side: sign-in, client credential, permissions, operator, Conditional Access and directory sync.

use std::time::Duration;

use axum::extract::FromRef as _;
use jiff::SignedDuration;
use reqwest::StatusCode;

use super::chain;
use super::report::{DoctorFinding, DoctorReport};
use crate::config::{CredentialKind, NotifyKind};
use crate::entra::{
    GraphError, LinkedOperator, PermissionReview, RoleAssignment, consent_of_application, consent_of_operator,
    resetting_role, too_much_power,
};
use crate::signin::{PolicyAssessment, PolicyAssessor, PolicyFinding};
use crate::state::AppState;

/// Clock skew that is an error: tokens are refused soon, because at most 5 minutes are tolerated.
const CLOCK_ERROR: SignedDuration = SignedDuration::from_secs(240);
/// Clock skew that is a warning.
const CLOCK_WARNING: SignedDuration = SignedDuration::from_secs(30);
/// Age of the last directory sync that is a warning.
const SYNC_OLD: SignedDuration = SignedDuration::from_hours(3);

pub(super) async fn look(app: &AppState, report: &mut DoctorReport) {
    if !discovery(app, report).await {
        return;
    }
    credential(app, report);
    if !permissions(app, report).await {
        return;
    }
    clock(app, report);
    operator(app, report).await;
    policies(app, report).await;
    sync(app, report).await;
}

fn contexts(app: &AppState) -> Vec<String> {
    let signin = &app.config.signin;
    let mut all = vec![signin.required_context.clone(), signin.staff_context.clone()];
    all.dedup();
    all
}

async fn discovery(app: &AppState, report: &mut DoctorReport) -> bool {
    match app.entra.oidc.look().await {
        Ok(keys) => {
            report
                .add(DoctorFinding::ok("discovery", format!("the sign-in service answers, with {keys} signing keys")));
            true
        }
        Err(error) => {
            report.add(DoctorFinding::error("discovery", chain(&error)).so("nobody can sign in").then(
                "look at entra.tenant_id and entra.cloud, and whether this machine reaches Microsoft over https",
            ));
            false
        }
    }
}

fn credential(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "credential";
    let then = "upload a new certificate to the app registration, then put it here; no restart is needed";
    report.add(match (app.config.entra.credential.kind, app.entra.credential.days_left()) {
        (_, Some(days)) if days < 0 => {
            DoctorFinding::error(CHECK, "the certificate has ended").so("nobody can sign in").then(then)
        }
        (_, Some(days)) if days <= 30 => DoctorFinding::warning(CHECK, format!("the certificate ends in {days} days"))
            .so("then nobody can sign in")
            .then(then),
        (_, Some(days)) => DoctorFinding::ok(CHECK, format!("the certificate is good for {days} days")),
        (CredentialKind::Secret, None) => {
            DoctorFinding::warning(CHECK, "a client secret: when it ends only the app registration knows")
                .so("on that day nobody can sign in, without warning")
                .then("use a certificate or a federated credential (docs/entra-setup.md)")
        }
        (_, None) => DoctorFinding::ok(CHECK, "is read at each use"),
    });
}

/// Checks the application's permissions. Returns false if it gets no token, because no other check can run then.
async fn permissions(app: &AppState, report: &mut DoctorReport) -> bool {
    const CHECK: &str = "permissions";
    let by_mail = app.config.notify.kind == NotifyKind::Graph;
    match app.entra.graph.application_permissions().await {
        Ok(Some(granted)) => {
            consent(CHECK, "application", &consent_of_application(&granted, by_mail), report);
            risk(app, &granted, report);
            true
        }
        Ok(None) => {
            report.add(
                DoctorFinding::unknown(CHECK, "the application's token does not show its permissions")
                    .so("too few stop people, too many are a danger")
                    .then("compare the app registration with docs/entra-setup.md"),
            );
            true
        }
        Err(error) => {
            report.add(
                DoctorFinding::error(CHECK, format!("Entra gives the application no token: {}", chain(&error)))
                    .so("nobody can sign in, and nothing can be read")
                    .then("look at the app registration's credential, and whether it is enabled; docs/operations.md lists the codes"),
            );
            false
        }
    }
}

/// Checks that user risk is readable if the settings use it.
fn risk(app: &AppState, granted: &[String], report: &mut DoctorReport) {
    let reads = |name: &String| name.starts_with("IdentityRiskyUser.Read");
    if let (Some(settings), false) = (&app.config.risk, granted.iter().any(reads)) {
        let so = if settings.approval_from.is_some() {
            "nobody's risk is known, so everybody needs the desk to reset"
        } else {
            "nobody is told of a risk"
        };
        report.add(
            DoctorFinding::error("permissions", "the application lacks IdentityRiskyUser.Read.All")
                .so(so)
                .then("consent to it (Entra ID P2), or take [risk] out"),
        );
    }
}

fn consent(check: &'static str, whose: &str, consent: &PermissionReview, report: &mut DoctorReport) {
    let names = |list: &[String]| list.join(", ");
    if !consent.forbidden.is_empty() {
        report.add(
            DoctorFinding::error(check, format!("the {whose} has {}", names(&consent.forbidden)))
                .so("it reaches administrators: whoever gets into the portal has the tenant")
                .then("remove it from the app registration at once"),
        );
    }
    if !consent.missing.is_empty() {
        report.add(
            DoctorFinding::error(check, format!("the {whose} lacks {}", names(&consent.missing)))
                .so("what needs it fails; what protects people fails closed")
                .then("add it to the app registration and let an administrator consent")
                .by("passback setup --config FILE"),
        );
    }
    if !consent.unneeded.is_empty() {
        report.add(
            DoctorFinding::warning(check, format!("the {whose} also has {}", names(&consent.unneeded)))
                .so("nothing here uses it, and a thief could")
                .then("remove it from the app registration"),
        );
    }
    if *consent == PermissionReview::default() {
        report.add(DoctorFinding::ok(check, format!("the {whose} has exactly what it needs")));
    }
}

fn clock(app: &AppState, report: &mut DoctorReport) {
    let skew = app.entra.graph.skew();
    let says = format!("Microsoft's clock is {} s ahead of this machine's", skew.as_secs());
    let then = "keep the machine's clock by NTP";
    report.add(match skew.abs() {
        off if off > CLOCK_ERROR => {
            DoctorFinding::error("clock", says).so("sign-ins are refused as too old or too new").then(then)
        }
        off if off > CLOCK_WARNING => {
            DoctorFinding::warning("clock", says).so("evidence is found by measured difference").then(then)
        }
        _ => DoctorFinding::ok("clock", "agrees with Microsoft's"),
    });
}

async fn operator(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "operator";
    let page = "GET /admin/operator, as somebody with Passback.Admin";
    let operator = match app.entra.operators.current().await {
        Ok(Some(operator)) => operator,
        Ok(None) => {
            report.add(
                DoctorFinding::error(CHECK, "none is linked")
                    .so("nobody can reset")
                    .then("link one at /admin/operator")
                    .by(page),
            );
            return;
        }
        Err(error) => {
            report.add(DoctorFinding::unknown(CHECK, chain(&error)).so("resets may fail").then("look at the database"));
            return;
        }
    };
    if let Some(trouble) = operator.trouble {
        report.add(
            DoctorFinding::error(CHECK, format!("cannot work ({})", trouble.name()))
                .so("nobody can reset")
                .then("link it again at /admin/operator; what waits goes on")
                .by(page),
        );
    }
    report.add(if app.entra.operators.tokens_open(&operator) {
        DoctorFinding::ok("sealing-keys", "open what they sealed")
    } else {
        DoctorFinding::error("sealing-keys", "the operator's tokens were sealed with a key that is not here")
            .so("nobody can reset, and everybody has to sign in again")
            .then("put the old key back into sealing.keys, or link the operator again")
            .by(page)
    });
    let days = app.now().duration_since(operator.refreshed_at).as_hours() / 24;
    if days > 7 {
        report.add(
            DoctorFinding::warning(CHECK, format!("was not renewed for {days} days; its permission ends after 90"))
                .so("then nobody can reset")
                .then("look into the log for why, then link it again")
                .by(page),
        );
    }
    power(app, &operator, report).await;
}

async fn power(app: &AppState, operator: &LinkedOperator, report: &mut DoctorReport) {
    const CHECK: &str = "operator";
    match app.entra.graph.roles(operator.object).await {
        Ok(held) => roles(operator, &held, app.config.operator.tenant_wide, report),
        Err(error) => report.add(
            DoctorFinding::unknown(CHECK, format!("its roles cannot be read: {}", chain(&error)))
                .so("whom it may reset is not known")
                .then("look at RoleManagement.Read.Directory"),
        ),
    }
    match app.entra.operators.delegated_permissions().await {
        Ok(Some(granted)) => consent("permissions", "operator", &consent_of_operator(&granted), report),
        _ => report.add(
            DoctorFinding::unknown("permissions", "the operator has no token of the moment to look at")
                .so("too few stop people")
                .then("look again while the portal runs"),
        ),
    }
}

fn roles(operator: &LinkedOperator, held: &[RoleAssignment], tenant_wide: bool, report: &mut DoctorReport) {
    const CHECK: &str = "operator";
    if too_much_power(held) {
        report.add(
            DoctorFinding::error(CHECK, "is a Global Administrator")
                .so("whoever gets into the portal has the tenant")
                .then("take that role away; Authentication Administrator is enough"),
        );
    }
    match resetting_role(held) {
        None => report.add(
            DoctorFinding::error(CHECK, "holds no active role that may reset")
                .so("nobody can reset")
                .then("assign Authentication Administrator, scoped to an administrative unit; eligible is not enough"),
        ),
        Some((role, scope)) if scope == "/" && !tenant_wide => report.add(
            DoctorFinding::error(CHECK, format!("{} holds {role} for the whole tenant", operator.upn))
                .so("it reaches everybody whom that role reaches")
                .then("scope the role to an administrative unit, or set operator.tenant_wide = true and mean it"),
        ),
        Some((role, scope)) => {
            report.add(DoctorFinding::ok(CHECK, format!("{} holds {role} for {scope}", operator.upn)))
        }
    }
}

async fn policies(app: &AppState, report: &mut DoctorReport) {
    let contexts = contexts(app);
    let verdicts = PolicyAssessor::from_ref(app);
    let mut opinions = verdicts.look(&contexts).await;
    if matches!(&opinions, Err(GraphError::Answered(refusal)) if refusal.status == StatusCode::TOO_MANY_REQUESTS) {
        // Microsoft allows this request once per second and tenant, and the running portal may have just sent it.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        opinions = verdicts.look(&contexts).await;
    }
    match opinions {
        Ok(opinions) => contexts.iter().zip(opinions).for_each(|(context, opinion)| policy(context, &opinion, report)),
        Err(error) => report.add(
            DoctorFinding::unknown(POLICY, format!("Conditional Access policies cannot be read: {}", chain(&error)))
                .so("after 48 hours without a look resets are paused")
                .then("look at Policy.Read.All"),
        ),
    }
}

const POLICY: &str = "policy";

fn policy(context: &str, opinion: &PolicyAssessment, report: &mut DoctorReport) {
    let named = if opinion.policy.is_empty() { String::new() } else { format!(" \"{}\"", opinion.policy) };
    let good = opinion.verdict.is_good();
    if good {
        report.add(DoctorFinding::ok(POLICY, format!("{context}:{named} proves a sign-in without the password")));
    }
    for text in opinion.remarks.iter().map(PolicyFinding::text) {
        let says = format!("{context}:{named}: {text}");
        report.add(if good {
            DoctorFinding::warning(POLICY, says)
                .so("it works, and somebody should have decided this")
                .then("look at the policy in Entra (Protection, Conditional Access)")
        } else {
            DoctorFinding::error(POLICY, says)
                .so("Entra gives the context without a proof, so nobody is let in (S-POLICY)")
                .then("mend the policy in Entra; docs/entra-setup.md, points 4 to 6")
                .by("passback setup --config FILE")
        });
    }
}

async fn sync(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "synchronisation";
    let finding = match app.entra.graph.organization().await {
        Ok(read) if read.on_premises_sync_enabled == Some(true) => match read.on_premises_last_sync_date_time {
            Some(at) => {
                let age = app.now().duration_since(at);
                let says = format!("the directory was last synchronised {} minutes ago", age.as_mins());
                if age > SYNC_OLD {
                    DoctorFinding::warning(CHECK, says)
                        .so("writeback runs on the same server, and may be down, too")
                        .then("look at the sync server: is the service running?")
                } else {
                    DoctorFinding::ok(CHECK, says)
                }
            }
            None => DoctorFinding::warning(CHECK, "is on, and never ran")
                .so("nothing is written back")
                .then("look at the sync server"),
        },
        Ok(_) => DoctorFinding::warning(CHECK, "no directory is synchronised with this tenant")
            .so("passwords live in the cloud alone: Entra's own reset does that")
            .then("this portal is for organisations with password writeback"),
        Err(error) => DoctorFinding::unknown(CHECK, chain(&error))
            .so("it is not known whether the sync server lives")
            .then("look at Organization.Read.All"),
    };
    report.add(finding);
}
