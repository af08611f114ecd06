# Builds: little memory, parallel workers, the progress view, CONCURRENTLY beside writers, cancel; scans that are
# cancelled; unlogged and temporary tables.
use strict;
use warnings FATAL => 'all';
use IPC::Run;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorTest;

my $node = new_server('build', "maintenance_work_mem = '64MB'\nsynchronous_commit = off\nmax_parallel_maintenance_workers = 2\n");

$node->safe_psql(
	'postgres', q{
	SELECT setseed(0.7);
	CREATE TABLE item (id serial PRIMARY KEY, v vector(64));
	CREATE TABLE query AS SELECT i AS id, random_vector(64 + i * 0) * array_fill(0.5, '{64}')::vector AS v FROM generate_series(1, 50) i;
	-- clusters, as real data has
	CREATE TABLE centre AS SELECT i AS id, random_vector(64 + i * 0) AS v FROM generate_series(1, 100) i;
	INSERT INTO item (v) SELECT c.v + random_vector(64 + i * 0) * array_fill(0.5, '{64}')::vector
		FROM generate_series(1, 12000) i JOIN centre c ON c.id = 1 + i % 100;
	UPDATE query q SET v = q.v + c.v FROM centre c WHERE c.id = q.id;
	VACUUM ANALYZE item;});
prepare_recall($node, 'item', 'query', 10, '<->');

# A psql session in the background, for one statement.
sub start_statement
{
	my ($sql) = @_;
	my %session = (out => '', err => '');

	$session{run} = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-c', $sql ],
		'>', \$session{out}, '2>', \$session{err});
	return \%session;
}

sub recall
{
	return measure_recall($node, 'item', 'query', '<->', 10, '');
}

# --- memory ---
foreach my $workers (0, 2)
{
	my ($rc, $out, $err) = $node->psql('postgres', qq{
		SET maintenance_work_mem = '1MB'; SET max_parallel_maintenance_workers = $workers; SET min_parallel_table_scan_size = 0;
		CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops)});
	is($rc, 0, "a build in 1 MB with $workers workers succeeds");
	like($err, qr/NOTICE:  hnsw graph no longer fits into maintenance_work_mem after \d+ tuples/, 'and says that it is slow');
	check_index($node, "after a build in 1 MB with $workers workers", 'item_v');
	my $recall = recall();
	cmp_ok($recall, '>=', 0.95, "recall after a build in 1 MB with $workers workers: $recall");
	$node->safe_psql('postgres', 'DROP INDEX item_v');

	($rc, $out, $err) = $node->psql('postgres', qq{
		SET max_parallel_maintenance_workers = $workers; SET min_parallel_table_scan_size = 0;
		CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops)});
	is("$rc$err", '0', "a build in enough memory with $workers workers says nothing");
	check_index($node, "after a build with $workers workers", 'item_v');
	$recall = recall();
	cmp_ok($recall, '>=', 0.95, "recall after a build with $workers workers: $recall");
	$node->safe_psql('postgres', 'DROP INDEX item_v');
}

# --- progress ---
my %phases;
my $most = 0;
# Until somebody happened to look while rows were read, as a build may be quicker than a session begins.
foreach my $try (1 .. 50)
{
	my $build = start_statement(
		q{SET maintenance_work_mem = '1MB'; SET max_parallel_maintenance_workers = 0; CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops)});
	while ($build->{run}->pumpable)
	{
		my $line = $node->safe_psql('postgres', 'SELECT phase, tuples_done, tuples_total FROM pg_stat_progress_create_index');
		if ($line =~ /^([^|]+)\|(\d+)\|(\d+)/)
		{
			$phases{$1} = 1;
			$most = $2 if $2 > $most;
		}
		$build->{run}->pump_nb;
		sleep 0.01;
	}
	$build->{run}->finish;
	last if $most > 0 && $phases{'building index: loading tuples'};
	$node->safe_psql('postgres', 'DROP INDEX item_v');
}
ok($phases{'building index: loading tuples'}, 'progress shows the phase: ' . join ', ', sort keys %phases);
is(join(' ', grep { !/^(initializing|building index: (initializing|loading tuples|(partitioning|comparing) vectors|(choosing|linking) neighbors|returning edges|checking reachability|writing index pages))$/ } keys %phases),
	'', 'and no unknown one');
cmp_ok($most, '>', 0, "and tuples: $most");

