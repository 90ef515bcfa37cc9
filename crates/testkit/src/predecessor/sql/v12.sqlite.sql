-- The nine tables as v1.2 makes them on SQLite. No column has a default.
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
    FOREIGN KEY(plan_id) REFERENCES subscription_plans (id)
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
    FOREIGN KEY(user_id) REFERENCES users (user_id),
    UNIQUE (vip_entry_token),
    FOREIGN KEY(token_id) REFERENCES invitation_tokens (id)
);
CREATE TABLE free_channel_requests (
    id INTEGER NOT NULL,
    user_id BIGINT NOT NULL,
    request_date DATETIME NOT NULL,
    processed BOOLEAN NOT NULL,
    processed_at DATETIME,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (user_id)
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
    FOREIGN KEY(user_id) REFERENCES users (user_id) ON DELETE CASCADE,
    FOREIGN KEY(package_id) REFERENCES content_packages (id) ON DELETE CASCADE
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
