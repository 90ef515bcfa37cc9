//! The copy of an SQLite file that precedes a change of its schema.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Database, Kind, add_people, lines, now, on, on_every_database};
use crate::schema::{Consent, SchemaError, SchemaState};
use crate::{DatabaseUrl, Store, StoreError, StoreOptions, people, schema};

/// The moment of all tests in a name.
const NAME: &str = "house.pre-migrate-20260921T141320Z";

/// A file at the first step, with two people.
async fn peopled(database: &Database, options: StoreOptions) -> Store {
    let store = database.open_with(options).await;
    schema::up(&store, Some(1), now()).await.unwrap();
    add_people(&store, [1, 2]).await;
    store
}

async fn peopled_by_default(database: &Database) -> Store {
    peopled(database, StoreOptions::default()).await
}

fn folder(database: &Database) -> &Path {
    database.url.path().unwrap().parent().unwrap()
}

/// The copies beside the file, whole or not.
fn copies(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("pre-migrate"))
        .collect();
    names.sort();
    names
}

async fn open(path: &Path) -> Store {
    let options = StoreOptions {
        create: false,
        ..StoreOptions::default()
    };
    Store::open(&DatabaseUrl::file(path), &options).await.unwrap()
}

async fn up(store: &Store) -> Result<Option<PathBuf>, SchemaError> {
    schema::up(store, None, now()).await.map(|report| report.backup)
}

#[test]
fn a_file_with_rows_is_copied_before_it_is_migrated() {
    on_every_database(async |database| {
        let store = peopled_by_default(database).await;
        let backup = up(&store).await.unwrap();
        if database.kind != Kind::File {
            assert_eq!(backup, None);
            return;
        }
        let backup = backup.unwrap();
        assert_eq!(backup, folder(database).join(format!("{NAME}.db")));
        let copy = open(&backup).await;
        assert_eq!(people::count(&copy.read()).await, Ok(2));
        assert!(
            matches!(schema::state(&copy).await, Ok(SchemaState::Behind { applied, .. }) if applied.len() == 1),
            "as it was before"
        );
        assert_eq!(schema::state(&store).await, Ok(SchemaState::Current));
        assert_eq!(
            up(&store).await,
            Ok(None),
            "nothing is migrated, nothing is copied"
        );
    });
}

#[test]
fn a_file_without_rows_is_not_copied() {
    on([Kind::File], async |database| {
        let store = database.open().await;
        let first = schema::up(&store, Some(1), now()).await.unwrap();
        assert_eq!(first.backup, None);
        assert_eq!(up(&store).await, Ok(None));
        let undone = schema::down(&store, 9, Consent::default(), now()).await.unwrap();
        assert_eq!(undone.backup, None);
        assert_eq!(copies(folder(database)), [""; 0]);
    });
}

#[test]
fn rows_that_are_dropped_are_in_the_copy() {
    on([Kind::File], async |database| {
        let store = peopled_by_default(database).await;
        up(&store).await.unwrap();
        let name = database.url.database_name();
        let consent = Consent {
            database: Some(&name),
            backup_exists: false,
        };
        let undone = schema::down(&store, 9, consent, now()).await.unwrap();
        assert_eq!(schema::state(&store).await, Ok(SchemaState::Empty));
        let backup = undone.backup.unwrap();
        assert_eq!(
            backup,
            folder(database).join(format!("{NAME}-2.db")),
            "the first one stays"
        );
        let copy = open(&backup).await;
        assert_eq!(people::count(&copy.read()).await, Ok(2));
        assert_eq!(schema::state(&copy).await, Ok(SchemaState::Current));
    });
}

#[test]
fn copies_go_where_they_are_wanted() {
    on([Kind::File], async |database| {
        let wanted = folder(database).join("copies/of lucien's");
        let options = StoreOptions {
            backups: Some(wanted.clone()),
            ..StoreOptions::default()
        };
        let store = peopled(database, options).await;
        assert_eq!(up(&store).await, Ok(Some(wanted.join(format!("{NAME}.db")))));
        assert_eq!(copies(&wanted).len(), 1);
        assert_eq!(copies(folder(database)), [""; 0]);
    });
}

#[test]
fn without_a_whole_copy_nothing_is_changed() {
    on([Kind::File], async |database| {
        let store = peopled_by_default(database).await;
        let before = schema::state(&store).await;
        // Nothing can be written there.
        let in_its_place = folder(database).join(format!("{NAME}.partial"));
        fs::create_dir(&in_its_place).unwrap();
        let refused = up(&store).await.unwrap_err();
        assert!(
            matches!(refused, SchemaError::BackupFailed(StoreError::Unavailable(_))),
            "{refused:?}"
        );
        assert_eq!(schema::state(&store).await, before);
        assert_eq!(people::count(&store.read()).await, Ok(2));

        fs::remove_dir(in_its_place).unwrap();
        assert!(up(&store).await.unwrap().is_some());
    });
}

#[test]
fn a_folder_that_cannot_be_made_is_told() {
    on([Kind::File], async |database| {
        let in_its_place = folder(database).join("copies");
        fs::write(&in_its_place, "").unwrap();
        let options = StoreOptions {
            backups: Some(in_its_place),
            ..StoreOptions::default()
        };
        let store = peopled(database, options).await;
        let refused = up(&store).await;
        assert!(
            matches!(refused, Err(SchemaError::BackupFailed(_))),
            "{refused:?}"
        );
    });
}

#[test]
fn what_a_killed_process_left_is_no_backup_and_in_nobodys_way() {
    on([Kind::File], async |database| {
        let store = peopled_by_default(database).await;
        let left = folder(database).join(format!("{NAME}.partial"));
        fs::write(&left, "half of it").unwrap();
        assert!(up(&store).await.unwrap().is_some());
        assert_eq!(copies(folder(database)), [format!("{NAME}.db")]);
    });
}

#[test]
fn of_several_that_migrate_at_once_one_makes_the_copy() {
    on([Kind::File], async |database| {
        peopled_by_default(database).await.close().await;
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let url = database.url.clone();
                tokio::spawn(async move {
                    let store = Store::open(&url, &StoreOptions::default()).await.unwrap();
                    up(&store).await.unwrap()
                })
            })
            .collect();
        let mut made = 0;
        for start in starts {
            made += usize::from(start.await.unwrap().is_some());
        }
        assert_eq!(made, 1);
        assert_eq!(copies(folder(database)).len(), 1);
    });
}

#[test]
fn a_copy_is_complete_and_as_private_as_the_original() {
    use std::os::unix::fs::PermissionsExt as _;

    on([Kind::File], async |database| {
        let path = database.url.path().unwrap();
        let store = peopled_by_default(database).await;
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        super::run_sql(
            &store,
            "CREATE TABLE \"ajena \"\"tabla\" (a); INSERT INTO \"ajena \"\"tabla\" VALUES (5)",
        )
        .await;
        let backup = up(&store).await.unwrap().unwrap();
        assert_eq!(fs::metadata(&backup).unwrap().permissions().mode() & 0o777, 0o600);
        let copy = open(&backup).await;
        let foreign = lines(
            &copy.read(),
            "SELECT CAST(a AS TEXT) AS line FROM \"ajena \"\"tabla\"",
        )
        .await;
        assert_eq!(foreign, ["5"]);
    });
}
