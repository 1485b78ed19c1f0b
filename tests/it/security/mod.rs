//! Security tests: permissions of every route, hostile input, and secrets in logs and files.

mod canary;
mod hostile;
mod routes;
