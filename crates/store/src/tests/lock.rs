//! The locks: one worker, who is in the way, losing the lock, being woken.

use std::sync::Arc;
use std::time::Duration;

use sea_orm::ConnectionTrait as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, watch};

use super::{Database, Kind, lines, now, on, on_every_database, on_server, run_sql};
use crate::lock::{Alone, Inhabited, LockError, Lost, Occupant};
use crate::{DatabaseUrl, Store, StoreOptions, inbox};

async fn enter(store: &Store) -> Inhabited {
    Inhabited::enter(store).await.unwrap()
}

async fn takes(place: &mut Inhabited) -> bool {
    place.try_take().await.unwrap().is_some()
}

/// Tries until the server has noticed that the one before is gone.
async fn takes_in_the_end(place: &mut Inhabited) {
    while !takes(place).await {}
}

/// The same for being alone.
async fn alone_soon(store: &Store) -> Alone {
    loop {
        match Alone::in_house(store).await {
            Ok(alone) => return alone,
            Err(LockError::InTheWay(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn in_the_way<T: std::fmt::Debug>(result: Result<T, LockError>) -> Vec<Occupant> {
    match result {
        Err(LockError::InTheWay(occupants)) => occupants,
        other => panic!("{other:?}"),
    }
}

#[test]
fn there_is_one_worker_at_a_time() {
    on([Kind::File, Kind::Postgres], async |database| {
        let (one, other) = (database.open().await, database.open().await);
        let (mut first, mut second) = (enter(&one).await, enter(&other).await);
        let mut lock = first.try_take().await.unwrap().unwrap();
        assert!(!takes(&mut second).await);
        assert_eq!(lock.ping().await, Ok(()));
        lock.release().await;
        let lock = second.try_take().await.unwrap().expect("it is free at once");
        assert!(!takes(&mut first).await);
        drop(lock);
        takes_in_the_end(&mut first).await;
    });
}

#[test]
fn many_try_and_one_gets_it() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.open().await;
        // Nobody lets go before all have tried.
        let all_tried = Arc::new(Barrier::new(6));
        let tries: Vec<_> = (0..6)
            .map(|_| {
                let (store, all_tried) = (store.clone(), Arc::clone(&all_tried));
                tokio::spawn(async move {
                    let mut place = enter(&store).await;
                    let lock = place.try_take().await.unwrap();
                    all_tried.wait().await;
                    lock.is_some()
                })
            })
            .collect();
        let mut taken = 0;
        for one in tries {
            taken += usize::from(one.await.unwrap());
        }
        assert_eq!(taken, 1);
    });
}

#[test]
fn in_memory_it_is_always_granted() {
    on([Kind::Memory], async |database| {
        let store = database.open().await;
        let mut place = enter(&store).await;
        let mut lock = place.try_take().await.unwrap().unwrap();
        assert_eq!(lock.ping().await, Ok(()));
        lock.release().await;
        place.leave().await;
        Alone::in_house(&store).await.unwrap().leave().await;
    });
}

#[test]
fn who_is_alone_lets_nobody_in_and_is_told_who_is_in_the_way() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.open().await;
        let (mut worker, standby) = (enter(&store).await, enter(&store).await);
        let lock = worker.try_take().await.unwrap().unwrap();
        let refused = Alone::in_house(&store).await;
        let text = refused.as_ref().unwrap_err().to_string();
        let occupants = in_the_way(refused);
        let names: Vec<&str> = occupants.iter().map(|one| one.name.as_str()).collect();
        if database.kind == Kind::Postgres {
            assert_eq!(names, ["lucien worker", "lucien standby"]);
            assert!(text.contains("lucien worker (pid "), "{text}");
        } else {
            assert_eq!(names, ["the worker"]);
            assert_eq!(occupants[0].pid, Some(std::process::id()));
        }
        lock.release().await;
        worker.leave().await;
        let occupants = in_the_way(Alone::in_house(&store).await);
        assert_eq!(occupants.len(), usize::from(database.kind == Kind::Postgres));
        standby.leave().await;

        let alone = Alone::in_house(&store).await.unwrap();
        let occupants = in_the_way(Inhabited::enter(&store).await);
        match database.kind {
            Kind::Postgres => assert_eq!(occupants[0].name, "lucien alone"),
            _ => assert_eq!(occupants[0].pid, Some(std::process::id())),
        }
        in_the_way(Alone::in_house(&store).await);
        alone.leave().await;
        let place = enter(&store).await;
        drop(place);
        drop(alone_soon(&store).await);
    });
}

