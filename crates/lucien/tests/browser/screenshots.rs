//! Pictures of the window for the documents, in `docs/img`.

use std::path::Path;

use anyhow::{Context, Result};

use crate::browser::{Browser, Screen};
use crate::process::Process;
use crate::window::Window;

/// Where they lie.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/img");

const DESK: Screen = Screen::new(1280, 860);
const PHONE: Screen = Screen::new(390, 780).phone();
const DARK: Screen = Screen::new(1280, 860).dark();

/// Takes a picture when everything has come to rest: nothing moves, and no picture is missing.
async fn shoot(window: &Window, name: &str) -> Result<()> {
    const RESTS: &str = "return document.getAnimations().length === 0 && !document.querySelector('.toast') \
                         && [...document.images].every((image) => image.complete)";
    let driver = window.browser.driver();
    let look = || async {
        let rests = driver.execute(RESTS, vec![]).await?;
        Ok(rests.json().as_bool().filter(|rests| *rests))
    };
    window.browser.until("the page to be at rest", look).await?;
    let file = Path::new(FOLDER).join(name).with_extension("png");
    Ok(driver.screenshot(&file).await?)
}

/// Opens a demo on a screen.
async fn on(screen: Screen, story: impl AsyncFnOnce(&Window) -> Result<()>) -> Result<()> {
    let browser = Browser::start(screen).await?.context("there is no browser")?;
    let (_demo, address) = Process::demo().await?;
    Window::shows(browser, &address, story).await
}

#[tokio::test]
#[ignore = "makes the pictures of the documents: scripts/screenshots"]
async fn screenshots() -> Result<()> {
    on(DESK, on_a_desk).await?;
    on(PHONE, on_a_phone).await?;
    on(DARK, in_the_dark).await
}

async fn on_a_desk(window: &Window) -> Result<()> {
    window.plays("Julia").await?;
    window.opens("Lucien").await?;
    window.reads("Está usted en el patio").await?;
    shoot(window, "visitor").await?;

    window.plays("Camila").await?;
    window.opens("Lucien").await?;
    window.presses("Le escucho").await?;
    window.reads("Permítame hablarle del salón").await?;
    shoot(window, "ritual").await?;

    window.plays("Diana").await?;
    window.opens("Lucien").await?;
    window.writes("/admin").await?;
    window.reads("Panel de la casa").await?;
    shoot(window, "panel").await?;

    window.plays("Rodrigo").await?;
    window.opens("El salón").await?;
    window.reads("a puerta cerrada").await?;
    shoot(window, "channel").await?;

    window.plays("Sara").await?;
    window.opens("Lucien").await?;
    window.reads("unos tres días").await?;
    window.does("powers").await?;
    shoot(window, "powers").await?;
    window.chooses("unos tres días", "behind").await?;
    window
        .sees("//*[@data-role='inspector']//*[@data-method='sendMessage']")
        .await?;
    shoot(window, "inspector").await
}

async fn on_a_phone(window: &Window) -> Result<()> {
    window.plays("Sara").await?;
    shoot(window, "phone-chats").await?;
    window.opens("Lucien").await?;
    window.reads("unos tres días").await?;
    shoot(window, "phone").await
}

async fn in_the_dark(window: &Window) -> Result<()> {
    window.plays("Inés").await?;
    window.opens("Lucien").await?;
    window.writes("/start").await?;
    window.presses("La vitrina").await?;
    window.reads("Luz de tarde").await?;
    shoot(window, "dark").await
}
