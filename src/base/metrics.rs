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
struct AlertLabels {
    kind: &'static str,
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
fn rung_buckets() -> Histogram {
    Histogram::new(exponential_buckets(0.5, 2.0, 13))
}

/// Counters and histograms of this process. Clones share them.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<MetricsInner>);

#[derive(Debug)]
struct MetricsInner {
    answers: Family<HttpRequestLabels, Counter>,
    answer_seconds: Histogram,
    graph: Family<GraphCallLabels, Counter>,
    moves: Family<TransitionLabels, Counter>,
    writeback_seconds: Histogram,
    freezes: Counter,
    desk_alarms: Family<AlertLabels, Counter>,
    rungs: Family<CheckpointLabels, Histogram>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(MetricsInner {
            answers: Family::default(),
            answer_seconds: Histogram::new(exponential_buckets(0.001, 2.0, 14)),
            graph: Family::default(),
            moves: Family::default(),
            writeback_seconds: Histogram::new(exponential_buckets(0.5, 2.0, 12)),
            freezes: Counter::default(),
            desk_alarms: Family::default(),
            rungs: Family::new_with_constructor(rung_buckets),
        }))
    }
}

impl Metrics {
    /// Counts an answered HTTP request and its duration.
    pub(crate) fn answered(&self, method: &str, status: u16, took: Duration) {
        let method = if ["GET", "POST", "HEAD"].contains(&method) { method } else { "other" };
        let answer = HttpRequestLabels { method: method.to_owned(), status: u32::from(status) };
        self.0.answers.get_or_create(&answer).inc();
        self.0.answer_seconds.observe(took.as_secs_f64());
    }

    /// Counts a Graph call by response status; 0 means no response.
    pub(crate) fn graph(&self, status: u16) {
        self.0.graph.get_or_create(&GraphCallLabels { status: u32::from(status) }).inc();
    }

    /// Counts a state transition of a reset.
    pub(crate) fn moved(&self, state: &'static str, cause: Option<&'static str>) {
        self.0.moves.get_or_create(&TransitionLabels { state, cause: cause.unwrap_or("") }).inc();
    }

    /// Observes the time from Graph's 202 response to the state *written*.
    pub(crate) fn wrote_back(&self, took: Duration) {
        self.0.writeback_seconds.observe(took.as_secs_f64());
    }

    /// Observes the time from the request to an evidence checkpoint (label `rung`).
    pub(crate) fn reached(&self, rung: &'static str, took: Duration) {
        self.0.rungs.get_or_create(&CheckpointLabels { rung }).observe(took.as_secs_f64());
    }

    /// Counts a hold: a person reported a reset as not requested (metric `freezes`).
    pub(crate) fn froze(&self) {
        self.0.freezes.inc();
    }

    /// Counts an alert for the helpdesk (metric `desk_alarms`).
    pub(crate) fn desk_alarm(&self, kind: &'static str) {
        self.0.desk_alarms.get_or_create(&AlertLabels { kind }).inc();
    }

    /// Registers all counters and histograms in the registry that a scrape encodes.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let inner = &self.0;
        registry.register("http_requests", "Requests answered", inner.answers.clone());
        registry.register_with_unit(
            "http_request",
            "How long an answer took",
            Unit::Seconds,
            inner.answer_seconds.clone(),
        );
        registry.register("graph_calls", "Answers of Microsoft Graph; status 0 is none", inner.graph.clone());
        registry.register("reset_moves", "Changes of state of resets", inner.moves.clone());
        registry.register_with_unit(
            "writeback",
            "From Graph's 202 to its word that the password is in place",
            Unit::Seconds,
            inner.writeback_seconds.clone(),
        );
        let help = "From the request to a rung of the evidence, by the time its source gives";
        registry.register_with_unit("rung", help, Unit::Seconds, inner.rungs.clone());
        let help = "Links of notices pressed to say that a reset was not theirs: an alarm each";
        registry.register("freezes", help, inner.freezes.clone());
        registry.register("desk_alarms", "What the helpdesk must look at", inner.desk_alarms.clone());
    }
}
