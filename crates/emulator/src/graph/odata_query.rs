//! `OData` query options: `$select`, `$top`, `$skiptoken`, and `$filter` with comparisons joined by `and`, for users
//! also by `or`.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::error::ODataError;

/// The query options of a request.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct ODataOptions {
    #[serde(rename = "$select")]
    select: Option<String>,
    #[serde(rename = "$filter")]
    filter: Option<String>,
    #[serde(rename = "$top")]
    top: Option<usize>,
    #[serde(rename = "$skiptoken")]
    skip: Option<usize>,
    #[serde(rename = "$orderby")]
    #[expect(dead_code, reason = "lists are always newest first; the option is accepted")]
    orderby: Option<String>,
    #[serde(rename = "$count")]
    #[expect(dead_code, reason = "accepted beside ConsistencyLevel: eventual")]
    count: Option<bool>,
}

/// A comparison in a filter.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct FilterComparison {
    pub(super) property: String,
    pub(super) operator: String,
    pub(super) value: String,
}

impl ODataOptions {
    pub(super) fn selected_properties(&self) -> Option<Vec<String>> {
        self.select.as_ref().map(|list| list.split(',').map(|name| name.trim().to_owned()).collect())
    }

    /// Parses a filter of comparisons joined by `and`. A filter that is not supported is an error, so that it never
    /// returns everything.
    pub(super) fn parse_comparisons(&self) -> Result<Vec<FilterComparison>, ODataError> {
        match self.parse_alternatives()?.as_slice() {
            [] => Ok(Vec::new()),
            [only] => Ok(only.clone()),
            _ => Err(invalid_filter()),
        }
    }

    /// Parses a filter that may also contain `or`. Returns the comparisons of each alternative. Entra allows at most 15
    /// alternatives ("Too many child clauses", <https://learn.microsoft.com/graph/aad-advanced-queries>, read
    /// 2026-11-24).
    pub(super) fn parse_alternatives(&self) -> Result<Vec<Vec<FilterComparison>>, ODataError> {
        let Some(text) = self.filter.as_deref() else { return Ok(Vec::new()) };
        let all = split_outside_quotes(text, " or ");
        if all.len() > 15 {
            return Err(too_many_clauses());
        }
        all.into_iter()
            .map(|one| split_outside_quotes(one, " and ").into_iter().map(parse_comparison).collect())
            .collect()
    }

    /// Returns one page of `all`, with `@odata.nextLink` if there are more objects. The default page size is 100.
    pub(super) fn build_page(&self, all: Vec<Value>, url: &str, kind: &str) -> Value {
        let (skip, top) = (self.skip.unwrap_or(0), self.top.unwrap_or(100).clamp(1, 999));
        let more = all.len() > skip + top;
        let value: Vec<Value> = all.into_iter().skip(skip).take(top).collect();
        let mut page = json!({ "@odata.context": format!("{}#{kind}", metadata_url(url)), "value": value });
        if let (true, Some(map)) = (more, page.as_object_mut()) {
            let mut next = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in [("$select", &self.select), ("$filter", &self.filter)] {
                if let Some(value) = value {
                    next.append_pair(name, value);
                }
            }
            next.append_pair("$top", &top.to_string()).append_pair("$skiptoken", &(skip + top).to_string());
            map.insert("@odata.nextLink".to_owned(), json!(format!("{url}?{}", next.finish())));
        }
        page
    }
}

/// Returns `…/v1.0/$metadata` for an address below `/v1.0`.
fn metadata_url(url: &str) -> String {
    let base = url.find("/v1.0").and_then(|at| url.get(..at + 5)).unwrap_or(url);
    format!("{base}/$metadata")
}

/// Splits a filter at a word outside of quoted strings. A quote inside a string is doubled, which closes and reopens
/// it.
fn split_outside_quotes<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let (mut parts, mut begun, mut quoted) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        quoted ^= letter == '\'';
        if at >= begun && !quoted && text.get(at..).is_some_and(|rest| rest.starts_with(word)) {
            parts.extend(text.get(begun..at));
            begun = at + word.len();
        }
    }
    parts.extend(text.get(begun..));
    parts
}

