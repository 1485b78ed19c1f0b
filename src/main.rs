//! Runs the command line. Every command is one function of the library.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    let problems = passback::serve::prepare_process();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            cli::print_error(&error);
            return ExitCode::FAILURE;
        }
    };
    runtime.block_on(cli::run(problems))
}