#[test]
fn nobody_in_particular_is_in_the_way() {
    let text = LockError::InTheWay(Vec::new()).to_string();
    assert_eq!(text, "the house is in use by another process");
    let occupant = Occupant {
        pid: Some(5),
        name: "lucien standby".to_owned(),
        address: Some("10.0.0.3".to_owned()),
    };
    assert_eq!(occupant.to_string(), "lucien standby (pid 5, from 10.0.0.3)");
}

#[test]
fn lock_files_lie_beside_the_file_itself_and_stay() {
    on([Kind::File], async |database| {
        let store = database.open().await;
        let path = database.url.path().unwrap();
        let link = path.with_file_name("elsewhere.db");
        std::os::unix::fs::symlink(path, &link).unwrap();
        let by_link = Store::open(&DatabaseUrl::file(&link), &StoreOptions::default())
            .await
            .unwrap();
        let (mut one, mut other) = (enter(&store).await, enter(&by_link).await);
        let lock = one.try_take().await.unwrap().unwrap();
        assert!(!takes(&mut other).await, "it is the same house");
        drop(lock);
        drop((one, other));

        let names = |suffix: &str| path.with_file_name(format!("house.db{suffix}"));
        let noted = std::fs::read_to_string(names(".lock")).unwrap();
        assert_eq!(noted.trim(), std::process::id().to_string());
        assert!(names(".inhabited").exists());
        assert!(!link.with_file_name("elsewhere.db.lock").exists());
    });
}

#[test]
fn a_lock_file_that_cannot_be_made_is_told() {
    on([Kind::File], async |database| {
        let store = database.open().await;
        let in_its_place = database.url.path().unwrap().with_file_name("house.db.inhabited");
        std::fs::create_dir(in_its_place).unwrap();
        assert!(matches!(Inhabited::enter(&store).await, Err(LockError::Store(_))));
        assert!(matches!(Alone::in_house(&store).await, Err(LockError::Store(_))));
    });
}

#[test]
fn houses_of_one_server_do_not_disturb_each_other() {
    on([Kind::Postgres], async |database| {
        let neighbour = Database::create(Kind::Postgres).await.unwrap();
        let (here, there) = (database.migrated().await, neighbour.migrated().await);
        let (mut place, mut other) = (enter(&here).await, enter(&there).await);
        let mut lock = place.try_take().await.unwrap().unwrap();
        let mut other_lock = other.try_take().await.unwrap().expect("another house");
        in_the_way(Alone::in_house(&there).await);

        announced(&there).await;
        other_lock.woken().await.unwrap();
        announced(&here).await;
        lock.woken().await.unwrap();
        let more = tokio::time::timeout(Duration::from_millis(50), lock.woken()).await;
        assert!(more.is_err(), "nothing of the other house is heard here");
        other_lock.release().await;
        other.leave().await;
        there.close().await;
        neighbour.remove().await;
    });
}

async fn announced(store: &Store) {
    store.write(async |tx| inbox::announce(tx).await).await.unwrap();
}

#[test]
fn the_worker_hears_of_what_others_have_stored() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut place = enter(&store).await;
        let mut lock = place.try_take().await.unwrap().unwrap();
        let tx = store.begin().await.unwrap();
        inbox::announce(&tx).await.unwrap();
        drop(tx);
        let tx = store.begin().await.unwrap();
        inbox::announce(&tx).await.unwrap();
        assert_eq!(lock.ping().await, Ok(()), "asking and hearing share a connection");
        let early = tokio::time::timeout(Duration::from_millis(50), lock.woken()).await;
        assert!(
            early.is_err(),
            "neither what is undone nor what is not done yet is told"
        );
        tx.commit().await.unwrap();
        lock.woken().await.unwrap();

        // What arrives while something else is asked is not lost.
        announced(&store).await;
        lock.ping().await.unwrap();
        lock.woken().await.unwrap();
    });
}

