//! Tests do not depend on speed: they wait in one place, and start processes in one place.

use super::source::rust_files;

/// Words that make a test depend on time, or a process outlive it, with the files that may use them and why.
const TIED_TO_TIME: [(&str, &[(&str, &str)]); 4] = [
    ("sleep(", &[("support/wait.rs", "the one place that waits")]),
    ("timeout(", &[("support/wait.rs", "the deadline for hangs"), ("support/portal.rs", "the same deadline")]),
    (
        "Instant::now(",
        &[
            ("support/wait.rs", "the deadline for hangs"),
            ("directory.rs", "the product's own time limit is a lower bound"),
            ("fleet/replicas.rs", "prints measured times, and how much of a limit came back"),
            ("security/routes.rs", "compares times with each other, and how much of a limit came back"),
            ("journey/cases.rs", "compares times with each other"),
        ],
    ),
    (
        ".spawn()",
        &[
            ("support/child_process.rs", "the one place that starts processes"),
            ("support/samba_domain.rs", "kinit, which is awaited at once"),
        ],
    ),
];

#[test]
fn tests_wait_and_start_processes_in_one_place() {
    let mut found = Vec::new();
    for file in rust_files() {
        let Some(name) = file.path.strip_prefix("tests/it/") else { continue };
        for (number, line) in file.text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for (word, allowed) in TIED_TO_TIME {
                if code.contains(word) && !allowed.iter().any(|(file, _)| *file == name) {
                    found.push(format!("{}:{}: {}", file.path, number + 1, code.trim()));
                }
            }
        }
    }
    assert!(found.is_empty(), "use support/wait.rs and support/child_process.rs: {found:#?}");
}

#[test]
fn every_exception_is_needed() {
    let files = rust_files();
    for (word, allowed) in TIED_TO_TIME {
        for (name, reason) in allowed {
            let used = files.iter().any(|file| file.path == format!("tests/it/{name}") && file.text.contains(word));
            assert!(used, "{name} no longer needs {word} ({reason})");
        }
    }
}
