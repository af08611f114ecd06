"""The extension, as an application's first migration makes it, before any test connects."""
import psycopg
import pytest


@pytest.fixture(scope="session", autouse=True)
def extension():
    with psycopg.connect(autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
