//! The window is not Lucien's own: a bot in Python is talked to through the page of `lucien sim`.

use std::path::Path;

use anyhow::Result;

use crate::browser::{Browser, Screen};
use crate::process::Process;
use crate::window::Window;

/// Names the Python that has the libraries of bots.
const PYTHON: &str = "SIM_CLIENTS_PYTHON";

#[tokio::test]
#[expect(clippy::print_stderr, reason = "a story that was skipped has to be seen")]
async fn any_bot_can_be_talked_to() -> Result<()> {
    let Some(python) = std::env::var_os(PYTHON) else {
        eprintln!("skipped: {PYTHON} names no Python with the libraries of bots");
        return Ok(());
    };
    let Some(browser) = Browser::start(Screen::new(1280, 900)).await? else {
        return Ok(());
    };
    let mut telegram = Process::lucien(&["sim", "--port", "0"])?;
    let url = telegram.says("TELEGRAM_API_URL=").await?;
    let token = telegram.says("BOT_TOKEN=").await?;
    let page = telegram.says("PAGE=").await?;
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sim/tests/clients");
    let program = tests.join("echo.py");
    let arguments = ["-B", &program.to_string_lossy(), &url, &token];
    let mut bot = Process::start(python, &arguments)?;
    bot.says("ready").await?;

    Window::shows(browser, &page, ada_talks).await
}

async fn ada_talks(window: &Window) -> Result<()> {
    window.does("add-person").await?;
    window.types("dialog input[name=first_name]", "Ada").await?;
    window.answers("add").await?;
    window.plays("Ada").await?;
    window.opens("Stand-in").await?;
    window.does("start").await?;
    window.reads("I repeat what you say").await?;

    window.writes("Is anybody there?").await?;
    window
        .sees("//*[@data-by='bot']//*[@data-role='text'][contains(., 'Is anybody there?')]")
        .await?;

    window.presses("Louder").await?;
    window
        .sees("//dialog[@role='alertdialog'][contains(., 'IS ANYBODY THERE?')]")
        .await?;
    window.answers("ok").await?;
    window
        .sees("//*[@data-by='bot'][.//*[@data-role='edited']]//strong[.='IS ANYBODY THERE?']")
        .await?;

    window.does("commands").await?;
    window.clicks("//*[@data-command='help']").await?;
    window.reads("Say something").await?;

    let picture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/commands/demo/candle.png");
    let files = window.finds("input[type=file]").await?;
    files.send_keys(&*picture.to_string_lossy()).await?;
    window.answers("send").await?;
    window.sees("//*[@data-by='bot']//img[@alt='Photo']").await?;
    Ok(())
}
