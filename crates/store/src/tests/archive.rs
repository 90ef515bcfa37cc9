//! Backups: made, broken, and put back.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use chrono::TimeDelta;
use domain::brakes::HoldReason;
use domain::clock::Timestamp;
use domain::id::{TokenId, UserId};
use domain::plan::Plan;
use domain::token::Verdict;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::invitations::{code, issue, plan};
use super::redemptions::redeem;
use super::{
    Database, Kind, add_people, later, lines, now, on, on_every_database, on_every_store, on_postgres,
    run_sql,
};
use crate::archive::{
    self, ArchiveError, Carried, Contents, Identity, Kind as Why, Options, Recipient, RestoreError, Restored,
};
use crate::invitations::Consent;
use crate::plans::{self, Which};
use crate::rows::{self, Summary};
use crate::{Store, StoreError, holds, house, invariants, invitations, jobs, outbox, schema, subscribers};

/// What restoring changes on purpose.
const SETTLED: [&str; 11] = [
    "house",
    "inbox",
    "outbox",
    "dialogues",
    "jobs",
    "holds",
    "settings",
    "confirmations",
    "departures",
    "entry_links",
    "free_requests",
];

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// A house in the middle of everything.
async fn lived_in(store: &Store) {
    raise_epoch(store).await;
    add_people(store, 1..=40).await;
    let plan = plan(store).await;
    for number in 0..30 {
        issue(store, plan.id, number).await;
    }
    for user in 1..=20 {
        redeemed(store, u8::try_from(user).unwrap() - 1, user, now()).await;
    }
    run_sql(
        store,
        "INSERT INTO bot_config (id, vip_channel_id, wait_time_minutes, vip_reactions, created_at)
         VALUES (1, '-100', 5, '[\"\u{2764}\", \"\u{1f525}\"]', '2026-01-02 03:04:05.000006');
         INSERT INTO content_packages (id, name, price, category, type, is_active, created_at, updated_at)
         VALUES (1, 'El cuaderno rojo', 7.00, 'VIP_PREMIUM', 'STANDARD', TRUE,
                 '2026-01-02 03:04:05.000000', '2026-01-02 03:04:05.600000');
         INSERT INTO user_interests (id, user_id, package_id, is_attended, created_at)
         VALUES (1, 7, 1, FALSE, '2026-01-02 03:04:05.000000');
         UPDATE users SET first_name = 'Iñés \u{1f339} \"la, otra\"', username = NULL WHERE user_id = 3;
         INSERT INTO free_channel_requests (id, user_id, request_date, processed)
         VALUES (5, 30, '2026-09-21 10:00:00.000000', FALSE);
         INSERT INTO free_requests (request_id, number, replied, outbox_id) VALUES (5, 1, 1, 2);
         INSERT INTO outbox (id, kind, sequence, person, payload, created_at, attempts, epoch, claimed_at)
         VALUES (1, 'create_link', 'm', 2, '{}', '2026-09-21 10:00:00.000000', 0, 1, '2026-09-21 10:00:00.000000'),
                (2, 'admit', 'm', 30, '{}', '2026-09-21 10:00:00.000000', 0, NULL, NULL);
         INSERT INTO outbox (id, kind, sequence, payload, created_at, attempts, done_at)
         VALUES (3, 'person_notice', 'c', '{}', '2026-09-21 10:00:00.000000', 0, '2026-09-21 10:00:01.000000');
         INSERT INTO entry_links (id, user_id, channel_id, created_at, expires_at, outbox_id)
         VALUES (4, 2, -100, '2026-09-21 10:00:00.000000', '2026-09-22 10:00:00.000000', 1);
         INSERT INTO door_requests (user_id, channel_id, number, opened, user_chat_id, requested_at, decision)
         VALUES (9, -100, 2, 1, 9, '2026-09-21 10:00:00.000000', 'open');
         INSERT INTO departures (id, user_id, expiry, ended_at, state)
         VALUES (6, 35, '2026-09-20 10:00:00.000000', '2026-09-20 10:00:00.000000', 'DUE');
         INSERT INTO confirmations (id, user_id, action, created_at, expires_at)
         VALUES (8, 0, '{}', '2026-09-21 10:00:00.000000', '2036-09-21 10:00:00.000000');
         INSERT INTO jobs (name, epoch, started_at, succeeded_at, next_run, failures, cursor)
         VALUES ('expiry', 1, '2026-09-21 10:00:00.000000', '2026-09-21 10:00:00.000000',
                 '2036-09-21 10:00:00.000000', 2, '{}');
         INSERT INTO inbox (bot_id, update_id, person, kind, json, received_at, attempts)
         VALUES (1, 1, 7, 'message', '{\"texto\": \"un secreto\"}', '2026-09-21 10:00:00.000000', 0);
         INSERT INTO dialogues (user_id, kind, step, draft, version, updated_at, expires_at)
         VALUES (7, 'plan', 'name', '\"un borrador\"', 1, '2026-09-21 10:00:00.000000', '2036-09-22 10:00:00.000000');
         INSERT INTO presence (user_id, channel_id, standing, since, noted_at)
         VALUES (7, -100, 'member', '2026-09-21 10:00:00.123456', '2026-09-21 10:00:00.000000')",
    )
    .await;
    let tx = store.begin().await.unwrap();
    rows::set_sequences(&tx, &rows::all().await.unwrap())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn its_plan(store: &Store) -> Plan {
    let plans = plans::list(&store.read(), Which::All).await.unwrap();
    plans.into_iter().next().unwrap()
}

async fn raise_epoch(store: &Store) {
    let raised = store.write(async |tx| house::raise_epoch(tx, now()).await).await;
    raised.unwrap();
}

async fn redeemed(store: &Store, number: u8, user: i64, at: Timestamp) {
    let verdict: Result<_, StoreError> = store
        .write(async |tx| redeem(tx, &code(number), UserId(user), at).await)
        .await;
    assert_eq!(verdict.unwrap(), Verdict::Redeemable, "{user}");
}

async fn summaries(store: &Store) -> Vec<(String, Summary)> {
    let mut summaries = Vec::new();
    let db = store.read();
    for table in rows::all().await.unwrap() {
        let summary = rows::summary(&db, &table).await.unwrap();
        summaries.push((table.name, summary));
    }
    summaries
}

/// What restoring does not change.
async fn kept(store: &Store) -> Vec<(String, Summary)> {
    let mut all = summaries(store).await;
    all.retain(|(name, _)| !SETTLED.contains(&name.as_str()) && name != "door_requests");
    all
}

fn options<'a>(folder: &'a Path, confirm: Option<&'a str>) -> Options<'a> {
    Options {
        identity: None,
        confirm,
        carry_over: None,
        folder,
        recipient: None,
    }
}

async fn backed_up(store: &Store, folder: &Path) -> (PathBuf, Contents) {
    let made = archive::create(store, folder, None, now()).await.unwrap();
    (made.backup.path, made.contents)
}

/// Restores over what is there.
async fn restored(store: &Store, file: &Path, carry_over: Option<bool>) -> Result<Restored, RestoreError> {
    let name = store.url().database_name();
    let folder = file.parent().unwrap();
    let options = Options {
        carry_over,
        ..options(folder, Some(&name))
    };
    archive::restore(file, store, &options, later(60)).await
}

async fn nothing_is_violated(store: &Store) {
    assert_eq!(invariants::check(&store.read(), later(60)).await.unwrap(), []);
}

#[test]
fn a_backup_of_each_database_is_restored_into_each() {
    on_every_database(async |database| {
        let folder = folder();
        let store = database.migrated().await;
        lived_in(&store).await;
        let before = summaries(&store).await;
        let (file, contents) = backed_up(&store, folder.path()).await;
        assert_eq!(summaries(&store).await, before, "the house is left as it was");
        assert_eq!(contents.rows["users"], 40);
        assert_eq!(contents.flavour.as_deref(), Some("fresh"));
        assert!(!contents.rows.contains_key("inbox") && !contents.rows.contains_key("dialogues"));
        let text = text(&file).join("\n");
        assert!(text.contains("Iñés") && !text.contains("un secreto") && !text.contains("un borrador"));
        assert_eq!(archive::verify(&file, None).await.unwrap(), contents);

        for kind in [Kind::Memory, Kind::File, Kind::Postgres] {
            let Some(other) = Database::create(kind).await else {
                continue;
            };
            let target = other.open().await;
            let options = options(folder.path(), None);
            let done = archive::restore(&file, &target, &options, later(60))
                .await
                .unwrap();
            assert_eq!(
                (done.parked, done.held, done.replaced),
                (2, 10, None),
                "into {kind}"
            );
            let mut wanted = kept(&store).await;
            let mut found = kept(&target).await;
            // Held invitations are all that differs.
            wanted.retain(|(name, _)| name != "invitations");
            found.retain(|(name, _)| name != "invitations");
            assert_eq!(found, wanted, "into {kind}");
            is_settled(&target).await;
            target.close().await;
            other.remove().await;
        }
    });
}

async fn is_settled(store: &Store) {
    let db = store.read();
    assert_eq!(house::epoch(&db).await, Ok(2));
    assert!(lines(&db, "SELECT kind AS line FROM inbox").await.is_empty());
    assert!(lines(&db, "SELECT kind AS line FROM dialogues").await.is_empty());
    let parked = outbox::listed(&db, 10).await.unwrap();
    let parked: Vec<_> = parked
        .iter()
        .map(|row| (row.id, row.failure.as_deref(), row.unknown))
        .collect();
    assert_eq!(parked, [(2, Some("restored"), true), (1, Some("restored"), true)]);
    assert_eq!(outbox::backlog(&db).await.unwrap().pending, 0);
    let holds = holds::all(&db).await.unwrap();
    assert_eq!(holds.len(), 1);
    assert_eq!(
        (holds[0].reason, holds[0].since, holds[0].told_at),
        (HoldReason::Restored, later(60), None)
    );
    let job = jobs::load(&db, "expiry").await.unwrap();
    assert_eq!((job.next_run, job.started_at, job.failures), (None, None, 0));
    assert!(job.last_success.is_some() && job.cursor.is_some());
    nothing_is_violated(store).await;
    // Nobody presses the new buttons with old ones.
    let asked: Result<i64, StoreError> = store
        .write(async |tx| crate::confirmations::open(tx, UserId(1), "{}", later(3600), later(60)).await)
        .await;
    assert_eq!(asked, Ok(100_009));
    // People come and go in it.
    add_people(store, [500]).await;
    issue(store, its_plan(store).await.id, 99).await;
    redeemed(store, 99, 500, later(70)).await;
    nothing_is_violated(store).await;
}

#[test]
fn what_was_unused_in_a_copy_of_an_unknown_age_is_held_until_a_custodian_consents() {
    on_every_store(async |store| {
        let folder = folder();
        lived_in(&store).await;
        // As the predecessor issued it: nothing is written down beside it.
        run_sql(&store, "DELETE FROM invitations WHERE token_id = 25").await;
        let (file, _) = backed_up(&store, folder.path()).await;
        // Somebody else's house by now.
        run_sql(
            &store,
            "UPDATE house SET created_at = '2020-01-01 00:00:00.000000'",
        )
        .await;
        let done = restored(&store, &file, None).await.unwrap();
        assert_eq!((done.held, done.carried.len()), (10, 0));
        assert!(done.replaced.is_some());

        let db = store.read();
        let held = invitations::held(&db, later(60)).await.unwrap();
        assert_eq!(
            held.iter().map(|it| it.id.0).collect::<Vec<_>>(),
            (21..=30).collect::<Vec<_>>()
        );
        assert_eq!(held[4].plan.as_deref(), held[0].plan.as_deref());
        assert!(
            invitations::held(&db, later(10_000_000))
                .await
                .unwrap()
                .is_empty()
        );
        let found = invitations::look_up(&db, &code(24), UserId(40))
            .await
            .unwrap()
            .unwrap();
        assert!(found.held && found.offer.is_some());
        let claimed: Result<bool, StoreError> = store
            .write(async |tx| invitations::claim(tx, &found, UserId(40), later(61)).await)
            .await;
        assert_eq!(claimed, Ok(false));

        let release = async |consent: Consent<'_>| -> Result<u64, StoreError> {
            store
                .write(async |tx| invitations::release(tx, consent).await)
                .await
        };
        assert_eq!(release(Consent::To(&[TokenId(25), TokenId(1)])).await, Ok(1));
        redeemed(&store, 24, 40, later(62)).await;
        assert_eq!(release(Consent::UpTo(TokenId(27))).await, Ok(6));
        assert_eq!(release(Consent::ToAll).await, Ok(3));
        redeemed(&store, 29, 39, later(62)).await;
        nothing_is_violated(&store).await;
    });
}

