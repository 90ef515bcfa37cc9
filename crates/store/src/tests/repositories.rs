//! People, subscriptions, plans, packages, configuration, settings, the house.

use domain::id::{PlanId, UserId};
use domain::package::{Category, PackageType};
use domain::person::Profile;
use domain::plan::NewPlan;
use domain::role::Role;
use domain::subscription::{Stage, Status, Subscription};

use super::{Kind, later, lines, now, on_every_database, on_every_store};
use crate::bot_config::{ConfigSeed, Socials};
use crate::packages::NewPackage;
use crate::plans::{CreateError, Which};
use crate::subscribers::Grant;
use crate::{
    Store, StoreError, bot_config, house, packages, people, plans, settings, statements, subscribers,
};

fn ana() -> Profile {
    Profile::new(UserId(7), "Ana", Some("Pérez"), Some("ana"))
}

async fn add(store: &Store, profile: &Profile) -> bool {
    let added = store.write(async |tx| people::insert_if_absent(tx, profile, Role::Free, now()).await);
    added.await.unwrap()
}

async fn refresh(store: &Store, profile: &Profile) -> bool {
    let changed = store.write(async |tx| people::refresh_names(tx, profile, later(60)).await);
    changed.await.unwrap()
}

#[test]
fn a_person_is_added_once() {
    on_every_store(async |store| {
        assert_eq!(people::known(&store.read(), UserId(7)).await, Ok(None));
        assert!(add(&store, &ana()).await);
        assert!(!add(&store, &Profile::new(UserId(7), "Otra", None, None)).await);
        let found = people::find(&store.read(), UserId(7)).await.unwrap().unwrap();
        assert_eq!(found.profile, ana());
        assert_eq!((found.role, found.created_at), (Role::Free, now()));
        assert_eq!(people::count(&store.read()).await, Ok(1));
    });
}

#[test]
fn a_person_is_met_with_one_statement() {
    on_every_store(async |store| {
        let meet = async |profile: Profile, at| {
            let met = store.write(async |tx| people::meet(tx, &profile, Role::Vip, at).await);
            statements::scope(met).await
        };
        let (met, asked) = meet(ana(), now()).await;
        assert_eq!((met, asked.count), (Ok(true), 1));
        assert_eq!(meet(ana(), later(1)).await.0, Ok(false), "nothing to write");
        let renamed = Profile::new(UserId(7), "Ana María", None, Some("ana"));
        assert_eq!(meet(renamed.clone(), later(2)).await.0, Ok(true));
        let found = people::find(&store.read(), UserId(7)).await.unwrap().unwrap();
        assert_eq!(found.profile, renamed);
        assert_eq!((found.role, found.created_at), (Role::Vip, now()));
    });
}

#[test]
fn the_same_person_many_times_at_once_is_one_row() {
    on_every_store(async |store| {
        let arrivals: Vec<_> = (0..30)
            .map(|n| {
                let store = store.clone();
                tokio::spawn(
                    async move { add(&store, &Profile::new(UserId(n % 3), "Ana", None, None)).await },
                )
            })
            .collect();
        let mut added = 0;
        for arrival in arrivals {
            added += u32::from(arrival.await.unwrap());
        }
        assert_eq!(added, 3);
        assert_eq!(people::count(&store.read()).await, Ok(3));
    });
}

#[test]
fn names_are_written_only_when_they_differ() {
    on_every_store(async |store| {
        assert!(!refresh(&store, &ana()).await, "nobody of that id");
        add(&store, &ana()).await;
        assert!(!refresh(&store, &ana()).await);
        let changes = [
            Profile::new(UserId(7), "Ana María", Some("Pérez"), Some("ana")),
            Profile::new(UserId(7), "Ana María", None, Some("ana")),
            Profile::new(UserId(7), "Ana María", None, None),
            Profile::new(UserId(7), "Ana María", None, Some("anita")),
        ];
        for profile in changes {
            assert!(refresh(&store, &profile).await, "{profile:?}");
            assert!(!refresh(&store, &profile).await, "{profile:?}");
            let found = people::find(&store.read(), UserId(7)).await.unwrap().unwrap();
            assert_eq!(found.profile, profile);
        }
    });
}

