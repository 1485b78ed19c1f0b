//! Finds a case by its reference, and locks it for a change.

use super::error::{CaseError, CaseRefusal};
use super::store::{self, HelpdeskCase};
use crate::audit::AuditedTransaction;
use crate::base::ReferenceCode;
use crate::state::AppState;

/// Loads a case by the reference that someone entered or received.
pub(crate) async fn load_case(app: &AppState, reference: &str) -> Result<HelpdeskCase, CaseError> {
    let found = match reference.parse::<ReferenceCode>() {
        Ok(reference) => store::load_case_by_reference(&app.db, &reference).await?,
        Err(_) => None,
    };
    found.ok_or(CaseError::CaseNotFound)
}

/// Locks an open case for the rest of the transaction.
///
/// Refuses if the case's action has changed since the caller read it, because earlier checks were made for the old
/// action.
pub(super) async fn lock_open_case(
    transaction: &mut AuditedTransaction,
    case: &HelpdeskCase,
    app: &AppState,
) -> Result<HelpdeskCase, CaseError> {
    let held = store::lock_if_open(transaction.tx(), case.id, app.now()).await?;
    let held = held.ok_or(CaseRefusal::NotOpen)?;
    if held.action != case.action {
        return Err(CaseRefusal::Expired.into());
    }
    Ok(held)
}