#[test]
fn a_week_old_copy_learns_what_was_redeemed_and_paid_since() {
    on_every_store(async |store| {
        let folder = folder();
        lived_in(&store).await;
        let (file, _) = backed_up(&store, folder.path()).await;
        let week = TimeDelta::days(7);
        let patient = "UPDATE invitation_tokens SET duration_hours = 1000";
        run_sql(&store, patient).await;
        // Ten members renew, somebody new comes by a new invitation, and somebody never seen before.
        for number in 0..5 {
            redeemed(&store, 20 + number, i64::from(number) + 1, now() + week).await;
        }
        let plan = its_plan(&store).await;
        for number in 40..46 {
            issue(&store, plan.id, number).await;
        }
        run_sql(&store, patient).await;
        for number in 40..45 {
            redeemed(&store, number, i64::from(number) - 34, now() + week).await;
        }
        add_people(&store, [777]).await;
        redeemed(&store, 45, 777, now() + week).await;
        redeemed(&store, 25, 38, now() + week).await;
        raise_epoch(&store).await;
        run_sql(
            &store,
            "UPDATE users SET first_name = 'Nueva' WHERE user_id = 777;
             UPDATE confirmations SET id = 5000",
        )
        .await;
        let ends = async || -> Vec<(i64, Timestamp)> {
            let mut ends = Vec::new();
            for user in (1..=40).chain([777]) {
                if let Some(found) = subscribers::find(&store.read(), UserId(user)).await.unwrap() {
                    ends.push((user, found.subscription.expiry));
                }
            }
            ends
        };
        let before = (ends().await, summaries(&store).await);

        let asked = restored(&store, &file, None).await.unwrap_err();
        let RestoreError::NeedsAnswer(list) = asked else {
            panic!("{asked}")
        };
        assert_eq!(summaries(&store).await, before.1, "a question changes nothing");
        assert!(
            archive::list(folder.path()).unwrap().len() == 1,
            "nor makes a backup"
        );
        let redemptions = list
            .iter()
            .filter(|it| matches!(it, Carried::Redemption { .. }))
            .count();
        assert_eq!((redemptions, list.len()), (6, 18));

        let done = restored(&store, &file, Some(true)).await.unwrap();
        assert_eq!((done.carried, done.held), (list, 0));
        assert_eq!(ends().await, before.0);
        assert_eq!(house::epoch(&store.read()).await, Ok(3));
        nothing_is_violated(&store).await;
        for number in (0..26).chain(40..46) {
            let found = invitations::look_up(&store.read(), &code(number), UserId(39))
                .await
                .unwrap();
            if let Some(found) = found {
                let verdict = Verdict::of(Some(&found.invitation), UserId(39), now() + week);
                assert_ne!(verdict, Verdict::Redeemable, "{number}");
            }
        }
        let names = lines(
            &store.read(),
            "SELECT first_name AS line FROM users WHERE user_id = 777",
        )
        .await;
        assert_eq!(names, ["Nueva"]);
        let numbers = "SELECT CAST(max(id) AS text) AS line FROM confirmations";
        assert_eq!(lines(&store.read(), numbers).await, ["5000"]);
        // What was redeemed is extended, not begun anew.
        issue(&store, plan.id, 60).await;
        run_sql(&store, patient).await;
        redeemed(&store, 60, 777, later(7 * 86_400 + 60)).await;
        nothing_is_violated(&store).await;

        // What was there is a backup of its own, which is complete.
        let replaced = done.replaced.unwrap();
        let listed = archive::list(folder.path()).unwrap();
        assert_eq!(listed.iter().filter(|it| it.kind == Why::PreRestore).count(), 1);
        let contents = archive::verify(&replaced, None).await.unwrap();
        assert_eq!(contents.rows["users"], 41);
    });
}

