//! What a notice says, in the person's language: as text and as HTML without pictures, colours or anything to load.

use askama::Template;

use super::store::Due;
use crate::config::Branding;
use crate::web::{Error, Lang, moment};

/// A finished notice.
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(Template)]
#[template(path = "notify/notice.html")]
struct Html<'a> {
    w: &'a Words,
}

#[derive(Template)]
#[template(path = "notify/notice.txt")]
struct Text<'a> {
    w: &'a Words,
}

/// Every line of it.
struct Words {
    lang: Lang,
    organisation: String,
    subject: String,
    hello: String,
    what: String,
    reference: String,
    was_me: String,
    not_me: String,
    button: String,
    link: String,
    call: Option<String>,
    never: String,
}

/// Writes the notice of a reset.
pub(super) fn write(due: &Due, name: &str, link: &str, brand: &Branding) -> Result<Letter, Error> {
    let lang = Lang::negotiate(&due.language);
    let (subject, what) = match due.state.as_str() {
        "unknown" => ("notice-subject-unknown", "notice-what-unknown"),
        "split" => ("notice-subject", "notice-what-split"),
        "cloud_only" => ("notice-subject", "notice-what-cloud-only"),
        _ => ("notice-subject", "notice-what"),
    };
    let phone = (!brand.support_phone.is_empty()).then_some(brand.support_phone.as_str());
    let words = Words {
        organisation: brand.name.clone(),
        subject: lang.with(subject, &[("organisation", &brand.name)]),
        hello: lang.with("notice-hello", &[("name", name)]),
        what: lang.with(what, &[("organisation", &brand.name), ("time", &moment(&lang, &due.asked_at))]),
        reference: lang.with("notice-reference", &[("reference", &due.reference.to_string())]),
        was_me: lang.text("notice-was-me"),
        not_me: lang.text("notice-not-me"),
        button: lang.text("notice-button"),
        link: link.to_owned(),
        call: phone.map(|phone| lang.with("notice-call", &[("phone", phone)])),
        never: lang.text("notice-never"),
        lang,
    };
    let html = Html { w: &words }.render().map_err(|e| Error::internal(&e))?;
    let text = Text { w: &words }.render().map_err(|e| Error::internal(&e))?;
    Ok(Letter { subject: words.subject, text, html })
}
