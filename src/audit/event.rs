//! Audit events. No field can hold a password, because no method here accepts the type.

use serde_json::{Map, Value, json};

use crate::base::{PersonKey, ResetId};

/// Actor of an event. [`AuditActor::stored_name`] gives the stored form.
#[derive(Clone, Debug)]
pub(crate) enum AuditActor {
    Person(PersonKey),
    Staff(PersonKey),
    Portal,
    Command,
}

impl AuditActor {
    pub(super) fn stored_name(&self) -> String {
        match self {
            Self::Person(key) => format!("person:{key}"),
            Self::Staff(key) => format!("staff:{key}"),
            Self::Portal => "portal".to_owned(),
            Self::Command => "command".to_owned(),
        }
    }
}

/// Event to record in the audit log.
#[derive(Clone, Debug)]
pub(crate) struct AuditEvent {
    pub(crate) kind: &'static str,
    pub(crate) actor: AuditActor,
    pub(crate) subject: Option<PersonKey>,
    pub(crate) reset: Option<ResetId>,
    detail: Map<String, Value>,
    personal: Map<String, Value>,
}

impl AuditEvent {
    pub(crate) fn new(kind: &'static str, actor: AuditActor) -> Self {
        Self { kind, actor, subject: None, reset: None, detail: Map::new(), personal: Map::new() }
    }

    pub(crate) fn with_subject(mut self, person: PersonKey) -> Self {
        self.subject = Some(person);
        self
    }

    pub(crate) fn with_reset(mut self, reset: ResetId) -> Self {
        self.reset = Some(reset);
        self
    }

    /// Adds a detail that is kept permanently, such as a code, state or id.
    pub(crate) fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.detail.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a personal detail that retention may erase, such as a name or address.
    pub(crate) fn with_personal_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.personal.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn detail_json(&self) -> String {
        Value::Object(self.detail.clone()).to_string()
    }

    /// Returns the personal details as JSON, empty if there are none.
    pub(super) fn personal_json(&self) -> String {
        if self.personal.is_empty() { String::new() } else { json!(self.personal).to_string() }
    }
}
