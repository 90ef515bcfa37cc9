-- What years of hands made of the tables on SQLite: columns in another order, a default, widths that are
-- the lengths of class paths, a missing index, no uniqueness of the entry token.
DROP TABLE bot_config;
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
    PRIMARY KEY (id)
);
ALTER TABLE bot_config ADD COLUMN social_instagram VARCHAR(200);
ALTER TABLE bot_config ADD COLUMN social_tiktok VARCHAR(200);
ALTER TABLE bot_config ADD COLUMN social_x VARCHAR(200);
ALTER TABLE bot_config ADD COLUMN free_channel_invite_link VARCHAR(500);

DROP TABLE vip_subscribers;
CREATE TABLE vip_subscribers (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    join_date DATETIME NOT NULL,
    expiry_date DATETIME NOT NULL,
    status VARCHAR(20) NOT NULL,
    token_id INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(token_id) REFERENCES invitation_tokens (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
ALTER TABLE vip_subscribers ADD COLUMN vip_entry_stage INTEGER DEFAULT 1;
ALTER TABLE vip_subscribers ADD COLUMN invite_link_sent_at TIMESTAMP;
ALTER TABLE vip_subscribers ADD COLUMN vip_entry_token VARCHAR(64);
CREATE INDEX idx_status_expiry ON vip_subscribers (status, expiry_date);
CREATE INDEX idx_vip_entry_stage ON vip_subscribers (vip_entry_stage);
CREATE INDEX ix_vip_subscribers_status ON vip_subscribers (status);
CREATE UNIQUE INDEX ix_vip_subscribers_user_id ON vip_subscribers (user_id);

DROP TABLE content_packages;
CREATE TABLE content_packages (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    description VARCHAR(500),
    price NUMERIC(10, 2),
    category VARCHAR(34) NOT NULL,
    type VARCHAR(30) NOT NULL,
    media_url VARCHAR(500),
    is_active BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    updated_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX idx_content_category_active ON content_packages (category, is_active);
CREATE INDEX idx_content_type_active ON content_packages (type, is_active);
CREATE INDEX ix_content_packages_is_active ON content_packages (is_active);

DROP TABLE user_role_change_log;
CREATE TABLE user_role_change_log (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    previous_role VARCHAR(27),
    new_role VARCHAR(27) NOT NULL,
    changed_by BIGINT NOT NULL,
    reason VARCHAR(35) NOT NULL,
    change_source VARCHAR(50) NOT NULL,
    change_metadata JSON,
    changed_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX idx_role_log_changed_by_changed_at ON user_role_change_log (changed_by, changed_at);
CREATE INDEX idx_role_log_user_changed_at ON user_role_change_log (user_id, changed_at);
CREATE INDEX ix_user_role_change_log_changed_at ON user_role_change_log (changed_at);
CREATE INDEX ix_user_role_change_log_changed_by ON user_role_change_log (changed_by);
CREATE INDEX ix_user_role_change_log_user_id ON user_role_change_log (user_id);
