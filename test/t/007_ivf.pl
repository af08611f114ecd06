# Lists that split, with codes and without: an index made empty, churn and drift, room used again, splits and vacuums cut
# short, scans that began before a split, the memory of one scan.
use strict;
use warnings FATAL => 'all';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

my $node = new_server('ivf', "maintenance_work_mem = '64MB'\nsynchronous_commit = off\n");

sub info
{
	my ($index, $column) = @_;

	return $node->safe_psql('postgres', "SELECT $column FROM vectordb_index_info('$index')");
}

# Recall at 10 of table item against its present rows, at default settings.
sub recall
{
	my ($operator) = @_;

	prepare_recall($node, 'item', 'query', 10, $operator);
	return measure_recall($node, 'item', 'query', $operator, 10, '');
}

# What is retired is recycled only when no transaction is left from before, and one has begun since.
sub vacuum
{
	my ($table) = @_;

	$node->safe_psql('postgres', 'SELECT txid_current()');
	$node->safe_psql('postgres', "VACUUM (INDEX_CLEANUP ON) $table");
	return;
}

# --- clusters, as real data has, inserted into an index that was made empty ---
$node->safe_psql(
	'postgres', q{
	SELECT setseed(0.4);
	CREATE TABLE centre AS SELECT i AS id, random_vector(24 + i * 0) * array_fill(3, '{24}')::vector AS v FROM generate_series(1, 60) i;
	CREATE TABLE item (id serial, v vector(24)) WITH (autovacuum_enabled = off);
	CREATE FUNCTION add_items(n int, from_centre int, to_centre int) RETURNS void LANGUAGE sql AS $$
		INSERT INTO item (v) SELECT c.v + random_vector(24 + i * 0) FROM generate_series(1, n) i
			JOIN centre c ON c.id = from_centre + i % (to_centre - from_centre + 1) ORDER BY i $$;
	CREATE INDEX item_l2 ON item USING ivf (v vector_l2_ops);
	CREATE INDEX item_cosine ON item USING ivfflat (v vector_cosine_ops) WITH (lists = 50);
	CREATE TABLE query AS SELECT c.id, c.v + random_vector(24 + c.id * 0) AS v FROM centre c;
	SELECT add_items(16000, 1, 30);});
my @indexes = ('item_l2', 'item_cosine');
check_index($node, 'after growing from nothing', @indexes);
cmp_ok(info('item_l2', 'lists'), '>=', 30, 'many lists from one');
cmp_ok(info('item_l2', 'lists'), '<=', 160, 'but no more than twice what is wanted');
cmp_ok(info('item_cosine', 'lists'), '<=', 50, 'no more lists than asked for');
cmp_ok(info('item_cosine', 'lists'), '>=', 25, 'nor far fewer');
my %grown = ('<->' => recall('<->'), '<=>' => recall('<=>'));
$node->safe_psql('postgres', 'REINDEX TABLE item');
my %fresh = ('<->' => recall('<->'), '<=>' => recall('<=>'));
foreach my $operator (sort keys %fresh)
{
	cmp_ok($fresh{$operator}, '>=', 0.95, "recall by $operator after REINDEX: $fresh{$operator}");
	cmp_ok($grown{$operator}, '>=', $fresh{$operator} - 0.02, "recall by $operator of the index that grew: $grown{$operator}");
}
my $size = info('item_l2', 'bytes');

# --- half the rows go and come again, and wander to where there were none ---
foreach my $round (1 .. 4)
{
	my ($from, $to) = (1 + 10 * ($round - 1), 30 + 10 * ($round - 1));

	$node->safe_psql('postgres', "DELETE FROM item WHERE id IN (SELECT id FROM item ORDER BY id LIMIT 8000)");
	vacuum('item');
	check_index($node, "after vacuum $round", @indexes);
	is(info($_, 'heap_tids'), 8000, "vacuum $round removed what is dead from $_") foreach @indexes;
	$node->safe_psql('postgres', "SELECT add_items(8000, $from, $to)");
	vacuum('item');
	check_index($node, "after refilling $round", @indexes);
	is(info('item_l2', 'lost_pages'), 0, "no page is lost in round $round");
	# vacuum writes lists that have moved anew, beside their old pages
	cmp_ok(info('item_l2', 'bytes'), '<=', $size * 2.5, "the index stays within bounds in round $round");
	foreach my $operator (sort keys %fresh)
	{
		my $recall = recall($operator);
		cmp_ok($recall, '>=', 0.95, "recall by $operator after round $round: $recall");
	}
}

# --- everything goes, and comes again ---
$node->safe_psql('postgres', 'DELETE FROM item');
is($node->safe_psql('postgres', 'SET enable_seqscan = off; SELECT count(*) FROM (SELECT FROM item ORDER BY v <-> (SELECT v FROM query LIMIT 1) LIMIT 5) n'),
	0, 'dead rows are not returned');
vacuum('item') foreach 1 .. 2;
check_index($node, 'when emptied', @indexes);
is(info('item_l2', "heap_tids || ' ' || (lists = empty_lists)::text || ' ' || retired_entries"), '0 true 0', 'nothing is left but empty lists');
$size = info('item_l2', 'bytes');
$node->safe_psql('postgres', 'SELECT add_items(10000, 20, 50)');
vacuum('item');
check_index($node, 'when filled again', @indexes);
cmp_ok(info('item_l2', 'bytes'), '<=', $size * 1.05, 'into the room there was');
foreach my $operator (sort keys %fresh)
{
	my $recall = recall($operator);
	cmp_ok($recall, '>=', 0.95, "recall by $operator when filled again: $recall");
}

