//! Prints results to standard output and errors to standard error.

use std::io::Write as _;

/// Error of any command.
pub(super) type CliError = Box<dyn std::error::Error + Send + Sync>;

/// Prints an error with its sources to standard error.
pub(crate) fn print_error(error: &dyn std::error::Error) {
    let _ = writeln!(std::io::stderr(), "passback: {}", passback::format_error_chain(error));
}

/// Prints one line to standard output.
pub(super) fn print_line(line: &str) {
    // A closed standard output is no error of this command.
    let _ = writeln!(std::io::stdout(), "{line}");
}
