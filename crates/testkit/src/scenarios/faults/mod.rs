//! The fault matrix: whatever goes wrong once, the end is right and nothing that matters happens twice.
//!
//! A [`Flow`] is told once without faults, and what Lucien calls meanwhile is written down. Then it is
//! told anew, by new people, for each of those calls and each [`Trouble`] that may befall it. Nobody
//! gives up: whoever does not see what they wait for tries again, as people do.
//!
//! | module | holds |
//! |---|---|
//! | [`flows`] | the flows of the way in |
//! | [`queue`] | those of the visitors' channel |
//! | [`departures`] | those of the end of a membership |
//! | [`guests`] | people who do not give up |
//! | [`trouble`] | what can go wrong, and what follows from it |
//! | [`ends`] | how a flow ended |

mod departures;
mod ends;
mod flows;
mod guests;
mod queue;
mod trouble;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use sim::{Call, Person, Room};

use super::way;
use crate::database::Backend;
use crate::house::House;
use crate::scenario::{Scenario, stories};
use ends::Ends;
use trouble::Trouble;

pub(super) const STORIES: &[Scenario] = stories!["faults":
    a_redemption_and_the_ritual,
    a_request_before_the_end_of_the_ritual,
    a_renewal,
    a_renewal_in_the_middle_of_the_ritual,
    a_return_with_a_ban_to_lift,
    a_stranger_with_a_lent_link,
    a_visitor_without_a_link,
    a_member_who_comes_back,
    a_removed_member_who_is_let_in_again,
    a_removed_member_who_is_left_outside,
    a_link_that_is_replaced,
    an_uninvited_guest_who_is_seen_out,
    a_channel_that_is_set_up,
    an_invitation_that_is_issued,
    somebody_who_waits_and_is_let_in,
    a_request_that_is_withdrawn_and_made_again,
    a_membership_that_ends,
    a_membership_that_ends_with_an_open_link,
    a_renewal_before_the_removal_is_taken_in_hand,
    a_reminder_and_the_wish_to_stay,
];

async fn a_redemption_and_the_ritual(house: &mut House) -> Result<()> {
    matrix::<flows::Redemption>(house).await
}

async fn a_request_before_the_end_of_the_ritual(house: &mut House) -> Result<()> {
    matrix::<flows::Impatience>(house).await
}

async fn a_renewal(house: &mut House) -> Result<()> {
    matrix::<flows::Renewal>(house).await
}

async fn a_renewal_in_the_middle_of_the_ritual(house: &mut House) -> Result<()> {
    matrix::<flows::BegunAnew>(house).await
}

async fn a_return_with_a_ban_to_lift(house: &mut House) -> Result<()> {
    matrix::<flows::Return>(house).await
}

async fn a_stranger_with_a_lent_link(house: &mut House) -> Result<()> {
    matrix::<flows::Stranger>(house).await
}

async fn a_visitor_without_a_link(house: &mut House) -> Result<()> {
    matrix::<flows::Visitor>(house).await
}

async fn a_member_who_comes_back(house: &mut House) -> Result<()> {
    matrix::<flows::ComingBack>(house).await
}

async fn a_removed_member_who_is_let_in_again(house: &mut House) -> Result<()> {
    matrix::<flows::Removed<true>>(house).await
}

async fn a_removed_member_who_is_left_outside(house: &mut House) -> Result<()> {
    matrix::<flows::Removed<false>>(house).await
}

async fn a_link_that_is_replaced(house: &mut House) -> Result<()> {
    matrix::<flows::Replacement>(house).await
}

async fn an_uninvited_guest_who_is_seen_out(house: &mut House) -> Result<()> {
    matrix::<flows::Uninvited>(house).await
}

async fn a_channel_that_is_set_up(house: &mut House) -> Result<()> {
    matrix::<flows::SetUp>(house).await
}

async fn an_invitation_that_is_issued(house: &mut House) -> Result<()> {
    matrix::<flows::Issue>(house).await
}

async fn somebody_who_waits_and_is_let_in(house: &mut House) -> Result<()> {
    matrix::<queue::Admission>(house).await
}

async fn a_request_that_is_withdrawn_and_made_again(house: &mut House) -> Result<()> {
    matrix::<queue::AskedAgain>(house).await
}

async fn a_membership_that_ends(house: &mut House) -> Result<()> {
    matrix::<departures::Departure>(house).await
}

async fn a_membership_that_ends_with_an_open_link(house: &mut House) -> Result<()> {
    matrix::<departures::KeyTakenBack>(house).await
}

async fn a_renewal_before_the_removal_is_taken_in_hand(house: &mut House) -> Result<()> {
    matrix::<departures::RenewedInTime>(house).await
}

