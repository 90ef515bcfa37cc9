-- What the later revisions do to a house of v1.2 on SQLite, up to their single head: nineteen tables,
-- Alembic's table not counted.
UPDATE bot_config SET created_at = '2026-02-23 14:25:00', updated_at = '2026-02-23 14:25:00';
ALTER TABLE bot_config ADD COLUMN level_formula VARCHAR(255);
ALTER TABLE bot_config ADD COLUMN besitos_per_reaction INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_gift INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_streak_bonus INTEGER;
ALTER TABLE bot_config ADD COLUMN max_reactions_per_day INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_base INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_streak_bonus_per_day INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_streak_bonus_max INTEGER;
ALTER TABLE bot_config ADD COLUMN streak_display_format VARCHAR(50);
UPDATE bot_config
SET level_formula = 'floor(sqrt(total_earned / 100)) + 1', besitos_per_reaction = 5, streak_display_format = '🔥 {days}';

-- SQLite cannot loosen a column: the table is built anew.
CREATE TABLE _alembic_tmp_user_interests (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    package_id INTEGER,
    is_attended BOOLEAN NOT NULL,
    attended_at DATETIME,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE,
    FOREIGN KEY(package_id) REFERENCES content_packages (id) ON DELETE CASCADE
);
INSERT INTO _alembic_tmp_user_interests (id, user_id, package_id, is_attended, attended_at, created_at)
SELECT id, user_id, package_id, is_attended, attended_at, created_at FROM user_interests;
DROP TABLE user_interests;
ALTER TABLE _alembic_tmp_user_interests RENAME TO user_interests;
CREATE UNIQUE INDEX idx_interest_user_package ON user_interests (user_id, package_id);
CREATE INDEX idx_interest_user_package_attended ON user_interests (user_id, package_id, is_attended);
CREATE INDEX ix_user_interests_is_attended ON user_interests (is_attended);
CREATE INDEX ix_user_interests_package_id ON user_interests (package_id);
CREATE INDEX ix_user_interests_user_id ON user_interests (user_id);

-- The second request of the same person is closed, so that the index can be made.
UPDATE free_channel_requests SET processed = 1, processed_at = '2026-11-23 13:00:00.000000' WHERE id = 4;
CREATE TABLE _alembic_tmp_free_channel_requests (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    request_date DATETIME NOT NULL,
    processed BOOLEAN NOT NULL,
    processed_at DATETIME,
    pending_request BOOLEAN NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
INSERT INTO _alembic_tmp_free_channel_requests
    (id, user_id, request_date, processed, processed_at, pending_request)
SELECT id, user_id, request_date, processed, processed_at, NOT processed FROM free_channel_requests;
DROP TABLE free_channel_requests;
ALTER TABLE _alembic_tmp_free_channel_requests RENAME TO free_channel_requests;
CREATE INDEX idx_processed_date ON free_channel_requests (processed, request_date);
CREATE INDEX idx_user_date ON free_channel_requests (user_id, request_date);
CREATE INDEX ix_free_channel_requests_processed ON free_channel_requests (processed);
CREATE INDEX ix_free_channel_requests_user_id ON free_channel_requests (user_id);
CREATE UNIQUE INDEX uq_user_pending_request ON free_channel_requests (user_id) WHERE pending_request;
CREATE INDEX idx_pending_request ON free_channel_requests (pending_request);

ALTER TABLE vip_subscribers ADD COLUMN kicked_from_channel_at DATETIME;
ALTER TABLE vip_subscribers ADD COLUMN last_kick_notification_sent_at DATETIME;
CREATE INDEX idx_vip_expired_not_kicked ON vip_subscribers (status, kicked_from_channel_at);
UPDATE vip_subscribers SET kicked_from_channel_at = '2026-02-01 00:06:00.000000' WHERE id = 4;

CREATE TABLE transactions (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    amount INTEGER NOT NULL,
    type VARCHAR(13) NOT NULL,
    reason VARCHAR(255) NOT NULL,
    transaction_metadata JSON,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE user_gamification_profiles (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    balance INTEGER NOT NULL,
    level INTEGER NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    UNIQUE (user_id)
);
CREATE TABLE user_reactions (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    content_id INTEGER NOT NULL,
    emoji VARCHAR(10) NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE user_streaks (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    current_streak INTEGER NOT NULL,
    last_claim_date DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE rewards (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at DATETIME NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE reward_conditions (
    id INTEGER NOT NULL,
    reward_id INTEGER NOT NULL,
    condition_value INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(reward_id) REFERENCES rewards (id) ON DELETE CASCADE
);
CREATE TABLE user_rewards (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    reward_id INTEGER NOT NULL,
    claimed_at DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    FOREIGN KEY(reward_id) REFERENCES rewards (id)
);
CREATE TABLE content_sets (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    file_ids JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE shop_products (
    id INTEGER NOT NULL,
    name VARCHAR(200) NOT NULL,
    content_set_id INTEGER NOT NULL,
    besitos_price INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(content_set_id) REFERENCES content_sets (id)
);
CREATE TABLE user_content_access (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    content_set_id INTEGER NOT NULL,
    accessed_at DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    FOREIGN KEY(content_set_id) REFERENCES content_sets (id)
);

INSERT INTO transactions (user_id, amount, type, reason, transaction_metadata, created_at) VALUES
    (7000002, 5, 'EARN_REACTION', 'una reacción', '{"content": 12}', '2026-03-01 10:00:00.000000'),
    (7000002, -3, 'SPEND_SHOP', 'una compra', 'null', '2026-03-02 10:00:00.000000');
INSERT INTO user_gamification_profiles (user_id, balance, level, created_at) VALUES
    (7000002, 2, 1, '2026-03-01 10:00:00.000000');
INSERT INTO user_reactions (user_id, content_id, emoji, created_at) VALUES
    (7000002, 12, '🔥', '2026-03-01 10:00:00.000000');
INSERT INTO user_streaks (user_id, current_streak, last_claim_date) VALUES (7000002, 3, NULL);
INSERT INTO rewards (name, is_active, created_at) VALUES ('Primera reacción', TRUE, '2026-02-21 00:00:01');
INSERT INTO reward_conditions (reward_id, condition_value) VALUES (1, 1);
INSERT INTO user_rewards (user_id, reward_id, claimed_at) VALUES (7000002, 1, '2026-03-01 10:00:01.000000');
INSERT INTO content_sets (name, file_ids) VALUES ('Postales', '["AgACAgEAAx", "AgACAgEAAy"]');
INSERT INTO shop_products (name, content_set_id, besitos_price) VALUES ('Postales de invierno', 1, 3);
INSERT INTO user_content_access (user_id, content_set_id, accessed_at) VALUES
    (7000002, 1, '2026-03-02 10:00:00.000000');

INSERT INTO user_interests (id, user_id, package_id, is_attended, attended_at, created_at) VALUES
    (3, 5000000001234, NULL, 0, NULL, '2026-11-01 08:00:00.000000');
-- Written by hand, not by the bot.
UPDATE users SET role = 'free' WHERE user_id = 7000007;
INSERT INTO alembic_version (version_num) VALUES ('20260320_000002');
