//! The page, by what one does on it.

use anyhow::Result;
use thirtyfour::prelude::*;

use crate::browser::Browser;

/// The newest message with some text, as a path: its words.
fn words(fragment: &str) -> String {
    format!("(//*[@data-message]//*[@data-role='text'][contains(., '{fragment}')])[last()]")
}

/// The page in a browser.
pub(crate) struct Window {
    pub(crate) browser: Browser,
}

impl Window {
    /// Opens it, and does there what a story tells.
    pub(crate) async fn shows(
        browser: Browser,
        address: &str,
        story: impl AsyncFnOnce(&Self) -> Result<()>,
    ) -> Result<()> {
        let window = Self { browser };
        let told = async {
            window.browser.driver().goto(address).await?;
            window.is_there().await?;
            story(&window).await
        };
        let told = told.await;
        window.browser.ends(told).await
    }

    async fn is_there(&self) -> Result<()> {
        self.finds("body[data-world]").await?;
        Ok(())
    }

    /// Loads the page anew.
    pub(crate) async fn reloads(&self) -> Result<()> {
        self.browser.driver().refresh().await?;
        self.is_there().await
    }

    /// Becomes somebody else.
    pub(crate) async fn plays(&self, name: &str) -> Result<()> {
        self.clicks(&format!("//*[@data-person][.//*[.='{name}']]"))
            .await?;
        self.sees(&format!("//*[@id='whose'][.='{name}']")).await?;
        Ok(())
    }

    /// Goes to a chat.
    pub(crate) async fn opens(&self, title: &str) -> Result<()> {
        self.clicks(&format!("//*[@data-peer][.//*[.='{title}']]"))
            .await?;
        self.is_at(title).await
    }

    /// Waits until a chat is open.
    pub(crate) async fn is_at(&self, title: &str) -> Result<()> {
        self.sees(&format!(
            "//*[@id='conversation']//h2[@data-role='title'][.='{title}']"
        ))
        .await?;
        Ok(())
    }

    /// Writes into the open chat, and sends it.
    pub(crate) async fn writes(&self, text: &str) -> Result<()> {
        self.types("[data-role=composer]", text).await?;
        self.does("send").await
    }

    /// Presses the newest button under a message that reads so, or contains it.
    pub(crate) async fn presses(&self, label: &str) -> Result<()> {
        self.clicks(&format!(
            "(//*[@data-action='press'][contains(., '{label}')])[last()]"
        ))
        .await
    }

    /// Waits for a message with some text; all of its text.
    pub(crate) async fn reads(&self, fragment: &str) -> Result<String> {
        let shown = self.sees(&words(fragment)).await?;
        Ok(shown.text().await?)
    }

    /// Opens the menu of the newest message with some text, and chooses from it.
    pub(crate) async fn chooses(&self, fragment: &str, action: &str) -> Result<()> {
        self.clicks(&format!(
            "{}/ancestor::article[@data-message]//*[@data-action='menu']",
            words(fragment)
        ))
        .await?;
        self.clicks(&format!("//*[@role='menu']//*[@data-action='{action}']"))
            .await
    }

    /// Does one of the things that the page offers by a button.
    pub(crate) async fn does(&self, action: &str) -> Result<()> {
        self.clicks(&format!(
            "//button[@data-action='{action}'][not(ancestor::*[@hidden])]"
        ))
        .await
    }

    /// Answers a dialog.
    pub(crate) async fn answers(&self, answer: &str) -> Result<()> {
        self.clicks(&format!("//dialog//*[@data-answer='{answer}']"))
            .await?;
        self.misses("dialog").await
    }

    /// Opens an address that somebody has handed over.
    pub(crate) async fn follows(&self, address: &str) -> Result<()> {
        self.does("open-link").await?;
        self.types("dialog input[name=address]", address).await?;
        self.answers("open").await
    }

    /// Writes into a field, in place of what is in it.
    pub(crate) async fn types(&self, selector: &str, text: &str) -> Result<()> {
        let driver = self.browser.driver();
        self.browser
            .until(&format!("a field {selector}"), || async {
                let field = driver.find(By::Css(selector)).await?;
                field.clear().await?;
                field.send_keys(text).await?;
                Ok(Some(()))
            })
            .await
    }

    /// Waits for what a selector finds.
    pub(crate) async fn finds(&self, selector: &str) -> Result<WebElement> {
        let driver = self.browser.driver();
        self.browser
            .until(selector, || async {
                driver.find(By::Css(selector)).await.map(Some)
            })
            .await
    }

    /// Waits until a selector finds nothing.
    pub(crate) async fn misses(&self, selector: &str) -> Result<()> {
        let driver = self.browser.driver();
        self.browser
            .until(&format!("no {selector}"), || async {
                let found = driver.find_all(By::Css(selector)).await?;
                Ok(found.is_empty().then_some(()))
            })
            .await
    }

    /// How much a selector finds.
    pub(crate) async fn count(&self, selector: &str) -> Result<usize> {
        Ok(self.browser.driver().find_all(By::Css(selector)).await?.len())
    }

    /// Waits for what a path leads to, and for it to be in sight.
    pub(crate) async fn sees(&self, path: &str) -> Result<WebElement> {
        let driver = self.browser.driver();
        self.browser
            .until(path, || async {
                let found = driver.find(By::XPath(path)).await?;
                Ok(found.is_displayed().await?.then_some(found))
            })
            .await
    }

    /// Waits for what a path leads to, and clicks on it.
    pub(crate) async fn clicks(&self, path: &str) -> Result<()> {
        let driver = self.browser.driver();
        self.browser
            .until(&format!("{path}, to be clicked on"), || async {
                driver.find(By::XPath(path)).await?.click().await?;
                Ok(Some(()))
            })
            .await
    }
}
