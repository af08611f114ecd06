# A standby follows: rounds of insert, delete and vacuum, every replayed page compared with the primary's image of it
# (wal_consistency_checking), every answer compared too.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use Test::More;
use VectorTest;

my $primary = new_server('primary', "wal_consistency_checking = 'generic'\nmaintenance_work_mem = '64MB'\n");
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my %indexes = (
	narrow_l2 => [ 'narrow', '<->' ],
	narrow_cosine => [ 'narrow', '<=>' ],
	wide_l2 => [ 'wide', '<->' ],
	wide_codes => [ 'wide', '<=>' ],
	coded_l2 => [ 'coded', '<->' ],
	coded_cosine => [ 'coded', '<=>' ],
	equal_ip => [ 'equal', '<#>' ],
	lists_l2 => [ 'lists', '<->' ],
	lists_cosine => [ 'lists', '<=>' ],
	codes_l2 => [ 'codes', '<->' ],
	codes_cosine => [ 'codes', '<=>' ],
	codes_ip => [ 'codes', '<#>' ],
	halves_l1 => [ 'halves', '<+>' ]);

# Nearest rows to a fixed probe by the index, with their distances.
sub answer
{
	my ($node, $table, $operator) = @_;
	my $type = $table eq 'halves' ? 'halfvec' : 'vector';

	return $node->safe_psql(
		'postgres', qq{
		SET enable_seqscan = off; SET enable_sort = off;
		SELECT p.n, t.id, t.v $operator p.v FROM (SELECT n, (SELECT v FROM probe WHERE dims = (SELECT vector_dims(v) FROM $table LIMIT 1))::$type AS v
				FROM generate_series(1, 1) n) p,
			LATERAL (SELECT * FROM $table ORDER BY v $operator p.v LIMIT 20) t});
}

sub same_everywhere
{
	my ($when) = @_;

	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('insert'));
	foreach my $index (sort keys %indexes)
	{
		my $expected = answer($primary, @{ $indexes{$index} });
		isnt($expected, '', "$index answers $when");
		is(answer($standby, @{ $indexes{$index} }), $expected, "$index answers the same on the standby $when");
		check_index($primary, "on the primary $when", $index);
		check_index($standby, "on the standby $when", $index);
	}
	return;
}

$primary->safe_psql(
	'postgres', q{
	SELECT setseed(0.1);
	CREATE TABLE probe AS SELECT d AS dims, random_vector(d) AS v FROM unnest('{16,2500,3,80,64}'::int[]) d;
	CREATE TABLE narrow (id serial, v vector(16));
	CREATE TABLE wide (id serial, v vector(2500)); -- leaves its slot for a page of its own
	CREATE TABLE coded (id serial, v vector(80));  -- slots with their neighbours' codes
	CREATE TABLE equal (id serial, v vector(3));   -- many rows for every vector
	CREATE TABLE lists (id serial, v vector(16));  -- lists that split and are retired
	CREATE INDEX lists_l2 ON lists USING ivf (v vector_l2_ops);
	CREATE TABLE codes (id serial, v vector(64));  -- lists of codes
	CREATE INDEX codes_l2 ON codes USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = sq8);
	CREATE TABLE halves (id serial, v halfvec(3));
	CREATE INDEX narrow_l2 ON narrow USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 16);
	INSERT INTO narrow (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 500) i;
	INSERT INTO wide (v) SELECT random_vector(2500 + i * 0) FROM generate_series(1, 30) i;
	CREATE INDEX coded_l2 ON coded USING hnsw (v vector_l2_ops)
		WITH (m = 4, ef_construction = 16, quantizer = rabitq, storage = sq8);
	INSERT INTO coded (v) SELECT random_vector(80 + i * 0) FROM generate_series(1, 300) i;
	CREATE INDEX coded_cosine ON coded USING hnsw (v vector_cosine_ops) WITH (quantizer = rabitq, storage = rabitq4);
	INSERT INTO equal (v) SELECT ARRAY[i % 5, 1, 2]::vector FROM generate_series(1, 1000) i;
	CREATE INDEX narrow_cosine ON narrow USING hnsw (v vector_cosine_ops);
	CREATE INDEX wide_l2 ON wide USING hnsw (v vector_l2_ops) WITH (quantizer = none);
	CREATE INDEX wide_codes ON wide USING hnsw (v vector_cosine_ops) WITH (quantizer = rabitq, storage = full);
	CREATE INDEX equal_ip ON equal USING hnsw (v vector_ip_ops);
	INSERT INTO lists (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 1500) i;
	INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 1500) i;
	INSERT INTO halves (v) SELECT random_vector(3 + i * 0) FROM generate_series(1, 1500) i;
	CREATE INDEX codes_cosine ON codes USING ivf (v vector_cosine_ops) WITH (lists = 30, quantizer = rabitq, storage = full);
	CREATE INDEX codes_ip ON codes USING ivf (v vector_ip_ops) WITH (lists = 30, quantizer = rabitq, storage = heap);
	CREATE INDEX lists_cosine ON lists USING ivf (v vector_cosine_ops) WITH (lists = 30);
	CREATE INDEX halves_l1 ON halves USING ivf (v halfvec_l1_ops);});
same_everywhere('after build');

foreach my $round (1 .. 6)
{
	$primary->safe_psql(
		'postgres', qq{
		SELECT setseed(0.$round);
		DELETE FROM narrow WHERE random() < 0.3;
		DELETE FROM wide WHERE random() < 0.3;
		DELETE FROM coded WHERE random() < 0.3;
		DELETE FROM lists WHERE random() < 0.3 OR id < 400 * $round;
		DELETE FROM codes WHERE random() < 0.3 OR id < 400 * $round;
		DELETE FROM halves WHERE random() < 0.3;
		DELETE FROM equal WHERE v = ARRAY[$round % 5, 1, 2]::vector OR random() < 0.3;});
	$primary->safe_psql('postgres', 'VACUUM narrow; VACUUM wide; VACUUM coded; VACUUM equal; VACUUM lists; VACUUM codes; VACUUM halves') if $round % 2 == 0;
	$primary->safe_psql(
		'postgres', qq{
		SELECT setseed(0.0$round);
		INSERT INTO narrow (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 200) i;
		INSERT INTO wide (v) SELECT random_vector(2500 + i * 0) FROM generate_series(1, 12) i;
		INSERT INTO coded (v) SELECT random_vector(80 + i * 0) FROM generate_series(1, 120) i;
		INSERT INTO lists (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 1200) i;
		INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 1200) i;
		INSERT INTO halves (v) SELECT random_vector(3 + i * 0) FROM generate_series(1, 600) i;
		INSERT INTO equal (v) SELECT ARRAY[(i + $round) % 7, 1, 2]::vector FROM generate_series(1, 400) i;});
	same_everywhere("after round $round");
}

# The standby goes on alone, and takes rows.
$primary->stop;
$standby->promote;
$standby->safe_psql('postgres',
	'INSERT INTO narrow (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 100) i; VACUUM narrow;
	INSERT INTO coded (v) SELECT random_vector(80 + i * 0) FROM generate_series(1, 100) i; VACUUM coded;
	INSERT INTO lists (v) SELECT random_vector(16 + i * 0) FROM generate_series(1, 3000) i; VACUUM lists;
	INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 3000) i; VACUUM codes');
check_index($standby, 'after promotion', sort keys %indexes);
unlike(PostgreSQL::Test::Utils::slurp_file($standby->logfile), qr/inconsistent page found/, 'every replayed page was right');

$standby->stop;
done_testing();
