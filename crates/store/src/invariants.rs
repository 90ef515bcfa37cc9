//! What always holds between transactions, in one place: looked at after crashes in tests, and by the
//! doctor in a house that is at work. Everything is only read.
//!
//! The predecessor did not keep all of this, and its databases are taken over as they are. So what it
//! may have broken is asked of what this house did itself: of tokens that it issued (they have a row
//! in `invitations`), or in a house that never was another's ([`Scope::Fresh`]).

use std::sync::LazyLock;

use domain::clock::Timestamp;
use sea_orm::{FromQueryResult, Value};

use crate::error::StoreError;
use crate::session::Connection;
use crate::sql;
use crate::value::At;

/// Offenders that are told of one invariant at most.
pub const OFFENDERS: u32 = 20;

/// Where an invariant is to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In every house.
    Every,
    /// In houses that began empty: elsewhere, the predecessor's rows may offend.
    Fresh,
}

/// Something that always holds.
#[derive(Debug)]
pub struct Invariant {
    /// A short name, stable.
    pub name: &'static str,
    /// What is wrong with an offender, and which id of it is told.
    pub offence: &'static str,
    /// Where it is to hold.
    pub scope: Scope,
    /// Finds offenders, as `id`. `$1` is the present moment.
    query: &'static str,
}

/// An invariant that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The [name](Invariant::name) of the invariant.
    pub name: &'static str,
    /// What is wrong.
    pub offence: &'static str,
    /// By whom or what, at most [`OFFENDERS`].
    pub offenders: Vec<i64>,
}

/// Checks all [`INVARIANTS`] at a moment, in one statement, and returns those that do not hold.
///
/// # Errors
/// When the database does not answer.
pub async fn check(db: &impl Connection, now: Timestamp) -> Result<Vec<Violation>, StoreError> {
    #[derive(FromQueryResult)]
    struct Offender {
        invariant: i32,
        id: i64,
    }
    let values: [Value; 2] = [At(now).into(), i64::from(OFFENDERS).into()];
    let offenders: Vec<Offender> = sql::all(db, &EVERYTHING, values).await?;
    let violation = |(number, invariant): (i32, &Invariant)| {
        let its = offenders.iter().filter(|offender| offender.invariant == number);
        let mut offenders: Vec<i64> = its.map(|offender| offender.id).collect();
        offenders.sort_unstable();
        (!offenders.is_empty()).then_some(Violation {
            name: invariant.name,
            offence: invariant.offence,
            offenders,
        })
    };
    Ok((0..).zip(INVARIANTS).filter_map(violation).collect())
}

/// Finds all offenders, as `invariant` and `id`. `$1` is the present moment, `$2` how many are told of each.
static EVERYTHING: LazyLock<String> = LazyLock::new(|| {
    let each = (0..).zip(INVARIANTS).map(|(number, invariant): (i32, _)| {
        let here = match invariant.scope {
            Scope::Every => "",
            Scope::Fresh => "AND EXISTS (SELECT 1 FROM house WHERE flavour = 'fresh')",
        };
        format!(
            "SELECT * FROM (SELECT {number} AS invariant, CAST(found.id AS BIGINT) AS id FROM ({}) found
             WHERE $1 IS NOT NULL {here} ORDER BY found.id LIMIT $2) offenders",
            invariant.query
        )
    });
    each.collect::<Vec<_>>().join(" UNION ALL ")
});

