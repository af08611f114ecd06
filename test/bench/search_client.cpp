// Runs one prepared nearest-neighbour statement over libpq as fast as the server answers, on one or
// more connections, and prints throughput, latency percentiles and recall as one JSON object.
//
// usage: search_client CONNINFO STATEMENT QUERIES CLIENTS SECONDS binary|text [SETUP]
//   STATEMENT  takes the query vector as $1 and returns one int4 column, row numbers
//   QUERIES    file of little-endian words: count, dimensions, k, 0; count x dimensions float32;
//              count x k int32, the exact neighbours
//   SETUP      SQL run once on each connection
//
// server_cpu_us is the processor time of the backend per query, where /proc shows it: what a
// query costs even while others use the machine.
// Recall is taken over every query once; the clock runs for SECONDS and at least one pass over the
// queries.

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>

namespace {

using Clock = std::chrono::steady_clock;

struct QuerySet {
    uint32_t count = 0, dimensions = 0, k = 0;
    std::vector<float> vectors;
    std::vector<int32_t> neighbours;
};

struct Options {
    const char *conninfo, *statement, *queries;
    uint32_t clients;
    double seconds;
    bool binary;
    const char *setup;
};

// What one connection saw.
struct Tally {
    std::vector<float> latency_us;
    uint64_t found = 0, wanted = 0, short_answers = 0;
    double elapsed_s = 0, server_cpu_s = 0;
    std::string error;
};

QuerySet read_queries(const char *path)
{
    std::ifstream in(path, std::ios::binary);
    uint32_t header[4];
    QuerySet set;
    in.read(reinterpret_cast<char *>(header), sizeof header);
    if (!in)
        throw std::runtime_error(std::string("cannot read ") + path);
    set.count = header[0];
    set.dimensions = header[1];
    set.k = header[2];
    set.vectors.resize(size_t{set.count} * set.dimensions);
    set.neighbours.resize(size_t{set.count} * set.k);
    in.read(reinterpret_cast<char *>(set.vectors.data()), set.vectors.size() * sizeof(float));
    in.read(reinterpret_cast<char *>(set.neighbours.data()),
            set.neighbours.size() * sizeof(int32_t));
    if (!in)
        throw std::runtime_error(std::string("short file ") + path);
    return set;
}

void append_big_endian(std::string &out, uint32_t value, int bytes)
{
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
        out.push_back(static_cast<char>(value >> shift));
}

// A query as the server receives it: vector's binary form or its text.
std::string wire_form(const float *values, uint32_t dimensions, bool binary)
{
    std::string out;
    if (binary) {
        append_big_endian(out, dimensions, 2);
        append_big_endian(out, 0, 2);
        for (uint32_t i = 0; i < dimensions; i++)
            append_big_endian(out, std::bit_cast<uint32_t>(values[i]), 4);
        return out;
    }
    char number[32];
    for (uint32_t i = 0; i < dimensions; i++) {
        std::snprintf(number, sizeof number, "%c%.9g", i == 0 ? '[' : ',', values[i]);
        out += number;
    }
    return out + "]";
}

class Connection {
  public:
    Connection(const Options &options)
        : binary_(options.binary), conn_(PQconnectdb(options.conninfo))
    {
        if (PQstatus(conn_) != CONNECTION_OK)
            throw std::runtime_error(PQerrorMessage(conn_));
        if (*options.setup)
            expect(PQexec(conn_, options.setup), PGRES_COMMAND_OK);
        expect(PQprepare(conn_, "search", options.statement, 0, nullptr), PGRES_COMMAND_OK);
    }
    Connection(const Connection &) = delete;
    ~Connection() { PQfinish(conn_); }

    // Processor time that the backend has used; 0 where it is elsewhere or /proc tells nothing.
    double server_cpu_s() const
    {
        uint64_t nanoseconds = 0;
        std::ifstream("/proc/" + std::to_string(PQbackendPID(conn_)) + "/schedstat") >> nanoseconds;
        return 1e-9 * static_cast<double>(nanoseconds);
    }

    // The row numbers that the statement returns for a query in wire form.
    void search(const std::string &query, std::vector<int32_t> &rows)
    {
        const char *value = query.data();
        int length = static_cast<int>(query.size()), format = binary_;
        PGresult *result = PQexecPrepared(conn_, "search", 1, &value, &length, &format, 1);
        if (PQresultStatus(result) != PGRES_TUPLES_OK)
            expect(result, PGRES_TUPLES_OK);
        rows.resize(PQntuples(result));
        for (size_t i = 0; i < rows.size(); i++) {
            const auto *byte = reinterpret_cast<const unsigned char *>(PQgetvalue(result, i, 0));
            rows[i] = static_cast<int32_t>(uint32_t{byte[0]} << 24 | byte[1] << 16 | byte[2] << 8 |
                                           byte[3]);
        }
        PQclear(result);
    }

