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

pub(crate) use address::{ClientAddress, client_ip, limit_key};
pub(crate) use assets::{serve_asset, serve_brand_asset};
pub(crate) use error::{CodedRefusal, WebError, json_not_found};
pub(crate) use frame::{NavItem, PageContext, render_page, render_page_with_status};
pub(crate) use language::{clear_language_hint, switch_language};
pub(crate) use layers::apply_middleware;
pub(crate) use messages::Lang;
pub(crate) use time::{format_duration, format_time, format_timestamp};
