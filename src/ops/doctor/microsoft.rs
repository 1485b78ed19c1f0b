//! Checks Microsoft's side: sign-in, client credential, permissions, operator, Conditional Access and directory sync.

use std::time::Duration;

use axum::extract::FromRef as _;
use jiff::SignedDuration;
use reqwest::StatusCode;

use super::report::{DoctorFinding, DoctorReport};
use crate::base::format_error_chain;
use crate::conditional_access::{PolicyAssessment, PolicyAssessor, PolicyFinding};
use crate::config::ClientCredentialKind;
use crate::entra::{
    AppPermission, GraphError, LinkedOperator, PermissionReview, RoleAssignment, find_reset_role, is_overprivileged,
    review_application_permissions, review_operator_permissions,
};
use crate::state::AppState;

/// Clock skew that is an error: tokens are refused soon, because at most 5 minutes are tolerated.
const CLOCK_SKEW_ERROR: SignedDuration = SignedDuration::from_secs(240);
/// Clock skew that is a warning.
const CLOCK_SKEW_WARNING: SignedDuration = SignedDuration::from_secs(30);
/// Age of the last directory sync that is a warning.
const MAX_SYNC_AGE: SignedDuration = SignedDuration::from_hours(3);

pub(super) async fn check_microsoft(app: &AppState, report: &mut DoctorReport) {
    if !check_discovery(app, report).await {
        return;
    }
    check_credential(app, report);
    if !check_permissions(app, report).await {
        return;
    }
    check_clock(app, report);
    check_operator(app, report).await;
    check_policies(app, report).await;
    check_sync(app, report).await;
}

fn authentication_contexts(app: &AppState) -> Vec<String> {
    let signin = &app.config.signin;
    let mut all = vec![signin.required_context.clone(), signin.staff_context.clone()];
    all.dedup();
    all
}

async fn check_discovery(app: &AppState, report: &mut DoctorReport) -> bool {
    match app.entra.oidc.check_discovery().await {
        Ok(keys) => {
            report
                .add(DoctorFinding::ok("discovery", format!("the sign-in service answers, with {keys} signing keys")));
            true
        }
        Err(error) => {
            report.add(DoctorFinding::error("discovery", format_error_chain(&error)).with_consequence("nobody can sign in").with_remedy(
                "look at entra.tenant_id and entra.cloud, and whether this machine reaches Microsoft over https",
            ));
            false
        }
    }
}

fn check_credential(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "credential";
    let then = "upload a new certificate to the app registration, then put it here; no restart is needed";
    report.add(match (app.config.entra.credential.kind, app.entra.credential.days_until_expiry()) {
        (_, Some(days)) if days < 0 => DoctorFinding::error(CHECK, "the certificate has ended")
            .with_consequence("nobody can sign in")
            .with_remedy(then),
        (_, Some(days)) if days <= 30 => DoctorFinding::warning(CHECK, format!("the certificate ends in {days} days"))
            .with_consequence("then nobody can sign in")
            .with_remedy(then),
        (_, Some(days)) => DoctorFinding::ok(CHECK, format!("the certificate is good for {days} days")),
        (ClientCredentialKind::Secret, None) => {
            DoctorFinding::warning(CHECK, "a client secret: when it ends only the app registration knows")
                .with_consequence("on that day nobody can sign in, without warning")
                .with_remedy("use a certificate or a federated credential (docs/entra-setup.md)")
        }
        (_, None) => DoctorFinding::ok(CHECK, "is read at each use"),
    });
}

/// Checks the application's permissions. Returns false if it gets no token, because no other check can run then.
async fn check_permissions(app: &AppState, report: &mut DoctorReport) -> bool {
    const CHECK: &str = "permissions";
    let mail = app.config.notify.kind;
    match app.entra.graph.fetch_application_permissions().await {
        Ok(Some(granted)) => {
            report_permission_review(CHECK, "application", &review_application_permissions(&granted, mail), report);
            check_risk_permission(app, &granted, report);
            true
        }
        Ok(None) => {
            report.add(
                DoctorFinding::unknown(CHECK, "the application's token does not show its permissions")
                    .with_consequence("too few stop people, too many are a danger")
                    .with_remedy("compare the app registration with docs/entra-setup.md"),
            );
            true
        }
        Err(error) => {
            report.add(
                DoctorFinding::error(CHECK, format!("Entra gives the application no token: {}", format_error_chain(&error)))
                    .with_consequence("nobody can sign in, and nothing can be read")
                    .with_remedy("look at the app registration's credential, and whether it is enabled; docs/operations.md lists the codes"),
            );
            false
        }
    }
}

/// Checks that user risk is readable if the settings use it.
fn check_risk_permission(app: &AppState, granted: &[AppPermission], report: &mut DoctorReport) {
    if let (Some(settings), false) = (&app.config.risk, granted.iter().any(AppPermission::can_read_user_risk)) {
        let so = if settings.approval_from.is_some() {
            "nobody's risk is known, so everybody needs the desk to reset"
        } else {
            "nobody is told of a risk"
        };
        report.add(
            DoctorFinding::error("permissions", "the application lacks IdentityRiskyUser.Read.All")
                .with_consequence(so)
                .with_remedy("consent to it (Entra ID P2), or take [risk] out"),
        );
    }
}

