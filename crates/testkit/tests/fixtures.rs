//! The fixtures themselves: fresh each time, isolated from each other, gone afterwards.

use anyhow::{Result, ensure};
use store::{people, plans, tokens};
use testkit::Backend;
use testkit::fixtures::{
    container, container_with_preload, mock_bot, test_db, test_engine, test_invitation_token, test_session,
};

fn backends() -> impl Iterator<Item = Backend> {
    Backend::ALL.into_iter().filter(|backend| backend.is_available())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_leaves_nothing_behind() -> Result<()> {
    for backend in backends() {
        let db = test_db(backend).await?;
        let engine = test_engine(&db).await?;
        let session = test_session(&engine).await?;
        let token = test_invitation_token(&session).await?;
        ensure!(
            tokens::find(&session, &token.token)
                .await?
                .is_some_and(|found| !found.used)
        );
        drop(session);
        ensure!(tokens::find(&engine.read(), &token.token).await?.is_none());
        ensure!(plans::list(&engine.read(), plans::Which::All).await?.is_empty());
        engine.close().await;
        db.remove().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_houses_know_nothing_of_each_other() -> Result<()> {
    for backend in backends() {
        let (one, other) = (container(backend).await?, container_with_preload(backend).await?);
        let ines = one.person("Inés");
        ines.sends("/start")?;
        ines.next_answer().await?;
        ensure!(people::count(&one.store().read()).await? == 1);
        ensure!(people::count(&other.store().read()).await? == 0);
        ensure!(
            plans::list(&one.store().read(), plans::Which::All)
                .await?
                .is_empty()
        );
        ensure!(plans::list(&other.store().read(), plans::Which::All).await?.len() == 3);
        one.close().await?;
        other.close().await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_breaks_a_rule_of_the_bot_api_fails_its_test() -> Result<()> {
    let house = container(Backend::SqliteMemory).await?;
    let bot = house.telegram.bot();
    let lenient = mock_bot().await?;
    ensure!(lenient.violations().is_empty());
    lenient.stop().await;
    // Somebody calls with the house's token and a parameter that does not exist.
    let path = format!("/bot{}/getMe?colour=blue", bot.token);
    let address = house.telegram.url().replace("http://", "");
    let answer = tokio::task::spawn_blocking(move || -> Result<String> {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: sim\r\nConnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    })
    .await??;
    ensure!(answer.contains("\"ok\":true"), "{answer}");
    ensure!(
        house
            .close()
            .await
            .is_err_and(|error| error.to_string().contains("violations"))
    );
    Ok(())
}
