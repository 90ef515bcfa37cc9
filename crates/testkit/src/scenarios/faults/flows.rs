//! The flows of the way into the members' channel.

use anyhow::{Context, Result, ensure};
use chrono::TimeDelta;
use domain::channel::Channel;
use domain::id::{ChatId, TokenId, UserId};
use domain::role::{Role, RoleChangeReason};
use domain::subscription::{Stage, Status};
use sim::{Person, Rights, Room};
use store::{bot_config, invitations, plans};

use super::ends::Ends;
use super::guests;
use super::trouble::Trouble;
use super::{Flow, Place, Target, Word};
use crate::house::House;
use crate::scenarios::way::{self, DAYS, creators_link, found, heard, invitation};

/// How long memberships last that are there from the beginning.
const LENGTH: TimeDelta = TimeDelta::days(30);

/// Somebody whose ritual is finished and who is inside.
async fn member_inside(house: &House, name: &str) -> Result<Person> {
    let person = house.member(name, LENGTH).await?;
    house.creator().adds(house.vip(), person.id())?;
    house.settles().await?;
    Ok(person)
}

/// Somebody at the third step, with the link in sight.
async fn with_link(house: &House, name: &str) -> Result<(Person, String)> {
    let person = house.entering(name, LENGTH, Stage::Third).await?;
    let link = guests::seeks_link(house, &person).await?;
    Ok((person, link.context("a link")?))
}

/// An invitation is redeemed, the ritual is gone through, and the guest is inside.
pub(super) struct Redemption {
    guest: Person,
    payload: String,
}

impl Flow for Redemption {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            guest: house.person(&format!("Inés {mark}")),
            payload: invitation(house).await?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::opens(house, &self.guest, &self.payload).await?;
        guests::goes_in(house, &self.guest).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(guest.is_inside && !guest.asks && !guest.is_expected, "{guest:?}");
        ensure!(
            guest.membership == Some((Status::Active, DAYS.into(), None)),
            "{guest:?}"
        );
        ensure!(
            guest.role == Some(Role::Vip) && guest.history.len() == 2,
            "{guest:?}"
        );
        ensure!(!guest.has_link && guest.links_that_open == 0, "{guest:?}");
        ensure!(ends.alerts == 2, "redeemed and entered: {ends:?}");
        Ok(())
    }
}

/// Somebody asks at the door before the ritual is at its end, and is let in at its end.
pub(super) struct Impatience {
    guest: Person,
    door: String,
}

impl Flow for Impatience {
    const STRUCK: &[&str] = &["approveChatJoinRequest", "sendMessage"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let name = format!("Camila {mark}");
        Ok(Self {
            guest: house.entering(&name, LENGTH, Stage::Second).await?,
            door: creators_link(house, true)?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        self.guest.asks_to_join(&self.door)?;
        house.settles().await?;
        guests::goes_in(house, &self.guest).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(guest.is_inside && !guest.asks && !guest.is_expected, "{guest:?}");
        ensure!(
            guest.membership.is_some_and(|(_, _, stage)| stage.is_none()),
            "{guest:?}"
        );
        ensure!(
            guest.role == Some(Role::Vip) && guest.links_that_open == 0,
            "{guest:?}"
        );
        Ok(())
    }
}

/// A member who is inside adds more time.
pub(super) struct Renewal {
    member: Person,
    payload: String,
}

impl Flow for Renewal {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            member: member_inside(house, &format!("Rodrigo {mark}")).await?,
            payload: invitation(house).await?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::opens(house, &self.member, &self.payload).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        let days = LENGTH.num_days() + i64::from(DAYS);
        ensure!(
            member.membership == Some((Status::Active, days, None)),
            "{member:?}"
        );
        let reasons: Vec<_> = member.history.iter().map(|change| change.2).collect();
        ensure!(reasons == [RoleChangeReason::VipExtended], "{member:?}");
        ensure!(member.is_inside && !member.has_link, "{member:?}");
        Ok(())
    }
}

/// Somebody at the third step adds more time: the ritual begins anew, and the link is of no use.
pub(super) struct BegunAnew {
    guest: Person,
    payload: String,
}

impl Flow for BegunAnew {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            guest: with_link(house, &format!("Camila {mark}")).await?.0,
            payload: invitation(house).await?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::opens(house, &self.guest, &self.payload).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        let days = LENGTH.num_days() + i64::from(DAYS);
        let begun = Some((Status::Active, days, Some(Stage::First)));
        ensure!(
            guest.membership == begun && guest.role == Some(Role::Free),
            "{guest:?}"
        );
        ensure!(!guest.has_link && guest.links_that_open == 0, "{guest:?}");
        Ok(())
    }
}

