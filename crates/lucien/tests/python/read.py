"""Reads a database with nothing but its driver, and prints what it holds as JSON.

    read.py URL             every table: how many rows, a hash of them, and the rows
    read.py --digest URL    without the rows, which are never all in memory
    read.py --exact URL     as they are stored: the schema, and of each value on SQLite its storage class

Values are printed alike for both databases, so that two prints can be compared: times as 26 characters,
booleans as such, JSON in one spelling, amounts as decimals with two digits at least. Rows are in the order of
their primary key, columns in that of their names.
"""

import argparse
import hashlib
import json
import sqlite3
import sys
from datetime import datetime
from decimal import Decimal

BATCH = 1000


def canonical(kind, value):
    """A value in one spelling. `kind` is the declared type, without its length."""
    if value is None:
        return None
    if kind == "BOOLEAN":
        if value not in (0, 1):
            raise ValueError(f"a boolean that is {value!r}")
        return bool(value)
    if kind in ("DATETIME", "TIMESTAMP", "TIMESTAMP WITHOUT TIME ZONE"):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
    if kind in ("JSON", "JSONB"):
        value = json.loads(value) if isinstance(value, str) else value
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    if kind in ("FLOAT", "DOUBLE PRECISION", "NUMERIC"):
        amount = Decimal(str(value))
        return str(amount.quantize(Decimal("0.01")) if amount == round(amount, 2) else amount.normalize())
    if isinstance(value, bytes):
        return value.hex()
    return value


class Sqlite:
    def __init__(self, path):
        self.connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)

    def tables(self):
        names = self.connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        )
        return [name for (name,) in names]

    def columns(self, table):
        """Names and types in the order of names, and the primary key."""
        found = self.connection.execute(f'PRAGMA table_info("{table}")').fetchall()
        key = [name for _, name, _, _, _, place in sorted(found, key=lambda row: row[5]) if place]
        return sorted((name, kind.split("(")[0].upper()) for _, name, kind, *_ in found), key

    def rows(self, query):
        return self.connection.execute(query)

    def schema(self):
        return [list(row) for row in self.connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY 1, 2")]

    def stored(self, column):
        return f'typeof("{column}") || coalesce(\' \' || quote("{column}"), \'\')'


class Postgres:
    def __init__(self, url):
        import psycopg
        from psycopg.types.json import set_json_loads

        self.connection = psycopg.connect(url)
        # `null` in a JSON column is not the same as nothing there.
        set_json_loads(lambda text: text.decode() if isinstance(text, bytes) else text, self.connection)

    def tables(self):
        query = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
        return sorted(name for (name,) in self.connection.execute(query))

    def columns(self, table):
        columns = self.connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = %s",
            [table],
        ).fetchall()
        key = self.connection.execute(
            "SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
            " AND a.attnum = ANY (i.indkey) WHERE i.indisprimary AND i.indrelid = %s::regclass"
            " ORDER BY array_position(i.indkey::int2[], a.attnum)",
            [f'public."{table}"'],
        )
        return sorted((name, kind.upper()) for name, kind in columns), [name for (name,) in key]

    def rows(self, query):
        # A cursor of the server's: rows come in batches.
        with self.connection.cursor(name="rows") as cursor:
            cursor.itersize = BATCH
            yield from cursor.execute(query)

    def schema(self):
        queries = [
            "SELECT table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2",
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1",
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2",
            "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1",
        ]
        return [list(row) for query in queries for row in self.connection.execute(query)]

    def stored(self, column):
        return f'CAST("{column}" AS text)'


def opened(url):
    if url.startswith("sqlite:///"):
        return Sqlite(url.removeprefix("sqlite:///"))
    return Postgres(url)


def read(database, table, keep_rows, exact):
    columns, key = database.columns(table)
    names = [name for name, _ in columns]
    shown = [database.stored(name) if exact else f'"{name}"' for name in names]
    order = ", ".join(f'"{name}"' for name in key or names)
    digest, count, rows = hashlib.sha256(), 0, []
    for row in database.rows(f'SELECT {", ".join(shown)} FROM "{table}" ORDER BY {order}'):
        if exact:
            values = dict(zip(names, row))
        else:
            values = {name: canonical(kind, value) for (name, kind), value in zip(columns, row)}
        digest.update(json.dumps(values, sort_keys=True).encode() + b"\n")
        count += 1
        if keep_rows:
            rows.append(values)
    return {"count": count, "sha256": digest.hexdigest()} | ({"rows": rows} if keep_rows else {})


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--digest", action="store_true")
    parser.add_argument("--exact", action="store_true")
    parser.add_argument("url")
    arguments = parser.parse_args()
    database = opened(arguments.url)
    tables = {
        table: read(database, table, not arguments.digest, arguments.exact) for table in database.tables()
    }
    result = {"tables": tables} | ({"schema": database.schema()} if arguments.exact else {})
    json.dump(result, sys.stdout, ensure_ascii=False, sort_keys=True)


main()
