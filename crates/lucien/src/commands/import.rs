//! `lucien import`: members of a channel that was led by somebody else, from a CSV file.

#![expect(
    clippy::print_stdout,
    reason = "what was taken in is what the command is asked for"
)]

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use anyhow::Context;
use bot::clock::SystemClock;
use bot::import::{self, Imported, Member};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use csv::StringRecord;
use domain::clock::{Clock, Timestamp, to_micros};
use domain::id::UserId;
use domain::person::{Profile, UNNAMED};
use store::Store;
use store::export::unguarded;

use crate::cli;
use crate::config::{self, Environment};
use crate::exit::Failure;

/// What a file may have; of these, the first two must be there. Others are left aside.
const COLUMNS: [&str; 6] = [
    "user_id",
    "ends_at",
    "first_name",
    "last_name",
    "username",
    "joined_at",
];
const REQUIRED: usize = 2;

/// Telegram's ids of people have at most 52 significant bits (Bot API, `User.id`).
const LARGEST_ID: i64 = 1 << 52;

/// Problems that are listed; of the others it is told how many there are.
const LISTED: usize = 20;

pub(crate) async fn execute(environment: &Environment, command: cli::Import) -> Result<(), Failure> {
    let (url, zone) = config::read_import(environment).map_err(Failure::Configuration)?;
    let file = File::open(&command.file).map_err(|error| {
        let path = command.file.display();
        Failure::Usage(vec![format!("{path} cannot be read: {}", error.kind())])
    })?;
    let members = read(file, zone).map_err(Failure::Usage)?;
    let store = super::open(&url).await?;
    let done = take_in(&store, &members, command.dry_run).await;
    store.close().await;
    let imported = done?;
    println!("added\t{}", imported.added);
    println!("extended\t{}", imported.extended);
    println!("unchanged\t{}", imported.unchanged);
    Ok(())
}

async fn take_in(store: &Store, members: &[Member], dry_run: bool) -> Result<Imported, Failure> {
    let alone = super::alone(store).await?;
    let imported = import::import(store, members, dry_run, SystemClock.now()).await;
    alone.leave().await;
    Ok(imported.context("the members cannot be written")?)
}

/// All members of a file, or all that is wrong with it.
fn read(file: impl Read, zone: Tz) -> Result<Vec<Member>, Vec<String>> {
    let mut file = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(file);
    let header = file.headers().map_err(|error| vec![error.to_string()])?.clone();
    let places = Places::of(&header)?;
    let mut members = Vec::new();
    let mut problems = Vec::new();
    let mut lines: HashMap<UserId, u64> = HashMap::new();
    for record in file.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(error.to_string());
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        match member(&record, &places, zone) {
            Err(why) => problems.push(format!("line {line}: {why}")),
            Ok(member) => {
                let user = member.profile.id;
                match lines.insert(user, line) {
                    Some(before) => problems.push(format!("line {line}: {user} is on line {before} already")),
                    None => members.push(member),
                }
            }
        }
    }
    if problems.is_empty() {
        return Ok(members);
    }
    let more = problems.len().saturating_sub(LISTED);
    problems.truncate(LISTED);
    if more > 0 {
        problems.push(format!("and {more} more"));
    }
    Err(problems)
}

/// Where each of the [`COLUMNS`] stands.
struct Places([Option<usize>; COLUMNS.len()]);

impl Places {
    fn of(header: &StringRecord) -> Result<Self, Vec<String>> {
        // Spreadsheets begin a file with a byte order mark.
        let names: Vec<String> = header
            .iter()
            .map(|name| name.trim_start_matches('\u{feff}').to_lowercase())
            .collect();
        let places = COLUMNS.map(|column| names.iter().position(|name| name == column));
        let missing: Vec<String> = COLUMNS[..REQUIRED]
            .iter()
            .zip(places)
            .filter(|(_, place)| place.is_none())
            .map(|(column, _)| format!("the first line names no column {column}"))
            .collect();
        if missing.is_empty() {
            Ok(Self(places))
        } else {
            Err(missing)
        }
    }

    /// The values of a line; none where there is nothing.
    fn values<'a>(&self, record: &'a StringRecord) -> [Option<&'a str>; COLUMNS.len()] {
        self.0.map(|place| {
            let value = record.get(place?)?;
            (!value.is_empty()).then_some(value)
        })
    }
}

fn member(record: &StringRecord, places: &Places, zone: Tz) -> Result<Member, String> {
    let [id, end, first_name, last_name, username, joined] = places.values(record);
    let id = id
        .and_then(|id| id.parse::<i64>().ok())
        .filter(|id| (1..LARGEST_ID).contains(id))
        .ok_or("user_id is not the number of a person")?;
    let end = end
        .and_then(|end| last_moment(end, zone))
        .ok_or("ends_at is neither a day (2027-01-31) nor a moment (2027-01-31T18:00:00Z)")?;
    let joined = joined
        .map(|joined| last_moment(joined, zone).ok_or("joined_at is neither a day nor a moment"))
        .transpose()?;
    let username = username.map(|name| unguarded(name).trim_start_matches('@'));
    Ok(Member {
        profile: Profile::new(
            UserId(id),
            first_name.map_or(UNNAMED, unguarded),
            last_name.map(unguarded),
            username,
        ),
        joined,
        end,
    })
}

/// A moment; of a day, its last one there.
fn last_moment(text: &str, zone: Tz) -> Option<Timestamp> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Some(to_micros(moment.to_utc()));
    }
    let next = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.succ_opt()?;
    let midnight = zone
        .from_local_datetime(&next.and_time(NaiveTime::MIN))
        .earliest()?;
    Some(midnight.with_timezone(&Utc) - TimeDelta::microseconds(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: Tz = chrono_tz::America::Mexico_City;

    fn read_text(text: &str) -> Result<Vec<Member>, Vec<String>> {
        read(text.as_bytes(), ZONE)
    }

    #[test]
    fn members_are_read_by_the_names_of_columns() {
        let members = read_text(
            "\u{feff}Ends_at,plan,user_id,first_name,username\n\
             2027-01-31,Mensual,4001,'=Inés,@ines\n\
             2027-01-31T18:00:00-06:00,, 4002 ,,\n",
        )
        .expect("two members");
        let ends: Vec<String> = members.iter().map(|member| member.end.to_string()).collect();
        assert_eq!(
            ends,
            ["2027-02-01 05:59:59.999999 UTC", "2027-02-01 00:00:00 UTC"]
        );
        assert_eq!(
            members[0].profile,
            Profile::new(UserId(4001), "=Inés", None, Some("ines"))
        );
        assert_eq!(members[1].profile.first_name, UNNAMED);
    }

    #[test]
    fn everything_that_is_wrong_is_told_by_its_line() {
        let wrong = read_text(
            "user_id,ends_at\n4001,2027-01-31\n-5,2027-01-31\n4002,mañana\n4001,2027-02-01\n4003\n",
        )
        .expect_err("four lines are wrong");
        assert_eq!(wrong.len(), 4, "{wrong:?}");
        assert!(wrong[0].starts_with("line 3: user_id"), "{wrong:?}");
        assert!(wrong[1].starts_with("line 4: ends_at"), "{wrong:?}");
        assert!(wrong[2].contains("4001 is on line 2 already"), "{wrong:?}");
        assert!(!wrong.concat().contains("mañana"), "{wrong:?}");
        let wrong = read_text("id,ends\n1,2027-01-31\n").expect_err("no columns");
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }
}