#[test]
fn a_person_and_their_subscription_come_in_one_statement() {
    on_every_store(async |store| {
        add(&store, &ana()).await;
        let grant = |token| Grant {
            user: UserId(7),
            token,
            plan: None,
            by: UserId(1),
            expiry: later(3600),
            stage: Some(Stage::Second),
        };
        let given = store
            .write(async |tx| subscribers::grant(tx, &grant("G1"), now()).await)
            .await
            .unwrap();
        let (known, asked) = statements::scope(people::known(&store.read(), UserId(7))).await;
        let known = known.unwrap().unwrap();
        assert_eq!(known.person.profile, ana());
        assert_eq!(known.subscription, Some(given));
        assert_eq!(asked.count, 1);
        let expected = Subscription {
            status: Status::Active,
            expiry: later(3600),
            stage: Some(Stage::Second),
        };
        assert_eq!(given.subscription, expected);
        assert_eq!(subscribers::find(&store.read(), UserId(7)).await, Ok(Some(given)));
        assert_eq!(subscribers::find(&store.read(), UserId(8)).await, Ok(None));

        let twice = store
            .write(async |tx| subscribers::grant(tx, &grant("G2"), now()).await)
            .await;
        assert!(twice.unwrap_err().is_unique_violation());
        let tokens = lines(&store.read(), "SELECT token AS line FROM invitation_tokens").await;
        assert_eq!(tokens, ["G1"], "the token row goes with the subscription");
    });
}

fn plan(name: &str) -> NewPlan {
    NewPlan::check(name, 30, "9.99", "$", UserId(0)).unwrap()
}

#[test]
fn a_plan_is_taken_off_and_put_on_offer_again() {
    on_every_store(async |store| {
        let made = store
            .write(async |tx| plans::create(tx, &plan("Mensual"), now()).await)
            .await
            .unwrap();
        let set = async |active| {
            let set: Result<bool, StoreError> = store
                .write(async |tx| plans::set_active(tx, made.id, active).await)
                .await;
            set.unwrap()
        };
        let on_offer = async || plans::list(&store.read(), Which::Active).await.unwrap().len();
        assert!(set(false).await);
        assert_eq!(on_offer().await, 0);
        assert!(set(true).await);
        assert_eq!(on_offer().await, 1);
        let missing: Result<bool, StoreError> = store
            .write(async |tx| plans::set_active(tx, PlanId(99), true).await)
            .await;
        assert_eq!(missing, Ok(false));
    });
}

#[test]
fn names_of_active_plans_are_unique() {
    on_every_store(async |store| {
        let create = async |name: &str| {
            store
                .write(async |tx| plans::create(tx, &plan(name), now()).await)
                .await
        };
        let made = create("Año Dorado").await.unwrap();
        assert_eq!(
            (made.days, made.price.to_string().as_str(), made.active),
            (30, "9.99", true)
        );
        assert_eq!(create("AÑO dorado").await, Err(CreateError::NameTaken));
        create("Mensual").await.unwrap();
        super::run_sql(
            &store,
            "UPDATE subscription_plans SET active = false WHERE name = 'Mensual'",
        )
        .await;
        let again = create("mensual").await.unwrap();

        let db = &store.read();
        let names =
            |plans: Vec<domain::plan::Plan>| plans.into_iter().map(|plan| plan.name).collect::<Vec<_>>();
        assert_eq!(
            names(plans::list(db, Which::Active).await.unwrap()),
            ["Año Dorado", "mensual"]
        );
        assert_eq!(
            names(plans::list(db, Which::All).await.unwrap()),
            ["Año Dorado", "Mensual", "mensual"]
        );
        assert_eq!(plans::find_by_name(db, " MENSUAL ").await, Ok(Some(again)));
        assert_eq!(plans::find_by_name(db, "Anual").await, Ok(None));
    });
}

#[test]
fn two_custodians_cannot_make_the_same_plan_at_once() {
    on_every_store(async |store| {
        let makers: Vec<_> = (0..8)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    store
                        .write(async |tx| plans::create(tx, &plan("Mensual"), now()).await)
                        .await
                })
            })
            .collect();
        let mut made = 0;
        for maker in makers {
            match maker.await.unwrap() {
                Ok(_) => made += 1,
                Err(error) => assert_eq!(error, CreateError::NameTaken),
            }
        }
        assert_eq!(made, 1);
    });
}

