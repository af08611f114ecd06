package clients;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The truth itself, by hand; and the test by which run.sh has Maven fetch all that tests need, before any server. */
class ExactTest {
    @Test
    void distances() {
        float[] a = {3, 0, 1}, b = {0, 4, 1};
        assertEquals(5, Exact.distance("<->", a, b));
        assertEquals(-1, Exact.distance("<#>", a, b));
        assertEquals(1 - 1 / Math.sqrt(170), Exact.distance("<=>", a, b), 1e-12);
        assertEquals(7, Exact.distance("<+>", a, b));
        float[] c = {1, 0, 1, 0}, d = {1, 1, 0, 0};
        assertEquals(2, Exact.distance("<~>", c, d));
        assertEquals(2 / 3.0, Exact.distance("<%>", c, d), 1e-12);
    }

    @Test
    void recallOfAnExactAnswer() {
        var rows = Map.of(1, new float[] {0}, 2, new float[] {2}, 3, new float[] {1});
        var answer = List.of(new Exact.Neighbor(1, 0), new Exact.Neighbor(3, 1), new Exact.Neighbor(2, 2));
        assertEquals(1, Exact.recall(answer, rows, new float[] {0}, "<->"));
    }
}
