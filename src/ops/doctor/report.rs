//! Defines the findings of doctor and formats them for people and programs.

use serde::Serialize;

/// Severity of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingLevel {
    /// The check passed.
    Ok,
    /// The portal works, but an administrator should know.
    Warning,
    /// The check could not run.
    Unknown,
    /// People cannot reset passwords, or must not be allowed to.
    Error,
}

/// Result of one check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DoctorFinding {
    /// Stable name of the check.
    pub check: &'static str,
    pub level: FindingLevel,
    pub says: String,
    /// Consequence of the finding.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub consequence: &'static str,
    /// Action that fixes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub remedy: String,
    /// Command or page that performs the action.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub command: &'static str,
}

impl DoctorFinding {
    fn new(check: &'static str, level: FindingLevel, says: impl Into<String>) -> Self {
        Self { check, level, says: says.into(), consequence: "", remedy: String::new(), command: "" }
    }

    pub(super) fn ok(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, FindingLevel::Ok, says)
    }

    pub(super) fn warning(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, FindingLevel::Warning, says)
    }

    pub(super) fn unknown(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, FindingLevel::Unknown, says)
    }

    pub(super) fn error(check: &'static str, says: impl Into<String>) -> Self {
        Self::new(check, FindingLevel::Error, says)
    }

    pub(super) fn with_consequence(self, consequence: &'static str) -> Self {
        Self { consequence, ..self }
    }

    pub(super) fn with_remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    pub(super) fn with_command(self, command: &'static str) -> Self {
        Self { command, ..self }
    }
}

/// All findings, in the order of the checks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct DoctorReport {
    pub findings: Vec<DoctorFinding>,
}

impl DoctorReport {
    pub(super) fn add(&mut self, finding: DoctorFinding) {
        self.findings.push(finding);
    }

    /// Returns the exit code: 0 if all checks passed, 2 with warnings, 3 if a check could not run, 1 with errors.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self.findings.iter().map(|finding| finding.level).max() {
            None | Some(FindingLevel::Ok) => 0,
            Some(FindingLevel::Warning) => 2,
            Some(FindingLevel::Unknown) => 3,
            Some(FindingLevel::Error) => 1,
        }
    }

    /// Returns lines for people. The worst finding is last, next to the prompt.
    #[must_use]
    pub fn text_lines(&self) -> Vec<String> {
        let mut sorted: Vec<&DoctorFinding> = self.findings.iter().collect();
        sorted.sort_by_key(|finding| finding.level);
        let mut lines = Vec::new();
        for finding in sorted {
            let mark = match finding.level {
                FindingLevel::Ok => "ok     ",
                FindingLevel::Warning => "WARNING",
                FindingLevel::Unknown => "UNKNOWN",
                FindingLevel::Error => "ERROR  ",
            };
            lines.push(format!("{mark} {}: {}", finding.check, finding.says));
            for (what, text) in [("so", finding.consequence), ("do", &finding.remedy), ("run", finding.command)] {
                if !text.is_empty() {
                    lines.push(format!("        {what}: {text}"));
                }
            }
        }
        let count = |level| self.findings.iter().filter(|finding| finding.level == level).count();
        lines.push(format!(
            "{} looked at: {} errors, {} unknown, {} warnings",
            self.findings.len(),
            count(FindingLevel::Error),
            count(FindingLevel::Unknown),
            count(FindingLevel::Warning)
        ));
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worst_finding_sets_exit_code_and_is_printed_last() {
        let mut report = DoctorReport::default();
        assert_eq!(report.exit_code(), 0);
        for (finding, code) in [
            (DoctorFinding::ok("a", "fine"), 0),
            (DoctorFinding::warning("b", "hm"), 2),
            (DoctorFinding::unknown("c", "dark"), 3),
            (
                DoctorFinding::error("d", "broken")
                    .with_consequence("nobody can reset")
                    .with_remedy("mend it")
                    .with_command("mend"),
                1,
            ),
            (DoctorFinding::ok("e", "fine"), 1),
        ] {
            report.add(finding);
            assert_eq!(report.exit_code(), code);
        }
        let lines = report.text_lines();
        let tail: Vec<&str> = lines.iter().rev().take(5).rev().map(String::as_str).collect();
        assert_eq!(
            tail,
            [
                "ERROR   d: broken",
                "        so: nobody can reset",
                "        do: mend it",
                "        run: mend",
                "5 looked at: 1 errors, 1 unknown, 1 warnings"
            ]
        );
    }
}