/// All of them.
pub const INVARIANTS: &[Invariant] = &[
    // Tokens and what they gave.
    Invariant {
        name: "used-tokens-tell-by-whom",
        offence: "a token of ours is used and does not tell by whom and when (token)",
        scope: Scope::Every,
        query: "SELECT t.id FROM invitation_tokens t JOIN invitations i ON i.token_id = t.id
                WHERE t.used AND (t.used_by IS NULL OR t.used_at IS NULL)",
    },
    Invariant {
        name: "unused-tokens-name-nobody",
        offence: "a token is not used and names who used it (token)",
        scope: Scope::Every,
        query: "SELECT id FROM invitation_tokens WHERE NOT used AND (used_by IS NOT NULL OR used_at IS NOT NULL)",
    },
    Invariant {
        name: "redemptions-give-membership",
        offence: "somebody redeemed an invitation and has no subscription (token)",
        scope: Scope::Every,
        // Whoever was removed and came back later has lost it rightly.
        query: "SELECT t.id FROM invitation_tokens t
                JOIN invitations i ON i.token_id = t.id
                JOIN users u ON u.user_id = t.used_by AND u.created_at <= t.used_at
                WHERE t.used AND NOT EXISTS (SELECT 1 FROM vip_subscribers v WHERE v.user_id = t.used_by)",
    },
    Invariant {
        name: "redemptions-are-in-the-history",
        offence: "an invitation was redeemed and the history of roles does not tell (token)",
        scope: Scope::Fresh,
        query: "SELECT t.id FROM invitation_tokens t
                JOIN invitations i ON i.token_id = t.id AND i.kind = 'invitation'
                JOIN users u ON u.user_id = t.used_by AND u.created_at <= t.used_at
                WHERE t.used AND NOT EXISTS (
                    SELECT 1 FROM user_role_change_log l
                    WHERE l.user_id = t.used_by AND l.changed_at = t.used_at
                      AND CAST(l.reason AS text) IN ('VIP_REDEEMED', 'VIP_EXTENDED'))",
    },
    Invariant {
        name: "subscriptions-hang-on-their-own-token",
        offence: "a subscription hangs on a token that its owner has not used (person)",
        scope: Scope::Every,
        query: "SELECT v.user_id AS id FROM vip_subscribers v
                LEFT JOIN invitation_tokens t ON t.id = v.token_id
                WHERE t.id IS NULL
                   OR EXISTS (SELECT 1 FROM invitations i WHERE i.token_id = t.id)
                      AND (NOT t.used OR t.used_by IS DISTINCT FROM v.user_id)",
    },
    Invariant {
        name: "subscriptions-have-a-person",
        offence: "a subscription belongs to nobody who is known (person)",
        scope: Scope::Every,
        query: "SELECT v.user_id AS id FROM vip_subscribers v
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = v.user_id)",
    },
    // Status, ritual, role.
    Invariant {
        name: "states-are-known",
        offence: "a subscription has a status or a stage that no version knows (person)",
        scope: Scope::Every,
        query: "SELECT user_id AS id FROM vip_subscribers
                WHERE lower(trim(status)) NOT IN ('active', 'expired') OR vip_entry_stage NOT IN (1, 2, 3)",
    },
    Invariant {
        name: "the-end-ends-the-ritual",
        offence: "a subscription has ended and its ritual has not (person)",
        scope: Scope::Fresh,
        query: "SELECT user_id AS id FROM vip_subscribers
                WHERE lower(trim(status)) = 'expired' AND vip_entry_stage IS NOT NULL",
    },
    Invariant {
        name: "the-third-stage-has-a-link",
        offence: "the ritual of a redeemed invitation is at its third stage and handed over no link (person)",
        scope: Scope::Fresh,
        query: "SELECT v.user_id AS id FROM vip_subscribers v
                JOIN invitations i ON i.token_id = v.token_id AND i.kind = 'invitation'
                WHERE v.vip_entry_stage = 3
                  AND (v.invite_link_sent_at IS NULL
                       OR NOT EXISTS (SELECT 1 FROM entry_links l WHERE l.user_id = v.user_id AND l.url IS NOT NULL))",
    },
    Invariant {
        name: "only-members-have-the-role",
        offence: "somebody has the role of a member and is none, or has not got the link yet (person)",
        scope: Scope::Fresh,
        query: "SELECT u.user_id AS id FROM users u
                WHERE CAST(u.role AS text) = 'VIP' AND NOT EXISTS (
                    SELECT 1 FROM vip_subscribers v
                    WHERE v.user_id = u.user_id AND lower(trim(v.status)) = 'active'
                      AND (v.vip_entry_stage IS NULL OR v.vip_entry_stage = 3))",
    },
    Invariant {
        name: "members-have-the-role",
        offence: "somebody redeemed an invitation, got the link and has not the role of a member (person)",
        scope: Scope::Fresh,
        query: "SELECT u.user_id AS id FROM users u
                JOIN vip_subscribers v ON v.user_id = u.user_id
                JOIN invitations i ON i.token_id = v.token_id AND i.kind = 'invitation'
                WHERE CAST(u.role AS text) = 'FREE' AND lower(trim(v.status)) = 'active'
                  AND (v.vip_entry_stage IS NULL OR v.vip_entry_stage = 3)",
    },
    Invariant {
        name: "the-history-ends-with-the-present",
        offence: "the last role in the history is not the stored one (person)",
        scope: Scope::Fresh,
        // The role of a custodian comes from the environment and has no history.
        query: "SELECT u.user_id AS id FROM users u
                JOIN user_role_change_log l
                    ON l.id = (SELECT max(id) FROM user_role_change_log WHERE user_id = u.user_id)
                WHERE CAST(u.role AS text) <> 'ADMIN' AND CAST(u.role AS text) <> CAST(l.new_role AS text)",
    },
    // Links and the door.
    Invariant {
        name: "one-open-link-each",
        offence: "somebody has two open links to one channel (person)",
        scope: Scope::Every,
        query: "SELECT user_id AS id FROM entry_links WHERE closed_at IS NULL
                GROUP BY user_id, channel_id HAVING count(*) > 1",
    },
    Invariant {
        name: "open-links-are-members-links",
        offence: "an open link belongs to nobody whose subscription runs or who has not gone yet (link)",
        scope: Scope::Every,
        query: "SELECT l.id FROM entry_links l
                WHERE l.closed_at IS NULL
                  AND NOT EXISTS (SELECT 1 FROM vip_subscribers v
                                  WHERE v.user_id = l.user_id AND lower(trim(v.status)) = 'active')
                  AND NOT EXISTS (SELECT 1 FROM departures d
                                  WHERE d.user_id = l.user_id AND d.state IN ('DUE', 'SPARED'))",
    },
    Invariant {
        name: "links-come-after-the-second-stage",
        offence: "a link is open that exists, and its owner's ritual is not at its third stage (link)",
        scope: Scope::Every,
        query: "SELECT l.id FROM entry_links l JOIN vip_subscribers v ON v.user_id = l.user_id
                WHERE l.closed_at IS NULL AND l.url IS NOT NULL AND v.vip_entry_stage IN (1, 2)",
    },
    Invariant {
        name: "planned-links-are-being-made",
        offence: "a link was planned and nothing makes it (link)",
        scope: Scope::Every,
        query: "SELECT l.id FROM entry_links l
                WHERE l.closed_at IS NULL AND l.url IS NULL AND NOT EXISTS (
                    SELECT 1 FROM outbox o
                    WHERE o.id = l.outbox_id AND o.done_at IS NULL AND o.dead_at IS NULL)",
    },
    Invariant {
        name: "members-do-not-wait-at-the-door",
        offence: "a member asks to be let in, and nothing is on its way (person)",
        scope: Scope::Every,
        // At a door that is the house's no more, people may wait.
        query: "SELECT d.user_id AS id FROM door_requests d
                JOIN bot_config c ON c.vip_channel_id = CAST(d.channel_id AS text)
                JOIN vip_subscribers v ON v.user_id = d.user_id
                WHERE d.decision = 'open' AND lower(trim(v.status)) = 'active' AND v.expiry_date >= $1
                  AND (v.vip_entry_stage IS NULL OR v.vip_entry_stage = 3)
                  AND NOT EXISTS (SELECT 1 FROM outbox o
                                  WHERE o.person = d.user_id AND o.done_at IS NULL AND o.dead_at IS NULL)",
    },
    Invariant {
        name: "what-is-confirmed-has-a-result",
        offence: "a question was confirmed and nothing came of it (confirmation)",
        scope: Scope::Every,
        query: "SELECT id FROM confirmations WHERE consumed_at IS NOT NULL AND result IS NULL",
    },
    // The queue of the Free channel.
    Invariant {
        name: "one-wait-each",
        offence: "somebody waits twice for the Free channel (person)",
        scope: Scope::Every,
        query: "SELECT user_id AS id FROM free_channel_requests WHERE NOT processed
                GROUP BY user_id HAVING count(*) > 1",
    },
    Invariant {
        name: "queued-requests-are-on-their-way",
        offence: "somebody waits for the Free channel, and the row that was to let them in is over (request)",
        scope: Scope::Every,
        query: "SELECT r.id FROM free_channel_requests r
                JOIN free_requests f ON f.request_id = r.id AND f.outbox_id IS NOT NULL
                WHERE NOT r.processed AND NOT EXISTS (
                    SELECT 1 FROM outbox o
                    WHERE o.id = f.outbox_id AND o.done_at IS NULL AND o.dead_at IS NULL)",
    },
    Invariant {
        name: "requests-end-once",
        offence: "a request for the Free channel waits and is said to have ended, or the other way round (request)",
        scope: Scope::Fresh,
        query: "SELECT r.id FROM free_channel_requests r JOIN free_requests f ON f.request_id = r.id
                WHERE r.processed <> (f.outcome IS NOT NULL)",
    },
    // The way out.
    Invariant {
        name: "one-departure-each",
        offence: "two departures of the same person are due (person)",
        scope: Scope::Every,
        query: "SELECT user_id AS id FROM departures WHERE state = 'DUE' GROUP BY user_id HAVING count(*) > 1",
    },
    Invariant {
        name: "members-do-not-depart",
        offence: "the departure of a member is due (departure)",
        scope: Scope::Every,
        query: "SELECT d.id FROM departures d
                JOIN vip_subscribers v ON v.user_id = d.user_id
                WHERE d.state = 'DUE' AND lower(trim(v.status)) = 'active' AND v.expiry_date >= $1",
    },
    Invariant {
        name: "departures-are-settled-or-due",
        offence: "a departure is in no known state, or is due and settled, or neither (departure)",
        scope: Scope::Every,
        query: "SELECT id FROM departures
                WHERE state NOT IN ('DUE', 'RELEASED', 'RENEWED', 'SPARED')
                   OR (state = 'DUE') <> (settled_at IS NULL)",
    },
    Invariant {
        name: "removals-tell-of-whom",
        offence: "a row of the outbox was made for the end of a membership and names nobody (row)",
        scope: Scope::Every,
        query: "SELECT id FROM outbox WHERE ends_at IS NOT NULL AND person IS NULL",
    },
    // What is on its way.
    Invariant {
        name: "rows-wait-for-older-ones",
        offence: "a row of the outbox waits for itself or for a later one (row)",
        scope: Scope::Every,
        query: "SELECT id FROM outbox WHERE after_id >= id",
    },
    Invariant {
        name: "nothing-is-in-hand-too-early",
        offence: "a row of the outbox is in hand, and the one that it waits for is not over (row)",
        scope: Scope::Every,
        query: "SELECT o.id FROM outbox o JOIN outbox earlier ON earlier.id = o.after_id
                WHERE o.epoch IS NOT NULL AND o.done_at IS NULL AND o.dead_at IS NULL
                  AND earlier.done_at IS NULL AND earlier.dead_at IS NULL",
    },
    Invariant {
        name: "ends-are-one",
        offence: "a row of the outbox is done and dead (row)",
        scope: Scope::Every,
        query: "SELECT id FROM outbox WHERE done_at IS NOT NULL AND dead_at IS NOT NULL",
    },
    Invariant {
        name: "only-the-present-worker-holds-rows",
        offence: "a row of the outbox is in the hand of a worker that is gone (row)",
        scope: Scope::Every,
        // A new worker frees them before it does anything else.
        query: "SELECT id FROM outbox
                WHERE epoch IS NOT NULL AND done_at IS NULL AND dead_at IS NULL
                  AND epoch <> (SELECT coalesce(max(epoch), 0) FROM house)",
    },
    Invariant {
        name: "no-claim-is-ahead-of-its-time",
        offence: "an update was claimed by an epoch that has not begun (row of the inbox)",
        scope: Scope::Every,
        query: "SELECT seq AS id FROM inbox
                WHERE done_at IS NULL AND dead_at IS NULL AND epoch > (SELECT coalesce(max(epoch), 0) FROM house)",
    },
    Invariant {
        name: "companions-have-their-row",
        offence: "a row refers to a token, a person or a request that is not there (token, person or request)",
        scope: Scope::Every,
        // Keys forbid it; not to whoever writes to an SQLite file without them.
        query: "SELECT token_id AS id FROM invitations
                WHERE NOT EXISTS (SELECT 1 FROM invitation_tokens t WHERE t.id = token_id)
                UNION SELECT p.user_id FROM presence p
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = p.user_id)
                UNION SELECT d.user_id FROM door_requests d
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = d.user_id)
                UNION SELECT r.user_id FROM reachability r
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = r.user_id)
                UNION SELECT g.user_id FROM dialogues g
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = g.user_id)
                UNION SELECT m.user_id FROM reminders m
                WHERE NOT EXISTS (SELECT 1 FROM users u WHERE u.user_id = m.user_id)
                UNION SELECT f.request_id FROM free_requests f
                WHERE NOT EXISTS (SELECT 1 FROM free_channel_requests r WHERE r.id = f.request_id)",
    },
];
