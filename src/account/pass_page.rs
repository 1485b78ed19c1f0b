//! Page that shows a Temporary Access Pass, once.

use askama::Template;
use axum::response::Response;
use jiff::SignedDuration;

use crate::entra::TemporaryAccessPass;
use crate::web::{PageContext, format_duration, render_page};

#[derive(Template)]
#[template(path = "account/pass.html")]
struct PassPage {
    ctx: PageContext,
    text: String,
    code: String,
    validity: String,
    back_link: String,
}

/// Shows a pass for the named person, with a link back. It is only in this response.
pub(crate) fn render_pass(ctx: PageContext, name: &str, pass: &TemporaryAccessPass, back_link: String) -> Response {
    let lasts = format_duration(&ctx.lang, SignedDuration::from_mins(pass.lifetime_minutes));
    render_page(&PassPage {
        text: ctx.tv("pass-for", "person", name),
        code: pass.code.expose_secret().to_owned(),
        validity: ctx.tv("pass-lasts", "span", &lasts),
        back_link,
        ctx,
    })
}
