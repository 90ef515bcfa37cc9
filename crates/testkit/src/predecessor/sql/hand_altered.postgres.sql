-- The same on PostgreSQL, as far as it lets one: the keys that stood in the way of old rows are gone, and
-- labels and lengths stay enforced.
DROP TABLE vip_subscribers;
CREATE TABLE vip_subscribers (
    id SERIAL NOT NULL,
    user_id BIGINT NOT NULL,
    join_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    expiry_date TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    status VARCHAR(20) NOT NULL,
    token_id INTEGER NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(token_id) REFERENCES invitation_tokens (id)
);
ALTER TABLE vip_subscribers ADD COLUMN vip_entry_stage INTEGER DEFAULT 1;
ALTER TABLE vip_subscribers ADD COLUMN invite_link_sent_at TIMESTAMP WITHOUT TIME ZONE;
ALTER TABLE vip_subscribers ADD COLUMN vip_entry_token VARCHAR(64);
CREATE INDEX idx_status_expiry ON vip_subscribers (status, expiry_date);
CREATE INDEX idx_vip_entry_stage ON vip_subscribers (vip_entry_stage);
CREATE INDEX ix_vip_subscribers_status ON vip_subscribers (status);
CREATE UNIQUE INDEX ix_vip_subscribers_user_id ON vip_subscribers (user_id);

ALTER TABLE free_channel_requests DROP CONSTRAINT free_channel_requests_user_id_fkey;
ALTER TABLE invitation_tokens DROP CONSTRAINT invitation_tokens_plan_id_fkey;
