//! Runs every system scenario on every backend that is there. With `RUST_LOG` set, the houses' logs
//! are shown.

use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use testkit::scenarios;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(std::io::stderr)
        .init();
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut trials = Vec::new();
    for scenario in scenarios::all() {
        for backend in scenario.backends() {
            let handle = runtime.handle().clone();
            let name = format!("{}::{}::{}", scenario.area, scenario.name, backend.name());
            let run = move || {
                let told = handle.block_on(scenario.run(backend));
                told.map_err(|error| Failed::from(format!("{error:#}")))
            };
            trials.push(Trial::test(name, run).with_ignored_flag(!backend.is_available()));
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}
