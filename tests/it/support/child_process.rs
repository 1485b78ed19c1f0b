//! Processes that end with their test: when it is done, when it panics, and when it is killed.

use std::ffi::OsStr;
use std::ops::{Deref, DerefMut};
use std::process::{Child, Command};
use std::sync::{LazyLock, mpsc};

/// Returns a command for one process. The kernel kills it when the thread that started it ends, so start it with
/// [`ChildProcess::spawn`] only.
pub(crate) fn guarded_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

/// Returns a command for a program that starts others, such as a browser's driver. They run in a PID namespace of their
/// own, which the kernel empties when its first process ends.
pub(crate) fn guarded_tree_command(program: impl AsRef<OsStr>) -> Command {
    let mut command = guarded_command("unshare");
    command.args(["--pid", "--fork", "--kill-child", "--"]).arg(program);
    command
}

/// A child that is killed when it is dropped, and when the process of the tests ends.
pub(crate) struct ChildProcess(Child);

/// A command, and where its child goes.
type SpawnRequest = (Command, mpsc::Sender<std::io::Result<Child>>);

/// A thread that starts the children and lives as long as the process: a child may be shared by several tests, whose own
/// threads end one by one.
static SPAWNER: LazyLock<mpsc::Sender<SpawnRequest>> = LazyLock::new(|| {
    let (requests, received) = mpsc::channel::<SpawnRequest>();
    std::thread::spawn(move || {
        for (mut command, answer) in received {
            let _ = answer.send(command.spawn());
        }
    });
    requests
});

impl ChildProcess {
    /// # Panics
    /// When the program cannot be started.
    pub(crate) fn spawn(command: Command) -> Self {
        let described = format!("{command:?}");
        let (answer, child) = mpsc::channel();
        SPAWNER.send((command, answer)).unwrap();
        Self(child.recv().unwrap().unwrap_or_else(|error| panic!("{described}: {error}")))
    }
}

impl Deref for ChildProcess {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for ChildProcess {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for ChildProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
