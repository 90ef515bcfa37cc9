//! The predecessor's schema, as it is after its own migrations, for comparison with ours.

/// `table.column | type on SQLite | type on PostgreSQL, sequence | nullability, key`
pub(super) const COLUMNS: &str = "
bot_config.id                            | INTEGER        | integer, bot_config_id_seq            | not null, key
bot_config.vip_channel_id                | VARCHAR(50)    | character varying(50)                 | null
bot_config.free_channel_id               | VARCHAR(50)    | character varying(50)                 | null
bot_config.wait_time_minutes             | INTEGER        | integer                               | null
bot_config.vip_reactions                 | JSON           | json                                  | null
bot_config.free_reactions                | JSON           | json                                  | null
bot_config.subscription_fees             | JSON           | json                                  | null
bot_config.created_at                    | DATETIME       | timestamp without time zone           | null
bot_config.updated_at                    | DATETIME       | timestamp without time zone           | null
bot_config.social_instagram              | VARCHAR(200)   | character varying(200)                | null
bot_config.social_tiktok                 | VARCHAR(200)   | character varying(200)                | null
bot_config.social_x                      | VARCHAR(200)   | character varying(200)                | null
bot_config.free_channel_invite_link      | VARCHAR(500)   | character varying(500)                | null
content_packages.id                      | INTEGER        | integer, content_packages_id_seq      | not null, key
content_packages.name                    | VARCHAR(200)   | character varying(200)                | not null
content_packages.description             | VARCHAR(500)   | character varying(500)                | null
content_packages.price                   | NUMERIC(10, 2) | numeric(10,2)                         | null
content_packages.category                | VARCHAR(12)    | contentcategory                       | not null
content_packages.type                    | VARCHAR(10)    | packagetype                           | not null
content_packages.media_url               | VARCHAR(500)   | character varying(500)                | null
content_packages.is_active               | BOOLEAN        | boolean                               | not null
content_packages.created_at              | DATETIME       | timestamp without time zone           | not null
content_packages.updated_at              | DATETIME       | timestamp without time zone           | not null
free_channel_requests.id                 | INTEGER        | integer, free_channel_requests_id_seq | not null, key
free_channel_requests.user_id            | BIGINT         | bigint                                | not null
free_channel_requests.request_date       | DATETIME       | timestamp without time zone           | not null
free_channel_requests.processed          | BOOLEAN        | boolean                               | not null
free_channel_requests.processed_at       | DATETIME       | timestamp without time zone           | null
invitation_tokens.id                     | INTEGER        | integer, invitation_tokens_id_seq     | not null, key
invitation_tokens.token                  | VARCHAR(16)    | character varying(16)                 | not null
invitation_tokens.generated_by           | BIGINT         | bigint                                | not null
invitation_tokens.created_at             | DATETIME       | timestamp without time zone           | not null
invitation_tokens.duration_hours         | INTEGER        | integer                               | not null
invitation_tokens.used                   | BOOLEAN        | boolean                               | not null
invitation_tokens.used_by                | BIGINT         | bigint                                | null
invitation_tokens.used_at                | DATETIME       | timestamp without time zone           | null
invitation_tokens.plan_id                | INTEGER        | integer                               | null
subscription_plans.id                    | INTEGER        | integer, subscription_plans_id_seq    | not null, key
subscription_plans.name                  | VARCHAR(100)   | character varying(100)                | not null
subscription_plans.duration_days         | INTEGER        | integer                               | not null
subscription_plans.price                 | FLOAT          | double precision                      | not null
subscription_plans.currency              | VARCHAR(10)    | character varying(10)                 | not null
subscription_plans.active                | BOOLEAN        | boolean                               | not null
subscription_plans.created_at            | DATETIME       | timestamp without time zone           | not null
subscription_plans.created_by            | BIGINT         | bigint                                | not null
user_interests.id                        | INTEGER        | integer, user_interests_id_seq        | not null, key
user_interests.user_id                   | BIGINT         | bigint                                | not null
user_interests.package_id                | INTEGER        | integer                               | not null
user_interests.is_attended               | BOOLEAN        | boolean                               | not null
user_interests.attended_at               | DATETIME       | timestamp without time zone           | null
user_interests.created_at                | DATETIME       | timestamp without time zone           | not null
user_role_change_log.id                  | INTEGER        | integer, user_role_change_log_id_seq  | not null, key
user_role_change_log.user_id             | BIGINT         | bigint                                | not null
user_role_change_log.previous_role       | VARCHAR(5)     | userrole                              | null
user_role_change_log.new_role            | VARCHAR(5)     | userrole                              | not null
user_role_change_log.changed_by          | BIGINT         | bigint                                | not null
user_role_change_log.reason              | VARCHAR(19)    | rolechangereason                      | not null
user_role_change_log.change_source       | VARCHAR(50)    | character varying(50)                 | not null
user_role_change_log.change_metadata     | JSON           | json                                  | null
user_role_change_log.changed_at          | DATETIME       | timestamp without time zone           | not null
users.user_id                            | BIGINT         | bigint, users_user_id_seq             | not null, key
users.username                           | VARCHAR(100)   | character varying(100)                | null
users.first_name                         | VARCHAR(100)   | character varying(100)                | not null
users.last_name                          | VARCHAR(100)   | character varying(100)                | null
users.role                               | VARCHAR(5)     | userrole                              | not null
users.created_at                         | DATETIME       | timestamp without time zone           | not null
users.updated_at                         | DATETIME       | timestamp without time zone           | not null
vip_subscribers.id                       | INTEGER        | integer, vip_subscribers_id_seq       | not null, key
vip_subscribers.user_id                  | BIGINT         | bigint                                | not null
vip_subscribers.join_date                | DATETIME       | timestamp without time zone           | not null
vip_subscribers.expiry_date              | DATETIME       | timestamp without time zone           | not null
vip_subscribers.status                   | VARCHAR(20)    | character varying(20)                 | not null
vip_subscribers.vip_entry_stage          | INTEGER        | integer                               | null
vip_subscribers.vip_entry_token          | VARCHAR(64)    | character varying(64)                 | null
vip_subscribers.invite_link_sent_at      | DATETIME       | timestamp without time zone           | null
vip_subscribers.token_id                 | INTEGER        | integer                               | not null
";