/// Somebody comes back whose membership is over and who is banned since.
pub(super) struct Return {
    guest: Person,
    payload: String,
}

impl Flow for Return {
    const STRUCK: &[&str] = &["createChatInviteLink", "unbanChatMember"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let guest = house
            .member(&format!("Rodrigo {mark}"), -TimeDelta::days(1))
            .await?;
        house.creator().bans(house.vip(), guest.id(), None)?;
        let payload = invitation(house).await?;
        Ok(Self { guest, payload })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::opens(house, &self.guest, &self.payload).await?;
        guests::seeks_link(house, &self.guest).await.map(drop)
    }

    async fn goes_on(&self, house: &House) -> Result<()> {
        guests::goes_in(house, &self.guest).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(guest.is_inside && !guest.is_banned, "{guest:?}");
        ensure!(
            guest.membership == Some((Status::Active, DAYS.into(), None)),
            "{guest:?}"
        );
        ensure!(guest.links_that_open == 0, "{guest:?}");
        ensure!(ends.alerts == 2, "redeemed and entered: {ends:?}");
        Ok(())
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        // Who stays banned has a link that is of no use, until somebody sees to the dead letter.
        if target.method == "unbanChatMember" {
            let guest = &mut ends.people[0];
            guest.is_inside = false;
            guest.is_banned = true;
            guest.membership = guest
                .membership
                .map(|(status, days, _)| (status, days, Some(Stage::Third)));
            guest.has_link = true;
            guest.links_that_open = 1;
            ends.alerts -= 1;
        }
    }
}

/// A stranger comes by a member's link.
pub(super) struct Stranger {
    stranger: Person,
    owner: Person,
    link: String,
}

impl Flow for Stranger {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let (owner, link) = with_link(house, &format!("Inés {mark}")).await?;
        Ok(Self {
            stranger: house.person(&format!("Eva {mark}")),
            owner,
            link,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.stranger, &self.owner]
    }

    async fn happens(&self, _: &House) -> Result<()> {
        self.stranger.asks_to_join(&self.link)?;
        Ok(())
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let (stranger, owner) = (&ends.people[0], &ends.people[1]);
        ensure!(
            !stranger.is_inside && !stranger.asks && !stranger.is_expected,
            "{stranger:?}"
        );
        ensure!(owner.links_that_open == 1, "hers is as good as before: {owner:?}");
        ensure!(
            ends.notices == [1] && ends.alerts == 1 && ends.facts == [1],
            "{ends:?}"
        );
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        vec![(&self.owner, "No le abrí: esta puerta")]
    }

    /// Whether the stranger was told why.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        Ok(vec![i64::from(heard(&self.stranger, "llave que trae") > 0)])
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        match (target.method.as_str(), target.place) {
            ("sendMessage", Place::Person(0)) => ends.facts = vec![0],
            ("declineChatJoinRequest", _) => ends.people[0].asks = true,
            _ => {}
        }
    }
}

/// Somebody without a membership asks at the door by a link that is nobody's.
pub(super) struct Visitor {
    visitor: Person,
    door: String,
}

impl Flow for Visitor {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            visitor: house.person(&format!("Eva {mark}")),
            door: creators_link(house, true)?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.visitor]
    }

    async fn happens(&self, _: &House) -> Result<()> {
        self.visitor.asks_to_join(&self.door)?;
        Ok(())
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let visitor = &ends.people[0];
        ensure!(
            visitor.asks && visitor.is_expected && !visitor.is_inside,
            "{visitor:?}"
        );
        ensure!(ends.facts == [1] && ends.alerts == 0, "{ends:?}");
        Ok(())
    }

    /// Whether they were told that they have to wait.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        Ok(vec![i64::from(
            heard(&self.visitor, "su solicitud queda pendiente") > 0,
        )])
    }

    fn without(&self, _: &Target, _: &Trouble, ends: &mut Ends) {
        ends.facts = vec![0];
    }
}