fn parse_comparison(text: &str) -> Result<FilterComparison, ODataError> {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix("startswith(").or_else(|| text.strip_prefix("startsWith(")) {
        let (property, value) = inner.split_once(',').ok_or_else(invalid_filter)?;
        let value = value.strip_suffix(')').ok_or_else(invalid_filter)?;
        return Ok(FilterComparison {
            property: property.trim().to_owned(),
            operator: "startswith".to_owned(),
            value: unquote_value(value),
        });
    }
    let mut parts = text.splitn(3, ' ');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(property), Some(operator @ ("eq" | "ge" | "le")), Some(value)) => {
            // The lambda `targetResources/any(t:t/id eq '…')` becomes the property `targetResources/id`.
            let any = property.contains("any(");
            let value = if any { value.trim_end().trim_end_matches(')') } else { value };
            let property = property.replace("any(t:t/", "").replace("any(x:x/", "");
            Ok(FilterComparison { property, operator: operator.to_owned(), value: unquote_value(value) })
        }
        _ => Err(invalid_filter()),
    }
}

/// Removes the quotes of a string value.
fn unquote_value(value: &str) -> String {
    let value = value.trim();
    let value = value.strip_prefix('\'').and_then(|v| v.strip_suffix('\'')).unwrap_or(value);
    value.replace("''", "'")
}

fn invalid_filter() -> ODataError {
    ODataError::new(
        axum::http::StatusCode::BAD_REQUEST,
        "Request_UnsupportedQuery",
        "Unsupported or invalid query filter clause specified.",
    )
}

fn too_many_clauses() -> ODataError {
    ODataError::new(
        axum::http::StatusCode::BAD_REQUEST,
        "Request_UnsupportedQuery",
        "Too many child clauses specified in search filter expression containing 'OR' operators: more than 15.",
    )
}

/// Returns the selected properties, or the default ones without `$select`. Annotations such as `@odata.type` are kept.
pub(super) fn select_properties(full: Map<String, Value>, select: Option<&[String]>, default: &[&str]) -> Value {
    let wanted = |name: &str| select.map_or_else(|| default.contains(&name), |s| s.iter().any(|w| w == name));
    Value::Object(full.into_iter().filter(|(name, _)| name.starts_with('@') || wanted(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_filter(filter: &str) -> Vec<FilterComparison> {
        ODataOptions { filter: Some(filter.to_owned()), ..ODataOptions::default() }.parse_comparisons().unwrap()
    }

    #[test]
    fn filter_is_parsed_into_comparisons() {
        let both = parse_filter(
            "activityDisplayName eq 'Reset password (by admin)' and activityDateTime ge 2026-01-01T00:00:00Z",
        );
        assert_eq!(both.len(), 2);
        assert_eq!(both[0].value, "Reset password (by admin)");
        assert_eq!(parse_filter("targetResources/any(t:t/id eq 'abc')")[0].property, "targetResources/id");
        assert_eq!(parse_filter("startswith(displayName,'O''Neil')")[0].value, "O'Neil");
        assert_eq!(parse_filter("displayName eq 'x'' or y and z)'")[0].value, "x' or y and z)");
    }

    #[test]
    fn or_separates_alternatives_but_not_inside_quotes() {
        let of = |filter: &str| ODataOptions { filter: Some(filter.to_owned()), ..ODataOptions::default() };
        let found = of("startsWith(displayName,'a or b') or mail eq 'c'' or d'").parse_alternatives().unwrap();
        assert_eq!((found.len(), found[0][0].value.as_str(), found[1][0].value.as_str()), (2, "a or b", "c' or d"));
        assert!(of("a eq '1' or b eq '2'").parse_comparisons().is_err(), "not everywhere");
        assert!(of(&["a eq '1'"; 16].join(" or ")).parse_alternatives().is_err());
        assert_eq!(of("").parse_alternatives().err().map(|_| ()), Some(()));
    }
}
