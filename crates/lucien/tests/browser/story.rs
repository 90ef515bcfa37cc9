//! What a newcomer can try in `lucien demo`, by clicking.

use anyhow::{Context, Result, ensure};

use crate::browser::{Browser, Screen};
use crate::process::Process;
use crate::window::Window;

/// What it is seen on.
const SCREEN: Screen = Screen::new(1280, 900);

#[tokio::test]
async fn a_newcomer_sees_it_all() -> Result<()> {
    let Some(browser) = Browser::start(SCREEN).await? else {
        return Ok(());
    };
    let (_demo, address) = Process::demo().await?;
    let story = async |window: &Window| {
        julia_waits_for_the_visitors_channel(window).await?;
        let invitation = diana_issues_an_invitation(window).await?;
        tomas_becomes_a_member(window, &invitation).await?;
        another_stranger_comes_too_late(window, &invitation).await?;
        mateo_sets_up_a_channel(window).await?;
        lucien_waits_while_telegram_wants_to_be_left_alone(window).await?;
        what_is_behind_a_message_can_be_seen(window).await?;
        sara_is_seen_out_when_her_time_is_up(window).await?;
        everything_begins_anew(window).await
    };
    Window::shows(browser, &address, story).await
}

async fn julia_waits_for_the_visitors_channel(window: &Window) -> Result<()> {
    window.plays("Julia").await?;
    window.does("open-link").await?;
    window
        .clicks("//dialog//*[@data-address][contains(., 'El patio')]")
        .await?;
    window.answers("ask").await?;
    window.opens("Lucien").await?;
    window.reads("ya está anotada").await?;
    window.presses("Avíseme").await?;
    window.reads("se lo digo en esta misma conversación").await?;

    let shown = window.count("[data-message]").await?;
    window.reloads().await?;
    window.is_at("Lucien").await?;
    window.reads("se lo digo en esta misma conversación").await?;
    ensure!(
        window.count("[data-message]").await? == shown,
        "a reload loses nothing"
    );

    window.does("powers").await?;
    window
        .clicks("//*[@data-action='advance'][@data-seconds='300']")
        .await?;
    window.reads("Le doy la bienvenida").await?;
    window.does("powers-close").await?;
    window.opens("El patio").await?;
    window.reads("miren con calma").await?;
    Ok(())
}

/// Returns the invitation's link.
async fn diana_issues_an_invitation(window: &Window) -> Result<String> {
    window.plays("Diana").await?;
    window.opens("Lucien").await?;
    window.writes("/admin").await?;
    window.reads("Panel de la casa").await?;
    for label in ["Emitir una invitación", "Anual", "Confirmar"] {
        window.presses(label).await?;
    }
    // Others were issued before, and the plan is named elsewhere.
    let issued = window
        .sees("//*[@data-role='text'][contains(., '365 días')][contains(., 'https://t.me/')]")
        .await?;
    let issued = issued.text().await?;
    let link = issued
        .split_whitespace()
        .find(|word| word.starts_with("https://t.me/"));
    Ok(link.context("a link")?.to_owned())
}

async fn tomas_becomes_a_member(window: &Window, invitation: &str) -> Result<()> {
    window.plays("Tomás").await?;
    window.follows(invitation).await?;
    window.is_at("Lucien").await?;
    window.reads("Ha dado usted un paso").await?;
    window.presses("Le escucho").await?;
    window.reads("Permítame hablarle del salón").await?;
    window.presses("Comprendo y acepto").await?;
    window.reads("Aquí tiene su llave").await?;
    window.presses("Entrar al salón").await?;
    window.answers("ask").await?;
    window.opens("El salón").await?;
    window.reads("a puerta cerrada").await?;
    let photo = window.finds("[data-message] img[alt=Photo]").await?;
    window
        .browser
        .until("the photo to be loaded", || async {
            let width = photo.prop("naturalWidth").await?;
            Ok(width.filter(|width| width != "0"))
        })
        .await?;
    Ok(())
}