#[test]
fn whoever_declines_to_learn_has_the_unused_held() {
    on_every_store(async |store| {
        let folder = folder();
        lived_in(&store).await;
        let (file, _) = backed_up(&store, folder.path()).await;
        redeemed(&store, 20, 1, later(30)).await;
        let done = restored(&store, &file, Some(false)).await.unwrap();
        assert_eq!((done.carried.len(), done.held), (0, 10));
        nothing_is_violated(&store).await;
        // A house that was restored knows a gap: of it one learns nothing, and what it held is held on.
        let done = restored(&store, &file, Some(true)).await.unwrap();
        assert_eq!((done.carried.len(), done.held), (0, 10));
    });
}

#[test]
fn nothing_is_replaced_that_was_not_named() {
    on_every_store(async |store| {
        let folder = folder();
        lived_in(&store).await;
        let (file, _) = backed_up(&store, folder.path()).await;
        let before = summaries(&store).await;
        for confirm in [None, Some("other")] {
            let options = options(folder.path(), confirm);
            let refused = archive::restore(&file, &store, &options, later(60))
                .await
                .unwrap_err();
            let name = store.url().database_name();
            assert!(
                matches!(&refused, RestoreError::NeedsConfirm { database, rows } if *database == name && *rows > 100),
                "{refused:?}"
            );
        }
        assert_eq!(summaries(&store).await, before);
        assert_eq!(archive::list(folder.path()).unwrap().len(), 1);
        // What cannot be backed up is not replaced either.
        let blocked = folder.path().join("blocked");
        fs::write(&blocked, "a file").unwrap();
        let name = store.url().database_name();
        let options = options(&blocked, Some(&name));
        let refused = archive::restore(&file, &store, &options, later(60))
            .await
            .unwrap_err();
        assert!(
            matches!(refused, RestoreError::NoBackup(ArchiveError::File(_))),
            "{refused:?}"
        );
        assert_eq!(summaries(&store).await, before);
    });
}

