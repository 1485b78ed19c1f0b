//! What Microsoft sees of a risk. Identity Protection takes one question a second of the whole tenant and does not say when to ask
//! again (graph.md 9): questions of all replicas stand in one line, and an answer is good for the form and its submit.

use std::time::Duration;

use jiff::SignedDuration;

use crate::base::ObjectId;
use crate::entra::{GraphError, RiskRead};
use crate::state::App;
use crate::store::Limit;

/// A little more than a second, because theirs does not begin when ours does.
const TURNS: Limit = Limit { count: 1, per: SignedDuration::from_millis(1_100) };
/// Somebody waits for the page: longer than this they do not wait for this answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was said within the last minute, or is said now.
pub(super) async fn recent(app: &App, id: ObjectId) -> Result<RiskRead, GraphError> {
    match app.risks.get(&id) {
        Some(known) => Ok(known),
        None => read(app, id).await,
    }
}

/// Asks, in turn.
pub(super) async fn read(app: &App, id: ObjectId) -> Result<RiskRead, GraphError> {
    let until = app.clock.elapsed().saturating_add(PATIENCE);
    // A database that is away does not keep anybody from asking; whatever needs it says so itself.
    while let Ok(Err(refused)) = app.limits.take("graph:risk", TURNS, app.now()).await {
        let wait = Duration::try_from(refused.wait).unwrap_or(PATIENCE).max(Duration::from_millis(20));
        if app.clock.elapsed().saturating_add(wait) > until {
            return Err(GraphError::Unreadable("too many ask for risks at the moment".to_owned()));
        }
        tokio::time::sleep(wait).await;
    }
    let read = app.entra.graph.risk(id).await?;
    app.risks.put(id, read.clone());
    Ok(read)
}
