//! Finding resets, the newest first, at the same cost however many there are.
//!
//! A question is walked along one list: that of a word, of a state, of a cause, or all. Each has an index in the order of
//! time. Of several lists the one is taken that reaches furthest back with the same number of lines. What is on it is
//! held against the whole question, and after [`LOOKED`] lines the walk stops and says how far it came.

mod keep;
#[cfg(test)]
mod tests;

pub(in crate::reset) use keep::{About, forget, index_ticket, keep_words, unsearchable};

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::query::QueryAs;

use super::at;
use super::desk::{Line, Listed, PAGE, Place, read};
use crate::base::ResetId;
use crate::reset::state::State;
use crate::reset::words::{FINDERS, Text};
use crate::store::{Db, StoreError, on_db};

/// Lines that are read at once: the number stands in the SQL below.
const AT_ONCE: usize = 200;
/// So many lines are looked at for one page.
pub(in crate::reset) const LOOKED: usize = 400;
/// The newest resets whose words are not kept yet are looked at one by one, so many.
pub(in crate::reset) const FRESH: usize = 500;

/// What the desk asks for; all of it must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) text: Option<Text>,
    pub(crate) state: Option<State>,
    /// A cause's stable code.
    pub(crate) cause: Option<String>,
    /// Begun at this time or later.
    pub(crate) from: Option<Timestamp>,
    /// Begun before this time.
    pub(crate) until: Option<Timestamp>,
    /// Only those behind this one in the list.
    pub(crate) after: Option<Place>,
}

/// A page of what was found, and where the next one begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) lines: Vec<Listed>,
    pub(crate) rest: Rest,
    /// Resets of before wait for their words to be kept: the search does not know them all yet.
    pub(crate) gathering: bool,
}

/// What is behind a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    Nothing,
    /// More, behind this line.
    More(Place),
    /// Nobody knows: the walk came as far as this.
    Unseen(Place),
}

/// Where a walk stands: only what is before this. The id decides among those of one millisecond.
#[derive(Clone)]
struct Before {
    at: i64,
    id: String,
}

/// A list to walk along.
enum Way {
    Words(Vec<String>),
    State(State),
    Cause(String),
    All,
}

pub(in crate::reset) async fn search(db: &Db, asked: &Question) -> Result<Found, StoreError> {
    let mut before = start(asked);
    // First: a reset that gets its words meanwhile is then found twice, not never.
    let fresh = match &asked.text {
        Some(_) => fresh(db, &before, FRESH).await?,
        None => Vec::new(),
    };
    let gathering = fresh.len() == FRESH;
    let tickets = tickets(db, asked, &before).await?;
    let way = way(db, asked, &before).await?;
    let fits = |line: &Listed| fits(asked, &tickets, line);
    let (mut lines, mut looked, mut ended) = (Vec::new(), 0, false);
    while !ended && lines.len() <= PAGE && looked < LOOKED {
        let batch = batch(db, &way, asked, &before).await?;
        ended = batch.len() < AT_ONCE;
        looked += batch.len();
        if let Some(last) = batch.last() {
            before = Before { at: last.created_at.as_millisecond(), id: last.id.to_string() };
        }
        lines.extend(batch.into_iter().filter(fits));
    }
    let end = (!ended)
        .then(|| Place { at: at(before.at), id: before.id.parse().unwrap_or(ResetId::first_at(at(before.at))) });
    for line in fresh.into_iter().filter(fits) {
        if end.is_none_or(|end| end < line.place()) && lines.iter().all(|known| known.id != line.id) {
            lines.push(line);
        }
    }
    lines.sort_by_key(|line| std::cmp::Reverse(line.place()));
    let more = lines.len() > PAGE;
    lines.truncate(PAGE);
    let rest = match (lines.last().filter(|_| more), end) {
        (Some(last), _) => Rest::More(last.place()),
        (None, Some(end)) => Rest::Unseen(end),
        (None, None) => Rest::Nothing,
    };
    Ok(Found { lines, rest, gathering })
}

fn start(asked: &Question) -> Before {
    let after = asked.after.map(|place| Before { at: place.at.as_millisecond(), id: place.id.to_string() });
    let until = asked.until.map(|until| Before { at: until.as_millisecond(), id: String::new() });
    let both = [after, until].into_iter().flatten();
    both.min_by(|one, other| (one.at, &one.id).cmp(&(other.at, &other.id)))
        .unwrap_or(Before { at: i64::MAX, id: String::new() })
}

