package clients;

import static clients.Exact.CATEGORIES;
import static clients.Exact.DIMS;
import static clients.Exact.LIMIT;
import static clients.Exact.QUERIES;
import static clients.Exact.ROWS;
import static clients.Exact.asStored;
import static clients.Exact.recall;
import static clients.Exact.vectors;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.pgvector.PGbit;
import com.pgvector.PGhalfvec;
import com.pgvector.PGsparsevec;
import com.pgvector.PGvector;
import java.io.StringReader;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.postgresql.PGConnection;
import org.postgresql.PGResultSetMetaData;
import org.postgresql.core.Field;
import org.postgresql.util.PGobject;

/** The JDBC driver with the types of com.pgvector, in text and in binary. Connects as libpq's environment says. */
class JdbcTest {
    enum Form { TEXT, BINARY }

    record Search(String type, String method, String metric, String operator) {
        String opclass() {
            return type + "_" + metric + "_ops";
        }

        String nearest(String condition) {
            return "SELECT id, embedding %1$s ? FROM item %2$s ORDER BY embedding %1$s ? LIMIT %3$d"
                .formatted(operator, condition, LIMIT);
        }
    }

    static final Map<Form, Connection> CONNECTIONS = new HashMap<>();

    @BeforeAll
    static void connect() throws SQLException {
        try (var first = open(Map.of()); var statement = first.createStatement()) {
            statement.execute("CREATE EXTENSION IF NOT EXISTS vector");
            CONNECTIONS.put(Form.TEXT, open(Map.of("binaryTransfer", "false")));
            // The driver wants to be told which types may travel in binary, and -1 has it use that from the first time.
            var oids = new ArrayList<String>();
            try (var result = statement.executeQuery(
                    "SELECT oid FROM pg_type WHERE typname IN ('vector', 'sparsevec', 'bit')")) {
                while (result.next()) {
                    oids.add(result.getString(1));
                }
            }
            CONNECTIONS.put(Form.BINARY,
                open(Map.of("binaryTransferEnable", String.join(",", oids), "prepareThreshold", "-1")));
        }
    }

    static Connection open(Map<String, String> more) throws SQLException {
        var environment = System.getenv();
        var properties = new Properties();
        properties.put("user", environment.get("PGUSER"));
        properties.put("sslMode", "disable");
        properties.put("socketFactory", "org.newsclub.net.unix.AFUNIXSocketFactory$FactoryArg");
        properties.put("socketFactoryArg", environment.get("PGHOST") + "/.s.PGSQL." + environment.get("PGPORT"));
        properties.putAll(more);
        var connection = DriverManager.getConnection("jdbc:postgresql://localhost/" + environment.get("PGDATABASE"), properties);
        try (var statement = connection.createStatement();
                var result = statement.executeQuery("SELECT to_regtype('vector') IS NOT NULL")) {
            result.next();
            if (result.getBoolean(1)) {
                PGvector.registerTypes(connection);
            }
        }
        return connection;
    }

    @AfterAll
    static void disconnect() throws SQLException {
        for (var connection : CONNECTIONS.values()) {
            connection.close();
        }
    }

    static Stream<Arguments> searches() {
        var operators = Map.of("l2", "<->", "ip", "<#>", "cosine", "<=>", "l1", "<+>", "hamming", "<~>", "jaccard", "<%>");
        var all = new ArrayList<Search>();
        for (var type : List.of("vector", "halfvec", "sparsevec")) {
            for (var metric : List.of("l2", "ip", "cosine", "l1")) {
                all.add(new Search(type, "hnsw", metric, operators.get(metric)));
                if (!type.equals("sparsevec") && !metric.equals("l1")) {
                    all.add(new Search(type, "ivfflat", metric, operators.get(metric)));
                }
            }
        }
        all.add(new Search("bit", "hnsw", "hamming", "<~>"));
        all.add(new Search("bit", "hnsw", "jaccard", "<%>"));
        all.add(new Search("bit", "ivfflat", "hamming", "<~>"));
        return Stream.of(Form.values()).flatMap(form -> all.stream().map(search -> Arguments.of(form, search)));
    }

    static PGobject parameter(String type, float[] values) {
        return switch (type) {
            case "vector" -> new PGvector(values);
            case "halfvec" -> new PGhalfvec(values);
            case "sparsevec" -> new PGsparsevec(values);
            default -> {
                var bits = new boolean[values.length];
                for (int i = 0; i < bits.length; i++) {
                    bits[i] = values[i] != 0;
                }
                yield new PGbit(bits);
            }
        };
    }

