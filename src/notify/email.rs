//! Composes notices in the recipient's language, as plain text and as HTML without images, colours or remote content.

use askama::Template;
use url::Url;

use super::pass_audience::HEALTH_ISSUE_PREFIX;
use super::recipient::MailRecipient;
use super::store::{DueEventNotice, DueResetNotice};
use crate::config::BrandingConfig;
use crate::web::{Lang, WebError, format_timestamp};

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
    texts: &'a EmailTexts,
}

#[derive(Template)]
#[template(path = "notify/notice.txt")]
struct TextBody<'a> {
    texts: &'a EmailTexts,
}

/// Texts of an email, used by both templates.
struct EmailTexts {
    lang: Lang,
    organisation: String,
    subject: String,
    greeting: String,
    summary: String,
    reference: Option<String>,
    was_me_text: Option<String>,
    not_me_text: String,
    button_label: String,
    link_url: String,
    support_phone_text: Option<String>,
    safety_note: String,
}

/// Composes the notice of a reset.
pub(super) fn compose_reset_notice(
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
    render_email(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.text_with(subject, &[("organisation", &brand.name)]),
        greeting: lang.text_with("notice-hello", &[("name", name)]),
        summary: lang
            .text_with(what, &[("organisation", &brand.name), ("time", &format_timestamp(&lang, &due.requested_at))]),
        reference: Some(lang.text_with("notice-reference", &[("reference", &due.reference.to_string())])),
        was_me_text: Some(lang.text("notice-was-me")),
        not_me_text: lang.text("notice-not-me"),
        button_label: lang.text("notice-button"),
        link_url: link.to_owned(),
        support_phone_text: support_phone_text(&lang, brand),
        safety_note: lang.text("notice-never"),
        lang,
    })
}

/// Composes the notice of a pass event, to the person or their manager, or of a health issue. A pass notice links to
/// the account page, which shows who did what.
pub(super) fn compose_event_notice(
    due: &DueEventNotice,
    to: &MailRecipient,
    brand: &BrandingConfig,
    public_url: &Url,
) -> Result<EmailMessage, WebError> {
    let lang = Lang::negotiate(&due.mail.language);
    let (kind, time) = (&due.kind, format_timestamp(&lang, &due.occurred_at));
    if kind.starts_with(HEALTH_ISSUE_PREFIX) {
        return compose_health_issue_notice(lang, kind, &time, brand, public_url);
    }
    let (of, about) = to.about.as_ref().map_or(("", ""), |name| ("-about", name));
    let named = [("organisation", brand.name.as_str()), ("person", about), ("time", &time)];
    let link = public_url.join("account").map_or_else(|_| public_url.to_string(), |url| url.to_string());
    render_email(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.text_with(&format!("letter-{kind}-subject{of}"), &named),
        greeting: lang.text_with("notice-hello", &[("name", &to.name)]),
        summary: lang.text_with(&format!("letter-{kind}{of}"), &named),
        reference: None,
        was_me_text: None,
        not_me_text: lang.text(if about.is_empty() { "letter-not-you" } else { "letter-not-known" }),
        button_label: lang.text("letter-link"),
        link_url: link,
        support_phone_text: support_phone_text(&lang, brand),
        safety_note: lang.text("notice-never"),
        lang,
    })
}

/// Composes the notice of a health issue, with the same texts as the helpdesk page.
fn compose_health_issue_notice(
    lang: Lang,
    kind: &str,
    time: &str,
    brand: &BrandingConfig,
    public_url: &Url,
) -> Result<EmailMessage, WebError> {
    let named = [("organisation", brand.name.as_str()), ("time", time)];
    let link = public_url.join("helpdesk").map_or_else(|_| public_url.to_string(), |url| url.to_string());
    render_email(&EmailTexts {
        organisation: brand.name.clone(),
        subject: lang.text_with("letter-trouble-subject", &named),
        greeting: lang.text_with("letter-trouble-hello", &named),
        summary: lang.text(kind),
        reference: None,
        was_me_text: None,
        not_me_text: lang.text(&format!("{kind}-do")),
        button_label: lang.text("letter-trouble-link"),
        link_url: link,
        support_phone_text: None,
        safety_note: lang.text("letter-trouble-once"),
        lang,
    })
}

/// Returns the sentence with the support phone number, if one is configured.
fn support_phone_text(lang: &Lang, brand: &BrandingConfig) -> Option<String> {
    let phone = (!brand.support_phone.is_empty()).then_some(brand.support_phone.as_str())?;
    Some(lang.text_with("notice-call", &[("phone", phone)]))
}

fn render_email(words: &EmailTexts) -> Result<EmailMessage, WebError> {
    let html = HtmlBody { texts: words }.render().map_err(|e| WebError::internal(&e))?;
    let text = TextBody { texts: words }.render().map_err(|e| WebError::internal(&e))?;
    Ok(EmailMessage { subject: words.subject.clone(), text, html })
}

#[cfg(test)]
mod tests {
    use crate::notify::PassEvent;
    use crate::web::Lang;

    #[test]
    fn every_pass_event_has_email_texts() {
        let lang = Lang::negotiate("en");
        let named = [("organisation", "Contoso"), ("person", "Wanda"), ("time", "today")];
        for kind in PassEvent::ALL.map(PassEvent::as_str) {
            for key in ["", "-about", "-subject", "-subject-about"] {
                let key = format!("letter-{kind}{key}");
                let text = lang.text_with(&key, &named);
                assert!(!text.contains(&key) && text.contains("Wanda") == key.ends_with("-about"), "{key}: {text}");
            }
        }
    }
}
