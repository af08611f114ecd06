package clients;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.DoubleBinaryOperator;

/** The rows that the tests store and the answers a search must give: the same as in ../python/exact.py. */
final class Exact {
    static final int DIMS = 16;
    static final int ROWS = 500;
    static final int CATEGORIES = 5;
    static final int LIMIT = 10;
    static final int QUERIES = 10;

    record Neighbor(int id, double distance) {}

    private Exact() {}

    static float[][] vectors(long seed, int count) {
        var rows = new float[count][DIMS];
        for (var row : rows) {
            for (int i = 0; i < DIMS; i++) {
                seed = seed * 48271 % 2147483647;
                row[i] = (seed % 513 - 256) / 256f;
            }
        }
        return rows;
    }

    /** What a column of the type keeps of the numbers: a sparse vector the large ones, a bit string the signs. */
    static float[] asStored(String type, float[] values) {
        var stored = values.clone();
        for (int i = 0; i < stored.length; i++) {
            if (type.equals("bit")) {
                stored[i] = values[i] > 0 ? 1 : 0;
            } else if (type.equals("sparsevec") && Math.abs(values[i]) <= .5) {
                stored[i] = 0;
            }
        }
        return stored;
    }

    private static double sum(float[] a, float[] b, DoubleBinaryOperator term) {
        double total = 0;
        for (int i = 0; i < a.length; i++) {
            total += term.applyAsDouble(a[i], b[i]);
        }
        return total;
    }

    private static double dot(float[] a, float[] b) {
        return sum(a, b, (x, y) -> x * y);
    }

    /** Of bit strings, whose elements are 0 and 1, the maximum is "or" and the product is "and". */
    static double distance(String operator, float[] a, float[] b) {
        return switch (operator) {
            case "<->" -> Math.sqrt(sum(a, b, (x, y) -> (x - y) * (x - y)));
            case "<#>" -> -dot(a, b);
            case "<=>" -> 1 - dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
            case "<+>", "<~>" -> sum(a, b, (x, y) -> Math.abs(x - y));
            case "<%>" -> 1 - dot(a, b) / Math.max(sum(a, b, Math::max), 1);
            default -> throw new IllegalArgumentException(operator);
        };
    }

    /**
     * The share of an answer that belongs to the nearest of the rows. That as many came as there are, in order and with
     * their true distances, is required of any answer.
     */
    static double recall(List<Neighbor> answer, Map<Integer, float[]> rows, float[] query, String operator) {
        var truth = rows.values().stream().mapToDouble(row -> distance(operator, row, query)).sorted().limit(LIMIT).toArray();
        assertEquals(truth.length, answer.size());
        var seen = new HashSet<Integer>();
        double last = Double.NEGATIVE_INFINITY;
        int found = 0;
        for (var neighbor : answer) {
            assertTrue(rows.containsKey(neighbor.id) && seen.add(neighbor.id), "deleted, excluded, or found twice");
            double exactly = distance(operator, rows.get(neighbor.id), query);
            assertEquals(exactly, neighbor.distance, 1e-4);
            assertTrue(exactly >= last - 1e-5, exactly + " after " + last);
            last = exactly;
            // By distance and not by id: equal distances may come in any order.
            found += exactly <= truth[truth.length - 1] + 1e-5 ? 1 : 0;
        }
        return (double) found / truth.length;
    }
}
