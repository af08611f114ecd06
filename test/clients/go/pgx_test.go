package clients

// pgx with the types of pgvector-go, in binary (the extended protocol) and in text (the simple one). Connects as the
// environment says.

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/pgvector/pgvector-go"
	pgxvector "github.com/pgvector/pgvector-go/pgx"
)

var background = context.Background()

type search struct{ typeName, method, opclass, operator string }

func searches() []search {
	metrics := [][2]string{{"l2", "<->"}, {"ip", "<#>"}, {"cosine", "<=>"}, {"l1", "<+>"}}
	var all []search
	add := func(typeName, method string, metrics [][2]string) {
		for _, metric := range metrics {
			all = append(all, search{typeName, method, typeName + "_" + metric[0] + "_ops", metric[1]})
		}
	}
	for _, typeName := range []string{"vector", "halfvec", "sparsevec"} {
		add(typeName, "hnsw", metrics)
	}
	add("bit", "hnsw", [][2]string{{"hamming", "<~>"}, {"jaccard", "<%>"}})
	add("vector", "ivfflat", metrics[:3])
	add("halfvec", "ivfflat", metrics[:3])
	add("bit", "ivfflat", [][2]string{{"hamming", "<~>"}})
	return all
}

var modes = map[string]pgx.QueryExecMode{
	"binary": pgx.QueryExecModeDescribeExec, // asks for the types anew each time: the tests change those of one table
	"text":   pgx.QueryExecModeSimpleProtocol,
}

// Runs a test in each mode.
func inEachMode(t *testing.T, body func(t *testing.T, c *client)) {
	for name, mode := range modes {
		t.Run(name, func(t *testing.T) {
			config, err := pgx.ParseConfig("")
			if err != nil {
				t.Fatal(err)
			}
			config.DefaultQueryExecMode = mode
			conn, err := pgx.ConnectConfig(background, config)
			if err != nil {
				t.Fatal(err)
			}
			c := &client{t, conn}
			defer conn.Close(background)
			c.exec("CREATE EXTENSION IF NOT EXISTS vector")
			if err := pgxvector.RegisterTypes(background, conn); err != nil {
				t.Fatal(err)
			}
			body(t, c)
		})
	}
}

type client struct {
	*testing.T
	conn *pgx.Conn
}

func (c *client) exec(sql string, arguments ...any) {
	c.Helper()
	if _, err := c.conn.Exec(background, sql, arguments...); err != nil {
		c.Fatalf("%s: %v", sql, err)
	}
}

func (c *client) queryRow(sql string, arguments []any, into ...any) {
	c.Helper()
	if err := c.conn.QueryRow(background, sql, arguments...).Scan(into...); err != nil {
		c.Fatalf("%s: %v", sql, err)
	}
}

func (c *client) createTable(typeName string) {
	c.exec("DROP TABLE IF EXISTS item")
	c.exec(fmt.Sprintf("CREATE TABLE item (id integer PRIMARY KEY, category integer, embedding %s(%d))", typeName, dims))
}

func parameter(typeName string, values []float32) any {
	switch typeName {
	case "vector":
		return pgvector.NewVector(values)
	case "halfvec":
		return pgvector.NewHalfVector(values)
	case "sparsevec":
		return pgvector.NewSparseVector(values)
	}
	bits := pgtype.Bits{Bytes: make([]byte, (len(values)+7)/8), Len: int32(len(values)), Valid: true}
	for i, value := range values {
		if value != 0 {
			bits.Bytes[i/8] |= 128 >> (i % 8)
		}
	}
	return bits
}

// Stores rows, by COPY or by INSERT, and returns them.
func (c *client) fill(typeName string, seed, first, count int, copied bool) map[int32][]float32 {
	rows := map[int32][]float32{}
	var records [][]any
	for i, values := range vectors(seed, count) {
		id := int32(first + i)
		rows[id] = asStored(typeName, values)
		records = append(records, []any{id, id % categories, parameter(typeName, rows[id])})
	}
	if copied {
		columns := []string{"id", "category", "embedding"}
		if _, err := c.conn.CopyFrom(background, pgx.Identifier{"item"}, columns, pgx.CopyFromRows(records)); err != nil {
			c.Fatal(err)
		}
		return rows
	}
	for _, record := range records {
		c.exec("INSERT INTO item VALUES ($1, $2, $3)", record...)
	}
	return rows
}

