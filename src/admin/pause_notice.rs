//! Says that all resets are paused: since when, by whom and why.

use crate::eligibility::{ActivePause, LastResume, PausedBy, ResetPause};
use crate::state::AppState;
use crate::store::StoreError;
use crate::web::{PageContext, format_timestamp};

/// Pause of all resets, as staff pages show it.
pub(crate) struct PauseNotice {
    /// Who paused: `command`, `staff` or `limit`.
    pub(crate) kind: &'static str,
    pub(crate) text: String,
    pub(crate) since_iso: String,
    /// Time of the pause in milliseconds since 1970, by which a resume names the pause.
    pub(crate) began: i64,
}

/// Loads the notice, or `None` if resets are not paused.
pub(crate) async fn load_pause_notice(app: &AppState, ctx: &PageContext) -> Result<Option<PauseNotice>, StoreError> {
    let active = ResetPause::new(app.db.clone()).load_active_pause().await?;
    Ok(active.map(|pause| build_notice(ctx, &pause)))
}

fn build_notice(ctx: &PageContext, pause: &ActivePause) -> PauseNotice {
    let (time, why) = (format_timestamp(&ctx.lang, &pause.since), isolate(&pause.reason));
    let (kind, text) = match &pause.by {
        PausedBy::Staff(name) => {
            let values = [("time", time.as_str()), ("who", &isolate(name)), ("why", &why)];
            ("staff", ctx.lang.text_with("pause-since-staff", &values))
        }
        PausedBy::CommandLine if pause.reason.is_empty() => {
            ("command", ctx.tv("pause-since-command-bare", "time", &time))
        }
        PausedBy::CommandLine => ("command", ctx.tv2("pause-since-command", ("time", &time), ("why", &why))),
        PausedBy::HourlyLimit(None) => ("limit", ctx.tv("pause-since-limit-bare", "time", &time)),
        PausedBy::HourlyLimit(Some((people, limit))) => {
            let number = |n: &i64| ctx.tv("number", "n", &n.to_string());
            let values = [("time", time.as_str()), ("count", &number(people)), ("limit", &number(limit))];
            ("limit", ctx.lang.text_with("pause-since-limit", &values))
        }
    };
    PauseNotice { kind, text, since_iso: pause.since.to_string(), began: pause.since.as_millisecond() }
}

/// Returns who resumed resets last, when and why.
pub(super) fn resume_text(ctx: &PageContext, resume: &LastResume) -> String {
    let time = format_timestamp(&ctx.lang, &resume.at);
    match &resume.staff {
        Some(name) => {
            let values = [("time", time.as_str()), ("who", &isolate(name)), ("why", &isolate(&resume.reason))];
            ctx.lang.text_with("pause-resumed-staff", &values)
        }
        None => ctx.tv("pause-resumed-command", "time", &time),
    }
}

/// Isolates a name or what someone typed inside a sentence, so that its direction does not change the sentence's.
fn isolate(text: &str) -> String {
    format!("\u{2068}{text}\u{2069}")
}
