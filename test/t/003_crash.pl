# kill -9 in the middle of builds, inserts, splits of lists and vacuums, twenty-four times: after each recovery the indexes
# are sound, every acknowledged row is found by its own vector, and no row whose deletion was acknowledged comes back.
use strict;
use warnings FATAL => 'all';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorTest;

seed_from('CRASH_SEED', int time);

my $node = new_server('crash', "maintenance_work_mem = '1MB'\nmax_parallel_maintenance_workers = 1\nrestart_after_crash = on\n");
my $dir = PostgreSQL::Test::Utils::tempdir;
my %present; # id => 1: acknowledged and not asked to go
my %gone;    # deletion acknowledged
my %fresh;   # acknowledged since the last kill

$node->safe_psql(
	'postgres', q{
	CREATE TABLE item (id serial PRIMARY KEY, v vector(8), w vector(2200), c vector(64));
	-- 64 dimensions in which neighbours are as near as in 8: a search that is not exhaustive finds every row
	CREATE FUNCTION repeated_vector() RETURNS vector LANGUAGE sql VOLATILE AS $$
		SELECT array_agg(x)::vector FROM unnest(random_vector(8)::real[]) x, generate_series(1, 8) $$;
	CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops);
	CREATE INDEX item_i ON item USING ivf (v vector_cosine_ops);
	CREATE INDEX item_k ON item USING ivf (c vector_cosine_ops) WITH (quantizer = rabitq);
	CREATE INDEX item_w ON item USING hnsw (w vector_cosine_ops) WITH (quantizer = none);
	CREATE INDEX item_c ON item USING hnsw (c vector_l2_ops) WITH (m = 8, quantizer = rabitq);});

# A session that runs the statements one by one and writes down what the server acknowledged.
my $sessions = 0;
sub start_session
{
	my (@statements) = @_;
	my $base = "$dir/session" . $sessions++;

	PostgreSQL::Test::Utils::append_to_file("$base.sql", join '', map { "$_;\n" } @statements);
	return {
		acknowledged => "$base.out",
		complaints => "$base.err",
		run => IPC::Run::start(
			[ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres'), '-f', "$base.sql" ],
			'>', "$base.out", '2>', "$base.err") };
}

# Waits for the session's end; the lines it got.
sub acknowledged
{
	my ($session) = @_;

	$session->{run}->finish;
	unlike(PostgreSQL::Test::Utils::slurp_file($session->{complaints}), qr/ERROR:/, 'nothing failed before the kill');
	my $text = PostgreSQL::Test::Utils::slurp_file($session->{acknowledged});
	$text =~ s/[^\n]*\z//;    # a line cut off was not read by the client either
	return split /\n/, $text;
}

sub inserter
{
	# Few wide vectors, some with codes, and one row in five is a copy of the latest.
	return start_session(
		map {
			my $wide = $_ % 10 == 0 ? 'random_vector(2200)' : 'NULL';
			my $coded = $_ % 3 == 0 ? 'repeated_vector()' : 'NULL';
			my $vector = $_ % 5 == 0 ? '(SELECT v FROM item ORDER BY id DESC LIMIT 1)' : 'random_vector(8)';
			"INSERT INTO item (v, w, c) VALUES (coalesce($vector, random_vector(8)), $wide, $coded) RETURNING 'added', id"
		} 1 .. 3000);
}

# Takes rows away one at a time, and vacuums between.
sub vacuumer
{
	my @doomed = (sort { $a <=> $b } keys %present)[ grep { rand() < 0.6 } 0 .. keys(%present) - 1 ];
	my @statements;

	delete @present{@doomed};    # until acknowledged, either is right
	while (my @some = splice @doomed, 0, 40)
	{
		push @statements, (map { "DELETE FROM item WHERE id = $_ RETURNING 'deleted', id" } @some), 'VACUUM (INDEX_CLEANUP ON) item';
	}
	return start_session(@statements, ('VACUUM (INDEX_CLEANUP ON) item') x 20);
}

sub enter
{
	my (@lines) = @_;

	foreach (@lines)
	{
		$present{$1} = $fresh{$1} = 1 if /^added\|(\d+)$/;
		$gone{$1} = 1 if /^deleted\|(\d+)$/;
	}
	return;
}

sub verify
{
	my ($when) = @_;
	my @old = grep { rand() < 200 / keys %present } keys %present;

	$node->safe_psql('postgres',
		'DROP TABLE IF EXISTS ledger, sought; CREATE TABLE ledger (id int, present bool); CREATE TABLE sought (id int); COPY ledger FROM STDIN;'
		  . "\n" . join('', map({ "$_\tt\n" } keys %present), map({ "$_\tf\n" } keys %gone)) . "\\.\nCOPY sought FROM STDIN;\n"
		  . join('', map { "$_\n" } @old, grep { $present{$_} } keys %fresh) . "\\.\n");
	%fresh = ();
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ledger l WHERE present AND NOT EXISTS (SELECT FROM item WHERE id = l.id)'),
		0, "no acknowledged row is lost $when");
	is($node->safe_psql('postgres', 'SELECT count(*) FROM ledger l JOIN item USING (id) WHERE NOT present'),
		0, "no deleted row is back $when");
	# Every new row and some of the old; the index check below sees to all of them.
	foreach my $search ([ 'v', '<->' ], [ 'w', '<=>' ], [ 'c', '<->' ], [ 'v', '<=>' ], [ 'c', '<=>' ])
	{
		my ($column, $operator) = @$search;

		# The row itself, or one with an equal vector: all of distance 0. The searches see everything: what they do not
		# find is lost, not merely missed.
		is( $node->safe_psql(
				'postgres', qq{
			SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 1000; SET ivf.probes = 1000;
			SELECT count(*) FROM sought s JOIN item i USING (id) WHERE i.$column IS NOT NULL AND NOT s.id = ANY (
				ARRAY(SELECT n.id FROM (SELECT id, $column $operator i.$column AS d FROM item
					ORDER BY $column $operator i.$column LIMIT 40) n WHERE d < 1e-5))}),
			0, "every row is found by $operator of its $column $when");
	}
	check_index($node, $when, 'item_v', 'item_w', 'item_c', 'item_i', 'item_k');
	return;
}

