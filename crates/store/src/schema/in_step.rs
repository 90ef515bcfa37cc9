//! Migration 7: in step. On SQLite, what keeps our rows with the predecessor's while a house is handed back to it.

use super::migration::{Migration, Sql};

pub(crate) const MIGRATION: Migration = Migration {
    name: "0007_in_step",
    additive: true,
    up: Sql {
        sqlite: &[STEP],
        postgres: &[],
    },
    down: Sql {
        sqlite: &[OUT_OF_STEP],
        postgres: &[],
    },
    drops: &[],
    obstacle: None,
};

/// The predecessor opens its SQLite file without foreign keys. Of a row that it deletes, ours would stay, and
/// go to whoever is given the same number next.
const STEP: &str = "
CREATE TRIGGER tr_users_gone AFTER DELETE ON users BEGIN
    DELETE FROM dialogues WHERE user_id = OLD.user_id;
    DELETE FROM door_requests WHERE user_id = OLD.user_id;
    DELETE FROM door_said WHERE user_id = OLD.user_id;
    DELETE FROM presence WHERE user_id = OLD.user_id;
    DELETE FROM reachability WHERE user_id = OLD.user_id;
    DELETE FROM reminders WHERE user_id = OLD.user_id;
END;
CREATE TRIGGER tr_invitation_tokens_gone AFTER DELETE ON invitation_tokens BEGIN
    DELETE FROM invitations WHERE token_id = OLD.id;
END;
CREATE TRIGGER tr_free_channel_requests_gone AFTER DELETE ON free_channel_requests BEGIN
    DELETE FROM free_requests WHERE request_id = OLD.id;
END;
";

const OUT_OF_STEP: &str = "
DROP TRIGGER tr_free_channel_requests_gone;
DROP TRIGGER tr_invitation_tokens_gone;
DROP TRIGGER tr_users_gone;
";

#[cfg(test)]
mod tests {
    use sea_orm::FromQueryResult;

    use super::STEP;
    use crate::schema::{self, nine_tables};
    use crate::tests::now;
    use crate::{DatabaseUrl, Store, StoreOptions, sql};

    #[derive(FromQueryResult)]
    struct Reference {
        column: String,
        parent: String,
        key: String,
    }

    #[tokio::test]
    async fn whatever_goes_with_a_row_of_the_predecessor_goes_without_foreign_keys_too() {
        let store = Store::open(&DatabaseUrl::memory(), &StoreOptions::default())
            .await
            .unwrap();
        schema::up(&store, None, now()).await.unwrap();
        let query = "SELECT \"from\" AS column, \"table\" AS parent, \"to\" AS key
            FROM pragma_foreign_key_list($1) WHERE on_delete = 'CASCADE'";
        let mut seen = 0;
        for table in schema::tables(&store.read()).await.unwrap() {
            if nine_tables::TABLES.contains(&table.as_str()) {
                continue;
            }
            let references: Vec<Reference> = sql::all(&store.read(), query, [table.as_str().into()])
                .await
                .unwrap();
            for Reference { column, parent, key } in references {
                let (_, trigger) = STEP
                    .split_once(&format!("AFTER DELETE ON {parent} BEGIN"))
                    .expect(&parent);
                let (trigger, _) = trigger.split_once("END;").expect("it ends");
                let delete = format!("DELETE FROM {table} WHERE {column} = OLD.{key};");
                assert!(trigger.contains(&delete), "{delete}");
                seen += 1;
            }
        }
        assert_eq!(seen, STEP.matches("DELETE FROM").count());
    }
}