func nearest(operator, condition string) string {
	return fmt.Sprintf("SELECT id, embedding %s $1 AS distance FROM item %s ORDER BY embedding %s $1 LIMIT %d",
		operator, condition, operator, limit)
}

func (c *client) find(sql string, arguments ...any) []neighbor {
	c.Helper()
	rows, err := c.conn.Query(background, sql, arguments...)
	if err != nil {
		c.Fatal(err)
	}
	answer, err := pgx.CollectRows(rows, pgx.RowToStructByPos[neighbor])
	if err != nil {
		c.Fatal(err)
	}
	return answer
}

// Of plain and of filtered searches.
func (c *client) requireRecall(s search, rows map[int32][]float32, least float64) {
	c.Helper()
	total := 0.0
	for number, values := range vectors(7, queryCount) {
		query := asStored(s.typeName, values)
		argument := parameter(s.typeName, query)
		total += recall(c.T, c.find(nearest(s.operator, ""), argument), rows, query, s.operator)
		category := int32(number % categories)
		chosen := map[int32][]float32{}
		for id, vector := range rows {
			if id%categories == category {
				chosen[id] = vector
			}
		}
		answer := c.find(nearest(s.operator, "WHERE category = $2"), argument, category)
		total += recall(c.T, answer, chosen, query, s.operator)
	}
	if mean := total / (2 * queryCount); mean < least {
		c.Fatalf("recall %v", mean)
	}
}

func (c *client) requireIndex(s search, argument any) {
	c.Helper()
	rows, err := c.conn.Query(background, "EXPLAIN "+nearest(s.operator, ""), argument)
	if err != nil {
		c.Fatal(err)
	}
	plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || !strings.Contains(strings.Join(plan, "\n"), "Index Scan using item_idx") {
		c.Fatal(plan, err)
	}
}

func TestSearch(t *testing.T) {
	inEachMode(t, func(t *testing.T, c *client) {
		for _, s := range searches() {
			t.Run(s.method+" "+s.opclass, func(t *testing.T) { searchAndChange(&client{t, c.conn}, s) })
		}
	})
}

func searchAndChange(c *client, s search) {
	c.createTable(s.typeName)
	rows := c.fill(s.typeName, 1, 1, rowCount, true)
	c.requireRecall(s, rows, 1) // no index yet

	options := ""
	if s.method == "ivfflat" {
		options = " WITH (lists = 8)"
		c.exec("SET ivfflat.probes = 8")
	}
	c.exec(fmt.Sprintf("CREATE INDEX item_idx ON item USING %s (embedding %s)%s", s.method, s.opclass, options))
	c.requireIndex(s, parameter(s.typeName, rows[1]))
	c.requireRecall(s, rows, .95)

	moved := vectors(3, rowCount)
	batch := &pgx.Batch{}
	for id := int32(1); id <= rowCount; id += 7 {
		rows[id] = asStored(s.typeName, moved[id-1])
		batch.Queue("UPDATE item SET embedding = $2 WHERE id = $1", id, parameter(s.typeName, rows[id]))
	}
	if err := c.conn.SendBatch(background, batch).Close(); err != nil {
		c.Fatal(err)
	}
	c.exec("DELETE FROM item WHERE id % 3 = 0")
	for id := range rows {
		if id%3 == 0 {
			delete(rows, id)
		}
	}
	for id, values := range c.fill(s.typeName, 5, rowCount+1, 50, false) {
		rows[id] = values
	}
	c.requireRecall(s, rows, .95)
	c.exec("VACUUM item")
	c.requireRecall(s, rows, .95)
	c.exec("DROP INDEX item_idx")
	c.requireRecall(s, rows, 1)
}