#[test]
fn other_schemas_are_not_replaced_and_not_backed_up() {
    on([Kind::File, Kind::Postgres], async |database| {
        let folder = folder();
        let Some(other) = Database::create(Kind::Memory).await else {
            return;
        };
        let (file, _) = backed_up(&other.migrated().await, folder.path()).await;
        let store = database.open().await;
        schema::up(&store, Some(1), now()).await.unwrap();
        let refused = restored(&store, &file, None).await.unwrap_err();
        assert!(matches!(refused, RestoreError::Target(_)), "{refused:?}");
        let refused = archive::create(&store, folder.path(), None, now())
            .await
            .unwrap_err();
        assert!(matches!(refused, ArchiveError::Schema), "{refused:?}");
        assert_eq!(archive::list(folder.path()).unwrap().len(), 1);
    });
}

/// The lines of an archive that is not encrypted.
fn text(file: &Path) -> Vec<String> {
    let lines = BufReader::new(GzDecoder::new(File::open(file).unwrap())).lines();
    lines.map(Result::unwrap).collect()
}

fn rewrite(file: &Path, lines: &[String]) {
    let mut out = GzEncoder::new(File::create(file).unwrap(), Compression::fast());
    for line in lines {
        writeln!(out, "{line}").unwrap();
    }
    out.finish().unwrap();
}

