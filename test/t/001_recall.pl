# Recall of every metric, on real and on Gaussian data, after a build and after the same rows were inserted.
use strict;
use warnings FATAL => 'all';
use Test::More;
use VectorTest;

use constant K => 10;

my $node = new_server('recall', "maintenance_work_mem = '256MB'\nsynchronous_commit = off\n");

# Measures every metric of table item by an access method against an expected recall: built, then inserted into the
# empty index. REQUIRES: prepare_recall().
sub recall_of_item
{
	my ($am, $what, $expected, $with, $settings) = @_;

	$what .= ", $am";
	$node->safe_psql('postgres', 'CREATE TABLE grown (LIKE item)');
	foreach my $opclass (sort keys %METRICS)
	{
		my $operator = $METRICS{$opclass};

		$node->safe_psql('postgres', "CREATE INDEX item_v ON item USING $am (v $opclass) $with");
		my $recall = measure_recall($node, 'item', 'query', $operator, K, $settings);
		cmp_ok($recall, '>=', $expected, "$what, $opclass, built: recall $recall");
		check_index($node, "after build: $what, $opclass", 'item_v');
		$node->safe_psql('postgres', 'DROP INDEX item_v');
	}
	# All four indexes grow at once, from two sessions.
	$node->safe_psql('postgres', "CREATE INDEX grown_$_ ON grown USING $am (v $_) $with") foreach keys %METRICS;
	my @sessions = map {
		my $half = $_;
		IPC::Run::start(
			[
				'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('postgres'),
				'-c', "INSERT INTO grown SELECT * FROM item WHERE id % 2 = $half"
			]);
	} 0, 1;
	ok($_->finish, "$what: rows inserted") foreach @sessions;
	foreach my $opclass (sort keys %METRICS)
	{
		my $operator = $METRICS{$opclass};
		my $recall = measure_recall($node, 'grown', 'query', $operator, K, $settings);
		cmp_ok($recall, '>=', $expected, "$what, $opclass, inserted: recall $recall");
		check_index($node, "after inserts: $what", "grown_$opclass");
	}
	$node->safe_psql('postgres', 'DROP TABLE grown');
	return;
}

# Real data at default settings.
load_wordnet($node, 'base', 'entry');
load_wordnet($node, 'query', 'entry_query');
$node->safe_psql(
	'postgres', q{
	CREATE TABLE item AS SELECT id, v FROM entry;
	CREATE TABLE query AS SELECT id, v FROM entry_query WHERE id <= 200;
	DROP TABLE entry, entry_query;
	ALTER TABLE item ALTER v TYPE vector(384);});
prepare_recall($node, 'item', 'query', K, sort values %METRICS);
recall_of_item($_, '20,000 real rows', 0.95, '', '') foreach 'hnsw', 'ivf';
recall_of_item('ivf', '20,000 real rows, no codes', 0.95, 'WITH (quantizer = none)', '');

# Hard data: Gaussian, no structure at all, so that a graph of good neighbours takes a wider search, and lists most of
# them.
$node->safe_psql(
	'postgres', q{
	DROP TABLE item, query;
	CREATE TABLE item (id int, v vector(128));
	CREATE TABLE query (id int, v vector(128));
	SELECT setseed(0.42);
	INSERT INTO item SELECT i, random_vector(128 + i * 0) FROM generate_series(1, 10000) i;
	INSERT INTO query SELECT i, random_vector(128 + i * 0) FROM generate_series(1, 100) i;});
prepare_recall($node, 'item', 'query', K, sort values %METRICS);
recall_of_item('hnsw', '10,000 Gaussian rows', 0.99, 'WITH (m = 24)', 'SET hnsw.ef_search = 400;');
recall_of_item('ivf', '10,000 Gaussian rows', 0.92, '', 'SET ivf.probes = 40;');
recall_of_item('ivf', '10,000 Gaussian rows, no codes', 0.92, 'WITH (quantizer = none)', 'SET ivf.probes = 40;');

# Few rows are the nearest by inner product to any query here; the others must not crowd out the edges between those.
$node->safe_psql(
	'postgres', q{
	DROP TABLE item, query;
	CREATE TABLE item (id int, v vector(3));
	CREATE TABLE query (id int, v vector(3));
	SELECT setseed(0.42);
	INSERT INTO item SELECT i, ARRAY[random() * random(), random() * random(), random() * random()]
		FROM generate_series(1, 10000) i;
	INSERT INTO query SELECT i, ARRAY[random() ^ 3, random() ^ 3, random() ^ 3] FROM generate_series(1, 100) i;});
prepare_recall($node, 'item', 'query', K, sort values %METRICS);
recall_of_item('hnsw', '10,000 rows of three elements', 0.99, '', '');

$node->stop;
done_testing();