/// A member who has left comes in again.
pub(super) struct ComingBack {
    member: Person,
}

impl Flow for ComingBack {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let member = member_inside(house, &format!("Rodrigo {mark}")).await?;
        member.leaves(house.vip())?;
        way::says(house, &member, "/start").await?;
        Ok(Self { member })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::goes_in(house, &self.member).await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        ensure!(
            member.is_inside && !member.asks && !member.is_expected,
            "{member:?}"
        );
        ensure!(!member.has_link && member.links_that_open == 0, "{member:?}");
        Ok(())
    }
}

/// A member whom somebody has removed by hand asks to come back; the custodian decides.
pub(super) struct Removed<const IS_LET_IN: bool> {
    member: Person,
}

impl<const IS_LET_IN: bool> Flow for Removed<IS_LET_IN> {
    const STRUCK: &[&str] = if IS_LET_IN {
        &[]
    } else {
        &["getChatMember", "sendMessage"]
    };

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let member = member_inside(house, &format!("Rodrigo {mark}")).await?;
        house.creator().bans(house.vip(), member.id(), None)?;
        way::says(house, &member, "/start").await?;
        Ok(Self { member })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.member]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        let was_told = || heard(&self.member, "Ya lo consulté") > 0;
        guests::goes_on_until(house, &self.member, was_told).await?;
        house.delivers().await?;
        let ruling = if IS_LET_IN {
            "Abrirle de nuevo"
        } else {
            "Dejarlo como está"
        };
        guests::custodian_decides(house, &self.member, ruling).await
    }

    async fn goes_on(&self, house: &House) -> Result<()> {
        match IS_LET_IN {
            true => guests::goes_in(house, &self.member).await,
            false => Ok(()),
        }
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let member = &ends.people[0];
        ensure!(
            member.is_inside == IS_LET_IN && member.is_banned != IS_LET_IN,
            "{member:?}"
        );
        ensure!(!member.has_link && member.links_that_open == 0, "{member:?}");
        ensure!(ends.notices == [1], "{ends:?}");
        Ok(())
    }

    fn notices(&self) -> Vec<(&Person, &'static str)> {
        let said = if IS_LET_IN {
            "Ya puede pedirme su llave"
        } else {
            "No me corresponde abrirle"
        };
        vec![(&self.member, said)]
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        let is_unasked = target.word == Word::Alert;
        if is_unasked {
            ends.notices = vec![0];
        }
        if (is_unasked || target.method == "unbanChatMember") && IS_LET_IN {
            ends.people[0].is_inside = false;
            ends.people[0].is_banned = true;
            ends.alerts -= 1;
        }
    }
}

/// A link has come to its end and is replaced; the message that carried it says so.
pub(super) struct Replacement {
    guest: Person,
    carrier: i32,
}

impl Flow for Replacement {
    const ERRANDS: &[&str] = &[
        "approveChatJoinRequest",
        "editMessageText",
        "revokeChatInviteLink",
    ];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let (guest, _) = with_link(house, &format!("Inés {mark}")).await?;
        let carrier = way::last(&guest)?.message_id;
        house.passes(TimeDelta::hours(24)).await?;
        house.passes(TimeDelta::seconds(1)).await?;
        Ok(Self { guest, carrier })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        guests::seeks_link(house, &self.guest).await.map(drop)
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(
            guest.has_link && guest.links_that_open == 1 && ends.facts == [1],
            "{ends:?}"
        );
        Ok(())
    }

    /// Whether the message with the link before says that it is of no use.
    async fn facts(&self, _: &House) -> Result<Vec<i64>> {
        let chat = self.guest.chat();
        let carrier = chat.iter().find(|entry| entry.message_id == self.carrier);
        Ok(vec![i64::from(
            carrier.is_some_and(|entry| entry.text.contains("ya no abre")),
        )])
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        if target.method == "editMessageText" {
            ends.facts = vec![0];
        }
    }
}

/// Somebody without a membership is inside by a link that is not Lucien's, and a custodian has them
/// seen out.
pub(super) struct Uninvited {
    guest: Person,
    open: String,
}

