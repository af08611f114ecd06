"""One face for the drivers whose SQL is written by hand, so that the same tests run through each: `run` takes SQL
with $1, $2, …, `encode` and `decode` change between numpy arrays and what the driver wants for a type."""
import asyncio
import re

import asyncpg
import numpy
import pgvector
import pgvector.asyncpg
import pgvector.psycopg
import psycopg

CLASSES = {"vector": pgvector.Vector, "halfvec": pgvector.HalfVector, "sparsevec": pgvector.SparseVector,
           "bit": pgvector.Bit}


def decoded(value):
    return numpy.asarray(value.to_numpy() if hasattr(value, "to_numpy") else value)


class Psycopg:
    """psycopg 3, all parameters and results in one form: "t" for text, "b" for binary."""

    def __init__(self, form):
        self.form = form
        self.connection = psycopg.connect(autocommit=True)
        pgvector.psycopg.register_vector(self.connection)

    def run(self, sql, *parameters):
        return self._execute(sql, [dict(zip(map(str, range(1, 10)), parameters))])

    def run_many(self, sql, rows):
        with self.connection.transaction():
            self._execute(sql, [dict(zip(map(str, range(1, 10)), row)) for row in rows])

    def _execute(self, sql, parameters):
        sql = re.sub(r"\$(\d)", rf"%(\1){self.form}", sql.replace("%", "%%"))
        with self.connection.cursor(binary=self.form == "b") as cursor:
            if len(parameters) > 1:
                cursor.executemany(sql, parameters)
            else:
                cursor.execute(sql, parameters[0])
            return cursor.fetchall() if cursor.description else []

    @staticmethod
    def encode(type_name, values):
        return CLASSES[type_name](values)

    @staticmethod
    def decode(type_name, value):
        if type_name == "bit":
            value = pgvector.Bit.from_binary(value) if isinstance(value, bytes) else pgvector.Bit.from_text(value)
        return decoded(value)

    def copy_in(self, table, type_name, rows):
        with self.connection.cursor() as cursor, cursor.copy(
                f"COPY {table} (id, category, embedding) FROM STDIN"
                + (" WITH (FORMAT BINARY)" if self.form == "b" else "")) as copy:
            copy.set_types(["int4", "int4", type_name])
            for row in rows:
                copy.write_row(row)

    def sqlstate(self, sql, *parameters):
        try:
            self.run(sql, *parameters)
        except psycopg.Error as error:
            return error.sqlstate, error.diag.message_primary
        return None

    def close(self):
        self.connection.close()


class Asyncpg:
    """asyncpg, which speaks binary alone."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.connection = self._wait(asyncpg.connect())
        self._wait(pgvector.asyncpg.register_vector(self.connection))

    def _wait(self, awaitable):
        return self.loop.run_until_complete(awaitable)

    def run(self, sql, *parameters):
        return [tuple(row) for row in self._wait(self.connection.fetch(sql, *parameters))]

    def run_many(self, sql, rows):
        self._wait(self.connection.executemany(sql, rows))

    @staticmethod
    def encode(type_name, values):
        if type_name == "bit":
            return asyncpg.BitString("".join("1" if value else "0" for value in values))
        return CLASSES[type_name](values)

    @staticmethod
    def decode(type_name, value):
        if type_name == "bit":
            return numpy.array([digit == "1" for digit in value.as_string().replace(" ", "")])
        return decoded(value)

    def copy_in(self, table, _type_name, rows):
        self._wait(self.connection.copy_records_to_table(
            table, columns=["id", "category", "embedding"], records=rows))

    def sqlstate(self, sql, *parameters):
        try:
            self.run(sql, *parameters)
        except asyncpg.PostgresError as error:
            return error.sqlstate, error.message
        return None

    def close(self):
        self._wait(self.connection.close())
        self.loop.close()


CLIENTS = {"psycopg-text": lambda: Psycopg("t"), "psycopg-binary": lambda: Psycopg("b"), "asyncpg": Asyncpg}