#[test]
fn packages_are_listed_as_people_see_them() {
    on_every_store(async |store| {
        let package = |name: &str, price: Option<&str>, category| NewPackage {
            name: name.to_owned(),
            description: Some("Un detalle.".to_owned()),
            price: price.map(|price| price.parse().unwrap()),
            category,
            package_type: PackageType::Standard,
        };
        let free = Category::FreeContent;
        let made = [
            package("zafiro", None, free),
            package("Caro", Some("100"), free),
            package("álbum", Some("9.50"), free),
            package("Barato", Some("9.5"), free),
            package("Ámbar", None, free),
            package("ágata", None, free),
            package("Oculto", None, free),
            package("Para miembros", None, Category::VipPremium),
        ];
        store
            .write(async |tx| {
                for package in &made {
                    packages::create(tx, package, now()).await?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
        super::run_sql(
            &store,
            "UPDATE content_packages SET is_active = false WHERE name = 'Oculto'",
        )
        .await;

        let names = async |limit| {
            let listed = packages::list_active(&store.read(), free, limit).await.unwrap();
            listed.into_iter().map(|package| package.name).collect::<Vec<_>>()
        };
        assert_eq!(
            names(100).await,
            ["zafiro", "ágata", "Ámbar", "Barato", "álbum", "Caro"]
        );
        assert_eq!(names(2).await, ["zafiro", "ágata"]);
    });
}

#[test]
fn the_first_configuration_stays() {
    on_every_store(async |store| {
        let seed = |channel: &str| ConfigSeed {
            vip_channel_id: Some(channel.to_owned()),
            free_channel_id: Some(String::new()),
            wait_time_minutes: 7,
            free_channel_invite_link: None,
        };
        assert_eq!(bot_config::get(&store.read()).await, Ok(None));
        let ensure = async |channel: &str| {
            store
                .write(async |tx| bot_config::ensure(tx, seed(channel), now()).await)
                .await
        };
        assert_eq!(ensure("-1001").await, Ok(true));
        assert_eq!(ensure("-1002").await, Ok(false));
        let config = bot_config::get(&store.read()).await.unwrap().unwrap();
        assert_eq!(config.vip_channel_id.as_deref(), Some("-1001"));
        assert_eq!((config.free_channel_id, config.wait_time_minutes), (None, 7));
        assert_eq!(config.socials, Socials::default());

        let socials = Socials {
            instagram: Some("lucien".to_owned()),
            tiktok: Some(String::new()),
            x: None,
        };
        store
            .write(async |tx| bot_config::set_socials(tx, socials.clone(), later(1)).await)
            .await
            .unwrap();
        let config = bot_config::get(&store.read()).await.unwrap().unwrap();
        assert_eq!(config.socials.instagram.as_deref(), Some("lucien"));
        assert_eq!(config.socials.tiktok, None);
        assert_eq!(config.vip_channel_id.as_deref(), Some("-1001"), "the rest stays");
    });
}

#[test]
fn settings_are_replaced() {
    on_every_store(async |store| {
        let set = async |key, value| {
            store
                .write(async |tx| settings::set(tx, key, value, UserId(1), now()).await)
                .await
        };
        set("tono", "formal").await.unwrap();
        set("saludo", "Buenas noches").await.unwrap();
        set("tono", "íntimo").await.unwrap();
        assert_eq!(
            settings::get(&store.read(), "tono").await,
            Ok(Some("íntimo".to_owned()))
        );
        assert_eq!(settings::get(&store.read(), "voz").await, Ok(None));
    });
}

#[test]
fn each_epoch_is_higher_and_given_once() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        assert_eq!(house::epoch(&store.read()).await, Ok(0));
        let raise = |store: Store| async move {
            store
                .write(async |tx| house::raise_epoch(tx, now()).await)
                .await
                .unwrap()
        };
        let other = match database.kind {
            Kind::Memory => store.clone(),
            Kind::File | Kind::Postgres => database.open().await,
        };
        let raised: Vec<_> = (0..10)
            .map(|n| tokio::spawn(raise(if n % 2 == 0 { store.clone() } else { other.clone() })))
            .collect();
        let mut epochs = Vec::new();
        for epoch in raised {
            epochs.push(epoch.await.unwrap());
        }
        epochs.sort_unstable();
        assert_eq!(epochs, (1..=10).collect::<Vec<_>>());
        assert_eq!(house::epoch(&store.read()).await, Ok(10));
    });
}
