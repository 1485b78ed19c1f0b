//! People who take part in a case, as plain values that do not depend on sign-in.

use crate::audit::AuditActor;
use crate::base::PersonKey;

/// Staff member who acts on a case: an agent, or the approver.
#[derive(Clone, Debug)]
pub(crate) struct StaffActor {
    pub(crate) key: PersonKey,
    pub(crate) name: String,
}

impl StaffActor {
    pub(crate) fn audit_actor(&self) -> AuditActor {
        AuditActor::Staff(self.key)
    }
}

/// The person whom a case is about.
#[derive(Clone, Copy)]
pub(crate) struct CasePerson<'a> {
    pub(crate) key: PersonKey,
    pub(crate) name: &'a str,
    pub(crate) upn: &'a str,
}
