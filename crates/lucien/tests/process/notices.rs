//! What custodians are told when Lucien takes up his work.

use anyhow::{Result, ensure};

use crate::lucien::{Running, folder, telegram};

#[tokio::test(flavor = "multi_thread")]
async fn a_custodian_is_told_once_that_lucien_is_on_duty() -> Result<()> {
    let (folder, telegram) = (folder()?, telegram().await?);
    let mateo = telegram.person("Mateo");
    mateo.sends("/start")?;
    let id = mateo.id().to_string();
    // Another custodian has never written to the bot, and cannot be told.
    let custodians = format!("{id},77");
    let variables = [("ADMIN_USER_IDS", custodians.as_str())];
    let start = || Running::start_as(folder.path(), &telegram, "sqlite:///bot.db", &variables);
    let house = start()?;
    let notice = mateo.hears(env!("CARGO_PKG_VERSION")).await?;
    ensure!(notice.text.contains(&telegram.url()), "{}", notice.text);
    ensure!(
        !notice.text.contains("Libros de la casa"),
        "a new house was not changed: {}",
        notice.text
    );
    telegram
        .until("the greeting, too", |view| {
            (view.answers(mateo.id()) == 2).then_some(())
        })
        .await?;
    house.stop().await?;

    let house = start()?;
    mateo.sends("/id")?;
    mateo.hears(&id).await?;
    house.stop().await?;
    ensure!(mateo.chat().len() == 5, "{}", mateo.transcript());
    Ok(())
}