#[test]
fn a_broken_archive_is_told_and_replaces_nothing() {
    on([Kind::File], async |database| {
        let folder = folder();
        let store = database.migrated().await;
        lived_in(&store).await;
        let before = summaries(&store).await;
        let (file, contents) = backed_up(&store, folder.path()).await;
        let bytes = fs::read(&file).unwrap();
        let lines = text(&file);
        let broken = folder.path().join("broken");
        let refused = async || {
            let refused = restored(&store, &broken, Some(true)).await.unwrap_err();
            assert_eq!(summaries(&store).await, before);
            assert_eq!(
                archive::list(folder.path()).unwrap().len(),
                1,
                "nothing else was made"
            );
            match refused {
                RestoreError::Archive(error) => error,
                other => panic!("{other:?}"),
            }
        };

        for cut in [20, bytes.len() / 2, bytes.len() - 9, bytes.len() - 1] {
            fs::write(&broken, &bytes[..cut]).unwrap();
            assert!(matches!(refused().await, ArchiveError::Cut), "cut at {cut}");
        }
        for flipped in (10..bytes.len()).step_by(bytes.len() / 12) {
            let mut bytes = bytes.clone();
            bytes[flipped] ^= 0x10;
            fs::write(&broken, &bytes).unwrap();
            let error = refused().await;
            let is_told = matches!(
                error,
                ArchiveError::Damaged(_) | ArchiveError::Cut | ArchiveError::Foreign
            );
            assert!(is_told, "flipped at {flipped}: {error:?}");
        }
        fs::write(&broken, [bytes.as_slice(), b"more"].concat()).unwrap();
        assert!(matches!(refused().await, ArchiveError::Damaged(_)));
        for garbage in [&b""[..], b"\x1f\x8b", b"SQLite format 3\0", b"age-encryption"] {
            fs::write(&broken, garbage).unwrap();
            let error = refused().await;
            assert!(
                matches!(error, ArchiveError::Foreign | ArchiveError::Cut),
                "{error:?}"
            );
        }

        // Whole files that do not hold what they say.
        rewrite(&broken, &lines[..lines.len() - 1]);
        assert!(matches!(refused().await, ArchiveError::Cut), "no manifest");
        let with = |change: &dyn Fn(&mut Vec<String>)| {
            let mut lines = lines.clone();
            change(&mut lines);
            rewrite(&broken, &lines);
        };
        let ana = lines
            .iter()
            .position(|line| line.starts_with("[1,") && line.contains("Ana"))
            .unwrap();
        with(&|lines| lines[ana] = lines[ana].replace("Ana", "Eva"));
        let error = refused().await;
        assert!(
            matches!(&error, ArchiveError::Damaged(what) if what == "users: first_name"),
            "{error:?}"
        );
        with(&|lines| drop(lines.remove(ana)));
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "a row is missing"
        );
        with(&|lines| lines[ana] = lines[ana].replace("[1,", "[\"1\","));
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "a text for a number"
        );
        with(&|lines| {
            let last = lines.last_mut().unwrap();
            *last = last.replacen("\"nulls\":0", "\"nulls\":1", 1);
        });
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "another manifest"
        );
        with(&|lines| lines.insert(1, "[1]".to_owned()));
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "a row of no table"
        );
        with(&|lines| lines[1] = r#"{"table":"strange","columns":["id"]}"#.to_owned());
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "a strange table"
        );
        with(&|lines| lines.push("[1]".to_owned()));
        assert!(
            matches!(refused().await, ArchiveError::Damaged(_)),
            "something behind the manifest"
        );
        with(&|lines| lines[0] = lines[0].replace("\"lucien_backup\":1", "\"lucien_backup\":2"));
        assert!(matches!(refused().await, ArchiveError::Newer(_)), "another form");
        with(&|lines| lines[0] = lines[0].replace("0001_nine_tables", "0999_tomorrow"));
        let error = refused().await;
        assert!(
            matches!(&error, ArchiveError::Newer(steps) if steps == &["0999_tomorrow"]),
            "{error:?}"
        );

        // And one that does.
        rewrite(&broken, &lines);
        assert_eq!(archive::verify(&broken, None).await.unwrap(), contents);
    });
}

