# Vacuum: recall after churn, room used again, indexes emptied and filled again, equal vectors by the thousand,
# little memory, a vacuum that was cut short.
use strict;
use warnings FATAL => 'all';
use Test::More;
use VectorTest;

my $node = new_server('vacuum', "maintenance_work_mem = '64MB'\nsynchronous_commit = off\n");

sub info
{
	my ($index, $column) = @_;

	return $node->safe_psql('postgres', "SELECT $column FROM vectordb_index_info('$index')");
}

# Recall at 10 of a table against its present rows.
sub recall
{
	my ($table, $operator) = @_;

	prepare_recall($node, $table, "${table}_query", 10, $operator);
	return measure_recall($node, $table, "${table}_query", $operator, 10, '');
}

# A table with an index by L2 and one by inner product; half the rows go and come again, several times. Answers the
# recall of the fresh indexes by operator.
sub churn
{
	my ($table, $dims, $rows, $options) = @_;
	my @indexes = ("${table}_l2", "${table}_ip");

	$node->safe_psql(
		'postgres', qq{
		SELECT setseed(0.3);
		CREATE TABLE $table (id serial, v vector($dims)) WITH (autovacuum_enabled = off);
		CREATE TABLE ${table}_query AS SELECT i AS id, random_vector($dims + i * 0) AS v FROM generate_series(1, 100) i;
		INSERT INTO $table (v) SELECT random_vector($dims + i * 0) FROM generate_series(1, $rows) i;
		CREATE INDEX ${table}_l2 ON $table USING hnsw (v vector_l2_ops) $options;
		CREATE INDEX ${table}_ip ON $table USING hnsw (v vector_ip_ops) $options;});
	my %fresh = map { ($_ => recall($table, $_)) } '<->', '<#>';
	my $size = info("${table}_l2", 'bytes');

	foreach my $round (1 .. 4)
	{
		$node->safe_psql('postgres', "DELETE FROM $table WHERE id % 4 IN ($round % 4, ($round + 1) % 4)");
		$node->safe_psql('postgres', "VACUUM $table");
		check_index($node, "after vacuum $round", @indexes);
		is(info("${table}_l2", 'live'), $node->safe_psql('postgres', "SELECT count(*) FROM $table"), "vacuum $round removed what is dead");
		my $dead = info("${table}_l2", 'tombstones + detached');
		cmp_ok($dead, '<=', 10, "vacuum $round gave the slots back, but for $dead");
		foreach my $operator (sort keys %fresh)
		{
			my $recall = recall($table, $operator);
			cmp_ok($recall, '>=', $fresh{$operator} - 0.02,
				"recall of $table by $operator after vacuum $round: $recall, fresh $fresh{$operator}");
		}
		$node->safe_psql('postgres',
			"INSERT INTO $table (v) SELECT random_vector($dims + i * 0) FROM generate_series(1, $rows - (SELECT count(*)::int FROM $table)) i");
		check_index($node, "after refilling $round", @indexes);
		cmp_ok(info("${table}_l2", 'bytes'), '<=', $size * 1.05, "${table}_l2 does not grow in round $round");
		foreach my $operator (sort keys %fresh)
		{
			my $recall = recall($table, $operator);
			cmp_ok($recall, '>=', $fresh{$operator} - 0.02, "recall of $table by $operator after refilling $round: $recall");
		}
	}
	return %fresh;
}

churn('coded', 64, 3000, 'WITH (quantizer = rabitq)');
my %fresh = churn('item', 20, 8000, '');
my $size = info('item_l2', 'bytes');

# What one vacuum could not take out of the tree, the next one can.
$node->safe_psql('postgres', 'DELETE FROM item WHERE id = (SELECT min(id) FROM item); VACUUM (INDEX_CLEANUP ON) item') foreach 1 .. 2;
cmp_ok(info('item_l2', 'tombstones + detached'), '<=', 1, 'nothing dead stays, except for the root');

# Everything goes.
$node->safe_psql('postgres', 'DELETE FROM item');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*) FROM (SELECT FROM item ORDER BY v <-> (SELECT v FROM item_query LIMIT 1) LIMIT 5) n'),
	0, 'dead rows are not returned');
$node->safe_psql('postgres', 'VACUUM item');
check_index($node, 'when emptied', 'item_l2', 'item_ip');
is(info('item_l2', 'live + heap_tids'), 0, 'nothing is left');
$node->safe_psql('postgres', 'INSERT INTO item (v) SELECT random_vector(20 + i * 0) FROM generate_series(1, 3000) i');
check_index($node, 'when filled again', 'item_l2', 'item_ip');
cmp_ok(info('item_l2', 'bytes'), '<=', $size * 1.05, 'into the room there was');
my $recall = recall('item', '<->');
cmp_ok($recall, '>=', $fresh{'<->'} - 0.02, "recall when filled again: $recall");