  private:
    void expect(PGresult *result, ExecStatusType status)
    {
        ExecStatusType got = PQresultStatus(result);
        std::string message = PQresultErrorMessage(result);
        PQclear(result);
        if (got != status)
            throw std::runtime_error(message);
    }

    bool binary_;
    PGconn *conn_;
};

void score(const QuerySet &set, uint32_t query, const std::vector<int32_t> &rows, Tally &tally)
{
    const int32_t *exact = &set.neighbours[size_t{query} * set.k];
    for (int32_t row : rows)
        tally.found += std::find(exact, exact + set.k, row) != exact + set.k;
    tally.wanted += set.k;
    tally.short_answers += rows.size() < set.k;
}

// The queries of client number `client` are every `clients`-th one, so that all together run each
// once a pass.
void run_client(const Options &options, const QuerySet &set, uint32_t client, Tally &tally)
try {
    Connection connection(options);
    std::vector<std::string> queries;
    std::vector<int32_t> rows;
    for (uint32_t i = client; i < set.count; i += options.clients)
        queries.push_back(
            wire_form(&set.vectors[size_t{i} * set.dimensions], set.dimensions, options.binary));
    for (size_t i = 0; i < std::min<size_t>(queries.size(), 200);
         i++) // warm-up; also past the custom plans
        connection.search(queries[i], rows);

    double cpu_before = connection.server_cpu_s();
    auto begin = Clock::now(), now = begin;
    std::chrono::duration<double> limit(options.seconds);
    for (size_t ran = 0; ran < queries.size() || now - begin < limit; ran++) {
        size_t i = ran % queries.size();
        auto sent = Clock::now();
        connection.search(queries[i], rows);
        now = Clock::now();
        tally.latency_us.push_back(std::chrono::duration<float, std::micro>(now - sent).count());
        if (ran < queries.size())
            score(set, client + static_cast<uint32_t>(i) * options.clients, rows, tally);
    }
    tally.server_cpu_s = connection.server_cpu_s() - cpu_before;
    tally.elapsed_s = std::chrono::duration<double>(now - begin).count();
} catch (const std::exception &error) {
    tally.error = error.what();
}

void report(std::vector<Tally> &tallies)
{
    std::vector<float> latency;
    uint64_t found = 0, wanted = 0, short_answers = 0;
    double qps = 0, server_cpu_s = 0;
    for (Tally &tally : tallies) {
        if (!tally.error.empty())
            throw std::runtime_error(tally.error);
        latency.insert(latency.end(), tally.latency_us.begin(), tally.latency_us.end());
        found += tally.found;
        wanted += tally.wanted;
        short_answers += tally.short_answers;
        server_cpu_s += tally.server_cpu_s;
        qps += tally.latency_us.size() / tally.elapsed_s;
    }
    std::sort(latency.begin(), latency.end());
    auto percentile = [&](double p) {
        return latency[std::min(latency.size() - 1, size_t(p * latency.size()))];
    };
    std::printf(
        "{\"recall\": %.5f, \"qps\": %.1f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
        "\"server_cpu_us\": %.1f, \"queries\": %zu, \"short_answers\": %llu}\n",
        wanted ? double(found) / wanted : 0.0, qps, percentile(.5), percentile(.99),
        percentile(.999), 1e6 * server_cpu_s / latency.size(), latency.size(),
        static_cast<unsigned long long>(short_answers));
}

} // namespace

int main(int argc, char **argv)
try {
    if (argc < 7)
        throw std::runtime_error(
            "usage: search_client CONNINFO STATEMENT QUERIES CLIENTS SECONDS binary|text [SETUP]");
    Options options{argv[1],
                    argv[2],
                    argv[3],
                    static_cast<uint32_t>(std::max(1, std::atoi(argv[4]))),
                    std::atof(argv[5]),
                    std::strcmp(argv[6], "binary") == 0,
                    argc > 7 ? argv[7] : ""};
    QuerySet set = read_queries(options.queries);
    if (set.count < options.clients)
        throw std::runtime_error("fewer queries than clients");
    std::vector<Tally> tallies(options.clients);
    std::vector<std::thread> threads;
    for (uint32_t client = 0; client < options.clients; client++)
        threads.emplace_back(run_client, std::cref(options), std::cref(set), client,
                             std::ref(tallies[client]));
    for (std::thread &thread : threads)
        thread.join();
    report(tallies);
    return 0;
} catch (const std::exception &error) {
    std::fprintf(stderr, "search_client: %s\n", error.what());
    return 1;
}
