//! Tests in a real browser, some of them with a real Active Directory.

mod a11y;
mod helpdesk;
mod journeys;
mod person;
mod real_directory;
mod screenshots;
mod tour;
