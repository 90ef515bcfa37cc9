//! Several real processes on one database: this test binary runs itself again as a child.

use std::io::{BufRead as _, BufReader, Lines, Read as _, Write as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use domain::id::UserId;
use domain::person::Profile;
use domain::role::Role;
use tokio::runtime::Runtime;

use super::{Database, Kind, now, on};
use crate::lock::{Alone, Inhabited, LockError};
use crate::schema::SchemaState;
use crate::{DatabaseUrl, Store, StoreError, StoreOptions, people, schema};

const TASK: &str = "STORE_TEST_TASK";
const URL: &str = "STORE_TEST_URL";

/// How a child begins a line that its parent is to read.
const SAYS: &str = "child: ";

/// A child, killed when the test ends.
struct Other {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(task: &str, database: &Database) -> Self {
        let url = match database.url.path() {
            Some(path) => format!("sqlite:///{}", path.display()),
            None => {
                let mut url = url::Url::parse(&super::server().unwrap()).unwrap();
                url.set_path(&database.url.database_name());
                url.into()
            }
        };
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "tests::processes::as_a_child",
                "--ignored",
                "--nocapture",
            ])
            .env(TASK, task)
            .env(URL, url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// The next thing that it says; none when it is over.
    fn says(&mut self) -> Option<String> {
        self.lines
            .by_ref()
            .map(|line| line.unwrap())
            .find_map(|line| line.split_once(SAYS).map(|(_, said)| said.to_owned()))
    }

    /// As by `kill -9`.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn say(what: impl std::fmt::Display) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{SAYS}{what}").unwrap();
    out.flush().unwrap();
}

/// Waits for the parent to end or to kill.
fn wait_for_parent() {
    let _ = std::io::stdin().read(&mut [0]);
}

#[test]
#[ignore = "what the children of the other tests run"]
fn as_a_child() {
    let (Ok(task), Ok(url)) = (std::env::var(TASK), std::env::var(URL)) else {
        return;
    };
    let url: DatabaseUrl = url.parse().unwrap();
    Runtime::new().unwrap().block_on(async {
        let store = Store::open(&url, &StoreOptions::default()).await.unwrap();
        match task.as_str() {
            "migrate" => {
                let report = schema::up(&store, None, now()).await.unwrap();
                assert_eq!(schema::state(&store).await, Ok(SchemaState::Current));
                say(report.steps.len());
            }
            "work" => {
                let mut place = Inhabited::enter(&store).await.unwrap();
                let lock = place.try_take().await.unwrap();
                say(lock.is_some());
                wait_for_parent();
            }
            "alone" => {
                let alone = Alone::in_house(&store).await.unwrap();
                say("alone");
                wait_for_parent();
                drop(alone);
            }
            "write" => {
                for id in 1.. {
                    let profile = Profile::new(UserId(id), "Ana", None, None);
                    let added = store
                        .write(async |tx| people::insert_if_absent(tx, &profile, Role::Free, now()).await)
                        .await;
                    assert_eq!(added, Ok(true));
                    say(id);
                }
            }
            task => panic!("no such task: {task}"),
        }
        store.close().await;
    });
}

#[test]
fn ten_processes_migrate_an_empty_database_once() {
    on([Kind::File, Kind::Postgres], async |database| {
        let mut others: Vec<Other> = (0..10).map(|_| Other::start("migrate", database)).collect();
        let mut applied: Vec<String> = others.iter_mut().map(|other| other.says().unwrap()).collect();
        applied.sort();
        let mut expected = vec!["0"; 9];
        expected.push("7");
        assert_eq!(applied, expected);
        for other in &mut others {
            assert!(other.process.wait().unwrap().success());
        }
    });
}

#[test]
fn of_ten_processes_one_works_and_when_it_is_killed_another_can() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut others: Vec<Other> = (0..10).map(|_| Other::start("work", database)).collect();
        let works: Vec<bool> = others
            .iter_mut()
            .map(|other| other.says().unwrap() == "true")
            .collect();
        assert_eq!(works.iter().filter(|works| **works).count(), 1);

        let mut place = Inhabited::enter(&store).await.unwrap();
        assert!(place.try_take().await.unwrap().is_none());
        let worker = works.iter().position(|works| *works).unwrap();
        let refused = Alone::in_house(&store).await.unwrap_err();
        let LockError::InTheWay(occupants) = refused else {
            panic!("{refused:?}")
        };
        match database.kind {
            Kind::Postgres => assert_eq!(occupants.len(), 11),
            _ => assert_eq!(occupants[0].pid, Some(others[worker].process.id())),
        }

        others[worker].kill();
        // A file's lock is free at once; the server has to notice first.
        let mut tries = 0;
        while place.try_take().await.unwrap().is_none() {
            tries += 1;
            assert!(database.kind == Kind::Postgres, "after {tries} tries");
        }
    });
}

#[test]
fn who_had_the_house_alone_and_is_killed_lets_others_in() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut other = Other::start("alone", database);
        assert_eq!(other.says().as_deref(), Some("alone"));
        let refused = Inhabited::enter(&store).await.unwrap_err();
        let LockError::InTheWay(occupants) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(occupants.len(), 1);
        if database.kind == Kind::File {
            assert_eq!(occupants[0].pid, Some(other.process.id()));
        }
        other.kill();
        loop {
            match Inhabited::enter(&store).await {
                Ok(place) => return place.leave().await,
                Err(LockError::InTheWay(_)) => assert_eq!(database.kind, Kind::Postgres),
                Err(error) => panic!("{error}"),
            }
        }
    });
}

#[test]
fn what_a_killed_process_has_committed_is_there() {
    on([Kind::File, Kind::Postgres], async |database| {
        let store = database.migrated().await;
        let mut other = Other::start("write", database);
        while other.says().unwrap() != "20" {}
        other.kill();
        let last = std::iter::from_fn(|| other.says())
            .last()
            .unwrap_or("20".to_owned());
        let last: i64 = last.parse().unwrap();
        let count = people::count(&store.read()).await.unwrap();
        let unheard = i64::try_from(count).unwrap() - last;
        assert!((0..=1).contains(&unheard), "{count} rows after {last} were told");
        let profile = Profile::new(UserId(-1), "Bea", None, None);
        let added = store
            .write(async |tx| people::insert_if_absent(tx, &profile, Role::Free, now()).await)
            .await;
        assert_eq!(added, Ok::<_, StoreError>(true), "nothing stays locked");
    });
}
