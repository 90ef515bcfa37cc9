-- Where the models made the tables and not Alembic, there is no sequence.
ALTER TABLE bot_config ALTER COLUMN id DROP DEFAULT;
DROP SEQUENCE bot_config_id_seq;
