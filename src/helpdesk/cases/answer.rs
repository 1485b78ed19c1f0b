//! The other side of a case: the person, or their manager, signed in as themselves, is asked, answers, and sees what the
//! desk did.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::Form;
use serde::Deserialize;

use super::carry;
use super::lines::{Deed, action_text, deed};
use super::rules::Method;
use super::store::{self, Answer, Check};
use super::verify::{self, Answered, Says};
use super::words::Words;
use crate::entra::Pass;
use crate::signin::{Login, SignedIn};
use crate::state::App;
use crate::store::Limit;
use crate::web::{Error, Frame, draw, moment};
use axum::extract::Query;
use jiff::SignedDuration;

/// How often one person may answer: there are never many questions.
const ANSWERS: Limit = Limit { count: 20, per: SignedDuration::from_mins(10) };

/// A question that waits for an answer.
struct Question {
    id: String,
    /// `call_check`, `push` or `manager`.
    method: &'static str,
    title: String,
    action: String,
    words: Vec<String>,
}

/// A pass that waits for the manager.
struct Waiting {
    action: String,
    name: String,
}

/// A question of before.
struct Past {
    agent: String,
    action: String,
    state_text: String,
    at: String,
    at_iso: String,
}

#[derive(Template)]
#[template(path = "helpdesk/account.html")]
struct AccountPage {
    f: Frame,
    change: String,
    questions: Vec<Question>,
    passes: Vec<Waiting>,
    past: Vec<Past>,
    deeds: Vec<Deed>,
    said: Option<(bool, String)>,
}

