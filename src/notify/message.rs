//! Composes notices in the recipient's language, as plain text and as HTML without images, colours or remote content.

use askama::Template;
use url::Url;

use super::addressee::MailRecipient;
use super::audience::TROUBLE;
use super::store::{DueEventNotice, DueResetNotice};
use crate::config::BrandingConfig;
use crate::web::{Lang, WebError, moment};

/// Composed email: subject, plain text and HTML.
#[derive(Clone, Debug)]
pub(super) struct EmailMessage {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

#[derive(Template)]
#[template(path = "notify/notice.html")]
struct HtmlBody<'a> {
    w: &'a EmailTexts,
}

#[derive(Template)]
#[template(path = "notify/notice.txt")]
struct TextBody<'a> {
    w: &'a EmailTexts,
}

/// Texts of an email, used by both templates.
struct EmailTexts {
    lang: Lang,
    organisation: String,
    subject: String,
    hello: String,
    what: String,
    reference: Option<String>,
    was_me: Option<String>,
    not_me: String,
    button: String,
    link: String,
    call: Option<String>,
    never: String,
}

/// Composes the notice of a reset.
pub(super) fn notice(
    due: &DueResetNotice,
    name: &str,
    link: &str,
    brand: &BrandingConfig,
) -> Result<EmailMessage, WebError> {
    let lang = Lang::negotiate(&due.mail.language);
    let (subject, what) = match due.state.as_str() {
        "unknown" => ("notice-subject-unknown", "notice-what-unknown"),
        "split" => ("notice-subject", "notice-what-split"),
        "cloud_only" => ("notice-subject", "notice-what-cloud-only"),
        _ => ("notice-subject", "notice-what"),
    };
    render(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.with(subject, &[("organisation", &brand.name)]),
        hello: lang.with("notice-hello", &[("name", name)]),
        what: lang.with(what, &[("organisation", &brand.name), ("time", &moment(&lang, &due.asked_at))]),
        reference: Some(lang.with("notice-reference", &[("reference", &due.reference.to_string())])),
        was_me: Some(lang.text("notice-was-me")),
        not_me: lang.text("notice-not-me"),
        button: lang.text("notice-button"),
        link: link.to_owned(),
        call: call(&lang, brand),
        never: lang.text("notice-never"),
        lang,
    })
}

/// Composes the notice of a pass event, to the person or their manager, or of a health issue. A pass notice links to
/// the account page, which shows who did what.
pub(super) fn letter(
    due: &DueEventNotice,
    to: &MailRecipient,
    brand: &BrandingConfig,
    public_url: &Url,
) -> Result<EmailMessage, WebError> {
    let lang = Lang::negotiate(&due.mail.language);
    let (kind, time) = (&due.kind, moment(&lang, &due.at));
    if kind.starts_with(TROUBLE) {
        return trouble(lang, kind, &time, brand, public_url);
    }
    let (of, about) = to.about.as_ref().map_or(("", ""), |name| ("-about", name));
    let named = [("organisation", brand.name.as_str()), ("person", about), ("time", &time)];
    let link = public_url.join("account").map_or_else(|_| public_url.to_string(), |url| url.to_string());
    render(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.with(&format!("letter-{kind}-subject{of}"), &named),
        hello: lang.with("notice-hello", &[("name", &to.name)]),
        what: lang.with(&format!("letter-{kind}{of}"), &named),
        reference: None,
        was_me: None,
        not_me: lang.text(if about.is_empty() { "letter-not-you" } else { "letter-not-known" }),
        button: lang.text("letter-link"),
        link,
        call: call(&lang, brand),
        never: lang.text("notice-never"),
        lang,
    })
}

/// Composes the notice of a health issue, with the same texts as the helpdesk page.
fn trouble(
    lang: Lang,
    kind: &str,
    time: &str,
    brand: &BrandingConfig,
    public_url: &Url,
) -> Result<EmailMessage, WebError> {
    let named = [("organisation", brand.name.as_str()), ("time", time)];
    let link = public_url.join("helpdesk").map_or_else(|_| public_url.to_string(), |url| url.to_string());
    render(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.with("letter-trouble-subject", &named),
        hello: lang.with("letter-trouble-hello", &named),
        what: lang.text(kind),
        reference: None,
        was_me: None,
        not_me: lang.text(&format!("{kind}-do")),
        button: lang.text("letter-trouble-link"),
        link,
        call: None,
        never: lang.text("letter-trouble-once"),
        lang,
    })
}

/// Returns the sentence with the support phone number, if one is configured.
fn call(lang: &Lang, brand: &BrandingConfig) -> Option<String> {
    let phone = (!brand.support_phone.is_empty()).then_some(brand.support_phone.as_str())?;
    Some(lang.with("notice-call", &[("phone", phone)]))
}

fn render(words: &EmailTexts) -> Result<EmailMessage, WebError> {
    let html = HtmlBody { w: words }.render().map_err(|e| WebError::internal(&e))?;
    let text = TextBody { w: words }.render().map_err(|e| WebError::internal(&e))?;
    Ok(EmailMessage { subject: words.subject.clone(), text, html })
}

#[cfg(test)]
mod tests {
    use crate::notify::PassEvent;
    use crate::web::Lang;

    #[test]
    fn every_letter_has_its_words() {
        let lang = Lang::negotiate("en");
        let named = [("organisation", "Contoso"), ("person", "Wanda"), ("time", "today")];
        for kind in PassEvent::ALL.map(PassEvent::name) {
            for key in ["", "-about", "-subject", "-subject-about"] {
                let key = format!("letter-{kind}{key}");
                let text = lang.with(&key, &named);
                assert!(!text.contains(&key) && text.contains("Wanda") == key.ends_with("-about"), "{key}: {text}");
            }
        }
    }
}
