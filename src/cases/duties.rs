//! Separation of duties: what one person may do besides what else in the same decision.
//!
//! Pure functions. The same table stands in `docs/helpdesk.md` and in `duty_pairs` of the schema; a test compares the
//! three.
//!
//! - The subject has no other duty.
//! - An approver has no other duty.
//! - A witness may only see the pass, as the manager who vouched does.

use crate::base::ObjectId;

/// Duty of one participant in a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CaseDuty {
    /// The person whom the case is about. Their own confirmation is no witness.
    Subject,
    /// The agent who makes the decision.
    Requester,
    /// An agent who attested: they called back, or saw the person.
    Attester,
    /// Another person who signed in to vouch.
    Witness,
    /// The second person.
    Approver,
    /// The agent who executes the action.
    Executor,
    /// Who sees a Temporary Access Pass.
    Viewer,
}

impl CaseDuty {
    pub(crate) const ALL: [Self; 7] =
        [Self::Subject, Self::Requester, Self::Attester, Self::Witness, Self::Approver, Self::Executor, Self::Viewer];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|duty| duty.as_str() == name)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Requester => "requester",
            Self::Attester => "attester",
            Self::Witness => "witness",
            Self::Approver => "approver",
            Self::Executor => "executor",
            Self::Viewer => "viewer",
        }
    }
}

/// Pairs of duties that one person may have. Every other pair needs two people.
pub(crate) const COMBINABLE_DUTIES: [(CaseDuty, CaseDuty); 7] = [
    (CaseDuty::Requester, CaseDuty::Attester),
    (CaseDuty::Requester, CaseDuty::Executor),
    (CaseDuty::Requester, CaseDuty::Viewer),
    (CaseDuty::Attester, CaseDuty::Executor),
    (CaseDuty::Attester, CaseDuty::Viewer),
    (CaseDuty::Executor, CaseDuty::Viewer),
    (CaseDuty::Witness, CaseDuty::Viewer),
];

/// Returns whether one person may have both duties in a decision.
pub(crate) fn can_combine(one: CaseDuty, other: CaseDuty) -> bool {
    one == other || COMBINABLE_DUTIES.contains(&(one, other)) || COMBINABLE_DUTIES.contains(&(other, one))
}

/// A duty and who has it.
pub(crate) type AssignedDuty = (CaseDuty, ObjectId);

/// Returns whether no person has two duties that do not go together.
pub(crate) fn are_separated(duties: &[AssignedDuty]) -> bool {
    duties.iter().enumerate().all(|(n, (one, holder))| {
        duties.iter().skip(n + 1).all(|(other, also)| holder != also || can_combine(*one, *other))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::test_databases;
    use crate::store::{exec_db, select_all};

    fn person(n: u128) -> ObjectId {
        uuid::Uuid::from_u128(n).to_string().parse().unwrap()
    }

    #[test]
    fn subject_and_approver_have_no_other_duty() {
        for alone in [CaseDuty::Subject, CaseDuty::Approver] {
            for other in CaseDuty::ALL.into_iter().filter(|other| *other != alone) {
                assert!(!can_combine(alone, other), "{alone:?} and {other:?}");
            }
        }
        for other in [CaseDuty::Requester, CaseDuty::Attester, CaseDuty::Executor] {
            assert!(!can_combine(CaseDuty::Witness, other), "{other:?}");
        }
    }

    #[test]
    fn documented_duty_pairs_are_those_of_the_code() {
        let docs = std::fs::read_to_string("docs/helpdesk.md").unwrap();
        for one in CaseDuty::ALL {
            let row = docs.lines().find(|line| line.starts_with(&format!("| **{}** |", one.as_str())));
            let row = row.unwrap_or_else(|| panic!("docs/helpdesk.md has no row for {one:?}"));
            let cells: Vec<&str> = row.trim_matches('|').split('|').skip(1).map(str::trim).collect();
            assert_eq!(cells.len(), CaseDuty::ALL.len(), "{row}");
            for (other, cell) in CaseDuty::ALL.into_iter().zip(cells) {
                let expected = if one == other {
                    ""
                } else if can_combine(one, other) {
                    "yes"
                } else {
                    "no"
                };
                assert_eq!(cell, expected, "{one:?} and {other:?} in docs/helpdesk.md");
            }
        }
    }

    #[tokio::test]
    async fn stored_duty_pairs_are_those_of_the_code() {
        for engine in test_databases().await {
            let mut stored: Vec<(String, String)> =
                select_all!(&engine.db, "SELECT duty, other FROM duty_pairs").unwrap();
            let both = |(one, other): &(CaseDuty, CaseDuty)| {
                let (one, other) = (one.as_str().to_owned(), other.as_str().to_owned());
                [(one.clone(), other.clone()), (other, one)]
            };
            let mut expected: Vec<(String, String)> = COMBINABLE_DUTIES.iter().flat_map(both).collect();
            stored.sort();
            expected.sort();
            assert_eq!(stored, expected);
        }
    }

    /// The rule is about pairs, so all pairs are tried: for one person, and for two.
    #[tokio::test]
    async fn tables_accept_what_the_code_accepts() {
        const SQL: &str = "INSERT INTO case_duties (verdict_id, duty, object) VALUES ($1, $2, $3)";
        for engine in test_databases().await {
            for one in CaseDuty::ALL {
                for other in CaseDuty::ALL.into_iter().filter(|other| *other != one) {
                    for holder in [person(1), person(2)] {
                        let decision = format!("{} {} {holder}", one.as_str(), other.as_str());
                        exec_db!(&engine.db, SQL, &decision, one.as_str(), person(1)).unwrap();
                        let accepted = exec_db!(&engine.db, SQL, &decision, other.as_str(), holder).is_ok();
                        assert_eq!(accepted, are_separated(&[(one, person(1)), (other, holder)]), "{decision}");
                    }
                }
            }
        }
    }
}