# Kills everything, or one busy backend with -9, which makes the postmaster do the rest.
sub crash
{
	my ($how) = @_;

	if ($how eq 'backend')
	{
		foreach my $try (1 .. 100) # one that is not there yet, or just ended, is not killed; all may have ended
		{
			my $pid = $node->safe_psql('postgres',
				"SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() LIMIT 1");
			last if $pid && kill 'KILL', $pid;
		}
		return;
	}
	kill_server($node);
	return;
}

sub recover
{
	my ($how) = @_;

	if ($how eq 'backend')
	{
		$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
	}
	else
	{
		$node->start;
	}
	return;
}

my $kills = 0;
sub round
{
	my ($what, $how, $seconds, @sessions) = @_;

	sleep 0.1 + rand $seconds;
	crash($how);
	enter(acknowledged($_)) foreach @sessions;
	recover($how);
	$kills++;
	verify("after kill $kills ($what, $how)");
	return;
}

# Inserts from two sessions.
round('insert', $_ % 4 == 3 ? 'backend' : 'server', 0.6, inserter(), inserter()) foreach 1 .. 7;
note scalar(keys %present) . ' rows acknowledged';

# Deletes and vacuum, while another session inserts.
foreach (1 .. 7)
{
	my $inserter = inserter();
	my $vacuumer = vacuumer();
	round('vacuum', $_ % 4 == 3 ? 'backend' : 'server', 1, $inserter, $vacuumer);
}
note scalar(keys %present) . ' rows present, ' . scalar(keys %gone) . ' gone';

# Builds: serial, parallel, in memory, beyond maintenance_work_mem, and REINDEX.
$node->safe_psql('postgres', 'INSERT INTO item (v) SELECT random_vector(8 + i * 0) FROM generate_series(1, 5000) i');
my @builds = (
	'CREATE INDEX built ON item USING hnsw (v vector_l2_ops)',
	"SET maintenance_work_mem = '64MB'; CREATE INDEX built ON item USING hnsw (v vector_l2_ops)",
	"SET maintenance_work_mem = '64MB'; SET max_parallel_maintenance_workers = 0; CREATE INDEX built ON item USING hnsw (v vector_l2_ops)",
	'CREATE INDEX CONCURRENTLY built ON item USING hnsw (v vector_l2_ops)',
	'REINDEX INDEX item_v',
	'REINDEX INDEX item_c',
	'REINDEX INDEX item_k',
	'CREATE INDEX built ON item USING ivf (v vector_ip_ops)',
	'REINDEX INDEX CONCURRENTLY item_i',
	"SET maintenance_work_mem = '64MB'; REINDEX INDEX CONCURRENTLY item_v");
foreach my $build (@builds)
{
	# Again and again until the kill comes.
	my @statements = split /; /, $build;
	my $again = pop @statements;
	my @again = ($again);
	push @again, 'DROP INDEX built' if $again =~ /^CREATE/;
	round($build, 'server', 1.5, start_session(@statements, map { @again } 1 .. 20));
	# What was left half done does not stand in the way.
	$node->safe_psql('postgres', 'DROP INDEX IF EXISTS built, item_v_ccnew, item_i_ccnew; CREATE INDEX built ON item USING hnsw (v vector_l2_ops)');
	check_index($node, "after kill $kills and a new build", 'built');
	$node->safe_psql('postgres', 'DROP INDEX built');
}

is($kills, 24, 'twenty-four kills');
$node->safe_psql('postgres', 'VACUUM item');
verify('at the end');
$node->stop;
done_testing();
