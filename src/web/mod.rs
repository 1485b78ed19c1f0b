//! Provides the HTTP code that all features share: page context, error pages, middleware, languages, client addresses.

mod address;
mod assets;
mod error;
mod frame;
mod language;
mod layers;
mod messages;
mod numbers;
mod time;

pub(crate) use address::{ClientAddress, client_ip, named as address_name};
pub(crate) use assets::{serve as serve_asset, serve_brand};
pub(crate) use error::{CodedRefusal, WebError, json_not_found};
pub(crate) use frame::{NavItem, PageContext, draw, draw_with};
pub(crate) use language::{forget_language, switch as switch_language};
pub(crate) use layers::dress_and_guard;
pub(crate) use messages::Lang;
pub(crate) use time::{clock_time, duration, moment};
