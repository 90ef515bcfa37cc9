//! `lucien sim`: the stand-in Telegram alone.

use std::io;

use ::sim::{Limits, NewBot, Options, Sim};

use crate::cli;
use crate::commands::run::stop_signal;
use crate::exit::Failure;

#[expect(clippy::print_stdout, reason = "the address is what the command is asked for")]
pub(crate) async fn execute(arguments: cli::Sim) -> Result<(), Failure> {
    let stop = stop_signal()?;
    let mut options = Options {
        port: arguments.port,
        clock: ::sim::Clock::movable(),
        strict: arguments.strict,
        cloud: arguments.cloud,
        limits: arguments.limits.then(Limits::default),
        resettable: true,
        bots: vec![NewBot {
            token: arguments.token,
            ..NewBot::default()
        }],
        ..Options::default()
    };
    let mut telegram = start(options.clone()).await?;
    println!("TELEGRAM_API_URL={}", telegram.url());
    println!("BOT_TOKEN={}", telegram.bot().token);
    println!("PAGE={}", page(&telegram));
    // The bot goes on with the token and the address that it has.
    options.port = telegram.port();
    options.bots[0].token = Some(telegram.bot().token);
    loop {
        let is_reset = tokio::select! {
            () = stop.cancelled() => false,
            () = telegram.reset_requested() => true,
        };
        telegram.stop().await;
        if !is_reset {
            return Ok(());
        }
        options.clock = ::sim::Clock::movable();
        telegram = start(options.clone()).await?;
    }
}

/// Where people talk to bots in a browser.
pub(crate) fn page(telegram: &Sim) -> String {
    format!("{}/", telegram.url())
}

/// Starts a stand-in Telegram.
pub(crate) async fn start(options: Options) -> Result<Sim, Failure> {
    let port = options.port;
    let started = Sim::start(options).await;
    started.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => {
            let taken = format!(
                "port {port} of this machine is taken: name another with --port, or 0 for any free one"
            );
            Failure::Usage(vec![taken])
        }
        _ => anyhow::Error::new(error)
            .context("the stand-in Telegram cannot be started")
            .into(),
    })
}
