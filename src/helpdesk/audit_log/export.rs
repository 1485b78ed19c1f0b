//! Export of the audit log as a file, oldest event first.
//!
//! The export loads and sends one batch at a time, so that memory use does not depend on its size. It ends at the event
//! that was the newest when it started.
//!
//! - An error aborts the connection, so that an incomplete file never looks complete.

use std::io;

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::query::AuditLogQuery;
use crate::audit::{AuditEntry, AuditEvent, AuditQuery, PersonalData, load_head, load_oldest};
use crate::base::WatchSubscription;
use crate::signin::{StaffMember, ViewAuditLog};
use crate::state::{AppState, SessionStatus};
use crate::store::{RateLimit, hash_id};
use crate::web::WebError;

/// Maximum number of exports by one auditor. Each one may read the entire audit log.
const EXPORT_LIMIT: RateLimit = RateLimit { count: 20, window: SignedDuration::from_hours(1) };

const CSV_COLUMNS: [&str; 14] = [
    "seq",
    "at",
    "event",
    "actor",
    "subject",
    "reset",
    "reference",
    "detail",
    "personal",
    "personal_digest",
    "previous",
    "hash",
    "mac",
    "mac_key",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ExportFormat {
    Csv,
    JsonLines,
}

impl ExportFormat {
    fn from_name(text: &str) -> Option<Self> {
        match text {
            "csv" => Some(Self::Csv),
            "jsonl" => Some(Self::JsonLines),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    fn encode_batch(self, entries: &[AuditEntry], header: CsvHeader) -> io::Result<Vec<u8>> {
        match self {
            Self::Csv => encode_csv(entries, header),
            Self::JsonLines => {
                Ok(entries.iter().flat_map(|entry| format!("{}\n", json_entry(entry)).into_bytes()).collect())
            }
        }
    }
}

pub(in crate::helpdesk) async fn export_audit_log(
    State(app): State<AppState>,
    staff: StaffMember<ViewAuditLog>,
    Query(asked): Query<AuditLogQuery>,
) -> Result<Response, WebError> {
    let Some(format) = ExportFormat::from_name(&asked.format) else { return Err(WebError::NotFound) };
    let Ok(sought) = asked.resolve(&app, &staff).await? else {
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, "This cannot be searched for.\n").into_response());
    };
    let limit = format!("export:{}", staff.login.key.object);
    app.rate_limiter
        .try_acquire(&limit, EXPORT_LIMIT, app.now())
        .await?
        .map_err(|refused| WebError::RateLimited(refused.retry_after))?;
    // Recorded before the first byte is sent, so that the event is part of the export itself.
    let event = AuditEvent::new("audit.exported", staff.audit_actor()).with_detail("format", format.as_str());
    app.audit_log.append(asked.add_to_event(event, &sought)).await?;
    let through = load_head(&app.db).await?.map_or(0, |(count, _)| count);
    let name = format!("passback-audit-{}.{}", app.now().strftime("%Y%m%dT%H%M%SZ"), format.as_str());
    let standing = SessionStatus::ActiveUntil(staff.login.expires_at(&app));
    let session = app.session_watchers.subscribe(hash_id(&staff.session), standing);
    let export = AuditExport {
        app,
        session,
        query: sought,
        format,
        last_sequence: 0,
        end_sequence: through,
        header: CsvHeader::Included,
    };
    let mut response = Body::from_stream(export.into_stream()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// Whether a batch starts with the names of the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CsvHeader {
    Included,
    Omitted,
}

/// State of a running export.
struct AuditExport {
    app: AppState,
    session: WatchSubscription<String, SessionStatus>,
    query: AuditQuery,
    format: ExportFormat,
    last_sequence: i64,
    end_sequence: i64,
    /// Only the first batch has the header.
    header: CsvHeader,
}

impl AuditExport {
    fn into_stream(self) -> impl stream::Stream<Item = io::Result<Bytes>> {
        stream::try_unfold(self, |mut export| async move { Ok(export.next_batch().await?.map(|part| (part, export))) })
    }

    /// Returns the next batch. Fails if the auditor has signed out or lost their role in the meantime.
    async fn next_batch(&mut self) -> io::Result<Option<Bytes>> {
        if self.app.shutdown.is_cancelled() || self.session.latest_value() == SessionStatus::Ended {
            return Err(io::Error::other("session ended"));
        }
        let read = load_oldest(&self.app.db, &self.query, self.last_sequence, self.end_sequence).await;
        let entries = read.map_err(|error| {
            tracing::error!(error = ?error, "audit export aborted");
            io::Error::other("database unavailable")
        })?;
        let header = std::mem::replace(&mut self.header, CsvHeader::Omitted);
        let Some(last) = entries.last() else {
            // Without a match, the export is a table with a header and no rows.
            let part = Bytes::from(self.format.encode_batch(&[], header)?);
            return Ok(Some(part).filter(|part| !part.is_empty()));
        };
        self.last_sequence = last.seq;
        Ok(Some(Bytes::from(self.format.encode_batch(&entries, header)?)))
    }
}

/// Prefixes a cell that a spreadsheet would interpret as a formula with a quote
/// (<https://owasp.org/www-community/attacks/CSV_Injection>, read 2026-11-24).
fn neutralise_formula(cell: &str) -> String {
    let formula = cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠'])
        || cell.starts_with(['\t', '\r', '\n']);
    if formula { format!("'{cell}") } else { cell.to_owned() }
}

fn encode_csv(entries: &[AuditEntry], header: CsvHeader) -> io::Result<Vec<u8>> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if header == CsvHeader::Included {
        table.write_record(CSV_COLUMNS).map_err(io::Error::other)?;
    }
    for entry in entries {
        let (seq, at) = (entry.seq.to_string(), entry.at.to_string());
        let optional = |text: &Option<String>| text.clone().unwrap_or_default();
        let personal = match &entry.personal {
            PersonalData::None => String::new(),
            PersonalData::Stored(data) => data.clone(),
            PersonalData::Erased => "erased".to_owned(),
        };
        let cells = [
            seq,
            at,
            entry.event.clone(),
            entry.actor.clone(),
            optional(&entry.subject),
            optional(&entry.reset),
            optional(&entry.reference),
            entry.detail.clone(),
            personal,
            entry.personal_digest.clone(),
            entry.previous.clone(),
            entry.hash.clone(),
            entry.mac.clone(),
            entry.mac_key.clone(),
        ];
        table.write_record(cells.iter().map(|cell| neutralise_formula(cell))).map_err(io::Error::other)?;
    }
    table.into_inner().map_err(|error| io::Error::other(error.to_string()))
}

fn json_entry(entry: &AuditEntry) -> Value {
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let personal = match &entry.personal {
        PersonalData::None => Value::Null,
        PersonalData::Stored(data) => parsed(data),
        PersonalData::Erased => json!("erased"),
    };
    json!({
        "seq": entry.seq, "at": entry.at.to_string(), "event": entry.event, "actor": entry.actor, "subject": entry.subject,
        "reset": entry.reset, "reference": entry.reference, "detail": parsed(&entry.detail), "personal": personal,
        "personal_digest": entry.personal_digest, "previous": entry.previous, "hash": entry.hash, "mac": entry.mac,
        "mac_key": entry.mac_key,
    })
}

#[cfg(test)]
mod tests {
    use std::slice::from_ref;

    use super::*;

    #[test]
    fn csv_cells_are_never_formulas_and_can_be_read_back() {
        for formula in ["=1+1", "+1", "-1", "@x", "\t=1", "\r=1", " =1", "＝1", "=cmd|' /C calc'!A0"] {
            assert!(neutralise_formula(formula).starts_with('\''), "{formula:?}");
        }
        assert_eq!(
            (neutralise_formula("desk.note"), neutralise_formula("{\"a\":\"=1\"}")),
            ("desk.note".into(), "{\"a\":\"=1\"}".into())
        );
        let entry = AuditEntry {
            seq: 7,
            at: jiff::Timestamp::UNIX_EPOCH,
            event: "=HYPERLINK(\"http://x\")".to_owned(),
            actor: "portal".to_owned(),
            subject: None,
            reset: None,
            reference: None,
            detail: "{\"text\":\"a,\\\"b\\\"\\r\\nc\"}".to_owned(),
            personal: PersonalData::Erased,
            personal_digest: "ab".to_owned(),
            previous: "00".to_owned(),
            hash: "11".to_owned(),
            mac: "22".to_owned(),
            mac_key: "k".to_owned(),
        };
        let written = [
            encode_csv(from_ref(&entry), CsvHeader::Included).unwrap(),
            encode_csv(from_ref(&entry), CsvHeader::Omitted).unwrap(),
        ]
        .concat();
        let mut table = csv::Reader::from_reader(written.as_slice());
        assert_eq!(table.headers().unwrap().iter().collect::<Vec<_>>(), CSV_COLUMNS);
        let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
        assert_eq!((rows.len(), &rows[0][2], &rows[1][7]), (2, "'=HYPERLINK(\"http://x\")", entry.detail.as_str()));
        assert_eq!((&rows[0][8], json_entry(&entry)["personal"].as_str()), ("erased", Some("erased")));
    }
}
