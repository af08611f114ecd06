// node-postgres with the types of pgvector for Node, which speak the text form. Connects as the environment says.
const assert = require('node:assert');
const { after, before, describe, test } = require('node:test');
const pg = require('pg');
const pgvector = require('pgvector/pg');
const { SparseVector, toSql } = require('pgvector');
const { DIMS, ROWS, CATEGORIES, K, QUERIES, vectors, asStored, recall } = require('./exact');

const dense = [['l2', '<->'], ['ip', '<#>'], ['cosine', '<=>'], ['l1', '<+>']];
const bits = [['hamming', '<~>'], ['jaccard', '<%>']];
const classes = (type, method, metrics) => metrics.map(([metric, operator]) =>
    ({ type, method, operator, opclass: `${type}_${metric}_ops` }));
const searches = [
    ...['vector', 'halfvec', 'sparsevec'].flatMap((type) => classes(type, 'hnsw', dense)),
    ...classes('bit', 'hnsw', bits),
    ...['vector', 'halfvec'].flatMap((type) => classes(type, 'ivfflat', dense.slice(0, 3))),
    ...classes('bit', 'ivfflat', bits.slice(0, 1)),
];

let client;
before(async () => {
    client = new pg.Client();
    await client.connect();
    await client.query('CREATE EXTENSION IF NOT EXISTS vector');
    await pgvector.registerTypes(client);
});
after(() => client.end());

function toParameter(type, values) {
    if (type === 'bit') return values.join('');
    return toSql(type === 'sparsevec' ? new SparseVector(values) : values);
}

async function createTable(type) {
    await client.query('DROP TABLE IF EXISTS item');
    await client.query(`CREATE TABLE item (id integer PRIMARY KEY, category integer, embedding ${type}(${DIMS}))`);
}

// Stores rows and returns them, as a Map of id and vector.
async function fill(type, seed = 1, first = 1, count = ROWS) {
    const rows = new Map(vectors(seed, count).map((values, i) => [first + i, asStored(type, values)]));
    await client.query('BEGIN');
    for (const [id, values] of rows) {
        await client.query({
            name: `insert ${type}`, // prepared
            text: 'INSERT INTO item VALUES ($1, $2, $3)',
            values: [id, id % CATEGORIES, toParameter(type, values)],
        });
    }
    await client.query('COMMIT');
    return rows;
}

const nearest = (operator, condition = '') =>
    `SELECT id, embedding ${operator} $1 AS distance FROM item ${condition} ORDER BY embedding ${operator} $1 LIMIT ${K}`;

// Of plain and of filtered searches.
async function meanRecall({ type, operator }, rows) {
    let total = 0;
    for (const [number, values] of vectors(7, QUERIES).entries()) {
        const query = asStored(type, values), category = number % CATEGORIES;
        const chosen = new Map([...rows].filter(([id]) => id % CATEGORIES === category));
        let answer = await client.query(nearest(operator), [toParameter(type, query)]);
        total += recall(answer.rows, rows, query, operator);
        answer = await client.query(nearest(operator, 'WHERE category = $2'), [toParameter(type, query), category]);
        total += recall(answer.rows, chosen, query, operator);
    }
    return total / (2 * QUERIES);
}

describe('search', () => {
    for (const search of searches) {
        test(`${search.method} ${search.opclass}`, async () => {
            const { type, method, opclass, operator } = search;
            await createTable(type);
            const rows = await fill(type);
            assert.strictEqual(await meanRecall(search, rows), 1); // no index yet

            await client.query(`CREATE INDEX item_idx ON item USING ${method} (embedding ${opclass})` +
                (method === 'hnsw' ? '' : ' WITH (lists = 8)'));
            if (method === 'ivfflat') await client.query('SET ivfflat.probes = 8');
            const plan = await client.query(`EXPLAIN ${nearest(operator)}`, [toParameter(type, rows.get(1))]);
            assert.match(plan.rows.map((row) => row['QUERY PLAN']).join('\n'), /Index Scan using item_idx/);
            assert.ok(await meanRecall(search, rows) > 0.95);

            const moved = vectors(3, ROWS);
            for (let id = 1; id <= ROWS; id += 7) {
                rows.set(id, asStored(type, moved[id - 1]));
                await client.query('UPDATE item SET embedding = $2 WHERE id = $1', [id, toParameter(type, rows.get(id))]);
            }
            const deleted = await client.query('DELETE FROM item WHERE id % 3 = 0 RETURNING id');
            deleted.rows.forEach((row) => rows.delete(row.id));
            (await fill(type, 5, ROWS + 1, 50)).forEach((values, id) => rows.set(id, values));
            assert.ok(await meanRecall(search, rows) > 0.95);
            await client.query('VACUUM item');
            assert.ok(await meanRecall(search, rows) > 0.95);
            await client.query('DROP INDEX item_idx');
            assert.strictEqual(await meanRecall(search, rows), 1);
        });
    }
});

