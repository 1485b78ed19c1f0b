//! Counts events of this process for `/metrics`. Labels are fixed codes: no person, no address, no token.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HttpRequestLabels {
    method: String,
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct GraphCallLabels {
    status: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AlertCounterLabels {
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BackgroundTaskLabels {
    task: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransitionLabels {
    state: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CheckpointLabels {
    rung: &'static str,
}

/// Creates a histogram with buckets from 0.5 seconds to 34 minutes.
fn new_checkpoint_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.5, 2.0, 13))
}

/// Counters and histograms of this process. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<MetricsInner>);

#[derive(Debug)]
struct MetricsInner {
    http_requests: Family<HttpRequestLabels, Counter>,
    http_request_seconds: Histogram,
    graph_calls: Family<GraphCallLabels, Counter>,
    transitions: Family<TransitionLabels, Counter>,
    writeback_seconds: Histogram,
    holds: Counter,
    alerts: Family<AlertCounterLabels, Counter>,
    checkpoint_seconds: Family<CheckpointLabels, Histogram>,
    background_rounds: Family<BackgroundTaskLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(MetricsInner {
            http_requests: Family::default(),
            http_request_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            graph_calls: Family::default(),
            transitions: Family::default(),
            writeback_seconds: Histogram::new(exponential_buckets(0.5, 2.0, 12)),
            holds: Counter::default(),
            alerts: Family::default(),
            checkpoint_seconds: Family::new_with_constructor(new_checkpoint_histogram),
            background_rounds: Family::default(),
        }))
    }
}

impl Metrics {
    /// Counts an answered HTTP request and its duration.
    pub(crate) fn count_http_request(&self, method: &str, status: u16, took: Duration) {
        let method = if ["GET", "POST", "HEAD"].contains(&method) { method } else { "other" };
        let answer = HttpRequestLabels { method: method.to_owned(), status: u32::from(status) };
        self.0.http_requests.get_or_create(&answer).inc();
        self.0.http_request_seconds.observe(took.as_secs_f64());
    }

    /// Counts a Graph call by response status; 0 means no response.
    pub(crate) fn count_graph_call(&self, status: u16) {
        self.0.graph_calls.get_or_create(&GraphCallLabels { status: u32::from(status) }).inc();
    }

    /// Counts a state transition of a reset.
    pub(crate) fn count_transition(&self, state: &'static str, cause: Option<&'static str>) {
        self.0.transitions.get_or_create(&TransitionLabels { state, cause: cause.unwrap_or("") }).inc();
    }

    /// Observes the time from Graph's 202 response to the state *written*.
    pub(crate) fn observe_writeback(&self, took: Duration) {
        self.0.writeback_seconds.observe(took.as_secs_f64());
    }

    /// Observes the time from the request to an evidence checkpoint (label `rung`).
    pub(crate) fn observe_checkpoint(&self, rung: &'static str, took: Duration) {
        self.0.checkpoint_seconds.get_or_create(&CheckpointLabels { rung }).observe(took.as_secs_f64());
    }

    /// Counts a hold: a person reported a reset as not requested (metric `freezes`).
    pub(crate) fn count_hold(&self) {
        self.0.holds.inc();
    }

    /// Counts an alert for the helpdesk (metric `desk_alarms`).
    pub(crate) fn count_alert(&self, kind: &'static str) {
        self.0.alerts.get_or_create(&AlertCounterLabels { kind }).inc();
    }

    /// Returns the counter of the rounds that a background task has ended.
    pub(crate) fn background_rounds(&self, task: &'static str) -> Counter {
        self.0.background_rounds.get_or_create_owned(&BackgroundTaskLabels { task })
    }

    /// Registers all counters and histograms in the registry that a scrape encodes.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let inner = &self.0;
        registry.register("http_requests", "Requests answered", inner.http_requests.clone());
        registry.register_with_unit(
            "http_request",
            "How long an answer took",
            Unit::Seconds,
            inner.http_request_seconds.clone(),
        );
        registry.register("graph_calls", "Answers of Microsoft Graph; status 0 is none", inner.graph_calls.clone());
        registry.register("reset_moves", "Changes of state of resets", inner.transitions.clone());
        registry.register_with_unit(
            "writeback",
            "From Graph's 202 to its word that the password is in place",
            Unit::Seconds,
            inner.writeback_seconds.clone(),
        );
        let help = "From the request to a rung of the evidence, by the time its source gives";
        registry.register_with_unit("rung", help, Unit::Seconds, inner.checkpoint_seconds.clone());
        let help = "Links of notices pressed to say that a reset was not theirs: an alarm each";
        registry.register("freezes", help, inner.holds.clone());
        registry.register("desk_alarms", "What the helpdesk must look at", inner.alerts.clone());
        let help = "Rounds that a background task has ended; one that no longer grows belongs to a task that hangs";
        registry.register("background_rounds", help, inner.background_rounds.clone());
    }
}
