//! Provides the HTTP code that all features share: page context, error pages, middleware, languages, client addresses.

mod assets;
mod catalogue;
mod client_address;
mod error;
mod error_page;
mod forwarding;
mod language;
mod middleware;
mod number_format;
mod page;
mod time_format;

pub(crate) use assets::{serve_asset, serve_brand_asset};
pub(crate) use catalogue::Lang;
pub(crate) use client_address::{ClientAddress, is_client_in_networks, limit_key};
pub(crate) use error::{CodedRefusal, WebError, json_not_found};
pub(crate) use language::{clear_language_hint, switch_language};
pub(crate) use middleware::apply_middleware;
pub(crate) use page::{NavItem, PageContext, render_page, render_page_with_status};
pub(crate) use time_format::{format_duration, format_time, format_timestamp};