describe('types', () => {
    // The client itself writes -0 as 0.
    const edges = {
        vector: [0.1, 1 / 3, 1.1754944e-38, 1e-45, -3.4028235e38, 16777217, 1e-7].map(Math.fround),
        halfvec: [0.5, 0.333251953125, 6.103515625e-5, 5.960464477539063e-8, -65504, 2048],
    };
    for (const [type, values] of Object.entries(edges)) {
        test(`every bit of a ${type} survives`, async () => {
            const { rows } = await client.query(`SELECT $1::${type} AS value, NULL::${type} AS nothing`, [toSql(values)]);
            assert.strictEqual(rows[0].nothing, null);
            if (type === 'vector') assert.deepStrictEqual(rows[0].value.map(Math.fround), values);
            // A half is printed as short as reads back, which is another double.
            const back = await client.query(`SELECT $1::${type}::real[] AS value`, [toSql(rows[0].value)]);
            assert.deepStrictEqual(back.rows[0].value.map(Math.fround), values);
        });
    }

    test('sparsevec', async () => {
        const value = new SparseVector(new Map([[0, 1.5], [999_999_999, -2]]), 1_000_000_000);
        const { rows } = await client.query('SELECT $1::sparsevec AS value', [toSql(value)]);
        assert.deepStrictEqual([rows[0].value.dimensions, rows[0].value.indices, rows[0].value.values],
            [1_000_000_000, [0, 999_999_999], [1.5, -2]]);
    });

    test('aggregates', async () => {
        await createTable('vector');
        const stored = [...(await fill('vector')).values()];
        const { rows } = await client.query('SELECT avg(embedding), sum(embedding) FROM item');
        for (let i = 0; i < DIMS; i++) {
            const total = stored.reduce((sum, values) => sum + values[i], 0);
            assert.ok(Math.abs(rows[0].sum[i] - total) < 1e-3);
            assert.ok(Math.abs(rows[0].avg[i] - total / ROWS) < 1e-5);
        }
    });

    test('errors', async () => {
        await createTable('vector');
        await assert.rejects(client.query('INSERT INTO item VALUES (1, 1, $1)', [toSql([1, 2, 3])]),
            { code: '22000', message: `expected ${DIMS} dimensions, not 3` });
        await assert.rejects(client.query("SELECT $1::vector <-> '[1,2]'", [toSql([1, 2, 3])]),
            { code: '22000', message: 'different vector dimensions 3 and 2' });
        await assert.rejects(client.query('SELECT $1::vector', ['x']), { code: '22P02' });
    });
});

test('a pool, a setting in a transaction', async () => {
    await createTable('vector');
    const rows = await fill('vector');
    await client.query('CREATE INDEX ON item USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 40)');
    const pool = new pg.Pool({ max: 4 });
    pool.on('connect', (connected) => pgvector.registerTypes(connected));
    const answers = await Promise.all(vectors(7, QUERIES).map(async (query) => {
        const connected = await pool.connect();
        try {
            await connected.query('BEGIN');
            await connected.query('SET LOCAL hnsw.ef_search = 200');
            const answer = await connected.query(nearest('<->'), [toSql(query)]);
            await connected.query('COMMIT');
            return recall(answer.rows, rows, query, '<->');
        } finally {
            connected.release();
        }
    }));
    await pool.end();
    assert.deepStrictEqual(answers, answers.map(() => 1));
});
