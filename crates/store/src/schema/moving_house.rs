//! Migration 6: moving house. What of a predecessor's rows could not stay where it was (`quarantine`).

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0006_moving_house",
    additive: true,
    up: Sql {
        sqlite: &[SQLITE, INDEXES],
        postgres: &[POSTGRES, INDEXES],
    },
    down: Sql {
        sqlite: &[DROP],
        postgres: &[DROP],
    },
    drops: &["quarantine"],
    obstacle: None,
};

/// `row` is a JSON object by names of columns, with values as the database spells them.
const SQLITE: &str = "
CREATE TABLE quarantine (
    id INTEGER NOT NULL,
    source_table VARCHAR(40) NOT NULL,
    source_key VARCHAR(40) NOT NULL,
    reason VARCHAR(40) NOT NULL,
    row TEXT NOT NULL,
    moved_at DATETIME NOT NULL,
    PRIMARY KEY (id)
);
";

const POSTGRES: &str = "
CREATE TABLE quarantine (
    id BIGSERIAL NOT NULL,
    source_table VARCHAR(40) NOT NULL,
    source_key VARCHAR(40) NOT NULL,
    reason VARCHAR(40) NOT NULL,
    row TEXT NOT NULL,
    moved_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
";

const INDEXES: &str = "
CREATE INDEX ix_quarantine_source ON quarantine (source_table, source_key);
";

const DROP: &str = "
DROP TABLE quarantine;
";
