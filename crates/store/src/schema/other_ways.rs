//! Migration 5: the other ways. Who waits for the Free channel and what they were told
//! (`free_requests`), work that comes around by itself (`jobs`), how memberships end (`departures`),
//! what keeps people from being seen out (`holds`), who never is (`exemptions`), what members were told
//! about their end (`reminders`); and indexes by which a long queue, a large roll and a full outbox are
//! read in little time.

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0005_other_ways",
    additive: true,
    up: Sql {
        sqlite: &[SQLITE, COMMON],
        postgres: &[POSTGRES, COMMON],
    },
    down: Sql {
        sqlite: &[DROP],
        postgres: &[DROP],
    },
    drops: &[
        "free_requests",
        "jobs",
        "departures",
        "holds",
        "exemptions",
        "reminders",
        "outbox",
    ],
    obstacle: None,
};

/// `departures` and `exemptions` hold plain ids of people and no keys: a departure is told of whether or
/// not the person's row is still there, and an exemption is for whoever has that id. The numbers of
/// departures only grow and their last row is never removed, for the same reason as those of
/// `confirmations`: a list that a custodian has seen covers the numbers on it. In `free_requests`, what
/// is NULL means what a missing row means.
const SQLITE: &str = "
CREATE TABLE free_requests (
    request_id INTEGER NOT NULL,
    channel_id BIGINT,
    user_chat_id BIGINT,
    asked_at DATETIME,
    number BIGINT NOT NULL,
    replied BIGINT NOT NULL,
    replied_at DATETIME,
    outbox_id BIGINT,
    outcome VARCHAR(20),
    notified BOOLEAN,
    PRIMARY KEY (request_id),
    FOREIGN KEY (request_id) REFERENCES free_channel_requests (id) ON DELETE CASCADE
);

CREATE TABLE jobs (
    name VARCHAR(40) NOT NULL,
    epoch BIGINT NOT NULL,
    started_at DATETIME,
    succeeded_at DATETIME,
    next_run DATETIME,
    failures INTEGER NOT NULL,
    failure VARCHAR(100),
    cursor TEXT,
    PRIMARY KEY (name)
);

CREATE TABLE departures (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    expiry DATETIME NOT NULL,
    ended_at DATETIME NOT NULL,
    state VARCHAR(20) NOT NULL,
    settled_at DATETIME,
    PRIMARY KEY (id)
);

CREATE TABLE holds (
    reason VARCHAR(20) NOT NULL,
    since DATETIME NOT NULL,
    told_at DATETIME,
    PRIMARY KEY (reason)
);

CREATE TABLE exemptions (
    user_id BIGINT NOT NULL,
    since DATETIME NOT NULL,
    by_id BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);

CREATE TABLE reminders (
    user_id BIGINT NOT NULL,
    expiry DATETIME NOT NULL,
    kind VARCHAR(10) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (user_id, expiry, kind),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

ALTER TABLE outbox ADD COLUMN ends_at DATETIME;
";

const POSTGRES: &str = "
CREATE TABLE free_requests (
    request_id INTEGER NOT NULL,
    channel_id BIGINT,
    user_chat_id BIGINT,
    asked_at TIMESTAMP WITHOUT TIME ZONE,
    number BIGINT NOT NULL,
    replied BIGINT NOT NULL,
    replied_at TIMESTAMP WITHOUT TIME ZONE,
    outbox_id BIGINT,
    outcome VARCHAR(20),
    notified BOOLEAN,
    PRIMARY KEY (request_id),
    FOREIGN KEY (request_id) REFERENCES free_channel_requests (id) ON DELETE CASCADE
);

CREATE TABLE jobs (
    name VARCHAR(40) NOT NULL,
    epoch BIGINT NOT NULL,
    started_at TIMESTAMP WITHOUT TIME ZONE,
    succeeded_at TIMESTAMP WITHOUT TIME ZONE,
    next_run TIMESTAMP WITHOUT TIME ZONE,
    failures INTEGER NOT NULL,
    failure VARCHAR(100),
    cursor TEXT,
    PRIMARY KEY (name)
);

CREATE TABLE departures (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    expiry TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    state VARCHAR(20) NOT NULL,
    settled_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id)
);

