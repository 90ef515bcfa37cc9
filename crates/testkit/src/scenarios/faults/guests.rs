//! People who do not give up: whoever does not see what they wait for looks again, presses what leads
//! on, or begins anew with `/start`.

use anyhow::Result;
use sim::{ButtonAction, Entry, Markup, Person};

use crate::house::House;
use crate::scenarios::way::{self, ACCEPT, LISTEN};

/// What leads to a link, the last step first.
const LEADS_ON: [&str; 6] = [
    "Intentar de nuevo",
    ACCEPT,
    LISTEN,
    "Retomar el rito",
    "Entrar al salón",
    "Mi membresía",
];

/// How often somebody tries something.
const TRIES: usize = 12;

/// Somebody opens an invitation, and looks at the answer.
pub(super) async fn opens(house: &House, person: &Person, payload: &str) -> Result<()> {
    let seen = person.last_message();
    person.opens_link(payload)?;
    looks(house, person, seen.as_ref()).await
}

/// Presses and says what leads on, until it has come to something.
pub(super) async fn goes_on_until(
    house: &House,
    person: &Person,
    done: impl Fn() -> bool + Send,
) -> Result<()> {
    for _ in 0..TRIES {
        if done() {
            return Ok(());
        }
        let seen = person.last_message();
        let buttons = seen.iter().flat_map(callbacks);
        let buttons: Vec<(&str, &str)> = buttons.collect();
        let next = LEADS_ON
            .iter()
            .find_map(|label| buttons.iter().find(|(text, _)| text.contains(label)));
        match (next, &seen) {
            (Some((_, data)), Some(seen)) => {
                person.presses_data_on(seen.message_id, data)?;
            }
            _ => {
                house.delivers().await?;
                if person.last_message() != seen {
                    continue;
                }
                person.sends("/start")?;
            }
        }
        looks(house, person, seen.as_ref()).await?;
    }
    Ok(())
}

/// Goes on until there is a link that opens the door, or no need of one.
pub(super) async fn seeks_link(house: &House, person: &Person) -> Result<Option<String>> {
    goes_on_until(house, person, || {
        way::is_inside(house, person) || link_in_sight(house, person).is_some()
    })
    .await?;
    Ok(link_in_sight(house, person))
}

/// Goes on until they are inside. Whoever is not let in asks again.
pub(super) async fn goes_in(house: &House, person: &Person) -> Result<()> {
    for _ in 0..TRIES {
        let Some(link) = seeks_link(house, person).await? else {
            return Ok(());
        };
        // Telegram tells nobody of a request that is repeated while it is open.
        let _ = person.withdraws_request(house.vip());
        if way::is_inside(house, person) || person.asks_to_join(&link).is_err() {
            return Ok(());
        }
        house.delivers().await?;
    }
    Ok(())
}

/// The custodian presses a button of the newest message that speaks of somebody, if there is one.
pub(super) async fn custodian_decides(house: &House, about: &Person, label: &str) -> Result<()> {
    let (mateo, name) = (house.custodian(), about.profile().first_name);
    let chat = mateo.chat();
    let question = chat.iter().rev().find(|entry| entry.text.contains(&name));
    let button = question.and_then(|question| {
        let (_, data) = callbacks(question).find(|(text, _)| text.contains(label))?;
        Some((question.message_id, data))
    });
    if let Some((message, data)) = button {
        mateo.presses_data_on(message, data)?;
    }
    house.delivers().await
}

/// The link that somebody's last message carries, if it opens the door.
fn link_in_sight(house: &House, person: &Person) -> Option<String> {
    let shown = person.last_message()?;
    let opens = |address: &str| {
        house.vip().links().into_iter().any(|link| {
            link.address == address && !link.is_revoked && link.expires_at.is_none_or(|end| end > house.now())
        })
    };
    buttons(&shown).find_map(|button| match &button.action {
        ButtonAction::Url(address) if opens(address) => Some(address.clone()),
        _ => None,
    })
}

/// Waits for an answer, with patience when it does not come at once.
async fn looks(house: &House, person: &Person, seen: Option<&Entry>) -> Result<()> {
    house.settles().await?;
    if person.last_message().as_ref() == seen {
        house.delivers().await?;
    }
    Ok(())
}

fn buttons(entry: &Entry) -> impl Iterator<Item = &sim::Button> {
    let rows = match &entry.keyboard {
        Some(Markup::InlineKeyboard(rows)) => rows.as_slice(),
        _ => &[],
    };
    rows.iter().flatten()
}

/// What is written on the buttons that can be tapped, and what they carry.
fn callbacks(entry: &Entry) -> impl Iterator<Item = (&str, &str)> {
    buttons(entry).filter_map(|button| match &button.action {
        ButtonAction::Callback(data) => Some((button.text.as_str(), data.as_str())),
        _ => None,
    })
}
