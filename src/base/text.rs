//! Text of errors with their sources, and of bytes.

use std::error::Error;
use std::fmt::Write as _;

/// Error of any type. A public error holds one where its source is a type of this crate only.
pub(crate) type BoxedError = Box<dyn Error + Send + Sync>;

/// Joins an error and its sources with `: `, and leaves out a source whose text is already in the result.
#[must_use]
pub fn format_error_chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

/// Returns two lower-case hexadecimal digits for each byte.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot read the file")]
    struct ReadError(#[source] std::io::Error);

    #[test]
    fn sources_are_joined_once() {
        let error = ReadError(std::io::Error::other("disk failed"));
        assert_eq!(format_error_chain(&error), "cannot read the file: disk failed");
    }
}