# --- rows that no split can part ---
$node->safe_psql(
	'postgres', q{
	CREATE TABLE equal (id serial, v vector(3));
	CREATE INDEX equal_l2 ON equal USING ivf (v vector_l2_ops);
	INSERT INTO equal (v) SELECT '[1,2,3]' FROM generate_series(1, 20000);
	INSERT INTO equal (v) VALUES ('[0,0,0]');});
check_index($node, 'with equal rows', 'equal_l2');
is( $node->safe_psql(
		'postgres', q{SET enable_seqscan = off; SET enable_sort = off; SET work_mem = '64kB';
		SELECT count(DISTINCT id) FROM (SELECT * FROM equal ORDER BY v <-> '[1,2,3]' LIMIT 20001) n}),
	20001, 'all of them come, though they do not fit the memory of a scan');

# --- insertions and vacuums cut short anywhere, in the middle of splits too ---
# Of three times the elements, so that there are codes; with values in the index and without.
my $long = '((v || v || v)::vector(72))';
$node->safe_psql('postgres', "CREATE INDEX item_ip ON item USING ivf (v vector_ip_ops);
	CREATE INDEX item_codes ON item USING ivf ($long vector_l2_ops) WITH (quantizer = rabitq);
	CREATE INDEX item_bare ON item USING ivf ($long vector_cosine_ops) WITH (quantizer = rabitq, storage = heap)");
push @indexes, 'item_ip', 'item_codes', 'item_bare';
my ($cut, $delay) = (0, 200);
foreach my $round (1 .. 24)
{
	my $work = $round % 4 == 0 ? 'VACUUM (INDEX_CLEANUP ON) item' : "SELECT add_items(4000, $round, $round + 3)";

	$node->safe_psql('postgres', 'DELETE FROM item WHERE id % 5 = 0') if $round % 4 == 0;
	my ($rc, $out, $err) = $node->psql('postgres', "SET statement_timeout = $delay; $work");
	my $was_cut = $err =~ /canceling statement/;
	$cut++ if $was_cut;
	# Whatever the speed of the machine, the limit comes to lie about where a statement ends.
	$delay = int($was_cut ? $delay * 1.5 : $delay / 2) + 1;
	check_index($node, "after round $round", @indexes) if $round % 3 == 0;
}
cmp_ok($cut, '>=', 5, "$cut statements were cut short");
vacuum('item') foreach 1 .. 2;
check_index($node, 'after the vacuum that follows', @indexes);
foreach my $index (@indexes)
{
	is(info($index, 'heap_tids'), $node->safe_psql('postgres', 'SELECT count(*) FROM item'), "only live rows are in $index");
	is(info($index, "retired_lists || ' ' || retired_entries || ' ' || lost_pages"), '0 0 0', "nothing is left over in $index");
}

# --- a scan that began before its lists were split, emptied and vacuumed ---
foreach my $form ([ 'v', '' ], [ $long, 'WITH (storage = sq8)' ], [ $long, 'WITH (storage = heap)' ])
{
	my ($vector, $with) = @$form;

	$node->safe_psql(
		'postgres', qq{
		DROP TABLE IF EXISTS seen;
		CREATE TABLE seen (id serial, v vector(24)) WITH (autovacuum_enabled = off);
		CREATE INDEX seen_l2 ON seen USING ivf ($vector vector_l2_ops) $with;
		INSERT INTO seen (v) SELECT c.v + random_vector(24 + i * 0) FROM generate_series(1, 1500) i JOIN centre c ON c.id = 1 + i % 5;});
	my ($in, $out, $err) = ('', '', '');
	my $session = IPC::Run::start([ 'psql', '-X', '-q', '-A', '-t', '-d', $node->connstr('postgres') ],
		'<', \$in, '>', \$out, '2>', \$err, IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));
	$in .= "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL ivf.iterative_scan = relaxed_order;
		DECLARE c CURSOR FOR SELECT id FROM seen ORDER BY $vector <-> (SELECT $vector FROM centre WHERE id = 1);
		FETCH 1 FROM c; \\echo ready\n";
	$session->pump until $out =~ /ready/;
	$node->safe_psql('postgres',
		'INSERT INTO seen (v) SELECT c.v + random_vector(24 + i * 0) FROM generate_series(1, 6000) i JOIN centre c ON c.id = 1 + i % 5');
	$node->safe_psql('postgres', 'DELETE FROM seen WHERE id % 2 = 0');
	vacuum('seen') foreach 1 .. 2;
	cmp_ok(info('seen_l2', 'retired_lists'), '>=', 1, 'retired lists are kept while a snapshot may need them');
	$in .= "FETCH ALL FROM c; \\echo done\n";
	$session->pump until $out =~ /done/;
	my @ids = $out =~ /^(\d+)$/mg;
	is(scalar(@ids), 1500, 'the cursor returned every row it could see');
	my %ids = map { $_ => 1 } @ids;
	is(scalar(keys %ids), 1500, 'once');
	$in .= "COMMIT;\n\\q\n";
	$session->finish;
	is($err, '', 'without an error');
	vacuum('seen') foreach 1 .. 2;
	is(info('seen_l2', "retired_lists || ' ' || retired_entries"), '0 0', 'and afterwards they are recycled');
	check_index($node, 'after the cursor', 'seen_l2');
}

$node->stop;
done_testing();
