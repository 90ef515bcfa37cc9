-- The rows of a house that v1.2 looked after, in SQLAlchemy's formats. Both databases read them: what is
-- written TRUE is 1 on SQLite.
INSERT INTO bot_config
    (id, vip_channel_id, free_channel_id, wait_time_minutes, vip_reactions, free_reactions,
     subscription_fees, created_at, updated_at, social_instagram, social_tiktok, social_x,
     free_channel_invite_link)
VALUES
    (1, '-1001234567890', '-1009876543210', 15, '["\ud83d\udd25", "\u2764\ufe0f"]', '[]',
     '{"monthly": 10, "yearly": 100}', '2025-11-02 09:00:00.000000', '2026-03-14 18:22:41.070305',
     '@casa.sintetica', NULL, '', 'https://t.me/+c0d1g0S1nt3t1c0');

INSERT INTO users (user_id, username, first_name, last_name, role, created_at, updated_at) VALUES
    (7000001, 'diana_sintetica', 'Diana', NULL, 'ADMIN', '2025-11-02 09:00:01.000000', '2025-11-02 09:00:01.000004'),
    (7000002, NULL, 'Inés 🌹', 'de la Cruz', 'VIP', '2025-11-03 21:14:05.120034', '2026-01-10 08:00:00.500000'),
    (7000003, 'mateo_sintetico', 'Mateo', NULL, 'VIP', '2025-11-04 10:30:00.000001', '2026-11-20 10:30:00.000009'),
    (7000004, 'lucia_sintetica', 'Lucía & Co. <3', NULL, 'VIP', '2025-11-05 00:00:00.000000', '2025-11-05 00:00:00.000003'),
    (7000005, NULL, 'Rodrigo', '', 'FREE', '2025-11-06 12:00:00.999999', '2026-02-01 00:05:00.000000'),
    (7000006, 'camila_sintetica', 'Camila', 'O''Higgins', 'FREE', '2026-11-23 17:45:10.334455', '2026-11-23 17:45:10.334460'),
    (7000007, NULL, 'Tomás', NULL, 'FREE', '2026-11-23 09:58:00.100000', '2026-11-23 09:58:00.100002'),
    (5000000001234, 'elena_sintetica', 'Elena', NULL, 'FREE', '2026-10-01 07:07:07.070707', '2026-10-01 07:07:07.070711');

INSERT INTO subscription_plans (id, name, duration_days, price, currency, active, created_at, created_by) VALUES
    (1, 'Mensual', 30, 9.99, '$', TRUE, '2025-11-02 09:10:00.000000', 7000001),
    (2, 'Trimestral', 90, 24.99, '$', TRUE, '2025-11-02 09:11:00.250000', 7000001),
    (3, 'Anual', 365, 80.0, '€', TRUE, '2025-11-02 09:12:00.000000', 7000001),
    (4, 'Mensual', 30, 7.5, '$', FALSE, '2025-11-01 20:00:00.000000', 7000001);

INSERT INTO invitation_tokens
    (id, token, generated_by, created_at, duration_hours, used, used_by, used_at, plan_id)
VALUES
    (1, 'A1b2C3d4E5f6G7h8', 7000001, '2025-11-03 20:00:00.000000', 24, TRUE, 7000002, '2025-11-03 21:14:06.000000', 1),
    (2, 'B2c3D4e5F6g7H8i9', 7000001, '2026-11-20 09:00:00.000000', 24, TRUE, 7000003, '2026-11-20 10:31:00.000001', 2),
    (3, 'C3d4E5f6G7h8I9j0', 7000001, '2025-11-04 23:00:00.000000', 24, TRUE, 7000004, '2025-11-05 00:00:01.000000', 1),
    (4, 'D4e5F6g7H8i9J0k1', 7000001, '2025-11-06 11:00:00.000000', 48, TRUE, 7000005, '2025-11-06 12:01:00.000000', NULL),
    (5, 'E5f6G7h8I9j0K1l2', 7000001, '2026-11-23 17:00:00.000000', 24, TRUE, 7000006, '2026-11-23 17:46:00.000000', 3),
    (6, 'F6g7H8i9J0k1L2m3', 7000001, '2026-01-01 00:00:00.000000', 24, FALSE, NULL, NULL, 1),
    (7, 'Abierta-_hasta99', 7000001, '2026-11-01 00:00:00.000000', 648000, FALSE, NULL, NULL, 2),
    (8, 'H8i9J0k1L2m3N4o5', 7000001, '2026-05-01 00:00:00.000000', 24, TRUE, 7000004, '2026-05-01 06:30:00.123456', 1);

