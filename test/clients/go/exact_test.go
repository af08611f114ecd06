package clients

// The rows that the tests store and the answers a search must give: the same as in ../python/exact.py.

import (
	"math"
	"sort"
	"testing"
)

const (
	dims       = 16
	rowCount   = 500
	categories = 5
	limit      = 10
	queryCount = 10
)

func vectors(seed, count int) [][]float32 {
	rows := make([][]float32, count)
	for i := range rows {
		rows[i] = make([]float32, dims)
		for j := range rows[i] {
			seed = seed * 48271 % 2147483647
			rows[i][j] = float32(seed%513-256) / 256
		}
	}
	return rows
}

// What a column of the type keeps of the numbers: a sparse vector the large ones, a bit string the signs.
func asStored(typeName string, values []float32) []float32 {
	stored := make([]float32, len(values))
	for i, value := range values {
		switch {
		case typeName == "bit" && value > 0:
			stored[i] = 1
		case typeName == "bit" || typeName == "sparsevec" && math.Abs(float64(value)) <= .5:
			stored[i] = 0
		default:
			stored[i] = value
		}
	}
	return stored
}

func sum(a, b []float32, term func(x, y float64) float64) float64 {
	total := 0.0
	for i := range a {
		total += term(float64(a[i]), float64(b[i]))
	}
	return total
}

func dot(a, b []float32) float64 { return sum(a, b, func(x, y float64) float64 { return x * y }) }

// Of bit strings, whose elements are 0 and 1, the maximum is "or" and the product is "and".
var distances = map[string]func(a, b []float32) float64{
	"<->": func(a, b []float32) float64 {
		return math.Sqrt(sum(a, b, func(x, y float64) float64 { return (x - y) * (x - y) }))
	},
	"<#>": func(a, b []float32) float64 { return -dot(a, b) },
	"<=>": func(a, b []float32) float64 { return 1 - dot(a, b)/math.Sqrt(dot(a, a)*dot(b, b)) },
	"<+>": func(a, b []float32) float64 { return sum(a, b, func(x, y float64) float64 { return math.Abs(x - y) }) },
	"<~>": func(a, b []float32) float64 { return sum(a, b, func(x, y float64) float64 { return math.Abs(x - y) }) },
	"<%>": func(a, b []float32) float64 { return 1 - dot(a, b)/math.Max(sum(a, b, math.Max), 1) },
}

type neighbor struct {
	ID       int32
	Distance float64
}

// The share of an answer that belongs to the nearest of the rows. That as many came as there are, in order and with
// their true distances, is required of any answer.
func recall(t *testing.T, answer []neighbor, rows map[int32][]float32, query []float32, operator string) float64 {
	t.Helper()
	var truth []float64
	for _, vector := range rows {
		truth = append(truth, distances[operator](vector, query))
	}
	sort.Float64s(truth)
	truth = truth[:min(limit, len(truth))]
	if len(answer) != len(truth) {
		t.Fatalf("%d rows, expected %d", len(answer), len(truth))
	}
	found, last := 0, math.Inf(-1)
	seen := map[int32]bool{}
	for _, row := range answer {
		vector, stored := rows[row.ID]
		if !stored || seen[row.ID] {
			t.Fatalf("row %d is deleted, excluded, or found twice", row.ID)
		}
		seen[row.ID] = true
		distance := distances[operator](vector, query)
		if math.Abs(distance-row.Distance) > 1e-4 {
			t.Fatalf("distance %v, exactly %v", row.Distance, distance)
		}
		if distance < last-1e-5 {
			t.Fatalf("%v after %v", distance, last)
		}
		last = distance
		if distance <= truth[len(truth)-1]+1e-5 { // by distance: equal ones may come in any order
			found++
		}
	}
	return float64(found) / float64(len(truth))
}