#[test]
fn an_older_archive_has_the_defaults_of_what_it_does_not_know() {
    on_every_store(async |store| {
        let folder = folder();
        lived_in(&store).await;
        let (file, _) = backed_up(&store, folder.path()).await;
        // As if `reminders`, and `attempts` of what nobody asks, had come later.
        let mut lines = text(&file);
        let table = |lines: &[String], name: &str| {
            let mark = format!("{{\"table\":\"{name}\"");
            lines.iter().position(|line| line.starts_with(&mark)).unwrap()
        };
        let at = table(&lines, "reminders");
        assert!(!lines[at + 1].starts_with('['), "it has no rows");
        lines.remove(at);
        let at = table(&lines, "door_said");
        assert!(!lines[at + 1].starts_with('['), "it has no rows");
        let mut manifest: serde_json::Value = serde_json::from_str(lines.last().unwrap()).unwrap();
        manifest["manifest"].as_object_mut().unwrap().remove("reminders");
        *lines.last_mut().unwrap() = manifest.to_string();
        lines[0] = lines[0].replace(",\"0005_other_ways\"", "");
        rewrite(&file, &lines);
        let contents = archive::verify(&file, None).await.unwrap();
        assert!(!contents.rows.contains_key("reminders"));
        let before = kept(&store).await;
        restored(&store, &file, None).await.unwrap();
        assert_eq!(kept(&store).await, before);
    });
}

