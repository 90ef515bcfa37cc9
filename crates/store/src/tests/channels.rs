//! The house's channels, what Lucien may do there, and which notices are wanted.

use domain::channel::{Channel, ChannelRights};
use domain::id::{ChatId, UserId};
use domain::notice::Notice;

use super::outbox::changed;
use super::{later, now, on_every_store};
use crate::bot_config::{self, ConfigSeed};
use crate::{channels, settings};

const HERE: ChatId = ChatId(-1_009_999_999_999);

#[test]
fn rights_are_known_and_their_loss_is_told_once() {
    on_every_store(async |store| {
        let note = async |rights, seconds| {
            changed(&store, async |tx| {
                channels::note_rights(tx, HERE, rights, later(seconds)).await
            })
            .await
        };
        let alarm = async || changed(&store, async |tx| channels::alarm(tx, HERE, now()).await).await;
        let rights = async || channels::rights(&store.read(), HERE).await.unwrap();
        assert_eq!(rights().await, None);
        assert!(!alarm().await, "nothing is known");
        assert!(note(ChannelRights::ALL, 5).await);
        assert!(!alarm().await, "nothing is missing");
        assert!(!note(ChannelRights::NONE, 4).await, "older than what is known");
        assert_eq!(rights().await, Some(ChannelRights::ALL));
        let lost = ChannelRights {
            restrict: false,
            ..ChannelRights::ALL
        };
        assert!(note(lost, 6).await);
        assert_eq!(rights().await, Some(lost));
        assert!(alarm().await);
        assert!(!alarm().await);
        assert!(note(ChannelRights::NONE, 7).await);
        assert!(!alarm().await, "they know");
        assert!(note(ChannelRights::ALL, 8).await);
        assert!(note(lost, 9).await);
        assert!(alarm().await, "again");
    });
}

#[test]
fn a_channel_is_set_and_the_rest_stays() {
    on_every_store(async |store| {
        let seed = ConfigSeed {
            vip_channel_id: None,
            free_channel_id: Some("-1002".to_owned()),
            wait_time_minutes: 7,
            free_channel_invite_link: None,
        };
        let set = async |channel| {
            store
                .write(async |tx| bot_config::set_channel(tx, channel, HERE, now()).await)
                .await
        };
        assert_eq!(set(Channel::Vip).await, Ok(false), "there is no row");
        changed(&store, async |tx| {
            bot_config::ensure(tx, seed.clone(), now()).await
        })
        .await;
        assert_eq!(set(Channel::Vip).await, Ok(true));
        let ids = async || {
            let config = bot_config::get(&store.read()).await.unwrap().unwrap();
            (config.vip_channel_id.unwrap(), config.free_channel_id.unwrap())
        };
        assert_eq!(ids().await, (HERE.to_string(), "-1002".to_owned()));
        assert_eq!(set(Channel::Free).await, Ok(false), "it is the other one already");
        assert_eq!(set(Channel::Vip).await, Ok(true), "itself it may be again");
        assert_eq!(ids().await, (HERE.to_string(), "-1002".to_owned()));
    });
}

#[test]
fn notices_are_wanted_until_they_are_switched_off() {
    on_every_store(async |store| {
        let switch = async |notice, wanted| {
            changed(&store, async |tx| {
                settings::switch(tx, notice, wanted, UserId(9), now()).await
            })
            .await;
        };
        let unwanted = async || settings::unwanted(&store.read()).await.unwrap();
        assert_eq!(unwanted().await, []);
        switch(Notice::Renewed, false).await;
        switch(Notice::StrangerAtTheDoor, false).await;
        assert_eq!(unwanted().await, [Notice::Renewed, Notice::StrangerAtTheDoor]);
        switch(Notice::Renewed, true).await;
        assert_eq!(unwanted().await, [Notice::StrangerAtTheDoor]);
        let done = store
            .write(async |tx| settings::set(tx, "notice.of_a_later_version", "off", UserId(9), now()).await)
            .await;
        done.unwrap();
        assert_eq!(unwanted().await, [Notice::StrangerAtTheDoor]);
    });
}