fn fits(asked: &Question, tickets: &BTreeSet<String>, line: &Listed) -> bool {
    let meant = |text: &Text| {
        text.fits(&line.name, &line.upn, &bare(&line.reference)) || tickets.contains(&line.id.to_string())
    };
    asked.state.is_none_or(|state| state == line.state)
        && asked.cause.as_ref().is_none_or(|cause| line.cause.as_ref() == Some(cause))
        && asked.from.is_none_or(|from| line.created_at >= from)
        && asked.until.is_none_or(|until| line.created_at < until)
        && asked.text.as_ref().is_none_or(meant)
}

/// A reference as it stands in its row.
fn bare(reference: &str) -> String {
    reference.chars().filter(|c| *c != '-').collect()
}

/// The list with the fewest lines for its time.
async fn way(db: &Db, asked: &Question, before: &Before) -> Result<Way, StoreError> {
    let mut ways = Vec::new();
    ways.extend(asked.text.as_ref().map(|text| Way::Words(text.finders().into_iter().collect())));
    ways.extend(asked.cause.clone().map(Way::Cause));
    ways.extend(asked.state.map(Way::State));
    if ways.len() < 2 {
        return Ok(ways.pop().unwrap_or(Way::All));
    }
    let mut furthest = None;
    for way in ways {
        let Some(reached) = reach(db, &way, asked, before).await? else { return Ok(way) };
        if furthest.as_ref().is_none_or(|(known, _)| reached < *known) {
            furthest = Some((reached, way));
        }
    }
    Ok(furthest.map_or(Way::All, |(_, way)| way))
}

/// The newest resets of one word: `$1` is where to begin, `$2` where to end.
macro_rules! word {
    ($value:literal) => {
        concat!(
            "SELECT * FROM (SELECT reset_id FROM search_words WHERE word = $",
            $value,
            " AND reset_id < $1 AND reset_id >= $2 ORDER BY reset_id DESC LIMIT 200) AS w",
            $value
        )
    };
}

/// The same of several, each reset once. A list that is not needed has the empty word.
macro_rules! words {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            word!(3),
            " UNION ",
            word!(4),
            " UNION ",
            word!(5),
            " UNION ",
            word!(6),
            " UNION ",
            word!(7),
            " UNION ",
            word!(8),
            " UNION ",
            word!(9),
            " UNION ",
            word!(10),
            $after
        )
    };
}

/// The newest resets of a state or a cause, which is `$3`. Compared and ordered by pairs, because only one index has that
/// order: told that a column has one value, PostgreSQL walks all resets by time and throws away those of other values,
/// which are any number. And by `<=`, because less than the first state of the alphabet is nothing, to its estimates.
macro_rules! along {
    ($columns:literal, $of:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM resets WHERE (",
            $of,
            ", created_at) <= ($3, $1) AND (",
            $of,
            ", created_at) >= ($3, $2) AND (created_at, id) < ($1, $4) AND ",
            $of,
            " IS NOT NULL ORDER BY ",
            $of,
            " DESC, created_at DESC, id DESC ",
            $end
        )
    };
}

/// The newest of all.
macro_rules! through {
    ($columns:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM resets WHERE (created_at, id) < ($1, $4) AND created_at >= $2 AND $3 = '' ORDER BY created_at DESC, id DESC ",
            $end
        )
    };
}

/// Up to [`AT_ONCE`] lines of a list. Which table leads is said to SQLite by CROSS JOIN.
async fn batch(db: &Db, way: &Way, asked: &Question, before: &Before) -> Result<Vec<Listed>, StoreError> {
    const WORDS: &str = words!(
        "SELECT r.id, r.reference, r.name, r.upn, r.state, r.cause, r.created_at, r.object FROM (SELECT reset_id FROM (",
        ") AS all_words ORDER BY reset_id DESC LIMIT 200) AS found CROSS JOIN resets r WHERE r.id = found.reset_id ORDER BY r.id DESC"
    );
    const COLUMNS: [&str; 3] = [
        along!("id, reference, name, upn, state, cause, created_at, object", "state", "LIMIT 200"),
        along!("id, reference, name, upn, state, cause, created_at, object", "cause", "LIMIT 200"),
        through!("id, reference, name, upn, state, cause, created_at, object", "LIMIT 200"),
    ];
    let rows: Vec<Line> = match way {
        Way::Words(words) => {
            let (newest, oldest) = ids(asked, before);
            on_db!(db, |pool| {
                let query = sqlx::query_as(WORDS).bind(&newest).bind(&oldest);
                slots(words).fold(query, QueryAs::bind).fetch_all(pool).await
            })?
        }
        way => {
            let (sql, value) = one_of(way, COLUMNS);
            let oldest = asked.from.map_or(i64::MIN, Timestamp::as_millisecond);
            on_db!(db, |pool| sqlx::query_as(sql)
                .bind(before.at)
                .bind(oldest)
                .bind(value)
                .bind(&before.id)
                .fetch_all(pool)
                .await)?
        }
    };
    rows.into_iter().map(read).collect()
}