async fn a_reminder_and_the_wish_to_stay(house: &mut House) -> Result<()> {
    matrix::<departures::Reminded>(house).await
}

/// Something that Lucien and some people do together.
trait Flow: Sized + Send + Sync {
    /// The methods that only the outbox calls in it.
    const ERRANDS: &[&str] = &[
        "approveChatJoinRequest",
        "declineChatJoinRequest",
        "revokeChatInviteLink",
        "unbanChatMember",
    ];

    /// The methods whose calls are struck; none: all. What another flow tells as well is struck there.
    const STRUCK: &[&str] = &[];

    /// Makes ready what has to be there before; nothing goes wrong meanwhile. Names that end in `mark`
    /// are this telling's own.
    fn prepared(house: &House, mark: &str) -> impl Future<Output = Result<Self>> + Send;

    /// Whom it is about.
    fn people(&self) -> Vec<&Person>;

    /// The channel in which it happens.
    fn room<'a>(&'a self, house: &'a House) -> &'a Room {
        house.vip()
    }

    /// What people do while something goes wrong.
    fn happens(&self, house: &House) -> impl Future<Output = Result<()>> + Send;

    /// What they do afterwards.
    fn goes_on(&self, house: &House) -> impl Future<Output = Result<()>> + Send {
        let _ = house;
        async { Ok(()) }
    }

    /// Checks how it ends when nothing goes wrong.
    fn check(&self, house: &House, ends: &Ends) -> impl Future<Output = Result<()>> + Send;

    /// What Lucien says to people of his own accord, once: to whom, and a part of it.
    fn notices(&self) -> Vec<(&Person, &'static str)> {
        Vec::new()
    }

    /// What else is to be the same in the end.
    fn facts(&self, house: &House) -> impl Future<Output = Result<Vec<i64>>> + Send {
        let _ = house;
        async { Ok(Vec::new()) }
    }

    /// Changes the end to what it is when Telegram says of that call that it was done before.
    fn already(&self, _: &Target, _: &Trouble, _: &mut Ends) {}

    /// Changes the end to what it is when that call is given up for good, by that trouble.
    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        let Some(guest) = ends.people.first_mut() else {
            return;
        };
        match target.method.as_str() {
            "revokeChatInviteLink" => guest.links_that_open = 1,
            "declineChatJoinRequest" => guest.asks = true,
            _ => {}
        }
    }
}

/// Where a call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Place {
    /// Nowhere in particular.
    Nowhere,
    /// To the custodian.
    Custodian,
    /// To one of the people of the flow.
    Person(usize),
    /// To the channel.
    Channel,
}

/// What a message is that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Word {
    /// None, or an answer.
    Answer,
    /// What a person is told, by its place among the flow's notices.
    Notice(usize),
    /// What the custodian is told.
    Alert,
}

/// A call that a flow makes.
#[derive(Clone, Debug)]
struct Target {
    method: String,
    place: Place,
    /// How many calls of that method come before, to that place.
    nth: u64,
    word: Word,
    /// Whether those say something else.
    is_first: bool,
    /// Whether Telegram does what it asks for when nothing goes wrong.
    is_granted: bool,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.place {
            Place::Nowhere => String::new(),
            Place::Custodian => " to the custodian".to_owned(),
            Place::Person(index) => format!(" to person {index}"),
            Place::Channel => " at the channel".to_owned(),
        };
        write!(f, "{}{place}, no. {}", self.method, self.nth + 1)
    }
}

/// Tells a flow once for each of its calls and for everything that may befall it.
async fn matrix<F: Flow>(house: &House) -> Result<()> {
    let mateo = way::custodian(house).await?;
    let well = tell::<F>(house, &mateo, "000", None)
        .await
        .context("when nothing goes wrong")?;
    let mut targets = targets(house, &well, &mateo);
    targets.retain(|target| F::STRUCK.is_empty() || F::STRUCK.contains(&target.method.as_str()));
    ensure!(!targets.is_empty(), "nothing is called");
    let is_whole = house.backend() == Backend::SqliteMemory;
    let mut number = 0;
    let mut failed = Vec::new();
    for target in &targets {
        let strikes = |trouble: &Trouble| match (is_whole, target.is_first) {
            (true, true) => true,
            // What an answer suffers, the next one suffers alike.
            (true, false) => trouble.is_telling || !target.is_answer(),
            // Databases differ in how an end is written down, not in what it means.
            (false, is_first) => is_first && trouble.is_telling && !target.is_answer(),
        };
        for trouble in Trouble::of(target).into_iter().filter(strikes) {
            number += 1;
            let mark = format!("{number:03}");
            let told = tell::<F>(house, &mateo, &mark, Some((target, &trouble))).await;
            let compared = told.and_then(|told| {
                let expected = ends::expected(&told.flow, &well.ends, target, &trouble);
                expected.compare(&told.ends)
            });
            if let Err(error) = compared {
                failed.push(format!("{target}: {trouble}: {error:#}"));
                house.telegram.clear_faults();
                house.delivers().await?;
            }
        }
    }
    let count = failed.len();
    ensure!(count == 0, "{count} of {number} cases\n{}", failed.join("\n"));
    Ok(())
}

