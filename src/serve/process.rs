//! Prepares and hardens the process before it reads a setting, and waits for the signals that stop it.

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};

/// Installs the crypto provider, disables core dumps and ptrace because the process holds passwords, restricts new
/// files to their owner, and raises the limit of open files, and so of connections, to the maximum. Returns the steps
/// that failed, because the log is not set up yet.
#[must_use]
pub fn prepare_process() -> Vec<String> {
    // An error means that a provider is already installed, which is equivalent.
    let _ = rustls::crypto::ring::default_provider().install_default();
    umask(Mode::RWXG | Mode::RWXO);
    let mut problems = Vec::new();
    if let Err(error) = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) }) {
        problems.push(format!("cannot disable core dumps: {error}"));
    }
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        problems.push(format!("cannot disable ptrace: {error}"));
    }
    let files = getrlimit(Resource::Nofile);
    if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: files.maximum, maximum: files.maximum }) {
        problems.push(format!("cannot raise the limit of open files: {error}"));
    }
    problems
}

/// Completes when the process receives SIGTERM or Ctrl-C.
pub(super) async fn shutdown_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut stream) => {
                stream.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
