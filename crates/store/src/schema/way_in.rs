//! Migration 4: the way in. What an invitation promises (`invitations`), personal links
//! (`entry_links`), who asks at the members' door and what they were told (`door_requests`,
//! `door_said`), where people are (`presence`), what Lucien may do in a channel (`channel_rights`),
//! what custodians are about to confirm (`confirmations`), and who is not served (`blocks`).

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0004_way_in",
    additive: true,
    up: Sql {
        sqlite: &[SQLITE, INDEXES],
        postgres: &[POSTGRES, INDEXES],
    },
    down: Sql {
        sqlite: &[DROP],
        postgres: &[DROP],
    },
    drops: &[
        "invitations",
        "entry_links",
        "door_requests",
        "door_said",
        "presence",
        "channel_rights",
        "confirmations",
        "blocks",
    ],
    obstacle: None,
};

/// `entry_links` and `confirmations` hold plain ids of people and no keys: a link has to be revoked
/// and a button has to be answered whether or not the person's row is still there, and their own
/// numbers, which are outside of the house, must not be given twice. That is also why their last
/// rows are never removed: no AUTOINCREMENT, for the same reason as `inbox.seq`. `blocks` outlives the
/// person's row for a reason of its own: whoever was blocked stays so.
const SQLITE: &str = "
CREATE TABLE invitations (
    token_id INTEGER NOT NULL,
    kind VARCHAR(20) NOT NULL,
    plan_name VARCHAR(100),
    days INTEGER,
    price NUMERIC(10, 2),
    currency VARCHAR(10),
    held BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (token_id),
    FOREIGN KEY (token_id) REFERENCES invitation_tokens (id) ON DELETE CASCADE
);

CREATE TABLE entry_links (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    url VARCHAR(255),
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    outbox_id BIGINT NOT NULL,
    chat_id BIGINT,
    message_id INTEGER,
    closed_at DATETIME,
    closed_reason VARCHAR(20),
    PRIMARY KEY (id)
);

CREATE TABLE door_requests (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    user_chat_id BIGINT NOT NULL,
    requested_at DATETIME NOT NULL,
    entry_link_id BIGINT,
    decision VARCHAR(20) NOT NULL,
    decided_at DATETIME,
    PRIMARY KEY (user_id, channel_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE door_said (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    line VARCHAR(20) NOT NULL,
    about BIGINT NOT NULL,
    said_at DATETIME NOT NULL,
    PRIMARY KEY (user_id, channel_id, line, about),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE presence (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    standing VARCHAR(20) NOT NULL,
    since DATETIME NOT NULL,
    until DATETIME,
    actor BIGINT,
    noted_at DATETIME NOT NULL,
    asked_at DATETIME,
    answer VARCHAR(20),
    answered_by BIGINT,
    PRIMARY KEY (user_id, channel_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE channel_rights (
    channel_id BIGINT NOT NULL,
    can_invite BOOLEAN NOT NULL,
    can_restrict BOOLEAN NOT NULL,
    can_post BOOLEAN NOT NULL,
    noted_at DATETIME NOT NULL,
    told_at DATETIME,
    PRIMARY KEY (channel_id)
);

CREATE TABLE confirmations (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    created_at DATETIME NOT NULL,
    expires_at DATETIME NOT NULL,
    consumed_at DATETIME,
    result TEXT,
    PRIMARY KEY (id)
);

CREATE TABLE blocks (
    user_id BIGINT NOT NULL,
    blocked_at DATETIME NOT NULL,
    blocked_by BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);
";

const POSTGRES: &str = "
CREATE TABLE invitations (
    token_id INTEGER NOT NULL,
    kind VARCHAR(20) NOT NULL,
    plan_name VARCHAR(100),
    days INTEGER,
    price NUMERIC(10, 2),
    currency VARCHAR(10),
    held BOOLEAN NOT NULL DEFAULT FALSE,
    PRIMARY KEY (token_id),
    FOREIGN KEY (token_id) REFERENCES invitation_tokens (id) ON DELETE CASCADE
);

CREATE TABLE entry_links (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    url VARCHAR(255),
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    outbox_id BIGINT NOT NULL,
    chat_id BIGINT,
    message_id INTEGER,
    closed_at TIMESTAMP WITHOUT TIME ZONE,
    closed_reason VARCHAR(20),
    PRIMARY KEY (id)
);

CREATE TABLE door_requests (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    number BIGINT NOT NULL,
    opened BIGINT NOT NULL,
    user_chat_id BIGINT NOT NULL,
    requested_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    entry_link_id BIGINT,
    decision VARCHAR(20) NOT NULL,
    decided_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (user_id, channel_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE door_said (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    line VARCHAR(20) NOT NULL,
    about BIGINT NOT NULL,
    said_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (user_id, channel_id, line, about),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE presence (
    user_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    standing VARCHAR(20) NOT NULL,
    since TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    until TIMESTAMP WITHOUT TIME ZONE,
    actor BIGINT,
    noted_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    asked_at TIMESTAMP WITHOUT TIME ZONE,
    answer VARCHAR(20),
    answered_by BIGINT,
    PRIMARY KEY (user_id, channel_id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
);

CREATE TABLE channel_rights (
    channel_id BIGINT NOT NULL,
    can_invite BOOLEAN NOT NULL,
    can_restrict BOOLEAN NOT NULL,
    can_post BOOLEAN NOT NULL,
    noted_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    told_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (channel_id)
);

CREATE TABLE confirmations (
    id BIGSERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    action TEXT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    consumed_at TIMESTAMP WITHOUT TIME ZONE,
    result TEXT,
    PRIMARY KEY (id)
);

CREATE TABLE blocks (
    user_id BIGINT NOT NULL,
    blocked_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    blocked_by BIGINT NOT NULL,
    PRIMARY KEY (user_id)
);
";

const INDEXES: &str = "
CREATE UNIQUE INDEX ux_entry_links_open ON entry_links (user_id, channel_id) WHERE closed_at IS NULL;
CREATE INDEX ix_entry_links_user ON entry_links (user_id, created_at);
CREATE INDEX ix_entry_links_url ON entry_links (url) WHERE url IS NOT NULL;
CREATE INDEX ix_entry_links_outbox ON entry_links (outbox_id);
CREATE INDEX ix_entry_links_expires ON entry_links (expires_at) WHERE closed_at IS NULL;
CREATE INDEX ix_door_requests_open ON door_requests (channel_id, requested_at) WHERE decision = 'open';
";

const DROP: &str = "
DROP TABLE blocks;
DROP TABLE confirmations;
DROP TABLE channel_rights;
DROP TABLE presence;
DROP TABLE door_said;
DROP TABLE door_requests;
DROP TABLE entry_links;
DROP TABLE invitations;
";
