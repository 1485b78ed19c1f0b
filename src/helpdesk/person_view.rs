//! View model of the person page: turns fetched data into texts.

use askama::Template;
use jiff::{SignedDuration, Timestamp};

use super::cases::CaseListItem;
use super::reset_list::{ResetListItem, build_reset_item};
use super::select_option::{SelectOption, action_options};
use crate::base::PersonKey;
use crate::entra::{DevicePlatform, DeviceTrust, RegisteredMethod, UserRiskLevel, UserRiskState};
use crate::people::{
    DirectoryLookup, GraphDevice, PasswordSource, PersonProfile, PhoneNumber, PrivilegeAssessment, PrivilegeReason,
    RegistrationDetails, RiskLookup,
};
use crate::reset::queries::ResetSummary;
use crate::web::{PageContext, format_duration, format_timestamp};

/// Data from one source, or `None` if that source is unavailable now.
pub(super) type FetchedSection<T> = Option<T>;

/// Everything that the person page shows.
pub(super) struct PersonDetail {
    pub(super) key: PersonKey,
    pub(super) fetched_at: Timestamp,
    /// The inner `None` means that the tenant no longer has a person with this id.
    pub(super) profile: FetchedSection<Option<PersonProfile>>,
    pub(super) directory: DirectoryLookup,
    pub(super) privilege: PrivilegeAssessment,
    pub(super) numbers: FetchedSection<Vec<PhoneNumber>>,
    pub(super) methods: FetchedSection<Option<RegistrationDetails>>,
    pub(super) devices: FetchedSection<Vec<GraphDevice>>,
    pub(super) risk: FetchedSection<RiskLookup>,
    pub(super) on_hold_since: Option<Timestamp>,
    pub(super) resets: Vec<ResetSummary>,
}

/// A labelled value.
pub(super) struct PersonFact {
    name: String,
    value: String,
}

/// A registered phone number.
struct PhoneNumberItem {
    kind: String,
    number: String,
    callback_eligible: bool,
    eligibility: String,
    since: String,
}

#[expect(clippy::struct_excessive_bools, reason = "each flag controls a line of the page")]
#[derive(Template)]
#[template(path = "helpdesk/person_detail.html")]
pub(super) struct PersonDetailPage {
    ctx: PageContext,
    name: String,
    upn: String,
    /// The tenant no longer has a person with this id.
    is_deleted: bool,
    is_privileged: bool,
    privilege_reasons: Vec<String>,
    hold_text: Option<String>,
    fetched_at: String,
    account: Option<Vec<PersonFact>>,
    directory: Option<Vec<PersonFact>>,
    /// A domain controller is configured and did not answer.
    directory_unavailable: bool,
    numbers: Option<Vec<PhoneNumberItem>>,
    methods: Option<Vec<String>>,
    methods_source: String,
    passwordless: Option<String>,
    devices: Option<Vec<String>>,
    risk: Option<String>,
    is_at_risk: bool,
    resets: Vec<ResetListItem>,
    /// Object id of the person, for the form that opens a case.
    person: String,
    pub(super) cases: Vec<CaseListItem>,
    actions: Vec<SelectOption>,
    /// The viewer may open a case about the person.
    pub(super) can_work_cases: bool,
}