/// The [`AT_ONCE`]th line of a list: the older it is, the shorter the list. `None`: it ends before.
async fn reach(db: &Db, way: &Way, asked: &Question, before: &Before) -> Result<Option<String>, StoreError> {
    const WORDS: &str = words!("SELECT reset_id FROM (", ") AS all_words ORDER BY reset_id DESC LIMIT 1 OFFSET 199");
    const IDS: [&str; 3] = [
        along!("id", "state", "LIMIT 1 OFFSET 199"),
        along!("id", "cause", "LIMIT 1 OFFSET 199"),
        through!("id", "LIMIT 1 OFFSET 199"),
    ];
    let row: Option<(String,)> = match way {
        Way::Words(words) => {
            let (newest, oldest) = ids(asked, before);
            on_db!(db, |pool| {
                let query = sqlx::query_as(WORDS).bind(&newest).bind(&oldest);
                slots(words).fold(query, QueryAs::bind).fetch_optional(pool).await
            })?
        }
        way => {
            let (sql, value) = one_of(way, IDS);
            let oldest = asked.from.map_or(i64::MIN, Timestamp::as_millisecond);
            on_db!(db, |pool| sqlx::query_as(sql)
                .bind(before.at)
                .bind(oldest)
                .bind(value)
                .bind(&before.id)
                .fetch_optional(pool)
                .await)?
        }
    };
    Ok(row.map(|(id,)| id))
}

/// The text for a list that is not one of words, and its value.
fn one_of<'a>(way: &'a Way, [state, cause, all]: [&'static str; 3]) -> (&'static str, &'a str) {
    match way {
        Way::State(wanted) => (state, wanted.name()),
        Way::Cause(code) => (cause, code),
        Way::All | Way::Words(_) => (all, ""),
    }
}

fn slots(words: &[String]) -> impl Iterator<Item = &str> {
    words.iter().map(String::as_str).chain(std::iter::repeat("")).take(FINDERS)
}

/// Between which ids a list of words is walked: ids are in the order of time.
fn ids(asked: &Question, before: &Before) -> (String, String) {
    let newest = match before {
        Before { at: i64::MAX, .. } => "z".to_owned(),
        Before { at: millis, id } if id.is_empty() => ResetId::first_at(at(*millis)).to_string(),
        Before { id, .. } => id.clone(),
    };
    (newest, asked.from.map(|from| ResetId::first_at(from).to_string()).unwrap_or_default())
}

/// Resets with the ticket that may be meant: what is in a row does not say it.
async fn tickets(db: &Db, asked: &Question, before: &Before) -> Result<BTreeSet<String>, StoreError> {
    const SQL: &str = "SELECT reset_id FROM search_words WHERE word = $3 AND reset_id < $1 AND reset_id >= $2
        ORDER BY reset_id DESC LIMIT 200";
    let Some(text) = &asked.text else { return Ok(BTreeSet::new()) };
    let (newest, oldest) = ids(asked, before);
    let rows: Vec<(String,)> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(&newest).bind(&oldest).bind(text.ticket()).fetch_all(pool).await)?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// The newest resets whose words are not kept yet.
async fn fresh(db: &Db, before: &Before, count: usize) -> Result<Vec<Listed>, StoreError> {
    const SQL: &str = "SELECT id, reference, name, upn, state, cause, created_at, object FROM resets
        WHERE searchable IS NULL AND (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3";
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let rows: Vec<Line> =
        on_db!(db, |pool| sqlx::query_as(SQL).bind(before.at).bind(&before.id).bind(count).fetch_all(pool).await)?;
    rows.into_iter().map(read).collect()
}