/// `table index (columns)`, without those that a key or a constraint makes.
pub(super) const INDEXES: &str = "
content_packages idx_content_category_active (category,is_active)
content_packages idx_content_type_active (type,is_active)
content_packages ix_content_packages_is_active (is_active)
free_channel_requests idx_processed_date (processed,request_date)
free_channel_requests idx_user_date (user_id,request_date)
free_channel_requests ix_free_channel_requests_processed (processed)
free_channel_requests ix_free_channel_requests_user_id (user_id)
invitation_tokens idx_token_used_created (used,created_at)
invitation_tokens ix_invitation_tokens_token (token) unique
invitation_tokens ix_invitation_tokens_used (used)
user_interests idx_interest_user_package (user_id,package_id) unique
user_interests idx_interest_user_package_attended (user_id,package_id,is_attended)
user_interests ix_user_interests_is_attended (is_attended)
user_interests ix_user_interests_package_id (package_id)
user_interests ix_user_interests_user_id (user_id)
user_role_change_log idx_role_log_changed_by_changed_at (changed_by,changed_at)
user_role_change_log idx_role_log_user_changed_at (user_id,changed_at)
user_role_change_log ix_user_role_change_log_changed_at (changed_at)
user_role_change_log ix_user_role_change_log_changed_by (changed_by)
user_role_change_log ix_user_role_change_log_user_id (user_id)
vip_subscribers idx_status_expiry (status,expiry_date)
vip_subscribers idx_vip_entry_stage (vip_entry_stage)
vip_subscribers ix_vip_subscribers_status (status)
vip_subscribers ix_vip_subscribers_user_id (user_id) unique
vip_subscribers ix_vip_subscribers_vip_entry_stage (vip_entry_stage)
";

/// Those that keys and constraints make.
pub(super) const SQLITE_IMPLICIT: &str = "
users sqlite_autoindex_users_1 (user_id) unique
vip_subscribers sqlite_autoindex_vip_subscribers_1 (vip_entry_token) unique
";

pub(super) const POSTGRES_IMPLICIT: &str = "
bot_config bot_config_pkey (id) unique
content_packages content_packages_pkey (id) unique
free_channel_requests free_channel_requests_pkey (id) unique
invitation_tokens invitation_tokens_pkey (id) unique
subscription_plans subscription_plans_pkey (id) unique
user_interests user_interests_pkey (id) unique
user_role_change_log user_role_change_log_pkey (id) unique
users users_pkey (user_id) unique
vip_subscribers vip_subscribers_pkey (id) unique
vip_subscribers vip_subscribers_vip_entry_token_key (vip_entry_token) unique
";

/// `table.column -> table.column, on delete | name on PostgreSQL`
pub(super) const FOREIGN_KEYS: &str = "
free_channel_requests.user_id -> users.user_id, no action | free_channel_requests_user_id_fkey
invitation_tokens.plan_id -> subscription_plans.id, no action | invitation_tokens_plan_id_fkey
user_interests.package_id -> content_packages.id, cascade | user_interests_package_id_fkey
user_interests.user_id -> users.user_id, cascade | user_interests_user_id_fkey
vip_subscribers.token_id -> invitation_tokens.id, no action | vip_subscribers_token_id_fkey
vip_subscribers.user_id -> users.user_id, no action | vip_subscribers_user_id_fkey
";

/// PostgreSQL's enum types with their labels in order.
pub(super) const TYPES: &str = "
contentcategory: FREE_CONTENT, VIP_CONTENT, VIP_PREMIUM
packagetype: STANDARD, BUNDLE, COLLECTION
rolechangereason: ADMIN_GRANTED, ADMIN_REVOKED, VIP_PURCHASED, VIP_REDEEMED, VIP_EXPIRED, VIP_EXTENDED, VIP_ENTRY_COMPLETED, MANUAL_CHANGE, SYSTEM_AUTOMATIC
userrole: FREE, VIP, ADMIN
";
