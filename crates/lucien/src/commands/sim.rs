//! `lucien sim`: the stand-in Telegram alone.

use ::sim::{Limits, NewBot, Options, Sim};
use anyhow::Context;

use crate::cli;
use crate::commands::run::stop_signal;
use crate::exit::Failure;

#[expect(clippy::print_stdout, reason = "the address is what the command is asked for")]
pub(crate) async fn execute(arguments: cli::Sim) -> Result<(), Failure> {
    let stop = stop_signal()?;
    let options = Options {
        port: arguments.port,
        strict: arguments.strict,
        cloud: arguments.cloud,
        limits: arguments.limits.then(Limits::default),
        bots: vec![NewBot {
            token: arguments.token,
            ..NewBot::default()
        }],
        ..Options::default()
    };
    let telegram = Sim::start(options)
        .await
        .context("the stand-in Telegram cannot be started")?;
    println!("TELEGRAM_API_URL={}", telegram.url());
    println!("BOT_TOKEN={}", telegram.bot().token);
    stop.cancelled().await;
    telegram.stop().await;
    Ok(())
}