INSERT INTO vip_subscribers
    (id, user_id, join_date, expiry_date, status, vip_entry_stage, vip_entry_token, invite_link_sent_at, token_id)
VALUES
    (1, 7000002, '2025-11-03 21:14:06.000000', '2099-12-31 23:59:59.999999', 'active', NULL, NULL, NULL, 1),
    (2, 7000003, '2026-11-20 10:31:00.000001', '2099-02-18 10:31:00.000001', 'active', 3, 'sintetico-0123456789abcdef0123456789abcdef0123456789abcdef012345', '2026-11-20 10:33:00.000000', 2),
    (3, 7000004, '2025-11-05 00:00:01.000000', '2026-05-31 06:30:00.123456', 'active', NULL, NULL, NULL, 3),
    (4, 7000005, '2025-11-06 12:01:00.000000', '2026-02-01 00:00:00.000000', 'expired', NULL, NULL, NULL, 4),
    (5, 7000006, '2026-11-23 17:46:00.000000', '2099-11-23 17:46:00.000000', 'active', 1, NULL, NULL, 5);

INSERT INTO free_channel_requests (id, user_id, request_date, processed, processed_at) VALUES
    (1, 7000005, '2025-11-05 08:00:00.000000', TRUE, '2025-11-05 08:15:03.500000'),
    (2, 5000000001234, '2026-10-01 07:08:00.000000', TRUE, '2026-10-01 07:25:00.000100'),
    (3, 7000007, '2026-11-23 10:00:00.000000', FALSE, NULL),
    (4, 7000007, '2026-11-23 10:00:00.000900', FALSE, NULL),
    (5, 7000005, '2026-11-23 12:00:00.123000', FALSE, NULL);

INSERT INTO content_packages
    (id, name, description, price, category, type, media_url, is_active, created_at, updated_at)
VALUES
    (1, 'Luz de tarde', NULL, 9.99, 'FREE_CONTENT', 'STANDARD', 'https://example.org/luz', TRUE, '2025-12-01 10:00:00.000000', '2025-12-01 10:00:00.000005'),
    (2, 'Cartas «sin» remitente', 'Doce cartas ✉️', 10.0, 'VIP_CONTENT', 'BUNDLE', NULL, TRUE, '2025-12-02 10:00:00.000000', '2026-01-05 16:20:00.000000'),
    (3, 'El cuaderno rojo', '', NULL, 'VIP_PREMIUM', 'COLLECTION', NULL, FALSE, '2025-12-03 10:00:00.000000', '2025-12-03 10:00:00.000002');

INSERT INTO user_interests (id, user_id, package_id, is_attended, attended_at, created_at) VALUES
    (1, 7000002, 1, TRUE, '2025-12-05 11:00:00.000000', '2025-12-04 23:59:59.999999'),
    (2, 7000007, 2, FALSE, NULL, '2026-11-23 10:05:00.000000');

INSERT INTO user_role_change_log
    (id, user_id, previous_role, new_role, changed_by, reason, change_source, change_metadata, changed_at)
VALUES
    (1, 7000002, NULL, 'FREE', 0, 'SYSTEM_AUTOMATIC', 'SYSTEM', NULL, '2025-11-03 21:14:05.130000'),
    (2, 7000002, 'FREE', 'VIP', 0, 'VIP_ENTRY_COMPLETED', 'SYSTEM', 'null', '2025-11-03 21:20:00.000000'),
    (3, 7000005, 'VIP', 'FREE', 0, 'VIP_EXPIRED', 'SYSTEM', '{"plan": "Mensual", "d\u00edas": 0}', '2026-02-01 00:05:00.000000'),
    (4, 7000004, 'FREE', 'VIP', 7000001, 'ADMIN_GRANTED', 'ADMIN_PANEL', 'null', '2025-11-05 00:10:00.000000');