    static void execute(Connection connection, String sql, Object... parameters) throws SQLException {
        try (var statement = prepare(connection, sql, parameters)) {
            statement.execute();
        }
    }

    static PreparedStatement prepare(Connection connection, String sql, Object... parameters) throws SQLException {
        var statement = connection.prepareStatement(sql);
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
        return statement;
    }

    static void createTable(Connection connection, String type) throws SQLException {
        execute(connection, "DROP TABLE IF EXISTS item");
        execute(connection, "CREATE TABLE item (id integer PRIMARY KEY, category integer, embedding %s(%d))".formatted(type, DIMS));
    }

    /** Stores rows in one batch and returns them. */
    static Map<Integer, float[]> fill(Connection connection, String type, int seed, int first, int count) throws SQLException {
        var rows = new HashMap<Integer, float[]>();
        try (var insert = connection.prepareStatement("INSERT INTO item VALUES (?, ?, ?)")) {
            var generated = vectors(seed, count);
            for (int i = 0; i < count; i++) {
                int id = first + i;
                rows.put(id, asStored(type, generated[i]));
                insert.setInt(1, id);
                insert.setInt(2, id % CATEGORIES);
                insert.setObject(3, parameter(type, rows.get(id)));
                insert.addBatch();
            }
            insert.executeBatch();
        }
        return rows;
    }

    static List<Exact.Neighbor> find(PreparedStatement statement) throws SQLException {
        var answer = new ArrayList<Exact.Neighbor>();
        try (statement; var result = statement.executeQuery()) {
            while (result.next()) {
                answer.add(new Exact.Neighbor(result.getInt(1), result.getDouble(2)));
            }
        }
        return answer;
    }

    /** Of plain and of filtered searches. */
    static double meanRecall(Connection connection, Search search, Map<Integer, float[]> rows) throws SQLException {
        double total = 0;
        for (int number = 0; number < QUERIES; number++) {
            var query = asStored(search.type, vectors(7, QUERIES)[number]);
            var parameter = parameter(search.type, query);
            total += recall(find(prepare(connection, search.nearest(""), parameter, parameter)), rows, query, search.operator);
            int category = number % CATEGORIES;
            var chosen = new HashMap<>(rows);
            chosen.keySet().removeIf(id -> id % CATEGORIES != category);
            var filtered = prepare(connection, search.nearest("WHERE category = ?"), parameter, category, parameter);
            total += recall(find(filtered), chosen, query, search.operator);
        }
        return total / (2 * QUERIES);
    }

    static void requireIndex(Connection connection, Search search, PGobject parameter) throws SQLException {
        var plan = new StringBuilder();
        try (var statement = prepare(connection, "EXPLAIN " + search.nearest(""), parameter, parameter);
                var result = statement.executeQuery()) {
            while (result.next()) {
                plan.append(result.getString(1));
            }
        }
        assertTrue(plan.toString().contains("Index Scan using item_idx"), plan.toString());
    }

    @ParameterizedTest
    @MethodSource
    void searches(Form form, Search search) throws SQLException {
        var connection = CONNECTIONS.get(form);
        createTable(connection, search.type);
        var rows = fill(connection, search.type, 1, 1, ROWS);
        assertEquals(1, meanRecall(connection, search, rows)); // no index yet

        var options = search.method.equals("hnsw") ? "" : " WITH (lists = 8)";
        execute(connection, "CREATE INDEX item_idx ON item USING %s (embedding %s)%s".formatted(search.method, search.opclass(), options));
        if (search.method.equals("ivfflat")) {
            execute(connection, "SET ivfflat.probes = 8");
        }
        requireIndex(connection, search, parameter(search.type, rows.get(1)));
        assertTrue(meanRecall(connection, search, rows) > .95);

        var moved = vectors(3, ROWS);
        for (int id = 1; id <= ROWS; id += 7) {
            rows.put(id, asStored(search.type, moved[id - 1]));
            execute(connection, "UPDATE item SET embedding = ? WHERE id = ?", parameter(search.type, rows.get(id)), id);
        }
        execute(connection, "DELETE FROM item WHERE id % 3 = 0");
        rows.keySet().removeIf(id -> id % 3 == 0);
        rows.putAll(fill(connection, search.type, 5, ROWS + 1, 50));
        assertTrue(meanRecall(connection, search, rows) > .95);
        execute(connection, "VACUUM item");
        assertTrue(meanRecall(connection, search, rows) > .95);
        execute(connection, "DROP INDEX item_idx");
        assertEquals(1, meanRecall(connection, search, rows));
    }

