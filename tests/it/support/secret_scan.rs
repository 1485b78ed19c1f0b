//! Searches files for secrets.

use std::path::{Path, PathBuf};

/// Returns every file below a folder.
pub(crate) fn list_files(dir: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(list_files(&path)) } else { all.push(path) }
    }
    all
}

/// Returns the encodings in which a secret may appear: plain, base64, URL-encoded, UTF-16.
pub(crate) fn encoded_forms(secret: &str) -> Vec<Vec<u8>> {
    use base64::Engine as _;
    let base64 = base64::engine::general_purpose::STANDARD.encode(secret);
    let url: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let wide = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    vec![secret.as_bytes().to_vec(), base64.trim_end_matches('=').as_bytes().to_vec(), url.into_bytes(), wide]
}

/// Returns `true` if the bytes contain `needle`.
pub(crate) fn contains_bytes(bytes: &[u8], needle: &[u8]) -> bool {
    // Rare first bytes make the search fast enough for megabytes of log.
    let Some(first) = needle.first() else { return false };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|b| b == first) {
        let start = from + at;
        if bytes[start..].starts_with(needle) {
            return true;
        }
        from = start + 1;
    }
    false
}
