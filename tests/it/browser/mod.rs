//! What a person does, in a real browser; what the product promises, in a real Active Directory.

mod journeys;
mod real_directory;
mod screenshots;
