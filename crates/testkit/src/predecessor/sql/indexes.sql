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
