//! What the replaced house knew better: who has redeemed since the copy was made, and until when members have
//! paid.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::NaiveDateTime;
use domain::clock::Timestamp;
use domain::id::{TokenId, UserId};
use sea_orm::{FromQueryResult, Value};
use serde::Serialize;

use crate::departures;
use crate::error::StoreError;
use crate::rows::{self, Cell, Family, Pages, Row, Table};
use crate::session::{Connection, Tx};
use crate::sql;
use crate::value::At;

/// Something that the copy learns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Carried {
    /// An invitation was redeemed.
    Redemption {
        /// The invitation.
        token: TokenId,
        /// By whom, where that is known.
        by: Option<UserId>,
        /// When, where that is known.
        at: Option<Timestamp>,
    },
    /// Somebody is a member for longer, or has become one.
    Membership {
        /// Who.
        user: UserId,
        /// The last moment.
        until: Timestamp,
        /// What the copy knows of it.
        before: Option<Timestamp>,
    },
}

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = |at: &Option<Timestamp>| {
            at.map_or_else(|| "-".to_owned(), |at| at.format("%F %T UTC").to_string())
        };
        match self {
            Self::Redemption { token, by, at } => {
                let by = by.map_or_else(|| "-".to_owned(), |by| by.to_string());
                write!(f, "redemption\t{token}\t{by}\t{}", moment(at))
            }
            Self::Membership { user, until, before } => {
                let until = moment(&Some(*until));
                write!(f, "membership\t{user}\t{}\t{until}", moment(before))
            }
        }
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Carry {
    redemptions: Vec<Redemption>,
    members: Vec<Member>,
    /// The codes of invitations that wait for consent since an earlier restore.
    held: Vec<String>,
}

/// Of an invitation that is unused in the copy.
#[derive(Debug)]
struct Redemption {
    token: TokenId,
    by: Cell,
    at: Cell,
}

/// Somebody's subscription, with what it hangs on.
#[derive(Debug)]
struct Member {
    user: i64,
    until: NaiveDateTime,
    before: Option<NaiveDateTime>,
    subscriber: Row,
    person: Option<Row>,
    token: Option<Row>,
    invitation: Option<Row>,
    plan: Option<Row>,
    history: Vec<Row>,
    links: Vec<Row>,
    is_due: bool,
}

impl Carry {
    /// Compares the house that is to be replaced with the copy.
    pub(super) async fn find(
        house: &impl Connection,
        copy: &impl Connection,
        tables: &[Table],
    ) -> Result<Self, StoreError> {
        let tables = Tables(tables);
        Ok(Self {
            redemptions: redemptions(house, copy, tables).await?,
            members: members(house, copy, tables).await?,
            held: held(house).await?,
        })
    }

    /// Whether nothing is known better.
    pub(super) fn is_empty(&self) -> bool {
        self.redemptions.is_empty() && self.members.is_empty()
    }

    /// The codes of invitations that wait for consent and go on waiting for it.
    pub(super) fn held(&self) -> &[String] {
        &self.held
    }

    /// The list, for people.
    pub(super) fn told(&self) -> Vec<Carried> {
        let redemptions = self.redemptions.iter().map(|redemption| Carried::Redemption {
            token: redemption.token,
            by: number(&redemption.by).map(UserId),
            at: moment(&redemption.at).map(|at| at.and_utc()),
        });
        let members = self.members.iter().map(|member| Carried::Membership {
            user: UserId(member.user),
            until: member.until.and_utc(),
            before: member.before.map(|at| at.and_utc()),
        });
        redemptions.chain(members).collect()
    }

