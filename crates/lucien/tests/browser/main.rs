//! The window in a real browser: Chromium, headless, clicks through stories as whoever opens the page would.
//!
//! Without Chromium and chromedriver the stories are skipped, unless `LUCIEN_BROWSER` is `required`. The
//! pictures of the documents are made anew by `scripts/screenshots`.

mod browser;
mod echo;
mod process;
mod screenshots;
mod story;
mod window;
