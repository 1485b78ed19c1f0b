//! What a person does, in a real browser; what the product promises, in a real Active Directory.

mod a11y;
mod helpdesk;
mod journeys;
mod person;
mod real_directory;
mod screenshots;
mod tour;
