# Recall of lists with codes, and that all rows come: every metric and storage, on real data and on data without structure, over rows that were
# there when the index was made and rows that were inserted.
use strict;
use warnings FATAL => 'all';
use Test::More;
use VectorTest;

use constant K => 10;

my $node = new_server('coded_lists', "maintenance_work_mem = '256MB'\nsynchronous_commit = off\n");
my %METRIC = (l2 => '<->', ip => '<#>', cosine => '<=>');
my @STORAGES = ('full', 'half', 'sq8', 'rabitq4', 'heap');

# Measures table `item`, whose column v is of that type, by an index of each storage and metric.
sub recall_of_item
{
	my ($what, $type, $expected, $settings) = @_;

	foreach my $metric (sort keys %METRIC)
	{
		foreach my $storage (@STORAGES)
		{
			$node->safe_psql(
				'postgres', qq{
				CREATE TABLE grown (LIKE item);
				INSERT INTO grown SELECT * FROM item WHERE id % 2 = 0;
				CREATE INDEX grown_v ON grown USING ivf (v ${type}_${metric}_ops) WITH (quantizer = rabitq, storage = $storage);
				INSERT INTO grown SELECT * FROM item WHERE id % 2 = 1;});
			my $recall = measure_recall($node, 'grown', 'query', $METRIC{$metric}, K, $settings);
			cmp_ok($recall, '>=', $expected, "$what, $type, $metric, $storage: recall $recall");
			# who wants all rows of the lists gets them
			my $rows = $node->safe_psql('postgres', qq{
				SET enable_seqscan = off; SET enable_sort = off; SET ivf.iterative_scan = off; SET ivf.probes = 1000;
				SELECT count(DISTINCT id) FROM (SELECT id FROM grown ORDER BY v $METRIC{$metric} (SELECT v FROM query WHERE id = 7) LIMIT 1000000) n});
			my $lost = $node->safe_psql('postgres', 'SELECT count(*) FROM grown') - $rows;
			cmp_ok($lost, '<=', 15, "$what, $type, $metric, $storage: $lost rows missing from all");
			check_index($node, "$what, $type, $metric, $storage", 'grown_v');
			$node->safe_psql('postgres', 'DROP TABLE grown');
		}
	}
	return;
}

load_wordnet($node, 'base', 'entry');
load_wordnet($node, 'query', 'entry_query');
$node->safe_psql(
	'postgres', q{
	CREATE TABLE item AS SELECT id, v FROM entry;
	CREATE TABLE query AS SELECT id, v FROM entry_query WHERE id <= 100;
	DROP TABLE entry, entry_query;
	ALTER TABLE item ALTER v TYPE vector(384);});
prepare_recall($node, 'item', 'query', K, sort values %METRIC);
recall_of_item('20,000 real rows', 'vector', 0.97, '');

$node->safe_psql(
	'postgres', q{
	DROP TABLE item, query;
	CREATE TABLE item (id int, v halfvec(96));
	CREATE TABLE query (id int, v halfvec(96));
	SELECT setseed(0.42);
	INSERT INTO item SELECT i, random_vector(96 + i * 0)::halfvec FROM generate_series(1, 6000) i;
	INSERT INTO query SELECT i, random_vector(96 + i * 0)::halfvec FROM generate_series(1, 60) i;});
prepare_recall($node, 'item', 'query', K, sort values %METRIC);
recall_of_item('6,000 Gaussian rows', 'halfvec', 0.95, 'SET ivf.probes = 100;');

$node->stop;
done_testing();