    /// Teaches it to the copy, which is in the database by now.
    pub(super) async fn apply(&self, tx: &Tx, tables: &[Table], now: Timestamp) -> Result<(), StoreError> {
        for Redemption { token, by, at } in &self.redemptions {
            sql::execute(
                tx,
                "UPDATE invitation_tokens SET used = TRUE, used_by = $2, used_at = $3 WHERE id = $1",
                [token.0.into(), by.bound(Family::Int), at.bound(Family::Moment)],
            )
            .await?;
        }
        for member in &self.members {
            member.apply(tx, Tables(tables), now).await?;
        }
        Ok(())
    }
}

/// The tables by name.
#[derive(Clone, Copy)]
struct Tables<'a>(&'a [Table]);

impl<'a> Tables<'a> {
    fn get(self, name: &str) -> &'a Table {
        let found = self.0.iter().find(|table| table.name == name);
        found.expect("it is one of ours")
    }
}

/// Where a column stands.
fn place(table: &Table, column: &str) -> usize {
    let place = table.names().position(|name| name == column);
    place.expect("it is a column of ours")
}

fn number(cell: &Cell) -> Option<i64> {
    match cell {
        Cell::Int(number) => Some(*number),
        _ => None,
    }
}

fn moment(cell: &Cell) -> Option<NaiveDateTime> {
    match cell {
        Cell::Moment(at) => Some(*at),
        _ => None,
    }
}

fn text(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Text(text) => Some(text),
        _ => None,
    }
}

async fn redemptions(
    house: &impl Connection,
    copy: &impl Connection,
    tables: Tables<'_>,
) -> Result<Vec<Redemption>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: i32,
        token: String,
    }
    let table = tables.get("invitation_tokens");
    let [code, used, used_by, used_at] =
        ["token", "used", "used_by", "used_at"].map(|column| place(table, column));
    let mut redemptions = Vec::new();
    let mut pages = Pages::of(table);
    while let Some(page) = pages.next(house).await? {
        let used: BTreeMap<&str, &Row> = page
            .iter()
            .filter(|row| row[used] == Cell::Bool(true))
            .filter_map(|row| Some((text(&row[code])?, row)))
            .collect();
        if used.is_empty() {
            continue;
        }
        let query = format!(
            "SELECT id, token FROM invitation_tokens WHERE NOT used AND token IN ({}) ORDER BY id",
            sql::parameters(1, used.len())
        );
        let unused: Vec<Found> = sql::all(copy, &query, used.keys().map(|code| (*code).into())).await?;
        redemptions.extend(unused.iter().map(|found| {
            let row = used[found.token.as_str()];
            Redemption {
                token: TokenId(found.id),
                by: row[used_by].clone(),
                at: row[used_at].clone(),
            }
        }));
    }
    Ok(redemptions)
}

async fn members(
    house: &impl Connection,
    copy: &impl Connection,
    tables: Tables<'_>,
) -> Result<Vec<Member>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        user_id: i64,
        expiry_date: At,
    }
    let table = tables.get("vip_subscribers");
    let [user, expiry] = ["user_id", "expiry_date"].map(|column| place(table, column));
    let mut members = Vec::new();
    let mut pages = Pages::of(table);
    while let Some(page) = pages.next(house).await? {
        let query = format!(
            "SELECT user_id, expiry_date FROM vip_subscribers WHERE user_id IN ({})",
            sql::parameters(1, page.len())
        );
        let ids = page.iter().map(|row| row[user].bound(Family::Int));
        let found: Vec<Found> = sql::all(copy, &query, ids).await?;
        let known: BTreeMap<i64, NaiveDateTime> = found
            .into_iter()
            .map(|row| (row.user_id, row.expiry_date.0.naive_utc()))
            .collect();
        for row in page {
            let (Some(user), Some(until)) = (number(&row[user]), moment(&row[expiry])) else {
                continue;
            };
            let before = known.get(&user).copied();
            if before.is_none_or(|before| before < until) {
                members.push(Member::find(house, tables, row, user, until, before).await?);
            }
        }
    }
    Ok(members)
}