fn report_permission_review(check: &'static str, whose: &str, consent: &PermissionReview, report: &mut DoctorReport) {
    let names = |list: &[String]| list.join(", ");
    if !consent.forbidden.is_empty() {
        report.add(
            DoctorFinding::error(check, format!("the {whose} has {}", names(&consent.forbidden)))
                .with_consequence("it reaches administrators: whoever gets into the portal has the tenant")
                .with_remedy("remove it from the app registration at once"),
        );
    }
    if !consent.missing.is_empty() {
        report.add(
            DoctorFinding::error(check, format!("the {whose} lacks {}", names(&consent.missing)))
                .with_consequence("what needs it fails; what protects people fails closed")
                .with_remedy("add it to the app registration and let an administrator consent")
                .with_command("passback setup --config FILE"),
        );
    }
    if !consent.unneeded.is_empty() {
        report.add(
            DoctorFinding::warning(check, format!("the {whose} also has {}", names(&consent.unneeded)))
                .with_consequence("nothing here uses it, and a thief could")
                .with_remedy("remove it from the app registration"),
        );
    }
    if *consent == PermissionReview::default() {
        report.add(DoctorFinding::ok(check, format!("the {whose} has exactly what it needs")));
    }
}

fn check_clock(app: &AppState, report: &mut DoctorReport) {
    let skew = app.entra.graph.clock_skew();
    let says = format!("Microsoft's clock is {} s ahead of this machine's", skew.as_secs());
    let then = "keep the machine's clock by NTP";
    report.add(match skew.abs() {
        off if off > CLOCK_SKEW_ERROR => DoctorFinding::error("clock", says)
            .with_consequence("sign-ins are refused as too old or too new")
            .with_remedy(then),
        off if off > CLOCK_SKEW_WARNING => DoctorFinding::warning("clock", says)
            .with_consequence("evidence is found by measured difference")
            .with_remedy(then),
        _ => DoctorFinding::ok("clock", "agrees with Microsoft's"),
    });
}

async fn check_operator(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "operator";
    let page = "GET /admin/operator, as somebody with Passback.Admin";
    let operator = match app.entra.operator.load_operator().await {
        Ok(Some(operator)) => operator,
        Ok(None) => {
            report.add(
                DoctorFinding::error(CHECK, "none is linked")
                    .with_consequence("nobody can reset")
                    .with_remedy("link one at /admin/operator")
                    .with_command(page),
            );
            return;
        }
        Err(error) => {
            report.add(
                DoctorFinding::unknown(CHECK, format_error_chain(&error))
                    .with_consequence("resets may fail")
                    .with_remedy("look at the database"),
            );
            return;
        }
    };
    if let Some(trouble) = operator.fault {
        report.add(
            DoctorFinding::error(CHECK, format!("cannot work ({})", trouble.as_str()))
                .with_consequence("nobody can reset")
                .with_remedy("link it again at /admin/operator; what waits goes on")
                .with_command(page),
        );
    }
    report.add(if app.entra.operator.can_decrypt_tokens(&operator) {
        DoctorFinding::ok("sealing-keys", "open what they sealed")
    } else {
        DoctorFinding::error("sealing-keys", "the operator's tokens were sealed with a key that is not here")
            .with_consequence("nobody can reset, and everybody has to sign in again")
            .with_remedy("put the old key back into sealing.keys, or link the operator again")
            .with_command(page)
    });
    let days = app.now().duration_since(operator.refreshed_at).as_hours() / 24;
    if days > 7 {
        report.add(
            DoctorFinding::warning(CHECK, format!("was not renewed for {days} days; its permission ends after 90"))
                .with_consequence("then nobody can reset")
                .with_remedy("look into the log for why, then link it again")
                .with_command(page),
        );
    }
    check_operator_access(app, &operator, report).await;
}

async fn check_operator_access(app: &AppState, operator: &LinkedOperator, report: &mut DoctorReport) {
    const CHECK: &str = "operator";
    match app.entra.graph.fetch_role_assignments(operator.object).await {
        Ok(held) => report_operator_roles(operator, &held, app.config.operator.tenant_wide, report),
        Err(error) => report.add(
            DoctorFinding::unknown(CHECK, format!("its roles cannot be read: {}", format_error_chain(&error)))
                .with_consequence("whom it may reset is not known")
                .with_remedy("look at RoleManagement.Read.Directory"),
        ),
    }
    match app.entra.operator.load_delegated_permissions().await {
        Ok(Some(granted)) => {
            report_permission_review("permissions", "operator", &review_operator_permissions(&granted), report);
        }
        _ => report.add(
            DoctorFinding::unknown("permissions", "the operator has no token of the moment to look at")
                .with_consequence("too few stop people")
                .with_remedy("look again while the portal runs"),
        ),
    }
}

