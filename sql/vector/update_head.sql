-- complain if script is sourced in psql, rather than via ALTER EXTENSION
\echo Use "ALTER EXTENSION vector UPDATE" to load this file. \quit

-- From pgvector in place. Types, operators, casts and operator classes keep their identity and with it all that uses
-- them; every function goes on under its name with its code in vectordb's library; what pgvector lacks is added.

