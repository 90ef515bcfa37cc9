//! Migration 3: what keeps the house going. What is to reach Telegram (`outbox`), conversations that
//! are in the middle of something (`dialogues`), who cannot be written to (`reachability`); and an
//! index by which one person's waiting updates are counted.

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0003_house_holds",
    additive: true,
    up: Sql {
        sqlite: &[SQLITE, INDEXES],
        postgres: &[POSTGRES, INDEXES],
    },
    down: Sql {
        sqlite: &[DROP],
        postgres: &[DROP],
    },
    drops: &["outbox", "dialogues", "reachability"],
    obstacle: None,
};

/// `outbox.id` is not AUTOINCREMENT, for the same reason as `inbox.seq`; its numbers only grow, too.
const SQLITE: &str = "
CREATE TABLE outbox (
    id INTEGER NOT NULL,
    kind VARCHAR(40) NOT NULL,
    sequence VARCHAR(80) NOT NULL,
    after_id BIGINT,
    person BIGINT,
    payload TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    attempts INTEGER NOT NULL,
    next_try DATETIME,
    epoch BIGINT,
    claimed_at DATETIME,
    unknown BOOLEAN NOT NULL DEFAULT FALSE,
    result TEXT,
    failure VARCHAR(100),
    done_at DATETIME,
    dead_at DATETIME,
    PRIMARY KEY (id)
);

CREATE TABLE dialogues (
    user_id BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    step VARCHAR(40) NOT NULL,
    draft TEXT NOT NULL,
    version BIGINT NOT NULL,
    message_id BIGINT,
    updated_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE reachability (
    user_id BIGINT NOT NULL,
    blocked_at DATETIME,
    reason VARCHAR(40) NOT NULL,
    changed_at DATETIME NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);
";

const POSTGRES: &str = "
CREATE TABLE outbox (
    id BIGSERIAL NOT NULL,
    kind VARCHAR(40) NOT NULL,
    sequence VARCHAR(80) NOT NULL,
    after_id BIGINT,
    person BIGINT,
    payload TEXT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    attempts INTEGER NOT NULL,
    next_try TIMESTAMP WITHOUT TIME ZONE,
    epoch BIGINT,
    claimed_at TIMESTAMP WITHOUT TIME ZONE,
    unknown BOOLEAN NOT NULL DEFAULT FALSE,
    result TEXT,
    failure VARCHAR(100),
    done_at TIMESTAMP WITHOUT TIME ZONE,
    dead_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id)
);

CREATE TABLE dialogues (
    user_id BIGINT NOT NULL,
    kind VARCHAR(40) NOT NULL,
    step VARCHAR(40) NOT NULL,
    draft TEXT NOT NULL,
    version BIGINT NOT NULL,
    message_id BIGINT,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE reachability (
    user_id BIGINT NOT NULL,
    blocked_at TIMESTAMP WITHOUT TIME ZONE,
    reason VARCHAR(40) NOT NULL,
    changed_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);
";

const INDEXES: &str = "
CREATE INDEX ix_outbox_pending ON outbox (sequence, id) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX ix_outbox_claimed ON outbox (epoch) WHERE epoch IS NOT NULL AND done_at IS NULL AND dead_at IS NULL;
CREATE INDEX ix_outbox_person ON outbox (person) WHERE done_at IS NULL AND dead_at IS NULL;
CREATE INDEX ix_outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;
CREATE INDEX ix_outbox_dead ON outbox (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX ix_dialogues_expires_at ON dialogues (expires_at);
CREATE INDEX ix_inbox_person ON inbox (person) WHERE done_at IS NULL AND dead_at IS NULL;
";

const DROP: &str = "
DROP INDEX ix_inbox_person;
DROP TABLE reachability;
DROP TABLE dialogues;
DROP TABLE outbox;
";
