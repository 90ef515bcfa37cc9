-- The nine tables as v1.2's Alembic makes them on PostgreSQL. No column but those of the sequences has
-- a default.
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
    FOREIGN KEY(plan_id) REFERENCES subscription_plans (id)
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
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    UNIQUE (vip_entry_token),
    FOREIGN KEY(token_id) REFERENCES invitation_tokens (id)
);
CREATE TABLE free_channel_requests (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    request_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    processed BOOLEAN NOT NULL,
    processed_at TIMESTAMP WITHOUT TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
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
    FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE,
    FOREIGN KEY(package_id) REFERENCES content_packages (id) ON DELETE CASCADE
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