async fn held(house: &impl Connection) -> Result<Vec<String>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        token: String,
    }
    let query = "SELECT t.token FROM invitation_tokens t
                 JOIN invitations i ON i.token_id = t.id AND i.held WHERE NOT t.used";
    let found: Vec<Found> = sql::all(house, query, []).await?;
    Ok(found.into_iter().map(|row| row.token).collect())
}

impl Member {
    async fn find(
        house: &impl Connection,
        tables: Tables<'_>,
        subscriber: Row,
        user: i64,
        until: NaiveDateTime,
        before: Option<NaiveDateTime>,
    ) -> Result<Self, StoreError> {
        let find = async |table: &str, column: &str, value: Option<i64>| match value {
            Some(value) => rows::matching(house, tables.get(table), column, value).await,
            None => Ok(Vec::new()),
        };
        let first = |rows: Vec<Row>| rows.into_iter().next();
        let token_id = number(&subscriber[place(tables.get("vip_subscribers"), "token_id")]);
        let token = first(find("invitation_tokens", "id", token_id).await?);
        let plan_place = place(tables.get("invitation_tokens"), "plan_id");
        let plan_id = token.as_ref().and_then(|token| number(&token[plan_place]));
        let departures = tables.get("departures");
        let state = place(departures, "state");
        let left = find("departures", "user_id", Some(user)).await?;
        Ok(Self {
            person: first(find("users", "user_id", Some(user)).await?),
            invitation: first(find("invitations", "token_id", token_id).await?),
            plan: first(find("subscription_plans", "id", plan_id).await?),
            history: find("user_role_change_log", "user_id", Some(user)).await?,
            links: find("entry_links", "user_id", Some(user)).await?,
            is_due: left.iter().any(|row| text(&row[state]) == Some("DUE")),
            user,
            until,
            before,
            subscriber,
            token,
        })
    }

    async fn apply(&self, tx: &Tx, tables: Tables<'_>, now: Timestamp) -> Result<(), StoreError> {
        let Some(token) = self.apply_token(tx, tables).await? else {
            return Ok(());
        };
        self.apply_person(tx, tables).await?;
        self.apply_subscription(tx, tables, token).await?;
        self.apply_history(tx, tables).await?;
        self.apply_links(tx, tables).await?;
        let user = UserId(self.user);
        if self.until.and_utc() >= now {
            departures::renew(tx, user, now).await?;
        } else if self.is_due {
            departures::reopen(tx, user, now).await?;
        }
        Ok(())
    }

    /// The token that the subscription hangs on, by its number in the copy.
    async fn apply_token(&self, tx: &Tx, tables: Tables<'_>) -> Result<Option<i64>, StoreError> {
        let Some(row) = &self.token else { return Ok(None) };
        let table = tables.get("invitation_tokens");
        let Some(code) = text(&row[place(table, "token")]) else {
            return Ok(None);
        };
        if let Some(id) = id_of(tx, code).await? {
            return Ok(Some(id));
        }
        let mut row = row.clone();
        let plan = place(table, "plan_id");
        if !self.has_plan(tx, tables).await? {
            row[plan] = Cell::Null;
        }
        add_anew(tx, table, row).await?;
        let id = id_of(tx, code).await?;
        if let (Some(id), Some(invitation)) = (id, &self.invitation) {
            let table = tables.get("invitations");
            let mut invitation = invitation.clone();
            invitation[place(table, "token_id")] = Cell::Int(id);
            rows::insert(tx, table, &[invitation]).await?;
        }
        Ok(id)
    }

    /// Whether the copy has the same plan.
    async fn has_plan(&self, tx: &Tx, tables: Tables<'_>) -> Result<bool, StoreError> {
        let Some(plan) = &self.plan else { return Ok(false) };
        let table = tables.get("subscription_plans");
        let values = [
            plan[place(table, "id")].bound(Family::Int),
            plan[place(table, "name")].bound(Family::Text),
        ];
        let query = "SELECT count(*) AS count FROM subscription_plans WHERE id = $1 AND name = $2";
        Ok(sql::count(tx, query, values).await? > 0)
    }

