//! What Lucien answers in any room: help, the id, and everything that he does not understand.

use anyhow::{Result, ensure};

use crate::house::House;
use crate::scenario::{Scenario, stories};

pub(super) const STORIES: &[Scenario] = stories!["service":
    help_names_the_commands_that_exist,
    the_id_is_the_persons_own,
    what_is_not_understood_is_answered_politely,
    an_unknown_button_is_answered_and_leads_home,
    the_command_menu_is_set,
    a_custodians_menu_is_set_once_they_have_come,
    what_the_house_keeps_is_told_to_everybody,
    a_stranger_is_not_told_of_the_panel,
];

async fn help_names_the_commands_that_exist(house: &mut House) -> Result<()> {
    for person in [house.person("Inés"), house.custodian()] {
        person.sends("/help")?;
        let help = person.next_answer().await?;
        for command in ["/start", "/help", "/id"] {
            ensure!(help.text.contains(command), "{}", help.text);
        }
    }
    Ok(())
}

async fn the_id_is_the_persons_own(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/id")?;
    let shown = ines.next_answer().await?;
    ensure!(
        shown.html.contains(&format!("<code>{}</code>", ines.id())),
        "{}",
        shown.html
    );
    Ok(())
}

async fn what_is_not_understood_is_answered_politely(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    for text in ["/ayuda", "hola", "/", "¿Quién es usted?"] {
        ines.sends(text)?;
        let answer = ines.next_answer().await?;
        ensure!(
            answer.text.starts_with('🎩') && answer.text.contains("/help"),
            "{text}: {}",
            answer.text
        );
    }
    Ok(())
}

async fn an_unknown_button_is_answered_and_leads_home(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("hola")?;
    ines.next_answer().await?;
    for data in ["user:redeem_token", "pagination:info:3", "💥"] {
        let answer = ines.presses_data(data)?.answer().await?;
        ensure!(answer.text.is_some() && !answer.show_alert, "{data}: {answer:?}");
        house.is_quiet().await?;
        ensure!(
            ines.last_message().is_some_and(|shown| shown.labels().len() == 3),
            "{data}"
        );
    }
    Ok(())
}

async fn the_command_menu_is_set(house: &mut House) -> Result<()> {
    let telegram = &house.telegram;
    telegram
        .until("the list of commands", |view| {
            (view.call_count("setMyCommands") > 0).then_some(())
        })
        .await?;
    let call = telegram
        .calls()
        .into_iter()
        .find(|call| call.method == "setMyCommands");
    let sent = format!("{call:?}");
    ensure!(
        ["start", "help", "id"]
            .iter()
            .all(|command| sent.contains(command)),
        "{sent}"
    );
    Ok(())
}

async fn a_custodians_menu_is_set_once_they_have_come(house: &mut House) -> Result<()> {
    let mateo = house.custodian();
    let menus = |telegram: &sim::Sim| {
        let calls = telegram.calls().into_iter();
        let menus = calls.filter(|call| call.method == "setMyCommands");
        let sent = menus.map(|call| format!("{call:?}"));
        sent.filter(|sent| sent.contains(&mateo.id().to_string()))
            .collect::<Vec<_>>()
    };
    house.is_quiet().await?;
    ensure!(menus(&house.telegram).is_empty(), "the chat does not exist yet");
    mateo.sends("/start")?;
    mateo.next_answer().await?;
    house.is_quiet().await?;
    let set = menus(&house.telegram);
    ensure!(
        set.len() == 1
            && ["admin", "cancel", "start"]
                .iter()
                .all(|command| set[0].contains(command)),
        "{set:?}"
    );
    mateo.sends("/start")?;
    mateo.next_answer().await?;
    house.is_quiet().await?;
    ensure!(menus(&house.telegram).len() == 1, "once");
    Ok(())
}

async fn what_the_house_keeps_is_told_to_everybody(house: &mut House) -> Result<()> {
    for person in [house.person("Inés"), house.custodian()] {
        person.sends("/privacy")?;
        let told = person.next_answer().await?;
        ensure!(
            told.text.contains("7 días") && told.text.contains("/id"),
            "{}",
            told.text
        );
    }
    Ok(())
}

async fn a_stranger_is_not_told_of_the_panel(house: &mut House) -> Result<()> {
    let ines = house.person("Inés");
    ines.sends("/nothing")?;
    let unknown = ines.next_answer().await?;
    ines.sends("/admin")?;
    let refused = ines.next_answer().await?;
    let last_line = |text: &str| text.lines().last().map(str::to_owned);
    ensure!(
        last_line(&refused.text) == last_line(&unknown.text),
        "as any command that there is not: {}",
        refused.text
    );
    // A forged button says whose room it is, and shows the stranger's own home.
    let answer = ines.presses_data("panel")?.answer().await?;
    ensure!(answer.show_alert && answer.text.is_some(), "{answer:?}");
    house.is_quiet().await?;
    ensure!(ines.last_message().is_some_and(|shown| shown.labels().len() == 3));
    Ok(())
}
