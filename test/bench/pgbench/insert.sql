-- Inserts a new vector that lies among the others: between two query vectors, at unit length; -D queries=
\set a random(0, :queries - 1)
\set b random(0, :queries - 1)
INSERT INTO item (id, v)
SELECT nextval('new_id'), l2_normalize(a.v + b.v) FROM query a, query b WHERE a.id = :a AND b.id = :b;
