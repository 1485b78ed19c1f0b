//! Signs people and staff in: the redirect to Entra and its callback, sessions, and permission types for handlers.

mod acting;
mod attempt;
mod callback;
mod finish;
mod landing;
mod operator;
mod refusals;
mod routes;
mod session;
mod staff;
mod verdict;
mod watch;

pub(crate) use acting::{Acting, Turn};
pub(crate) use attempt::begin_acting;
pub(crate) use finish::{Finishing, begin_finish};
pub(crate) use routes::router;
pub(crate) use session::{Login, SignedIn, Viewer};
pub(crate) use staff::{Acknowledge, Approve, Assist, Examine, Look, Permission, Staff, Watch, at_work};
pub(crate) use verdict::{Opinion, Remark, Verdicts, keep_verdicts};
pub(crate) use watch::watch_sessions;
