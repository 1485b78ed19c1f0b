//! Nobody in: who may ask for what, what hostile input does, and where secrets must not be.

mod canary;
mod hostile;
mod routes;