/// A key and the file that holds it.
fn key(folder: &Path, name: &str) -> (Recipient, Identity) {
    let identity = age::x25519::Identity::generate();
    let file = folder.join(name);
    let text = format!("# a key\n{}\n", identity.to_string().expose_secret());
    fs::write(&file, text).unwrap();
    let recipient = identity.to_public().to_string().parse().unwrap();
    (recipient, Identity::from_file(&file).unwrap())
}

#[test]
fn an_encrypted_archive_is_read_with_its_key_alone() {
    on([Kind::File, Kind::Postgres], async |database| {
        let folder = folder();
        let store = database.migrated().await;
        lived_in(&store).await;
        let (recipient, identity) = key(folder.path(), "key");
        let (_, other) = key(folder.path(), "other");
        let made = archive::create(&store, folder.path(), Some(&recipient), now())
            .await
            .unwrap();
        let file = &made.backup.path;
        assert!(made.backup.encrypted && file.to_str().unwrap().ends_with(".backup.age"));
        let bytes = fs::read(file).unwrap();
        assert!(bytes.starts_with(b"age-encryption.org/v1\n"));
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 3, "two keys and the archive: {left:?}");

        assert_eq!(
            archive::verify(file, Some(&identity)).await.unwrap(),
            made.contents
        );
        assert!(matches!(
            archive::verify(file, None).await,
            Err(ArchiveError::NeedsKey)
        ));
        assert!(matches!(
            archive::verify(file, Some(&other)).await,
            Err(ArchiveError::WrongKey)
        ));
        let broken = folder.path().join("broken");
        for cut in [30, 100, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&broken, &bytes[..cut]).unwrap();
            let error = archive::verify(&broken, Some(&identity)).await.unwrap_err();
            assert!(
                matches!(error, ArchiveError::Cut | ArchiveError::Damaged(_)),
                "{cut}: {error:?}"
            );
        }
        for flipped in (23..bytes.len()).step_by(bytes.len() / 10) {
            let mut bytes = bytes.clone();
            bytes[flipped] ^= 1;
            fs::write(&broken, &bytes).unwrap();
            let error = archive::verify(&broken, Some(&identity)).await.unwrap_err();
            let is_told = matches!(
                error,
                ArchiveError::Damaged(_) | ArchiveError::Cut | ArchiveError::WrongKey
            );
            assert!(is_told, "{flipped}: {error:?}");
        }

        let name = store.url().database_name();
        let options = Options {
            identity: Some(&identity),
            recipient: Some(&recipient),
            ..options(folder.path(), Some(&name))
        };
        let done = archive::restore(file, &store, &options, later(60)).await.unwrap();
        let replaced = done.replaced.unwrap();
        assert!(replaced.to_str().unwrap().ends_with(".pre-restore.backup.age"));
    });
}

