//! What every process does before it reads a setting.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};

/// The crypto provider; no core dumps or tracing of a process that holds passwords; files that only their owner can
/// read; as many connections as the machine allows. Gives what could not be done, for the log, which is not there yet.
#[must_use]
pub fn prepare_process() -> Vec<String> {
    // Already installed is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    umask(Mode::RWXG | Mode::RWXO);
    let mut problems = Vec::new();
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        problems.push(format!("core dumps cannot be switched off: {error}"));
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        problems.push(format!("ptrace cannot be switched off: {error}"));
    }
    let files = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum }) {
        problems.push(format!("the limit of open files stays as it was: {error}"));
    }
    problems
}