pub(super) fn build_page(ctx: PageContext, known: PersonDetail, now: Timestamp) -> PersonDetailPage {
    let facts = known.profile.as_ref().and_then(Option::as_ref);
    let latest = known.resets.first();
    let name = facts
        .map(|facts| facts.name.clone())
        .or_else(|| latest.map(|reset| reset.name.clone()))
        .filter(|name| !name.is_empty());
    let upn = facts.map(|facts| facts.upn.clone()).or_else(|| latest.map(|reset| reset.upn.clone()));
    let report = known.methods.as_ref().and_then(Option::as_ref);
    let source = match report.and_then(|report| report.updated_at) {
        Some(at) => ctx.tv("desk-source-report", "time", &format_with_age(&ctx, at, now)),
        None => ctx.t("desk-methods-none"),
    };
    PersonDetailPage {
        name: name.unwrap_or_else(|| known.key.object.to_string()),
        upn: upn.unwrap_or_default(),
        is_deleted: matches!(known.profile, Some(None)),
        is_privileged: known.privilege.is_privileged(),
        privilege_reasons: privilege_reason_texts(&ctx, &known.privilege),
        hold_text: known.on_hold_since.map(|since| ctx.tv("desk-frozen", "time", &format_with_age(&ctx, since, now))),
        fetched_at: format_timestamp(&ctx.lang, &known.fetched_at),
        account: facts.map(|facts| account_facts(&ctx, facts, now)),
        directory: directory_facts(&ctx, &known.directory, now),
        directory_unavailable: matches!(known.directory, DirectoryLookup::Unknown),
        numbers: known.numbers.map(|all| all.into_iter().map(|one| build_number_item(&ctx, one, now)).collect()),
        methods: known.methods.as_ref().map(|report| method_texts(&ctx, report.as_ref())),
        methods_source: source,
        passwordless: report
            .map(|r| ctx.t(if r.passwordless_capable { "desk-passwordless" } else { "desk-not-passwordless" })),
        devices: known.devices.map(|all| all.iter().map(|one| device_text(&ctx, one)).collect()),
        is_at_risk: matches!(&known.risk, Some(RiskLookup::Listed(risk)) if risk.is_active()),
        risk: known.risk.map(|read| risk_text(&ctx, &read, now)),
        resets: known.resets.into_iter().map(|reset| build_reset_item(&ctx, reset, now)).collect(),
        person: known.key.object.to_string(),
        cases: Vec::new(),
        actions: action_options(&ctx, None),
        can_work_cases: false,
        ctx,
    }
}

/// Formats a time with its age, in days from 2 days on.
fn format_with_age(ctx: &PageContext, at: Timestamp, now: Timestamp) -> String {
    let age = now.duration_since(at).max(SignedDuration::ZERO);
    let age = match age.as_hours() / 24 {
        ..2 => ctx.tv("desk-age", "span", &format_duration(&ctx.lang, age)),
        days => ctx.tv("desk-age-days", "n", &days.to_string()),
    };
    format!("{} ({age})", format_timestamp(&ctx.lang, &at))
}

fn privilege_reason_texts(ctx: &PageContext, privilege: &PrivilegeAssessment) -> Vec<String> {
    let text = |reason: &PrivilegeReason| {
        let key = format!("desk-why-{}", reason.as_str());
        reason.role_or_group_name().map_or_else(|| ctx.t(&key), |name| ctx.tv(&key, "name", name))
    };
    privilege.reasons.iter().map(text).collect()
}

fn account_facts(ctx: &PageContext, facts: &PersonProfile, now: Timestamp) -> Vec<PersonFact> {
    let fact = |key: &str, says: String| PersonFact { name: ctx.t(key), value: says };
    let time = |at: Option<Timestamp>| at.map_or_else(|| ctx.t("desk-not-known"), |at| format_with_age(ctx, at, now));
    let mut all = match &facts.password_source {
        PasswordSource::Cloud => vec![fact("desk-lives", ctx.t("desk-lives-cloud"))],
        PasswordSource::Directory { domain, synced_at } => {
            let lives = ctx.tv("desk-lives-directory", "domain", domain);
            vec![fact("desk-lives", lives), fact("desk-synced", time(*synced_at))]
        }
    };
    all.push(fact("desk-enabled", ctx.t(if facts.enabled { "desk-yes" } else { "desk-no" })));
    all.push(fact("desk-password-changed", time(facts.password_changed_at)));
    if facts.guest {
        all.push(fact("desk-guest", ctx.t("desk-yes")));
    }
    if facts.management_restricted {
        all.push(fact("desk-restricted", ctx.t("desk-yes")));
    }
    all
}

fn directory_facts(ctx: &PageContext, directory: &DirectoryLookup, now: Timestamp) -> Option<Vec<PersonFact>> {
    let account = directory.account()?;
    let yes_no = |yes: bool| ctx.t(if yes { "desk-yes" } else { "desk-no" });
    let locked = match account.locked_until {
        Some(until) if account.locked => ctx.tv("desk-locked-until", "time", &format_timestamp(&ctx.lang, &until)),
        _ => yes_no(account.locked),
    };
    let cannot = account.cannot_change.map_or_else(|| ctx.t("desk-not-known"), yes_no);
    let set = account.pwd_last_set.map_or_else(|| ctx.t("desk-not-known"), |at| format_with_age(ctx, at, now));
    let all = [
        ("desk-locked", locked),
        ("desk-disabled", yes_no(account.disabled)),
        ("desk-expired", yes_no(account.expired)),
        ("desk-protected", yes_no(account.protected)),
        ("desk-must-change", yes_no(account.must_change)),
        ("desk-cannot-change", cannot),
        ("desk-password-changed", set),
    ];
    Some(all.into_iter().map(|(key, says)| PersonFact { name: ctx.t(key), value: says }).collect())
}