impl Flow for Uninvited {
    const ERRANDS: &[&str] = &["getChatMember", "unbanChatMember"];

    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        Ok(Self {
            guest: house.person(&format!("Eva {mark}")),
            open: creators_link(house, false)?,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.guest]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        self.guest.joins(&self.open)?;
        house.delivers().await?;
        guests::custodian_decides(house, &self.guest, "Acompañarle a la salida").await
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        let guest = &ends.people[0];
        ensure!(
            !guest.is_inside && !guest.is_banned,
            "she may come again: {guest:?}"
        );
        ensure!(ends.alerts == 1, "{ends:?}");
        Ok(())
    }

    fn without(&self, target: &Target, _: &Trouble, ends: &mut Ends) {
        if target.word == Word::Alert || Self::ERRANDS.contains(&target.method.as_str()) {
            ends.people[0].is_inside = true;
        }
    }
}

/// The custodian sets a channel up by a forwarded post.
pub(super) struct SetUp {
    mateo: Person,
    room: Room,
    post: i32,
}

impl SetUp {
    async fn is_done(&self, house: &House) -> Result<bool> {
        let config = bot_config::get(&house.store().read()).await?;
        let channel = config.and_then(|config| config.channel(Channel::Free));
        Ok(channel == Some(ChatId(self.room.id())))
    }
}

impl Flow for SetUp {
    async fn prepared(house: &House, mark: &str) -> Result<Self> {
        let mateo = house.custodian();
        let room = house.telegram.channel(&format!("El patio {mark}"), &mateo);
        let post = mateo.writes_in(&room, "Una publicación")?;
        mateo.promotes(&room, house.telegram.bot().id, Rights::all())?;
        way::says(house, &mateo, "/admin").await?;
        Ok(Self { mateo, room, post })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.mateo]
    }

    fn room<'a>(&'a self, _: &'a House) -> &'a Room {
        &self.room
    }

    async fn happens(&self, house: &House) -> Result<()> {
        for _ in 0..3 {
            self.mateo.presses_data("panel:setup:free")?;
            house.delivers().await?;
            self.mateo.forwards_from(&self.room, self.post)?;
            house.delivers().await?;
            if self.is_done(house).await? {
                break;
            }
        }
        Ok(())
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        ensure!(ends.facts == [1] && ends.rights_alarms == 0, "{ends:?}");
        Ok(())
    }

    /// Whether it is set up.
    async fn facts(&self, house: &House) -> Result<Vec<i64>> {
        Ok(vec![i64::from(self.is_done(house).await?)])
    }
}

/// The custodian issues an invitation.
pub(super) struct Issue {
    mateo: Person,
    /// The last one before.
    last: TokenId,
    plan: i32,
}

impl Issue {
    /// How many were issued since.
    async fn issued(&self, house: &House) -> Result<i64> {
        let mut id = self.last;
        let mut issued = 0;
        loop {
            id = TokenId(id.0 + 1);
            let found = invitations::find(&house.store().read(), id, UserId(0)).await?;
            if found.is_none() {
                return Ok(issued);
            }
            issued += 1;
        }
    }
}

impl Flow for Issue {
    async fn prepared(house: &House, _: &str) -> Result<Self> {
        let payload = invitation(house).await?;
        let plans = plans::list(&house.store().read(), plans::Which::All).await?;
        let mateo = house.custodian();
        way::says(house, &mateo, "/admin").await?;
        Ok(Self {
            mateo,
            last: found(house, &payload).await?.id,
            plan: plans.first().context("a plan")?.id.0,
        })
    }

    fn people(&self) -> Vec<&Person> {
        vec![&self.mateo]
    }

    async fn happens(&self, house: &House) -> Result<()> {
        for _ in 0..3 {
            self.mateo.presses_data(&format!("panel:for:{}", self.plan))?;
            house.delivers().await?;
            let shown = way::last(&self.mateo)?;
            if shown
                .labels()
                .concat()
                .iter()
                .any(|label| label.contains("Confirmar"))
            {
                self.mateo.presses("Confirmar")?;
                house.delivers().await?;
            }
            if self.issued(house).await? > 0 {
                break;
            }
        }
        Ok(())
    }

    async fn check(&self, _: &House, ends: &Ends) -> Result<()> {
        ensure!(ends.facts == [1], "{ends:?}");
        Ok(())
    }

    /// How many there are.
    async fn facts(&self, house: &House) -> Result<Vec<i64>> {
        Ok(vec![self.issued(house).await?])
    }
}