#[derive(Template)]
#[template(path = "helpdesk/pass.html")]
struct PassPage {
    f: Frame,
    text: String,
    code: String,
    lasts: String,
    back: String,
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct Back {
    said: Option<String>,
}

/// `GET /account`.
pub(in crate::helpdesk) async fn account(
    State(app): State<App>,
    frame: Frame,
    SignedIn(login): SignedIn,
    Query(back): Query<Back>,
) -> Result<Response, Error> {
    let asked = store::asked(&app.db, login.key).await?;
    let passes = store::waiting_passes(&app.db, login.key.object, carry::since(&app)).await?;
    let f = frame.signed_in(&login.name);
    let now = app.now();
    let said = back.said.as_deref().and_then(|word| {
        let known = ["confirmed", "wrong", "refused", "over", "later"].into_iter().find(|known| *known == word)?;
        Some((known != "confirmed", f.t(&format!("account-said-{known}"))))
    });
    let page = AccountPage {
        change: changed(&app, &login).await?,
        questions: asked.iter().filter(|check| check.open(now)).filter_map(|check| question(&app, &f, check)).collect(),
        passes: passes.into_iter().map(|pass| Waiting { action: pass.action, name: pass.name }).collect(),
        past: asked.iter().filter(|check| !check.open(now)).map(|check| past(&f, check)).collect(),
        deeds: store::done_to(&app.db, login.key).await?.iter().map(|acted| deed(&f, acted)).collect(),
        said,
        f,
    };
    Ok(draw(&page))
}

/// `GET /account/change`: other when there is another question, for the page that waits for one.
pub(in crate::helpdesk) async fn account_change(
    State(app): State<App>,
    SignedIn(login): SignedIn,
) -> Result<String, Error> {
    changed(&app, &login).await
}

async fn changed(app: &App, login: &Login) -> Result<String, Error> {
    let open = store::waiting(&app.db, login.key, app.now()).await?;
    let passes = store::waiting_passes(&app.db, login.key.object, carry::since(app)).await?.len();
    Ok(format!("{open}.{passes}"))
}

/// Whether somebody is asked something right now: other pages of theirs say so.
fn question(app: &App, f: &Frame, check: &Check) -> Option<Question> {
    let words = match check.method {
        // Sealed with a key that is gone: nobody can answer it.
        Method::CallCheck => Words::open(&app.sealer, check).ok()?.shown,
        _ => Vec::new(),
    };
    let title = if check.method == Method::Manager {
        f.tv2("account-vouch", ("agent", &check.agent_name), ("person", &check.about))
    } else {
        f.tv("account-asks", "agent", &check.agent_name)
    };
    let action = action_text(f, check.action);
    Some(Question { id: check.id.clone(), method: check.method.name(), title, action, words })
}

fn past(f: &Frame, check: &Check) -> Past {
    Past {
        agent: check.agent_name.clone(),
        action: action_text(f, check.action),
        state_text: f.t(&format!("case-check-{}", check.answer.map_or("over", Answer::name))),
        at: moment(&f.lang, &check.asked_at),
        at_iso: check.asked_at.to_string(),
    }
}

#[derive(Deserialize)]
pub(in crate::helpdesk) struct Answers {
    says: String,
    #[serde(default)]
    word: Vec<String>,
}

/// `POST /account/checks/{id}`. Nothing that somebody answers here makes or raises a session.
pub(in crate::helpdesk) async fn answer(
    State(app): State<App>,
    SignedIn(login): SignedIn,
    Path(id): Path<String>,
    Form(answers): Form<Answers>,
) -> Result<Response, Error> {
    let key = format!("answer:{}", login.key.object);
    app.limits.take(&key, ANSWERS, app.now()).await?.map_err(|refused| Error::Limited(refused.wait))?;
    let check = store::check(&app.db, &id, login.key).await?.ok_or(Error::NotFound)?;
    let age = app.now().duration_since(login.authenticated_at).as_secs();
    let says = match answers.says.as_str() {
        // A yes is worth as much as the sign-in behind it; a no always counts.
        "yes" if age > app.config.signin.max_age_seconds => {
            return Ok(Redirect::to("/signin?purpose=vouch").into_response());
        }
        "yes" => Says::Yes(answers.word),
        "no" => Says::No,
        _ => return Err(Error::NotFound),
    };
    let said = match verify::answer(&app, &check, &says).await? {
        Answered::Confirmed => "confirmed",
        Answered::Wrong => "wrong",
        Answered::Refused => "refused",
        Answered::Over => "over",
    };
    Ok(Redirect::to(&format!("/account?said={said}")).into_response())
}

/// `POST /account/passes/{action}`: the manager takes the pass. It is on the page that answers, and nowhere else.
pub(in crate::helpdesk) async fn show_pass(
    State(app): State<App>,
    frame: Frame,
    SignedIn(login): SignedIn,
    Path(action): Path<String>,
) -> Result<Response, Error> {
    let waiting = store::waiting_passes(&app.db, login.key.object, carry::since(&app)).await?;
    let Some(name) = waiting.into_iter().find(|pass| pass.action == action).map(|pass| pass.name) else {
        return Err(Error::NotFound);
    };
    let work = {
        let (app, manager) = (app.clone(), login.key);
        async move { carry::take_pass(&app, manager, &action).await }
    };
    // Made is made: a browser that hangs up meanwhile must not leave the row without its end.
    let taken = app.tasks.spawn(work).await.map_err(|error| Error::internal(&error))?;
    match taken {
        Ok(Some(pass)) => Ok(pass_page(frame.signed_in(&login.name), &name, &pass, "/account".to_owned())),
        Err(super::Stop::Refused(super::Refused::Operator)) => Ok(Redirect::to("/account?said=later").into_response()),
        Ok(None) | Err(super::Stop::Refused(_)) => Ok(Redirect::to("/account?said=over").into_response()),
        Err(super::Stop::Failed(error)) => Err(error),
    }
}

pub(super) fn pass_page(f: Frame, name: &str, pass: &Pass, back: String) -> Response {
    let lasts = crate::web::duration(&f.lang, SignedDuration::from_mins(pass.minutes));
    draw(&PassPage {
        text: f.tv("pass-for", "person", name),
        code: pass.code.expose_secret().to_owned(),
        lasts: f.tv("pass-lasts", "span", &lasts),
        back,
        f,
    })
}
