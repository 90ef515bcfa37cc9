//! Migration 1: the nine tables exactly as the predecessor's own migrations leave them, on each
//! database. No column has a default and no label is checked on SQLite: writers supply every value.

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0001_nine_tables",
    additive: false,
    up: Sql {
        sqlite: &[SQLITE, INDEXES],
        postgres: &[POSTGRES, INDEXES],
    },
    down: Sql {
        sqlite: &[DROP_TABLES],
        postgres: &[DROP_TABLES, DROP_TYPES],
    },
    drops: &TABLES,
    obstacle: None,
};

/// The nine, in the order in which they refer to each other.
pub(crate) const TABLES: [&str; 9] = [
    "bot_config",
    "users",
    "subscription_plans",
    "invitation_tokens",
    "vip_subscribers",
    "free_channel_requests",
    "content_packages",
    "user_interests",
    "user_role_change_log",
];

pub(super) const SQLITE: &str = "
CREATE TABLE bot_config (
    id INTEGER NOT NULL,
    vip_channel_id VARCHAR(50),
    free_channel_id VARCHAR(50),
    wait_time_minutes INTEGER,
    vip_reactions JSON,
    free_reactions JSON,
    subscription_fees JSON,
    created_at DATETIME,
    updated_at DATETIME,
    social_instagram VARCHAR(200),
    social_tiktok VARCHAR(200),
    social_x VARCHAR(200),
    free_channel_invite_link VARCHAR(500),
    PRIMARY KEY (id)
);

CREATE TABLE users (
    user_id BIGINT NOT NULL,
    username VARCHAR(100),
    first_name VARCHAR(100) NOT NULL,
    last_name VARCHAR(100),
    role VARCHAR(5) NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (user_id)
);

CREATE TABLE subscription_plans (
    id INTEGER NOT NULL,
    name VARCHAR(100) NOT NULL,
    duration_days INTEGER NOT NULL,
    price FLOAT NOT NULL,
    currency VARCHAR(10) NOT NULL,
    active BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    created_by BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE invitation_tokens (
    id INTEGER NOT NULL,
    token VARCHAR(16) NOT NULL,
    generated_by BIGINT NOT NULL,
    created_at DATETIME NOT NULL,
    duration_hours INTEGER NOT NULL,
    used BOOLEAN NOT NULL,
    used_by BIGINT,
    used_at DATETIME,
    plan_id INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (plan_id) REFERENCES subscription_plans (id)
);

CREATE TABLE vip_subscribers (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    join_date DATETIME NOT NULL,
    expiry_date DATETIME NOT NULL,
    status VARCHAR(20) NOT NULL,
    vip_entry_stage INTEGER,
    vip_entry_token VARCHAR(64),
    invite_link_sent_at DATETIME,
    token_id INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id),
    UNIQUE (vip_entry_token),
    FOREIGN KEY (token_id) REFERENCES invitation_tokens (id)
);

CREATE TABLE free_channel_requests (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    request_date DATETIME NOT NULL,
    processed BOOLEAN NOT NULL,
    processed_at DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id)
);