async fn another_stranger_comes_too_late(window: &Window, invitation: &str) -> Result<()> {
    window.does("add-person").await?;
    window.types("dialog input[name=first_name]", "Valeria").await?;
    window.answers("add").await?;
    window.plays("Valeria").await?;
    window.follows(invitation).await?;
    window.is_at("Lucien").await?;
    window.reads("una sola vez").await?;
    Ok(())
}

async fn mateo_sets_up_a_channel(window: &Window) -> Result<()> {
    window.plays("Mateo").await?;
    window.opens("Lucien").await?;
    window.writes("/admin").await?;
    window.reads("Panel de la casa").await?;
    window.presses("canal Free").await?;
    window.presses("Cambiar de canal").await?;
    window.reads("Reenvíeme aquí cualquier publicación").await?;
    window.opens("La terraza").await?;
    window.chooses("bien en verano", "forward").await?;
    window.opens("Lucien").await?;
    let done = window.reads("Canal Free configurado").await?;
    ensure!(done.contains("La terraza") && !done.contains('⚠'), "{done}");
    Ok(())
}

async fn lucien_waits_while_telegram_wants_to_be_left_alone(window: &Window) -> Result<()> {
    window.plays("Inés").await?;
    window.opens("Lucien").await?;
    window.does("powers").await?;
    window.types("input[name=method]", "sendMessage").await?;
    window.does("inject-fault").await?;
    window.sees("//*[@data-fault]").await?;
    let lucien = "[data-message][data-by=bot]";
    let before = window.count(lucien).await?;
    window.writes("/start").await?;
    window
        .sees("//*[@data-fault][contains(., 'happened')][not(contains(., 'happened 0'))]")
        .await?;
    ensure!(
        window.count(lucien).await? == before,
        "he cannot be heard meanwhile"
    );
    window.does("remove-fault").await?;
    window.misses("[data-fault]").await?;
    window
        .clicks("//*[@data-action='advance'][@data-seconds='300']")
        .await?;
    window
        .browser
        .until("Lucien to be heard again", || async {
            let found = window
                .browser
                .driver()
                .find_all(thirtyfour::By::Css(lucien))
                .await?;
            Ok((found.len() > before).then_some(()))
        })
        .await?;
    window.does("powers-close").await
}

async fn what_is_behind_a_message_can_be_seen(window: &Window) -> Result<()> {
    window.chooses("Inés", "behind").await?;
    let call = window
        .sees("//*[@data-role='inspector']//*[@data-method='sendMessage']")
        .await?;
    let shown = call.text().await?;
    ensure!(shown.contains("200") && shown.contains("chat_id"), "{shown}");
    window.does("powers-back").await?;
    window
        .sees("//*[@data-role='violations'][contains(., 'Nothing so far')]")
        .await?;
    Ok(())
}

async fn sara_is_seen_out_when_her_time_is_up(window: &Window) -> Result<()> {
    window.plays("Sara").await?;
    window.opens("Lucien").await?;
    window
        .clicks("//*[@data-action='advance'][@data-seconds='2592000']")
        .await?;
    window.reads("Estuvo vigente hasta").await?;
    window
        .sees("//*[@data-peer][.//*[.='El salón']][contains(., 'Left')]")
        .await?;
    Ok(())
}

async fn everything_begins_anew(window: &Window) -> Result<()> {
    let complaints = window.browser.complaints().await?;
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    let before = window.finds("body").await?.attr("data-world").await?;
    window.does("reset").await?;
    window.answers("yes").await?;
    window
        .browser
        .until("another stand-in", || async {
            let body = window.browser.driver().find(thirtyfour::By::Css("body")).await?;
            let world = body.attr("data-world").await?;
            Ok(world.filter(|world| Some(world) != before.as_ref()))
        })
        .await?;
    window.misses("[data-person][title^=Valeria]").await?;
    // Between the two stand-ins nobody listens, and the page tries until somebody does.
    let mut complaints = window.browser.complaints().await?;
    complaints.retain(|it| {
        !["net::ERR_", "Failed to fetch"]
            .iter()
            .any(|gone| it.contains(gone))
    });
    ensure!(complaints.is_empty(), "on the console: {complaints:#?}");
    Ok(())
}
