-- What operators made of a house of v1.2 on PostgreSQL by hand, where the later revisions break off:
-- their tables and columns, defaults on the server, a full unique index on requests, and the name of a
-- revision that is in no file.
ALTER TABLE bot_config ADD COLUMN level_formula VARCHAR(255);
ALTER TABLE bot_config ADD COLUMN besitos_per_reaction INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_gift INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_streak_bonus INTEGER;
ALTER TABLE bot_config ADD COLUMN max_reactions_per_day INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_daily_base INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_streak_bonus_per_day INTEGER;
ALTER TABLE bot_config ADD COLUMN besitos_streak_bonus_max INTEGER;
ALTER TABLE bot_config ADD COLUMN streak_display_format VARCHAR(50);
ALTER TABLE bot_config ALTER COLUMN besitos_per_reaction SET DEFAULT 5;
UPDATE bot_config
SET level_formula = 'floor(sqrt(total_earned / 100)) + 1', besitos_per_reaction = 5, streak_display_format = '🔥 {days}';

ALTER TABLE user_interests ALTER COLUMN package_id DROP NOT NULL;

-- One row each: the older ones had to go.
DELETE FROM free_channel_requests WHERE id IN (1, 4);
ALTER TABLE free_channel_requests ADD COLUMN pending_request BOOLEAN;
UPDATE free_channel_requests SET pending_request = NOT processed;
ALTER TABLE free_channel_requests ALTER COLUMN pending_request SET NOT NULL;
CREATE UNIQUE INDEX uq_user_pending_request ON free_channel_requests (user_id);
CREATE INDEX idx_pending_request ON free_channel_requests (pending_request);

ALTER TABLE vip_subscribers ADD COLUMN kicked_from_channel_at TIMESTAMP WITHOUT TIME ZONE;
ALTER TABLE vip_subscribers ADD COLUMN last_kick_notification_sent_at TIMESTAMP WITHOUT TIME ZONE;
CREATE INDEX idx_vip_expired_not_kicked ON vip_subscribers (status, kicked_from_channel_at);
UPDATE vip_subscribers SET kicked_from_channel_at = '2026-02-01 00:06:00.000000' WHERE id = 4;

CREATE TYPE transactiontype AS ENUM ('EARN_REACTION', 'EARN_DAILY', 'SPEND_SHOP');
CREATE TABLE transactions (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    amount INTEGER NOT NULL,
    type transactiontype NOT NULL,
    reason VARCHAR(255) NOT NULL,
    transaction_metadata JSON,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE user_gamification_profiles (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    balance INTEGER NOT NULL,
    level INTEGER NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    UNIQUE (user_id)
);
CREATE TABLE user_reactions (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    content_id INTEGER NOT NULL,
    emoji VARCHAR(10) NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE user_streaks (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    current_streak INTEGER NOT NULL,
    last_claim_date TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
);
CREATE TABLE rewards (
    id SERIAL NOT NULL,
    name VARCHAR(200) NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    UNIQUE (name)
);
CREATE TABLE reward_conditions (
    id SERIAL NOT NULL,
    reward_id INTEGER NOT NULL,
    condition_value INTEGER,
    PRIMARY KEY (id),
    FOREIGN KEY(reward_id) REFERENCES rewards (id) ON DELETE CASCADE
);
CREATE TABLE user_rewards (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    reward_id INTEGER NOT NULL,
    claimed_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    FOREIGN KEY(reward_id) REFERENCES rewards (id)
);
CREATE TABLE content_sets (
    id SERIAL NOT NULL,
    name VARCHAR(200) NOT NULL,
    file_ids JSON NOT NULL,
    PRIMARY KEY (id)
);
CREATE TABLE shop_products (
    id SERIAL NOT NULL,
    name VARCHAR(200) NOT NULL,
    content_set_id INTEGER NOT NULL,
    besitos_price INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(content_set_id) REFERENCES content_sets (id)
);
CREATE TABLE user_content_access (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    content_set_id INTEGER NOT NULL,
    accessed_at TIMESTAMP WITHOUT TIME ZONE,
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
    (3, 5000000001234, NULL, FALSE, NULL, '2026-11-01 08:00:00.000000');
INSERT INTO alembic_version (version_num) VALUES ('f9c06e9cc285');