#[test]
fn texts_that_are_no_keys_are_not_repeated() {
    let folder = folder();
    let file = folder.path().join("key");
    for text in ["", "# nothing\n", "un secreto\n"] {
        fs::write(&file, text).unwrap();
        let error = Identity::from_file(&file).unwrap_err();
        assert!(!error.to_string().contains("secreto"), "{error}");
    }
    for text in [
        "",
        "age1",
        "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq",
        "secreto",
    ] {
        let error = text.parse::<Recipient>().unwrap_err();
        assert!(!error.to_string().contains("secreto"), "{error}");
    }
}

#[test]
fn a_backup_is_of_one_moment_while_others_write() {
    on([Kind::File, Kind::Postgres], async |database| {
        let folder = folder();
        let store = database.migrated().await;
        lived_in(&store).await;
        let other = store.clone();
        let writing = tokio::spawn(async move {
            for user in 1_000..1_200 {
                add_people(&other, [user]).await;
            }
        });
        let made = archive::create(&store, folder.path(), None, now()).await.unwrap();
        writing.await.unwrap();
        let users = made.contents.rows["users"];
        assert!((40..=240).contains(&users), "{users}");
        assert_eq!(made.contents.rows["vip_subscribers"], 20);
    });
}

#[test]
fn what_postgresql_has_no_room_for_is_told_by_its_table() {
    on_postgres(async |store| {
        let folder = folder();
        let file = Database::create(Kind::File).await.unwrap();
        let source = file.migrated().await;
        lived_in(&source).await;
        let long = "x".repeat(300);
        run_sql(
            &source,
            &format!("UPDATE users SET first_name = '{long}' WHERE user_id = 1"),
        )
        .await;
        let (archive, _) = backed_up(&source, folder.path()).await;
        let before = summaries(&store).await;
        let refused = archive::restore(&archive, &store, &options(folder.path(), None), later(60)).await;
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, RestoreError::Table { table, .. } if table == "users"),
            "{refused:?}"
        );
        assert_eq!(summaries(&store).await, before);
    });
}

#[test]
fn a_column_that_only_adopted_tables_have_is_filled() {
    on([Kind::File, Kind::Postgres], async |database| {
        let folder = folder();
        let store = database.migrated().await;
        lived_in(&store).await;
        let (file, _) = backed_up(&store, folder.path()).await;
        run_sql(
            &store,
            "ALTER TABLE free_channel_requests ADD COLUMN pending_request BOOLEAN NOT NULL DEFAULT FALSE",
        )
        .await;
        store.close().await;
        let store = database.open().await;
        restored(&store, &file, None).await.unwrap();
        let waiting = "SELECT CAST(user_id AS text) AS line FROM free_channel_requests WHERE pending_request";
        assert_eq!(lines(&store.read(), waiting).await, ["30"]);
    });
}