# --- cancel ---
foreach my $delay (5, 50, 200)
{
	my ($rc, $out, $err) = $node->psql('postgres', "SET statement_timeout = $delay; CREATE INDEX cancelled ON item USING hnsw (v vector_l2_ops) WITH (m = 64, ef_construction = 1000)");
	like($err, qr/canceling statement due to statement timeout/, "a build is cancelled after $delay ms");
	my $started = time;
	($rc, $out, $err) = $node->psql('postgres', qq{
		SET statement_timeout = $delay; SET enable_seqscan = off; SET hnsw.ef_search = 1000;
		SELECT count(*) FROM generate_series(1, 1000), item a, LATERAL (SELECT FROM item b ORDER BY b.v <-> a.v LIMIT 100) n});
	like($err, qr/canceling statement due to statement timeout/, "a scan is cancelled after $delay ms");
	cmp_ok(time - $started, '<', 60, 'not at its natural end'); # of hours
	($rc, $out, $err) = $node->psql('postgres', "SET statement_timeout = $delay; INSERT INTO item (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 100000) i");
	like($err, qr/canceling statement due to statement timeout/, "inserts are cancelled after $delay ms");
}
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname = 'cancelled'}), 0, 'nothing is left of the builds');
check_index($node, 'after what was cancelled', 'item_v');

# --- CONCURRENTLY beside writers ---
# A transaction locks one row that is there already, so that no two wait for each other.
my $writer = q{DO $$ BEGIN FOR i IN 1 .. 1000000 LOOP
	INSERT INTO item (v) VALUES (random_vector(64)); DELETE FROM item WHERE id = 1 + (random() * 12000)::int; COMMIT;
	UPDATE item SET v = random_vector(64) WHERE id = 1 + (random() * 12000)::int; COMMIT;
	UPDATE item SET id = -id WHERE id = 1 + (random() * 12000)::int; COMMIT; END LOOP; END $$};
my @writers = map { start_statement($writer) } 1, 2;
foreach my $statement (
	'CREATE INDEX CONCURRENTLY beside ON item USING hnsw (v vector_cosine_ops)',
	'REINDEX INDEX CONCURRENTLY beside',
	'REINDEX INDEX CONCURRENTLY item_v',
	'VACUUM item')
{
	is(($node->psql('postgres', $statement))[0], 0, "$statement beside writers");
	# Waits for the writers between two of their rows, and they for it.
	check_index($node, "after $statement", 'beside', 'item_v');
}
$node->safe_psql('postgres', q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO %'});
foreach (@writers)
{
	$_->{run}->finish;
	unlike($_->{err}, qr/ERROR/, 'the writers met no error');
}
check_index($node, 'after the writers', 'beside', 'item_v');
$node->safe_psql('postgres', 'REINDEX INDEX item_v; REINDEX TABLE item; VACUUM item');
check_index($node, 'after REINDEX', 'beside', 'item_v');

# --- unlogged and temporary ---
$node->safe_psql(
	'postgres', q{
	CREATE UNLOGGED TABLE passing (id serial, v vector(3));
	CREATE INDEX passing_v ON passing USING hnsw (v vector_l2_ops);
	INSERT INTO passing (v) SELECT random_vector(3 + i * 0) FROM generate_series(1, 500) i;});
check_index($node, 'of an unlogged table', 'passing_v');
is($node->safe_psql('postgres', q{
	CREATE TEMPORARY TABLE mine (v vector(3)); CREATE INDEX mine_v ON mine USING hnsw (v vector_l2_ops);
	INSERT INTO mine SELECT random_vector(3 + i * 0) FROM generate_series(1, 500) i; DELETE FROM mine WHERE v <-> '[0,0,0]' < 1;
	SELECT * FROM vectordb_index_check('mine_v')}), '', 'mine_v of a temporary table is sound');
kill_server($node);
$node->start;
is($node->safe_psql('postgres', 'SELECT count(*) FROM passing'), 0, 'a crash empties an unlogged table');
check_index($node, 'after the crash', 'passing_v', 'item_v', 'beside');
$node->safe_psql('postgres', 'INSERT INTO passing (v) SELECT random_vector(3 + i * 0) FROM generate_series(1, 500) i');
is($node->safe_psql('postgres', q{SET enable_seqscan = off; SELECT count(*) FROM (SELECT FROM passing ORDER BY v <-> '[1,2,3]' LIMIT 20) n}), 20, 'and it can be used again');
check_index($node, 'when filled again', 'passing_v');
$node->restart;
is($node->safe_psql('postgres', 'SELECT count(*) FROM passing'), 500, 'an unlogged table outlives a restart');
check_index($node, 'after a restart', 'passing_v');

$node->stop;
done_testing();
