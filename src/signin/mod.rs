//! Who is it: the way to Entra and back, sessions, and the types that stand for a permission.

mod attempt;
mod callback;
mod landing;
mod operator;
mod refusals;
mod routes;
mod session;
mod verdict;

pub(crate) use routes::router;
pub(crate) use session::{Admin, Login, SignedIn, Viewer, end_session, session_alive};
pub(crate) use verdict::Verdicts;
