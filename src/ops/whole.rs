//! Monitors the health of the system. It refreshes the operator's token and checks its role once a day, fetches the
//! directory sync status every 10 minutes, and opens or resolves health issues that the helpdesk sees.
//!
//! - One replica monitors for all.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::entra::OperatorError;
use crate::signin::Verdicts;
use crate::state::App;
use crate::store::{StoreError, claim_daily, lease, retry_daily};
use crate::troubles::{self, Found, Kind};

/// Interval of the monitor.
const EVERY: Duration = Duration::from_secs(2);
/// Name of the daily task that refreshes the operator's token.
const KEEP: &str = "operator";
/// Delay before a failed token refresh is tried again.
const AGAIN: SignedDuration = SignedDuration::from_mins(30);
/// Age of the operator's refresh token from which it is reported. It expires after 90 days without use
/// (<https://learn.microsoft.com/entra/identity-platform/refresh-tokens>, read 2026-08).
const OLD: SignedDuration = SignedDuration::from_hours(24 * 7);
/// Number of days before its expiry from which the client certificate is reported.
const CREDENTIAL: i64 = 30;
/// Age of the last directory sync from which it is reported. Entra Connect synchronises every 30 minutes, so 6 cycles
/// were missed.
const SYNC: SignedDuration = SignedDuration::from_hours(3);
/// Interval of requests for the directory sync status.
const SYNC_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// Clock skew from which it is reported. Tokens and evidence tolerate more.
const SKEW: SignedDuration = SignedDuration::from_secs(60);

/// Name of the tenant fact that is `1` if the operator is overprivileged.
const POWER: &str = "operator_power";
/// Name of the tenant fact with the last directory sync, in milliseconds; empty if nothing is synchronised.
pub(super) const SYNCED: &str = "synced_at";

/// Monitors until the process stops.
pub(crate) async fn watch_whole(app: App) {
    loop {
        if let Err(error) = round(&app).await {
            tracing::warn!(error = ?error, "health monitor failed: retrying");
        }
        tokio::select! {
            () = app.stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

async fn round(app: &App) -> Result<(), StoreError> {
    if !lease(&app.db, "whole", &app.me, app.now()).await? {
        return Ok(());
    }
    if app.entra.operators.current().await?.is_some_and(|operator| operator.trouble.is_none())
        && claim_daily(&app.db, KEEP, app.now()).await?
    {
        keep_operator(app).await?;
    }
    read_sync(app).await?;
    let mut found = operator(app).await?;
    found.extend(policies(app).await?);
    found.push((Kind::Credential, credential(app)));
    found.push((Kind::Sync, sync(app).await?));
    found.push((Kind::Canary, super::canary::found(app).await?));
    found.push((Kind::Clock, clock(app)));
    troubles::settle(app, &found).await
}

fn clock(app: &App) -> Found {
    let skew = app.entra.graph.skew();
    if skew.abs() > SKEW { Found::Wrong(format!("{} s", skew.as_secs())) } else { Found::Well }
}

/// Refreshes the operator's token, also when no one resets a password, and checks its role.
async fn keep_operator(app: &App) -> Result<(), StoreError> {
    match app.entra.operators.keep_alive().await {
        Ok(power) => {
            let text = if power { "1" } else { "0" };
            troubles::signal(&app.db, POWER, text, app.now()).await
        }
        Err(OperatorError::Store(error)) => Err(error),
        Err(error) => {
            tracing::warn!(error = ?error, "operator token refresh failed: retrying in 30 min");
            retry_daily(&app.db, KEEP, AGAIN, app.now()).await
        }
    }
}

async fn operator(app: &App) -> Result<Vec<(Kind, Found)>, StoreError> {
    // No operator is linked yet: the pages and doctor report it, and there is no outage to resolve.
    let Some(operator) = app.entra.operators.current().await? else {
        return Ok([Kind::Operator, Kind::OperatorOld, Kind::OperatorPower].map(|kind| (kind, Found::Well)).to_vec());
    };
    let age = app.now().duration_since(operator.refreshed_at);
    let works = operator.trouble.map_or(Found::Well, |trouble| Found::Wrong(trouble.name().to_owned()));
    // Report only the main issue while the operator cannot work at all.
    let old = if operator.trouble.is_none() && age > OLD { wrong_for(age) } else { Found::Well };
    let power = match troubles::read_signal(&app.db, POWER).await? {
        Some((value, at)) if at >= operator.linked_at && value == "1" => {
            Found::Wrong("global-administrator".to_owned())
        }
        _ => Found::Well,
    };
    Ok(vec![(Kind::Operator, works), (Kind::OperatorOld, old), (Kind::OperatorPower, power)])
}

fn wrong_for(age: SignedDuration) -> Found {
    let hours = age.as_hours();
    Found::Wrong(if hours >= 48 { format!("{} d", hours / 24) } else { format!("{hours} h") })
}

/// Checks the stored policy assessments, which `conditional_access` updates.
async fn policies(app: &App) -> Result<Vec<(Kind, Found)>, StoreError> {
    let signin = &app.config.signin;
    let mut all = Vec::new();
    for (kind, context) in [(Kind::PolicyPeople, &signin.required_context), (Kind::PolicyStaff, &signin.staff_context)]
    {
        let found = match Verdicts::kept(&app.db, context, app.now()).await? {
            None => Found::Unknown,
            Some(kept) if kept.good => Found::Well,
            Some(kept) => Found::Wrong(kept.codes.join(" ")),
        };
        all.push((kind, found));
    }
    Ok(all)
}

fn credential(app: &App) -> Found {
    match app.entra.credential.days_left() {
        Some(days) if days <= CREDENTIAL => Found::Wrong(format!("{days} d")),
        _ => Found::Well,
    }
}

/// Fetches the time of the last directory sync from Graph if the stored one is older than [`SYNC_CHECK_INTERVAL`].
async fn read_sync(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    let read = troubles::read_signal(&app.db, SYNCED).await?;
    if read.is_some_and(|(_, at)| at <= now && now.duration_since(at) < SYNC_EVERY) {
        return Ok(());
    }
    let value = match app.entra.graph.organization().await {
        Ok(read) if read.on_premises_sync_enabled == Some(true) => {
            read.on_premises_last_sync_date_time.map_or(String::new(), |at| at.as_millisecond().to_string())
        }
        Ok(_) => String::new(),
        Err(error) => {
            tracing::warn!(error = ?error, "directory sync status request failed");
            return Ok(());
        }
    };
    troubles::signal(&app.db, SYNCED, &value, now).await
}

async fn sync(app: &App) -> Result<Found, StoreError> {
    Ok(match synced_at(app).await? {
        None => Found::Unknown,
        Some(None) => Found::Well,
        Some(Some(at)) => {
            let age = app.now().duration_since(at);
            if age > SYNC { wrong_for(age) } else { Found::Well }
        }
    })
}

/// Loads the time of the last directory sync. `None` means not fetched yet, `Some(None)` that nothing is synchronised.
pub(super) async fn synced_at(app: &App) -> Result<Option<Option<Timestamp>>, StoreError> {
    let read = troubles::read_signal(&app.db, SYNCED).await?;
    Ok(read.map(|(value, _)| value.parse().ok().and_then(|millis| Timestamp::from_millisecond(millis).ok())))
}