/// A flow that was told.
struct Told<F> {
    flow: F,
    ends: Ends,
    /// Which of all calls were made in it.
    calls: Range<usize>,
}

async fn tell<F: Flow>(
    house: &House,
    mateo: &Person,
    mark: &str,
    case: Option<(&Target, &Trouble)>,
) -> Result<Told<F>> {
    let flow = F::prepared(house, mark).await?;
    house.delivers().await?;
    let before = ends::Before::of(house, mateo).await?;
    // All calls are copied to be counted; only the first telling needs them.
    let calls_so_far = || match case {
        None => house.telegram.calls().len(),
        Some(_) => 0,
    };
    let calls_before = calls_so_far();
    let injected = case.map(|(target, trouble)| {
        let fault = trouble.fault.clone().on(&target.method).sparing(target.nth);
        let fault = match target.chat(house, &flow, mateo) {
            Some(chat) => fault.in_chat(chat),
            None => fault,
        };
        house.telegram.inject(fault.times(1))
    });
    flow.happens(house).await?;
    house.delivers().await?;
    if let Some(injected) = injected {
        ensure!(injected.applied() == 1, "it did not come to that");
        injected.remove();
    }
    let calls = calls_before..calls_so_far();
    let notices = ends::heard(&flow);
    flow.goes_on(house).await?;
    house.delivers().await?;
    let ends = Ends::of(house, &flow, mateo, &before, notices).await?;
    if case.is_none() {
        flow.check(house, &ends).await?;
    }
    Ok(Told { flow, ends, calls })
}

/// What is called when the house opens, or once, unless a flow names it.
const AT_THE_START: [&str; 2] = ["getMe", "getUpdates"];

/// The calls that were made in a flow.
fn targets<F: Flow>(house: &House, told: &Told<F>, mateo: &Person) -> Vec<Target> {
    let calls = house.telegram.calls();
    let calls = calls[told.calls.clone()].iter();
    let mut counts = HashMap::new();
    let mut sorts = HashSet::new();
    let targets = calls
        .filter(|call| {
            let method = call.method.as_str();
            F::STRUCK.contains(&method) || !AT_THE_START.contains(&method)
        })
        .map(|call| {
            let place = Place::of(call, &told.flow, mateo);
            let word = Word::of(call, place, &told.flow);
            let count = counts.entry((call.method.clone(), place)).or_insert(0);
            let nth = *count;
            *count += 1;
            Target {
                word,
                is_first: sorts.insert((call.method.clone(), place, word)),
                is_granted: call.status == Some(200),
                method: call.method.clone(),
                place,
                nth,
            }
        });
    targets.collect()
}

impl Place {
    fn of(call: &Call, flow: &impl Flow, mateo: &Person) -> Self {
        let Some(chat) = call.parameters["chat_id"].as_i64() else {
            return Self::Nowhere;
        };
        let person = flow.people().iter().position(|person| person.id() == chat);
        match person {
            Some(index) => Self::Person(index),
            None if chat == mateo.id() => Self::Custodian,
            None => Self::Channel,
        }
    }
}

impl Word {
    fn of(call: &Call, place: Place, flow: &impl Flow) -> Self {
        let text = call.parameters["text"].as_str().unwrap_or_default();
        let notices = flow.notices();
        let chat = call.parameters["chat_id"].as_i64();
        let notice = notices
            .iter()
            .position(|(person, part)| chat == Some(person.id()) && text.contains(part));
        match (call.method.as_str(), place, notice) {
            ("sendMessage", _, Some(index)) => Self::Notice(index),
            ("sendMessage", Place::Custodian, None) => Self::Alert,
            _ => Self::Answer,
        }
    }
}

impl Target {
    /// Whether it shows somebody what they asked for.
    fn is_answer(&self) -> bool {
        let shows = ["answerCallbackQuery", "editMessageText", "sendMessage"];
        self.word == Word::Answer && shows.contains(&self.method.as_str())
    }

    /// The chat that it is called for when the flow is told by other people.
    fn chat(&self, house: &House, flow: &impl Flow, mateo: &Person) -> Option<i64> {
        match self.place {
            Place::Nowhere => None,
            Place::Custodian => Some(mateo.id()),
            Place::Person(index) => flow.people().get(index).map(|person| person.id()),
            Place::Channel => Some(flow.room(house).id()),
        }
    }
}
