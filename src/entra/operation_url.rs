//! Validates the URL at which a long-running operation is polled.
//!
//! Graph returns it in the `Location` header. The operator's bearer token is sent to it.
//!
//! - Only a URL of the configured Graph endpoint is accepted.
//! - The URL is kept unchanged, because its query routes the request (`aadgdc`, `aadgsu`).

use url::Url;

/// Maximum length of an operation URL.
const MAX_URL_BYTES: usize = 2_048;

/// URL of an operation at Graph, to which the operator's token may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OperationUrl(Url);

impl OperationUrl {
    /// Parses a URL. Returns `None` unless it is an operation below the base URL `graph`.
    pub(crate) fn parse(text: &str, graph: &Url) -> Option<Self> {
        if text.len() > MAX_URL_BYTES {
            return None;
        }
        let url = Url::parse(text).ok()?;
        let same = url.scheme() == graph.scheme()
            && url.host() == graph.host()
            && url.port_or_known_default() == graph.port_or_known_default();
        let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
        let below = format!("{}/users/", graph.path().trim_end_matches('/'));
        let operation = url.path().starts_with(&below) && url.path().contains("/authentication/operations/");
        let plain = !url.path().contains("%2f") && !url.path().contains("%2F") && !url.path().contains("..");
        (same && bare && operation && plain).then_some(Self(url))
    }

    pub(crate) fn as_url(&self) -> &Url {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VALID_URL: &str =
        "https://graph.microsoft.com/v1.0/users/1/authentication/operations/2?aadgdc=DUB02P&aadgsu=ssprprod-a";

    fn parse_url(text: &str) -> Option<OperationUrl> {
        OperationUrl::parse(text, &"https://graph.microsoft.com/v1.0".parse().unwrap())
    }

    #[test]
    fn graph_url_keeps_its_query() {
        assert_eq!(parse_url(VALID_URL).unwrap().as_url().as_str(), VALID_URL);
        assert!(parse_url(&VALID_URL.replace(".com/", ".com:443/")).is_some());
    }

    #[test]
    fn any_other_url_is_refused() {
        for bad in [
            VALID_URL.replace("https", "http"),
            VALID_URL.replace("graph.microsoft.com", "graph.microsoft.com.evil.example"),
            VALID_URL.replace("graph.microsoft.com", "evil.example"),
            VALID_URL.replace("graph.microsoft.com", "graph.microsoft.com:8443"),
            VALID_URL.replace("graph.microsoft.com", "user:pw@graph.microsoft.com"),
            VALID_URL.replace("graph.microsoft.com", "graph.microsoft.com@evil.example"),
            VALID_URL.replace("/v1.0", "/beta"),
            VALID_URL.replace("/authentication/operations/", "/messages/"),
            VALID_URL.replace("/users/", "/users/../../evil/"),
            format!("{VALID_URL}{}", "x".repeat(2_048)),
            "/v1.0/users/1/authentication/operations/2".to_owned(),
            String::new(),
        ] {
            assert_eq!(parse_url(&bad), None, "{bad}");
        }
    }

    #[test]
    fn operation_url_of_another_cloud_is_refused() {
        let clouds = ["https://graph.microsoft.com", "https://graph.microsoft.us", "https://dod-graph.microsoft.us"];
        for ours in clouds {
            for theirs in clouds {
                let text = VALID_URL.replace("https://graph.microsoft.com", theirs);
                let taken = OperationUrl::parse(&text, &format!("{ours}/v1.0").parse().unwrap());
                assert_eq!(taken.is_some(), ours == theirs, "{ours} and {theirs}");
            }
        }
    }

    proptest! {
        #[test]
        fn accepted_url_points_to_graph(text in "https://[a-z.:@/0-9]{0,40}/v1.0/users/[a-z/.%]{0,20}/authentication/operations/[a-z0-9]{0,9}") {
            if let Some(location) = parse_url(&text) {
                prop_assert_eq!(location.as_url().host_str(), Some("graph.microsoft.com"));
                prop_assert_eq!(location.as_url().username(), "");
            }
        }
    }
}
