//! Chromium, as chromedriver drives it.

use std::env;
use std::future::Future;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::json;
use tempfile::TempDir;
use thirtyfour::error::WebDriverErrorInner as Problem;
use thirtyfour::prelude::*;
use thirtyfour::{ChromiumLikeCapabilities, LoggingPrefsLogLevel};
use tokio::time::{Instant, sleep};

use crate::process::{PATIENCE, Process};

/// Says whether a browser has to be there.
const VARIABLE: &str = "LUCIEN_BROWSER";

/// What Chromium may be called.
const CHROMIUM: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// How often the page is looked at for what is waited for; it tells nobody of itself.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What the browser shows the page on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    width: u32,
    height: u32,
    is_phone: bool,
    is_dark: bool,
}

impl Screen {
    /// One of a size, in pixels, of which a browser on a desk takes a part for itself.
    pub(crate) const fn new(width: u32, height: u32) -> Self {
        Self {
            width,
            height,
            is_phone: false,
            is_dark: false,
        }
    }

    /// That of a phone.
    pub(crate) const fn phone(mut self) -> Self {
        self.is_phone = true;
        self
    }

    /// For whoever prefers what is dark.
    pub(crate) const fn dark(mut self) -> Self {
        self.is_dark = true;
        self
    }
}

/// A browser with a profile of its own, and one page.
pub(crate) struct Browser {
    driver: WebDriver,
    _chromedriver: Process,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; none, with a word, where there is none and none is required.
    #[expect(clippy::print_stderr, reason = "a story that was skipped has to be seen")]
    pub(crate) async fn start(screen: Screen) -> Result<Option<Self>> {
        let (Some(chromium), Some(chromedriver)) = (
            CHROMIUM.iter().find_map(|name| program(name)),
            program("chromedriver"),
        ) else {
            let is_required = env::var(VARIABLE).is_ok_and(|value| value == "required");
            ensure!(
                !is_required,
                "{VARIABLE} is required, and there is no Chromium or no chromedriver"
            );
            eprintln!("skipped: there is no Chromium or no chromedriver");
            return Ok(None);
        };
        let mut process = Process::start(chromedriver, &["--port=0"])?;
        let port = process
            .says("ChromeDriver was started successfully on port ")
            .await?;
        let profile = TempDir::new()?;
        let mut wishes = DesiredCapabilities::chrome();
        wishes.set_binary(&chromium.to_string_lossy())?;
        for argument in [
            "--headless=new",
            // As root, and where /dev/shm is small, it does not start otherwise.
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--no-proxy-server",
            "--hide-scrollbars",
            "--lang=en",
            &format!("--window-size={},{}", screen.width, screen.height),
            &format!("--user-data-dir={}", profile.path().display()),
        ] {
            wishes.add_arg(argument)?;
        }
        if screen.is_dark {
            wishes.add_arg("--blink-settings=preferredColorScheme=0")?;
        }
        if screen.is_phone {
            let metrics = json!({ "width": screen.width, "height": screen.height, "pixelRatio": 1.5 });
            wishes.add_experimental_option("mobileEmulation", json!({ "deviceMetrics": metrics }))?;
        }
        wishes.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
        // reqwest wants a TLS provider even where no TLS is spoken.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?;
        let server = format!("http://127.0.0.1:{}", port.trim_end_matches('.'));
        let driver = WebDriver::builder(server, wishes)
            .client(client)
            .connect()
            .await?;
        Ok(Some(Self {
            driver,
            _chromedriver: process,
            _profile: profile,
        }))
    }

    pub(crate) const fn driver(&self) -> &WebDriver {
        &self.driver
    }

    /// Waits until `look` sees what it looks for on the page. What vanishes or moves while it is looked at is
    /// looked at again.
    pub(crate) async fn until<T, F>(&self, awaited: &str, look: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = WebDriverResult<Option<T>>>,
    {
        let end = Instant::now() + PATIENCE;
        loop {
            match look().await {
                Ok(Some(seen)) => return Ok(seen),
                Ok(None) => {}
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(error).with_context(|| format!("waiting for {awaited}")),
            }
            if Instant::now() > end {
                let shown = self.driver.find(By::Tag("body")).await?.text().await?;
                let picture = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser-failure.png");
                self.driver.screenshot(&picture).await?;
                bail!(
                    "waited in vain for {awaited}; {} shows what was there instead:\n{shown}",
                    picture.display()
                );
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// What has gone wrong on the page since this was asked last: errors of scripts, what the policy of its
    /// content forbids, what could not be loaded.
    pub(crate) async fn complaints(&self) -> WebDriverResult<Vec<String>> {
        let log = self.driver.browser_log().await?;
        let wrong = log
            .into_iter()
            .filter(|entry| entry.level != "INFO" && entry.level != "DEBUG");
        Ok(wrong.map(|entry| entry.message).collect())
    }

    /// Ends it, however the story went. Nothing that went wrong on the page is overlooked.
    pub(crate) async fn ends(self, story: Result<()>) -> Result<()> {
        let complaints = self.complaints().await;
        self.driver.quit().await?;
        story?;
        let complaints = complaints?;
        ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
        Ok(())
    }
}

/// Whether it may be over at the next look.
fn is_passing(error: &WebDriverError) -> bool {
    matches!(
        error.as_inner(),
        Problem::NoSuchElement(_)
            | Problem::StaleElementReference(_)
            | Problem::ElementClickIntercepted(_)
            | Problem::ElementNotInteractable(_)
    )
}

/// Where a program is.
fn program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|file| file.is_file())
}