#[test]
fn on_sqlite_the_worker_sees_that_others_have_written() {
    on_every_database(async |database| {
        let store = database.migrated().await;
        let other = database.migrated().await;
        let seen = async || store.data_version().await.unwrap();
        let before = seen().await;
        assert_eq!(before.is_some(), database.kind == Kind::File);
        run_sql(&store, "DELETE FROM settings").await;
        assert_eq!(seen().await, before, "what it has written itself");
        run_sql(
            &other,
            "INSERT INTO settings VALUES ('a', 'b', '2026-01-01 00:00:00.000000', 1)",
        )
        .await;
        assert_eq!(seen().await != before, database.kind == Kind::File);
        assert_eq!(store.writers().in_use, 0);
    });
}

#[test]
fn a_worker_whose_connection_ends_learns_it_and_another_takes_over() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let (mut worker, mut standby) = (enter(&store).await, enter(&store).await);
        let mut lock = worker.try_take().await.unwrap().unwrap();
        run_sql(
            &store,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'lucien worker'
             AND datname = current_database()",
        )
        .await;
        assert_eq!(lock.woken().await, Err(Lost));
        assert_eq!(lock.woken().await, Err(Lost), "it stays lost");
        assert_eq!(lock.ping().await, Err(Lost));
        drop(lock);
        let successor = standby.try_take().await.unwrap().expect("it is free");
        assert!(!takes(&mut worker).await, "back in the house, as a standby");
        let names = lines(
            &store.read(),
            "SELECT application_name AS line FROM pg_stat_activity
             WHERE datname = current_database() AND application_name LIKE 'lucien %' ORDER BY 1",
        )
        .await;
        assert_eq!(names, ["lucien standby", "lucien worker"]);
        drop(successor);
    });
}

#[test]
fn a_ping_tells_that_the_lock_is_gone_although_the_connection_is_not() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut place = enter(&store).await;
        let mut lock = place.try_take().await.unwrap().unwrap();
        lock.let_go_behind_its_back().await;
        assert_eq!(lock.ping().await, Err(Lost));
        assert_eq!(lock.ping().await, Err(Lost));
    });
}

#[test]
fn a_server_that_goes_away_is_an_error_and_then_entered_again() {
    on([Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut place = enter(&store).await;
        let name = database.url.database_name();
        on_server(&[
            format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"),
            format!("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{name}'"),
        ])
        .await;
        for _ in 0..2 {
            assert!(matches!(place.try_take().await, Err(LockError::Store(_))));
        }
        on_server(&[format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true")]).await;
        assert!(takes(&mut place).await);
    });
}

/// Passes everything on to the test server until it is cut, and then keeps all connections open and
/// silent, as a network does that drops packets.
async fn cuttable(url: &DatabaseUrl) -> (DatabaseUrl, watch::Sender<bool>) {
    let server = url.postgres().unwrap();
    let target = (server.get_host().to_owned(), server.get_port());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (cut, is_cut) = watch::channel(false);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = listener.accept().await {
            let (target, mut is_cut) = (target.clone(), is_cut.clone());
            tokio::spawn(async move {
                let mut far = TcpStream::connect(target).await.unwrap();
                let cut = async {
                    is_cut.wait_for(|cut| *cut).await.unwrap();
                };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                    () = cut => std::future::pending().await,
                }
            });
        }
    });
    let mut through = url::Url::parse(&super::server().unwrap()).unwrap();
    through.set_host(Some("127.0.0.1")).unwrap();
    through.set_port(Some(port)).unwrap();
    through.set_path(&url.database_name());
    (through.as_str().parse().unwrap(), cut)
}

#[test]
fn two_pings_without_an_answer_lose_the_lock() {
    on([Kind::Postgres], async |database| {
        let (through, cut) = cuttable(&database.url).await;
        let store = Store::open(&through, &StoreOptions::default()).await.unwrap();
        let mut place = enter(&store).await;
        let mut lock = place.try_take().await.unwrap().unwrap();
        assert_eq!(lock.ping().await, Ok(()));
        cut.send(true).unwrap();
        assert_eq!(lock.ping().await, Ok(()), "once may be an accident");
        assert_eq!(lock.ping().await, Err(Lost));
        assert_eq!(lock.woken().await, Err(Lost));
    });
}

#[test]
fn standbys_run_on_the_schema_that_is_there() {
    // Taking locks needs no table: a standby may be there before the worker has migrated.
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.open().await;
        let mut place = enter(&store).await;
        let lock = place.try_take().await.unwrap().unwrap();
        assert!(
            store
                .read()
                .execute_unprepared("SELECT 1 FROM house")
                .await
                .is_err()
        );
        crate::schema::up(&store, None, now()).await.unwrap();
        lock.release().await;
    });
}