    async fn apply_person(&self, tx: &Tx, tables: Tables<'_>) -> Result<(), StoreError> {
        let Some(person) = &self.person else { return Ok(()) };
        let table = tables.get("users");
        let role = sql::cast(tx, "$2", "userrole");
        let update = format!("UPDATE users SET role = {role} WHERE user_id = $1");
        let values: [Value; 2] = [self.user.into(), person[place(table, "role")].bound(Family::Text)];
        if sql::execute(tx, &update, values).await? == 0 {
            rows::insert(tx, table, std::slice::from_ref(person)).await?;
        }
        Ok(())
    }

    async fn apply_subscription(&self, tx: &Tx, tables: Tables<'_>, token: i64) -> Result<(), StoreError> {
        #[derive(FromQueryResult)]
        struct Found {
            id: i32,
        }
        let table = tables.get("vip_subscribers");
        let mut row = self.subscriber.clone();
        row[place(table, "token_id")] = Cell::Int(token);
        let query = "SELECT id FROM vip_subscribers WHERE user_id = $1";
        let found: Option<Found> = sql::first(tx, query, [self.user.into()]).await?;
        let Some(found) = found else {
            return add_anew(tx, table, row).await;
        };
        row[place(table, "id")] = Cell::Int(found.id.into());
        let delete = "DELETE FROM vip_subscribers WHERE user_id = $1";
        sql::execute(tx, delete, [self.user.into()]).await?;
        rows::insert(tx, table, &[row]).await
    }

    /// What the history tells since.
    async fn apply_history(&self, tx: &Tx, tables: Tables<'_>) -> Result<(), StoreError> {
        #[derive(FromQueryResult)]
        struct Newest {
            at: Option<At>,
        }
        let table = tables.get("user_role_change_log");
        let query = "SELECT max(changed_at) AS at FROM user_role_change_log WHERE user_id = $1";
        let newest: Option<Newest> = sql::first(tx, query, [self.user.into()]).await?;
        let newest = newest.and_then(|row| row.at).map(|at| at.0.naive_utc());
        let changed_at = place(table, "changed_at");
        for row in &self.history {
            if moment(&row[changed_at]) > newest {
                add_anew(tx, table, row.clone()).await?;
            }
        }
        Ok(())
    }

    /// The links that were made for them: Telegram knows them by their numbers.
    async fn apply_links(&self, tx: &Tx, tables: Tables<'_>) -> Result<(), StoreError> {
        let table = tables.get("entry_links");
        let id = place(table, "id");
        let delete = "DELETE FROM entry_links WHERE user_id = $1";
        sql::execute(tx, delete, [self.user.into()]).await?;
        for row in &self.links {
            let query = "SELECT count(*) AS count FROM entry_links WHERE id = $1";
            if sql::count(tx, query, [row[id].bound(Family::Int)]).await? == 0 {
                rows::insert(tx, table, std::slice::from_ref(row)).await?;
            }
        }
        Ok(())
    }
}

/// Adds a row under a number of its own.
async fn add_anew(tx: &Tx, table: &Table, mut row: Row) -> Result<(), StoreError> {
    let keys: BTreeSet<usize> = table.key.iter().copied().collect();
    let mut without = table.clone();
    for &place in keys.iter().rev() {
        without.columns.remove(place);
        row.remove(place);
    }
    without.key = Vec::new();
    rows::insert(tx, &without, &[row]).await
}

async fn id_of(tx: &Tx, code: &str) -> Result<Option<i64>, StoreError> {
    #[derive(FromQueryResult)]
    struct Found {
        id: i32,
    }
    let query = "SELECT id FROM invitation_tokens WHERE token = $1";
    let found: Option<Found> = sql::first(tx, query, [code.into()]).await?;
    Ok(found.map(|found| found.id.into()))
}
