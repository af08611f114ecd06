"""What both frameworks need: a database to ask what they did in it."""
import time

import psycopg2
import pytest


@pytest.fixture(scope="session")
def ask():
    connection = psycopg2.connect("")
    connection.autocommit = True

    def query(sql):
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []
    yield query
    connection.close()


@pytest.fixture(name="index_was_used")
def wait_for_index_scans(ask):
    """Whether any index of the method on the table was read. A session's counts show only some time after it ended."""
    def used(table, method="hnsw"):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            scans = ask(f"""SELECT sum(idx_scan) FROM pg_stat_user_indexes s JOIN pg_class c ON c.oid = indexrelid
                JOIN pg_am a ON a.oid = relam WHERE amname = '{method}' AND s.relname = '{table}'""")[0][0]
            if scans:
                return True
            time.sleep(.1)
        return False
    return used
