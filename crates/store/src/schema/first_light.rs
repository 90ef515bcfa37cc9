//! Migration 2: what is ours. Who works here (`house`), updates on their way (`inbox`), what the
//! panel changes (`settings`); and room for longer tokens, of which the predecessor's databases hold
//! some that PostgreSQL would refuse.

use super::migration::{Migration, Obstacle, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0002_first_light",
    additive: true,
    up: Sql {
        sqlite: &[SQLITE, INDEXES],
        postgres: &[WIDEN_TOKEN, POSTGRES, INDEXES],
    },
    down: Sql {
        sqlite: &[DROP_TABLES],
        postgres: &[DROP_TABLES, NARROW_TOKEN],
    },
    drops: &["house", "inbox", "settings"],
    obstacle: Some(Obstacle {
        // SQLite does not enforce the length, so nothing is narrowed there.
        postgres: "SELECT count(*) AS rows FROM invitation_tokens WHERE length(token) > 16",
        why: "invitation tokens are longer than the 16 characters of the older schema",
    }),
};

/// SQLite ignores the length.
const WIDEN_TOKEN: &str = "ALTER TABLE invitation_tokens ALTER COLUMN token TYPE VARCHAR(64);";
const NARROW_TOKEN: &str = "ALTER TABLE invitation_tokens ALTER COLUMN token TYPE VARCHAR(16);";

/// `inbox.seq` is not AUTOINCREMENT: that would leave the table `sqlite_sequence` behind for ever.
/// Numbers still only grow, since the sweep never removes the last row.
const SQLITE: &str = "
CREATE TABLE house (
    id INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    flavour VARCHAR(20) NOT NULL,
    created_at DATETIME NOT NULL,
    raised_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    CHECK (id = 1)
);

CREATE TABLE inbox (
    seq INTEGER NOT NULL,
    bot_id BIGINT NOT NULL,
    update_id BIGINT NOT NULL,
    person BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    json TEXT,
    received_at DATETIME NOT NULL,
    attempts INTEGER NOT NULL,
    next_try DATETIME,
    epoch BIGINT,
    alone BOOLEAN NOT NULL DEFAULT FALSE,
    outcome TEXT,
    failure VARCHAR(100),
    dead_at DATETIME,
    done_at DATETIME,
    PRIMARY KEY (seq),
    UNIQUE (bot_id, update_id)
);

CREATE TABLE settings (
    key VARCHAR(100) NOT NULL,
    value TEXT NOT NULL,
    updated_at DATETIME NOT NULL,
    updated_by BIGINT NOT NULL,
    PRIMARY KEY (key)
);
";

const POSTGRES: &str = "
CREATE TABLE house (
    id INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    flavour VARCHAR(20) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    raised_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    CHECK (id = 1)
);

CREATE TABLE inbox (
    seq BIGSERIAL NOT NULL,
    bot_id BIGINT NOT NULL,
    update_id BIGINT NOT NULL,
    person BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    json TEXT,
    received_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL,
    next_try TIMESTAMP WITHOUT TIME ZONE,
    epoch BIGINT,
    alone BOOLEAN NOT NULL DEFAULT FALSE,
    outcome TEXT,
    failure VARCHAR(100),
    dead_at TIMESTAMP WITHOUT TIME ZONE,
    done_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (seq),
    UNIQUE (bot_id, update_id)
);

CREATE TABLE settings (
    key VARCHAR(100) NOT NULL,
    value TEXT NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_by BIGINT NOT NULL,
    PRIMARY KEY (key)
);
";

const INDEXES: &str = "
CREATE INDEX ix_inbox_pending ON inbox (seq) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX ix_inbox_done ON inbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX ix_inbox_dead ON inbox (dead_at) WHERE dead_at IS NOT NULL;
";

const DROP_TABLES: &str = "
DROP TABLE settings;
DROP TABLE inbox;
DROP TABLE house;
";