# Thousands of rows with one vector: one node, whose rows all come.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE equal (id serial, v vector(3));
	INSERT INTO equal (v) SELECT ARRAY[i % 3, 1, 1]::vector FROM generate_series(1, 15000) i;
	CREATE INDEX equal_l2 ON equal USING hnsw (v vector_l2_ops);
	INSERT INTO equal (v) SELECT ARRAY[i % 3, 1, 1]::vector FROM generate_series(1, 6000) i;});
is(info('equal_l2', "live || ' ' || heap_tids"), '3 21000', 'three nodes for 21,000 rows');
my $nearest = 'SET enable_seqscan = off; SET enable_sort = off; SELECT count(DISTINCT id), min(v::text), max(v::text) FROM (SELECT * FROM equal ORDER BY v';
is($node->safe_psql('postgres', "$nearest <-> '[0,1,1]' LIMIT 7000) n"), '7000|[0,1,1]|[0,1,1]', 'all rows of the nearest vector first');
$node->safe_psql('postgres', 'DELETE FROM equal WHERE id % 7 <> 0; VACUUM equal');
check_index($node, 'after most of the equal rows went', 'equal_l2');
is($node->safe_psql('postgres', "$nearest <-> '[0,1,1]' LIMIT 1000) n"), '1000|[0,1,1]|[0,1,1]', 'those that are left');
$node->safe_psql('postgres', q{DELETE FROM equal WHERE v = '[0,1,1]'; VACUUM equal; INSERT INTO equal (v) VALUES ('[0,1,1]')});
check_index($node, 'after all of one vector went', 'equal_l2');
is($node->safe_psql('postgres', "$nearest <-> '[0,1,1]' LIMIT 1) n"), '1|[0,1,1]|[0,1,1]', 'and came again');

# Vectors with pages of their own give them back.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE wide (id serial, v vector(5000));
	CREATE INDEX wide_l2 ON wide USING hnsw (v vector_l2_ops);
	INSERT INTO wide (v) SELECT random_vector(5000 + i * 0) FROM generate_series(1, 40) i;});
$size = info('wide_l2', 'bytes');
foreach my $round (1 .. 3)
{
	$node->safe_psql('postgres', "DELETE FROM wide WHERE id % 3 <> $round % 3; VACUUM wide");
	$node->safe_psql('postgres',
		'INSERT INTO wide (v) SELECT random_vector(5000 + i * 0) FROM generate_series(1, 40 - (SELECT count(*)::int FROM wide)) i');
	check_index($node, "of wide vectors, round $round", 'wide_l2');
	cmp_ok(info('wide_l2', 'bytes'), '<=', $size * 1.05, "wide vectors use their pages again, round $round");
	is(info('wide_l2', 'lost_vector_pages'), 0, 'no page is lost');
}

# A vacuum that may not remember all dead nodes does what it can; the next ones do the rest.
$node->safe_psql('postgres', 'INSERT INTO item (v) SELECT random_vector(20 + i * 0) FROM generate_series(1, 20000) i');
$node->safe_psql('postgres', 'DELETE FROM item WHERE id % 10 <> 0');
$node->safe_psql('postgres', "SET maintenance_work_mem = '1MB'; VACUUM item");
check_index($node, 'after a vacuum with little memory', 'item_l2', 'item_ip');
$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) item') foreach 1 .. 2;
check_index($node, 'after more vacuums', 'item_l2', 'item_ip');
is(info('item_l2', 'live'), $node->safe_psql('postgres', 'SELECT count(*) FROM item'), 'only live rows have nodes');

# A vacuum cut short anywhere leaves a sound index; a later one finishes its work.
$node->safe_psql('postgres', 'INSERT INTO item (v) SELECT random_vector(20 + i * 0) FROM generate_series(1, 6000) i');
my $cut = 0;
foreach my $delay (1, 3, 10, 20, 40, 80, 160, 320)
{
	$node->safe_psql('postgres', "DELETE FROM item WHERE id IN (SELECT id FROM item ORDER BY id LIMIT 500)");
	$node->psql('postgres', "SET statement_timeout = $delay; VACUUM item", stderr => \my $stderr);
	$cut++ if $stderr =~ /canceling statement/;
	check_index($node, "after a vacuum of $delay ms", 'item_l2', 'item_ip');
}
cmp_ok($cut, '>=', 1, "$cut vacuums were cut short");
$node->safe_psql('postgres', 'VACUUM (INDEX_CLEANUP ON) item');
check_index($node, 'after the vacuum that follows', 'item_l2', 'item_ip');
is(info('item_l2', 'live'), $node->safe_psql('postgres', 'SELECT count(*) FROM item'), 'nothing dead is left');

$node->stop;
done_testing();
