//! The operator as a program.

use std::process::ExitCode;

use clap::Parser as _;
use livestream_operator::{
    cli::{Cli, Command, CrdsArgs, RunArgs},
    crds, run, telemetry,
};

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Crds(args) => print_crds(&args),
        Command::Run(args) => start(*args),
    }
}

fn print_crds(args: &CrdsArgs) -> ExitCode {
    let result = match &args.out {
        Some(folder) => crds::write(folder),
        None => crds::files().map(|files| {
            for (_, text) in files {
                print!("---\n{text}");
            }
        }),
    };
    finish(result.map_err(|error| error.to_string()))
}

fn start(args: RunArgs) -> ExitCode {
    let ready = args
        .check()
        .and_then(|()| telemetry::start(&args.log, args.log_format))
        .and_then(|()| {
            rustls::crypto::ring::default_provider()
                .install_default()
                .map_err(|_| "a second TLS provider was installed".to_owned())
        });
    if let Err(error) = ready {
        return finish(Err(error));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let result = match runtime {
        Ok(runtime) => runtime
            .block_on(run::run(args))
            .map_err(|error| error.to_string()),
        Err(error) => Err(format!("no runtime: {error}")),
    };
    finish(result)
}

#[expect(
    clippy::print_stderr,
    reason = "the last word of a program that cannot go on"
)]
fn finish(result: Result<(), String>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("livestream-operator: {error}");
            ExitCode::FAILURE
        }
    }
}