fn report_operator_roles(
    operator: &LinkedOperator,
    held: &[RoleAssignment],
    tenant_wide: bool,
    report: &mut DoctorReport,
) {
    const CHECK: &str = "operator";
    if is_overprivileged(held) {
        report.add(
            DoctorFinding::error(CHECK, "is a Global Administrator")
                .with_consequence("whoever gets into the portal has the tenant")
                .with_remedy("take that role away; Authentication Administrator is enough"),
        );
    }
    match find_reset_role(held) {
        None => report.add(
            DoctorFinding::error(CHECK, "holds no active role that may reset")
                .with_consequence("nobody can reset")
                .with_remedy(
                    "assign Authentication Administrator, scoped to an administrative unit; eligible is not enough",
                ),
        ),
        Some(held) if held.scope.is_entire_tenant() && !tenant_wide => report.add(
            DoctorFinding::error(CHECK, format!("{} holds {} for the whole tenant", operator.upn, held.role))
                .with_consequence("it reaches everybody whom that role reaches")
                .with_remedy(
                    "scope the role to an administrative unit, or set operator.tenant_wide = true and mean it",
                ),
        ),
        Some(held) => {
            report.add(DoctorFinding::ok(CHECK, format!("{} holds {} for {}", operator.upn, held.role, held.scope)));
        }
    }
}

async fn check_policies(app: &AppState, report: &mut DoctorReport) {
    let contexts = authentication_contexts(app);
    let verdicts = PolicyAssessor::from_ref(app);
    let mut opinions = verdicts.assess_now(&contexts).await;
    if matches!(&opinions, Err(GraphError::ErrorResponse(refusal)) if refusal.status == StatusCode::TOO_MANY_REQUESTS) {
        // Microsoft allows this request once per second and tenant, and the running portal may have just sent it.
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        opinions = verdicts.assess_now(&contexts).await;
    }
    match opinions {
        Ok(opinions) => {
            contexts.iter().zip(opinions).for_each(|(context, opinion)| report_policy(context, &opinion, report));
        }
        Err(error) => report.add(
            DoctorFinding::unknown(
                POLICY_CHECK,
                format!("Conditional Access policies cannot be read: {}", format_error_chain(&error)),
            )
            .with_consequence("after 48 hours without a look resets are paused")
            .with_remedy("look at Policy.Read.All"),
        ),
    }
}

const POLICY_CHECK: &str = "policy";

fn report_policy(context: &str, opinion: &PolicyAssessment, report: &mut DoctorReport) {
    let named = if opinion.policy_name.is_empty() { String::new() } else { format!(" \"{}\"", opinion.policy_name) };
    let good = opinion.result.is_enforced();
    if good {
        report.add(DoctorFinding::ok(POLICY_CHECK, format!("{context}:{named} proves a sign-in without the password")));
    }
    for text in opinion.findings.iter().map(PolicyFinding::description) {
        let says = format!("{context}:{named}: {text}");
        report.add(if good {
            DoctorFinding::warning(POLICY_CHECK, says)
                .with_consequence("it works, and somebody should have decided this")
                .with_remedy("look at the policy in Entra (Protection, Conditional Access)")
        } else {
            DoctorFinding::error(POLICY_CHECK, says)
                .with_consequence("Entra gives the context without a proof, so nobody is let in (S-POLICY)")
                .with_remedy("mend the policy in Entra; docs/entra-setup.md, points 4 to 6")
                .with_command("passback setup --config FILE")
        });
    }
}

async fn check_sync(app: &AppState, report: &mut DoctorReport) {
    const CHECK: &str = "synchronisation";
    let finding = match app.entra.graph.fetch_organization_sync().await {
        Ok(read) if read.on_premises_sync_enabled == Some(true) => match read.on_premises_last_sync_date_time {
            Some(at) => {
                let age = app.now().duration_since(at);
                let says = format!("the directory was last synchronised {} minutes ago", age.as_mins());
                if age > MAX_SYNC_AGE {
                    DoctorFinding::warning(CHECK, says)
                        .with_consequence("writeback runs on the same server, and may be down, too")
                        .with_remedy("look at the sync server: is the service running?")
                } else {
                    DoctorFinding::ok(CHECK, says)
                }
            }
            None => DoctorFinding::warning(CHECK, "is on, and never ran")
                .with_consequence("nothing is written back")
                .with_remedy("look at the sync server"),
        },
        Ok(_) => DoctorFinding::warning(CHECK, "no directory is synchronised with this tenant")
            .with_consequence("passwords live in the cloud alone: Entra's own reset does that")
            .with_remedy("this portal is for organisations with password writeback"),
        Err(error) => DoctorFinding::unknown(CHECK, format_error_chain(&error))
            .with_consequence("it is not known whether the sync server lives")
            .with_remedy("look at Organization.Read.All"),
    };
    report.add(finding);
}