    static PGobject roundTrip(Form form, PGobject value) throws SQLException {
        var sql = "SELECT ?::%1$s, NULL::%1$s".formatted(value.getType());
        try (var statement = prepare(CONNECTIONS.get(form), sql, value); var result = statement.executeQuery()) {
            // PGhalfvec alone has no binary form.
            boolean binary = form == Form.BINARY && !(value instanceof PGhalfvec);
            assertEquals(binary ? Field.BINARY_FORMAT : Field.TEXT_FORMAT,
                ((PGResultSetMetaData) result.getMetaData()).getFormat(1));
            result.next();
            assertNull(result.getObject(2));
            return (PGobject) result.getObject(1);
        }
    }

    @ParameterizedTest
    @EnumSource
    void everyBitSurvives(Form form) throws SQLException {
        var values = new float[] {.1f, -0f, 1f / 3, 1.1754944e-38f, 1e-45f, -3.4028235e38f, 16777217, 1e-7f};
        assertArrayEquals(values, ((PGvector) roundTrip(form, new PGvector(values))).toArray());
        var halves = new float[] {.5f, -0f, 5.9604645e-8f, -65504, 2048};
        var back = ((PGhalfvec) roundTrip(form, new PGhalfvec(halves))).toArray();
        assertArrayEquals(halves, back, 1e-10f); // the text is as short as reads back to the same half
        var elements = Map.of(0, 1.5f, 999_999_999, -2f);
        var sparse = (PGsparsevec) roundTrip(form, new PGsparsevec(elements, 1_000_000_000));
        assertEquals(1_000_000_000, sparse.getDimensions());
        assertArrayEquals(new int[] {0, 999_999_999}, sparse.getIndices());
        assertArrayEquals(new float[] {1.5f, -2}, sparse.getValues());
    }

    @ParameterizedTest
    @EnumSource
    void copyAndAggregate(Form form) throws Exception {
        var connection = CONNECTIONS.get(form);
        createTable(connection, "vector");
        var lines = new StringBuilder();
        var rows = vectors(1, ROWS);
        for (int id = 0; id < ROWS; id++) {
            lines.append(id).append("\t0\t").append(new PGvector(rows[id]).getValue()).append('\n');
        }
        var copy = connection.unwrap(PGConnection.class).getCopyAPI();
        assertEquals(ROWS, copy.copyIn("COPY item FROM STDIN", new StringReader(lines.toString())));
        try (var statement = prepare(connection, "SELECT avg(embedding), sum(embedding) FROM item");
                var result = statement.executeQuery()) {
            result.next();
            var average = ((PGvector) result.getObject(1)).toArray();
            var total = ((PGvector) result.getObject(2)).toArray();
            for (int i = 0; i < DIMS; i++) {
                double exactly = 0;
                for (var row : rows) {
                    exactly += row[i];
                }
                assertEquals(exactly, total[i], 1e-3);
                assertEquals(exactly / ROWS, average[i], 1e-5);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void errors(Form form) throws SQLException {
        var connection = CONNECTIONS.get(form);
        createTable(connection, "vector");
        var three = new PGvector(new float[] {1, 2, 3});
        var error = assertThrows(SQLException.class, () -> execute(connection, "INSERT INTO item VALUES (1, 1, ?)", three));
        assertEquals("22000", error.getSQLState());
        assertEquals("ERROR: expected 16 dimensions, not 3", error.getMessage());
        error = assertThrows(SQLException.class, () -> execute(connection, "SELECT ? <-> '[1,2]'::vector", three));
        assertEquals("22000", error.getSQLState());
        assertEquals("ERROR: different vector dimensions 3 and 2", error.getMessage());
    }

    @ParameterizedTest
    @EnumSource
    void settingOfOneTransaction(Form form) throws SQLException {
        var connection = CONNECTIONS.get(form);
        createTable(connection, "vector");
        var rows = fill(connection, "vector", 1, 1, ROWS);
        execute(connection, "CREATE INDEX ON item USING hnsw (embedding vector_l2_ops) WITH (m = 8, ef_construction = 40)");
        connection.setAutoCommit(false);
        execute(connection, "SET LOCAL hnsw.ef_search = 200");
        execute(connection, "SET LOCAL hnsw.iterative_scan = strict_order");
        assertEquals(1, meanRecall(connection, new Search("vector", "hnsw", "l2", "<->"), rows));
        connection.commit();
        connection.setAutoCommit(true);
    }
}
