-- A point search whose query vector lies in the server; -D queries=, k=
\set q random(0, :queries - 1)
SELECT id FROM item ORDER BY v <-> (SELECT v FROM query WHERE id = :q) LIMIT :k;