CREATE TABLE content_packages (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    description VARCHAR(500),
    price NUMERIC(10, 2),
    category VARCHAR(12) NOT NULL,
    type VARCHAR(10) NOT NULL,
    media_url VARCHAR(500),
    is_active BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE user_interests (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    package_id INTEGER NOT NULL,
    is_attended BOOLEAN NOT NULL,
    attended_at DATETIME,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE,
    FOREIGN KEY (package_id) REFERENCES content_packages (id) ON DELETE CASCADE
);

CREATE TABLE user_role_change_log (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    previous_role VARCHAR(5),
    new_role VARCHAR(5) NOT NULL,
    changed_by BIGINT NOT NULL,
    reason VARCHAR(19) NOT NULL,
    change_source VARCHAR(50) NOT NULL,
    change_metadata JSON,
    changed_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
";

/// `SERIAL` makes the sequences `<table>_<column>_seq`, also the useless one of `users`.
const POSTGRES: &str = "
CREATE TYPE userrole AS ENUM ('FREE', 'VIP', 'ADMIN');
CREATE TYPE contentcategory AS ENUM ('FREE_CONTENT', 'VIP_CONTENT', 'VIP_PREMIUM');
CREATE TYPE packagetype AS ENUM ('STANDARD', 'BUNDLE', 'COLLECTION');
CREATE TYPE rolechangereason AS ENUM (
    'ADMIN_GRANTED', 'ADMIN_REVOKED', 'VIP_PURCHASED', 'VIP_REDEEMED', 'VIP_EXPIRED', 'VIP_EXTENDED',
    'VIP_ENTRY_COMPLETED', 'MANUAL_CHANGE', 'SYSTEM_AUTOMATIC'
);

CREATE TABLE bot_config (
    id SERIAL NOT NULL,
    vip_channel_id VARCHAR(50),
    free_channel_id VARCHAR(50),
    wait_time_minutes INTEGER,
    vip_reactions JSON,
    free_reactions JSON,
    subscription_fees JSON,
    created_at TIMESTAMP WITHOUT TIME ZONE,
    updated_at TIMESTAMP WITHOUT TIME ZONE,
    social_instagram VARCHAR(200),
    social_tiktok VARCHAR(200),
    social_x VARCHAR(200),
    free_channel_invite_link VARCHAR(500),
    PRIMARY KEY (id)
);

CREATE TABLE users (
    user_id BIGSERIAL NOT NULL,
    username VARCHAR(100),
    first_name VARCHAR(100) NOT NULL,
    last_name VARCHAR(100),
    role userrole NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (user_id)
);

CREATE TABLE subscription_plans (
    id SERIAL NOT NULL,
    name VARCHAR(100) NOT NULL,
    duration_days INTEGER NOT NULL,
    price DOUBLE PRECISION NOT NULL,
    currency VARCHAR(10) NOT NULL,
    active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    created_by BIGINT NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE invitation_tokens (
    id SERIAL NOT NULL,
    token VARCHAR(16) NOT NULL,
    generated_by BIGINT NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    duration_hours INTEGER NOT NULL,
    used BOOLEAN NOT NULL,
    used_by BIGINT,
    used_at TIMESTAMP WITHOUT TIME ZONE,
    plan_id INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY (plan_id) REFERENCES subscription_plans (id)
);

CREATE TABLE vip_subscribers (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    join_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    expiry_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    status VARCHAR(20) NOT NULL,
    vip_entry_stage INTEGER,
    vip_entry_token VARCHAR(64),
    invite_link_sent_at TIMESTAMP WITHOUT TIME ZONE,
    token_id INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id),
    UNIQUE (vip_entry_token),
    FOREIGN KEY (token_id) REFERENCES invitation_tokens (id)
);

CREATE TABLE free_channel_requests (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    request_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    processed BOOLEAN NOT NULL,
    processed_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id)
);

CREATE TABLE content_packages (
    id SERIAL NOT NULL,
    name VARCHAR(200) NOT NULL,
    description VARCHAR(500),
    price NUMERIC(10, 2),
    category contentcategory NOT NULL,
    type packagetype NOT NULL,
    media_url VARCHAR(500),
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE user_interests (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    package_id INTEGER NOT NULL,
    is_attended BOOLEAN NOT NULL,
    attended_at TIMESTAMP WITHOUT TIME ZONE,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE,
    FOREIGN KEY (package_id) REFERENCES content_packages (id) ON DELETE CASCADE
);

CREATE TABLE user_role_change_log (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    previous_role userrole,
    new_role userrole NOT NULL,
    changed_by BIGINT NOT NULL,
    reason rolechangereason NOT NULL,
    change_source VARCHAR(50) NOT NULL,
    change_metadata JSON,
    changed_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
";

/// Some are redundant; they are the predecessor's.
pub(super) const INDEXES: &str = "
CREATE INDEX idx_token_used_created ON invitation_tokens (used, created_at);
CREATE UNIQUE INDEX ix_invitation_tokens_token ON invitation_tokens (token);
CREATE INDEX ix_invitation_tokens_used ON invitation_tokens (used);

CREATE INDEX idx_status_expiry ON vip_subscribers (status, expiry_date);
CREATE INDEX idx_vip_entry_stage ON vip_subscribers (vip_entry_stage);
CREATE INDEX ix_vip_subscribers_status ON vip_subscribers (status);
CREATE UNIQUE INDEX ix_vip_subscribers_user_id ON vip_subscribers (user_id);
CREATE INDEX ix_vip_subscribers_vip_entry_stage ON vip_subscribers (vip_entry_stage);

CREATE INDEX idx_processed_date ON free_channel_requests (processed, request_date);
CREATE INDEX idx_user_date ON free_channel_requests (user_id, request_date);
CREATE INDEX ix_free_channel_requests_processed ON free_channel_requests (processed);
CREATE INDEX ix_free_channel_requests_user_id ON free_channel_requests (user_id);

CREATE INDEX idx_content_category_active ON content_packages (category, is_active);
CREATE INDEX idx_content_type_active ON content_packages (type, is_active);
CREATE INDEX ix_content_packages_is_active ON content_packages (is_active);

CREATE UNIQUE INDEX idx_interest_user_package ON user_interests (user_id, package_id);
CREATE INDEX idx_interest_user_package_attended ON user_interests (user_id, package_id, is_attended);
CREATE INDEX ix_user_interests_is_attended ON user_interests (is_attended);
CREATE INDEX ix_user_interests_package_id ON user_interests (package_id);
CREATE INDEX ix_user_interests_user_id ON user_interests (user_id);

CREATE INDEX idx_role_log_changed_by_changed_at ON user_role_change_log (changed_by, changed_at);
CREATE INDEX idx_role_log_user_changed_at ON user_role_change_log (user_id, changed_at);
CREATE INDEX ix_user_role_change_log_changed_at ON user_role_change_log (changed_at);
CREATE INDEX ix_user_role_change_log_changed_by ON user_role_change_log (changed_by);
CREATE INDEX ix_user_role_change_log_user_id ON user_role_change_log (user_id);
";

/// Indexes and sequences go with their tables.
const DROP_TABLES: &str = "
DROP TABLE user_role_change_log;
DROP TABLE user_interests;
DROP TABLE content_packages;
DROP TABLE free_channel_requests;
DROP TABLE vip_subscribers;
DROP TABLE invitation_tokens;
DROP TABLE subscription_plans;
DROP TABLE users;
DROP TABLE bot_config;
";

const DROP_TYPES: &str = "
DROP TYPE rolechangereason;
DROP TYPE packagetype;
DROP TYPE contentcategory;
DROP TYPE userrole;
";