CREATE TABLE holds (
    reason VARCHAR(20) NOT NULL,
    since TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    told_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (reason)
);

CREATE TABLE exemptions (
    user_id BIGINT NOT NULL,
    since TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    by_id BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);

CREATE TABLE reminders (
    user_id BIGINT NOT NULL,
    expiry TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    kind VARCHAR(10) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (user_id, expiry, kind),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

ALTER TABLE outbox ADD COLUMN ends_at TIMESTAMP WITHOUT TIME ZONE;
";

/// Of several requests of one person that wait, which the predecessor allowed, the oldest goes on
/// waiting.
///
/// `status` is read leniently everywhere, and so it is indexed. `ix_outbox_person` is for questions about a
/// person alone: PostgreSQL, which knows nothing yet of rows that have just been added, took it for others.
const COMMON: &str = "
UPDATE free_channel_requests SET processed = TRUE, processed_at = request_date
WHERE NOT processed AND id <> (
    SELECT oldest.id FROM free_channel_requests oldest
    WHERE oldest.user_id = free_channel_requests.user_id AND NOT oldest.processed
    ORDER BY oldest.request_date, oldest.id LIMIT 1);

CREATE UNIQUE INDEX ux_free_channel_requests_pending ON free_channel_requests (user_id) WHERE NOT processed;
CREATE INDEX ix_free_channel_requests_waiting ON free_channel_requests (request_date, id) WHERE NOT processed;
CREATE INDEX ix_free_channel_requests_processed_at ON free_channel_requests (processed_at) WHERE processed;
CREATE INDEX ix_vip_subscribers_running ON vip_subscribers (expiry_date) WHERE lower(trim(status)) = 'active';
CREATE INDEX ix_presence_inside ON presence (channel_id) WHERE standing NOT IN ('left', 'kicked');
CREATE UNIQUE INDEX ux_departures_due ON departures (user_id) WHERE state = 'DUE';
CREATE INDEX ix_departures_due ON departures (id) WHERE state = 'DUE';
CREATE INDEX ix_departures_user ON departures (user_id, id);
CREATE INDEX ix_departures_settled ON departures (settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX ix_reminders_expiry ON reminders (expiry);
DROP INDEX ix_outbox_person;
CREATE INDEX ix_outbox_person ON outbox (person)
    WHERE person IS NOT NULL AND done_at IS NULL AND dead_at IS NULL;
CREATE INDEX ix_outbox_ready ON outbox (id)
    WHERE epoch IS NULL AND done_at IS NULL AND dead_at IS NULL AND next_try IS NULL;
CREATE INDEX ix_outbox_later ON outbox (next_try)
    WHERE epoch IS NULL AND done_at IS NULL AND dead_at IS NULL AND next_try IS NOT NULL;
";

const DROP: &str = "
DROP INDEX ix_outbox_person;
CREATE INDEX ix_outbox_person ON outbox (person) WHERE done_at IS NULL AND dead_at IS NULL;
DROP INDEX ix_outbox_later;
DROP INDEX ix_outbox_ready;
DROP INDEX ix_presence_inside;
DROP INDEX ix_vip_subscribers_running;
DROP INDEX ix_free_channel_requests_processed_at;
DROP INDEX ix_free_channel_requests_waiting;
DROP INDEX ux_free_channel_requests_pending;
ALTER TABLE outbox DROP COLUMN ends_at;
DROP TABLE reminders;
DROP TABLE exemptions;
DROP TABLE holds;
DROP TABLE departures;
DROP TABLE jobs;
DROP TABLE free_requests;
";
