//! Prints an error together with its sources.

use std::error::Error;

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
