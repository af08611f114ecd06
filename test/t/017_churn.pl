# The whole content deleted and inserted again, round after round, by two clients beside searches and autovacuum: at the
# end each index recalls what a fresh build recalls, and is not much larger. CHURN_ROUNDS: how often (the long run: 10);
# CHURN_ROWS: how many rows of real data (20000); CHURN_KINDS: the kinds of indexes; CHURN_GROWTH: how much larger (1.3;
# more where there are few lists, of which one that has split, when rows of now and then were in it, is a twentieth).
use strict;
use warnings FATAL => 'all';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);
use VectorTest;

my $rounds = $ENV{CHURN_ROUNDS} // 2;
my $rows = $ENV{CHURN_ROWS} // 4000;
my $growth = $ENV{CHURN_GROWTH} // ($rows < 10000 ? 1.5 : 1.3);
my %indexes = (
	hnsw_coded => 'hnsw (hnsw_coded vector_l2_ops) WITH (quantizer = rabitq)',
	hnsw_plain => 'hnsw (hnsw_plain vector_l2_ops) WITH (quantizer = none)',
	ivf_coded => 'ivf (ivf_coded vector_l2_ops) WITH (quantizer = rabitq)',
	ivf_plain => 'ivf (ivf_plain vector_l2_ops) WITH (quantizer = none)');
my @kinds = split ' ', $ENV{CHURN_KINDS} // join ' ', sort keys %indexes;
my $steps = 20;    # in which a round goes through the table
my $node = new_server('churn',
	"autovacuum = on\nautovacuum_naptime = 1s\nautovacuum_vacuum_threshold = 20\nautovacuum_vacuum_scale_factor = 0.02\n"
	  . "autovacuum_vacuum_cost_delay = 0\nautovacuum_vacuum_insert_threshold = -1\nmaintenance_work_mem = '64MB'\nsynchronous_commit = off\n");

load_wordnet($node, 'base', 'entry');
load_wordnet($node, 'query', 'entry_query');
my ($columns, $values) = (join(', ', map { "$_ vector(384)" } @kinds), join(', ', map { 'v' } @kinds));
$node->safe_psql(
	'postgres', qq{
	DELETE FROM entry WHERE id > $rows;
	CREATE TABLE query AS SELECT id, v FROM entry_query WHERE id <= 400;
	CREATE TABLE item (id int, $columns);
	INSERT INTO item SELECT id, $values FROM entry;
	CREATE INDEX item_id ON item (id);
	VACUUM ANALYZE item;
	-- A client that is further than autovacuum would make any table grow: waits until at most so many rows are dead.
	CREATE PROCEDURE settle(most int) LANGUAGE plpgsql AS \$\$
	BEGIN
		WHILE pg_stat_get_dead_tuples('item'::regclass) > most LOOP
			COMMIT; -- no snapshot keeps the dead meanwhile
			PERFORM pg_sleep(0.05), pg_stat_clear_snapshot();
		END LOOP;
	END \$\$;});
$node->safe_psql('postgres', "CREATE INDEX i_$_ ON item USING $indexes{$_}") foreach @kinds;

sub info
{
	my ($kind, $column) = @_;

	return $node->safe_psql('postgres', "SELECT $column FROM vectordb_index_info('i_$kind')");
}

# Recall at 10 with default settings.
sub recall
{
	my ($kind) = @_;

	$node->safe_psql('postgres', "DROP VIEW IF EXISTS one; CREATE VIEW one AS SELECT id, $kind AS v FROM item");
	return measure_recall($node, 'one', 'query', '<->', 10, '');
}

# Goes through the rows of this remainder by two, in another order in each round.
sub churner
{
	my ($which) = @_;
	my @statements;

	foreach my $round (1 .. $rounds)
	{
		foreach my $step (0 .. $steps - 1)
		{
			my $some = "id % 2 = $which AND abs(hashint4(id * 64 + $round)) % $steps = $step";

			push @statements, "DELETE FROM item WHERE $some", "INSERT INTO item SELECT id, $values FROM entry WHERE $some",
			  'SELECT pg_stat_force_next_flush()', "CALL settle($rows / 20)";
		}
	}
	return join '', map { "$_;\n" } @statements;
}

sub start_session
{
	my ($name, $script) = @_;
	my %session = (err => '');
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$name.sql";

	PostgreSQL::Test::Utils::append_to_file($file, $script);
	$session{run} = IPC::Run::start([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'), '-f', $file ],
		'>', '/dev/null', '2>', \$session{err});
	return \%session;
}

$node->safe_psql('postgres', 'CREATE TABLE truth (operator text, id int, reach float8);
	INSERT INTO truth SELECT \'<->\', q.id, (SELECT max(d) FROM (SELECT e.v <-> q.v AS d FROM entry e ORDER BY 1 LIMIT 10) n) FROM query q');
my $started = time;
my @churners = map { start_session("churner$_", churner($_)) } 0, 1;
my $searcher = start_session('searcher', "SET enable_seqscan = off;\n" . join '', map {
	my $kind = $kinds[ $_ % @kinds ];
	"SELECT count(*) FROM (SELECT id FROM item ORDER BY $kind <-> (SELECT v FROM query WHERE id = 1 + $_ % 400) LIMIT 10) n;\n"
} 1 .. 200_000);
foreach my $churner (@churners)
{
	$churner->{run}->finish;
	is($churner->{err}, '', 'a client met no error');
}
note sprintf '%d rounds in %.0f s', $rounds, time - $started;
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
$searcher->{run}->finish;
unlike($searcher->{err}, qr/ERROR/, 'nor did searches');
is($node->safe_psql('postgres', 'SELECT count(DISTINCT id) FROM item'), $rows, 'every row is back');
note 'autovacuum came ' . $node->safe_psql('postgres', q{SELECT autovacuum_count FROM pg_stat_all_tables WHERE relname = 'item'}) . ' times';
foreach my $kind (@kinds)
{
	my %churned = (bytes => info($kind, 'bytes'), recall => recall($kind));

	check_index($node, 'after the churn', "i_$kind");
	$node->safe_psql('postgres', "VACUUM (INDEX_CLEANUP ON) item; REINDEX INDEX i_$kind");
	my %fresh = (bytes => info($kind, 'bytes'), recall => recall($kind));
	cmp_ok($churned{recall}, '>=', $fresh{recall} - 0.01, "$kind: recall $churned{recall}, fresh $fresh{recall}");
	cmp_ok($churned{bytes}, '<=', $fresh{bytes} * $growth, sprintf "$kind: %.2f times the size of a fresh build", $churned{bytes} / $fresh{bytes});
}
$node->stop;
done_testing();