fn build_number_item(ctx: &PageContext, number: PhoneNumber, now: Timestamp) -> PhoneNumberItem {
    PhoneNumberItem {
        kind: ctx.t(&format!("desk-number-{}", number.kind.as_str())),
        callback_eligible: number.callback_eligible,
        eligibility: ctx.t(if number.callback_eligible { "desk-settled" } else { "desk-unsettled" }),
        since: ctx.tv("desk-number-since", "time", &format_with_age(ctx, number.unchanged_since, now)),
        number: number.display_text,
    }
}

/// Returns the registered methods as texts. Several of Microsoft's names can mean one kind of method.
fn method_texts(ctx: &PageContext, report: Option<&RegistrationDetails>) -> Vec<String> {
    let mut words: Vec<String> =
        report.into_iter().flat_map(|r| &r.methods).map(|method| method_text(ctx, method)).collect();
    words.dedup();
    words
}

/// Returns the text for a method. Microsoft's name of an unknown method is shown unchanged.
fn method_text(ctx: &PageContext, method: &RegisteredMethod) -> String {
    let key = match method {
        method if method.is_passkey() => "passkey",
        RegisteredMethod::WindowsHelloForBusiness => "hello",
        RegisteredMethod::MicrosoftAuthenticatorPush | RegisteredMethod::MicrosoftAuthenticator => "authenticator",
        RegisteredMethod::MicrosoftAuthenticatorPasswordless => "phone-sign-in",
        RegisteredMethod::SoftwareOneTimePasscode | RegisteredMethod::HardwareOneTimePasscode => "code",
        RegisteredMethod::MobilePhone | RegisteredMethod::AlternateMobilePhone | RegisteredMethod::OfficePhone => {
            "phone"
        }
        RegisteredMethod::Email => "email",
        RegisteredMethod::TemporaryAccessPass => "pass",
        RegisteredMethod::SecurityQuestion => "question",
        other => return other.to_string(),
    };
    ctx.t(&format!("desk-method-{key}"))
}

/// Describes a device by its kind, without its name: an agent might ask a caller for the name.
fn device_text(ctx: &PageContext, device: &GraphDevice) -> String {
    let how = match &device.trust {
        Some(DeviceTrust::ServerAd) => ctx.t("desk-trust-hybrid"),
        Some(DeviceTrust::AzureAd) => ctx.t("desk-trust-joined"),
        Some(DeviceTrust::Workplace) => ctx.t("desk-trust-registered"),
        Some(DeviceTrust::Other(other)) => other.clone(),
        None => String::new(),
    };
    let system = device.platform.as_ref().map(DevicePlatform::as_str).filter(|os| !os.is_empty());
    [system, Some(how.as_str())].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn risk_text(ctx: &PageContext, read: &RiskLookup, now: Timestamp) -> String {
    let risk = match read {
        RiskLookup::NotAvailable => return ctx.t("desk-risk-not-available"),
        RiskLookup::NotListed => return ctx.t("desk-risk-none"),
        RiskLookup::Listed(risk) => risk,
    };
    let at = risk.updated_at.map(|at| format_with_age(ctx, at, now)).unwrap_or_default();
    let level = risk.level.as_ref().unwrap_or(&UserRiskLevel::Hidden).as_str();
    let level = ctx.optional_text(&format!("desk-risk-level-{level}")).unwrap_or_else(|| level.to_owned());
    match risk.state {
        Some(UserRiskState::ConfirmedCompromised) => ctx.tv("desk-risk-compromised", "time", &at),
        Some(UserRiskState::AtRisk) => ctx.tv2("desk-risk-now", ("level", &level), ("time", &at)),
        _ => ctx.tv("desk-risk-over", "time", &at),
    }
}