func TestRoundTrip(t *testing.T) {
	inEachMode(t, func(t *testing.T, c *client) {
		values := []float32{.1, float32(math.Copysign(0, -1)), 1. / 3, 1.1754944e-38, 1e-45, -math.MaxFloat32, 16777217}
		var vector pgvector.Vector
		var null *pgvector.Vector
		c.queryRow("SELECT $1::vector, NULL::vector", []any{pgvector.NewVector(values)}, &vector, &null)
		requireSame(t, vector.Slice(), values)
		if null != nil {
			t.Fatal("NULL is a vector")
		}

		halves := []float32{.5, float32(math.Copysign(0, -1)), 5.9604645e-08, -65504, 2048, .33325195}
		var half pgvector.HalfVector
		c.queryRow("SELECT $1::halfvec", []any{pgvector.NewHalfVector(halves)}, &half)
		requireSame(t, half.Slice(), halves)

		elements := map[int32]float32{0: 1.5, 999999999: -2}
		var sparse pgvector.SparseVector
		c.queryRow("SELECT $1::sparsevec", []any{pgvector.NewSparseVectorFromMap(elements, 1000000000)}, &sparse)
		if fmt.Sprint(sparse.Dimensions(), sparse.Indices(), sparse.Values()) != "1000000000 [0 999999999] [1.5 -2]" {
			t.Fatal(sparse)
		}

		var array []pgvector.Vector
		c.queryRow("SELECT ARRAY[$1::vector, $2::vector]",
			[]any{pgvector.NewVector([]float32{1, 2}), pgvector.NewVector([]float32{3, 4})}, &array)
		if fmt.Sprint(array[0].Slice(), array[1].Slice()) != "[1 2] [3 4]" {
			t.Fatal(array)
		}
	})
}

// Equal in every bit, the sign of a zero too.
func requireSame(t *testing.T, found, expected []float32) {
	t.Helper()
	for i := range expected {
		if math.Float32bits(found[i]) != math.Float32bits(expected[i]) {
			t.Fatalf("%v, expected %v", found, expected)
		}
	}
}

func TestAggregates(t *testing.T) {
	inEachMode(t, func(t *testing.T, c *client) {
		c.createTable("vector")
		rows := c.fill("vector", 1, 1, rowCount, false)
		var average, total pgvector.Vector
		c.queryRow("SELECT avg(embedding), sum(embedding) FROM item", nil, &average, &total)
		for i := range dims {
			exactly := 0.0
			for _, values := range rows {
				exactly += float64(values[i])
			}
			if math.Abs(float64(total.Slice()[i])-exactly) > 1e-3 ||
				math.Abs(float64(average.Slice()[i])-exactly/rowCount) > 1e-5 {
				t.Fatal(average, total, exactly)
			}
		}
	})
}

func TestErrors(t *testing.T) {
	inEachMode(t, func(t *testing.T, c *client) {
		c.createTable("vector")
		short := pgvector.NewVector([]float32{1, 2, 3})
		for sql, expected := range map[string]string{
			"INSERT INTO item VALUES (1, 1, $1)": "expected 16 dimensions, not 3",
			"SELECT $1::vector <-> '[1,2]'":      "different vector dimensions 3 and 2",
		} {
			var server *pgconn.PgError
			_, err := c.conn.Exec(background, sql, short)
			if !errors.As(err, &server) || server.Code != "22000" || server.Message != expected {
				t.Fatal(err)
			}
		}
	})
}

func TestSettingOfOneTransaction(t *testing.T) {
	inEachMode(t, func(t *testing.T, c *client) {
		c.createTable("vector")
		rows := c.fill("vector", 1, 1, rowCount, true)
		c.exec("CREATE INDEX ON item USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 40)")
		c.exec("BEGIN")
		c.exec("SET LOCAL hnsw.ef_search = 200")
		c.exec("SET LOCAL hnsw.iterative_scan = strict_order")
		c.requireRecall(search{"vector", "hnsw", "vector_l2_ops", "<->"}, rows, 1)
		c.exec("COMMIT")
	})
}
