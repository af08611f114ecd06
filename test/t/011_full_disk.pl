# No room for an index while it is built, and while rows are inserted: each statement fails cleanly or succeeds, what
# was acknowledged is found, and with room again all goes on. A limit on the size of files stands for the full disk:
# PostgreSQL's write fails in the same place.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

plan skip_all => 'no prlimit' if system('prlimit --version >/dev/null 2>&1') != 0;
# WAL segments of 1 MB fit under the limit.
my $node = new_server('full', "max_wal_size = 64MB\nmaintenance_work_mem = '1MB'\n", extra => ['--wal-segsize=1']);

# For sessions begun from now on.
sub limit_files
{
	my ($bytes) = @_;

	system_or_bail('prlimit', '--pid', $node->{_pid}, "--fsize=$bytes:unlimited");
	return;
}

# The table has no vectors, only the index does: it alone meets the limit.
$node->safe_psql(
	'postgres', q{
	-- its names are looked up now: a build on 17 and later has no search_path
	CREATE FUNCTION wide(id int) RETURNS vector LANGUAGE sql IMMUTABLE
		RETURN (SELECT array_agg(hashint4(id * 1000 + i % 40) % 1000)::vector FROM generate_series(1, 1800) i);
	CREATE TABLE item (id int)});

my $limit = 2_500_000;
foreach my $index (
	'hnsw ((wide(id)::vector(1800)) vector_l2_ops) WITH (m = 4, ef_construction = 16, quantizer = none)',
	'hnsw ((wide(id)::vector(1800)) vector_l2_ops) WITH (m = 4, ef_construction = 16, storage = full)',
	'ivf ((wide(id)::vector(1800)) vector_l2_ops) WITH (lists = 5, quantizer = none)',
	'ivf ((wide(id)::vector(1800)) vector_l2_ops) WITH (lists = 5, storage = full)')
{
	# Every row by its own vector.
	my $lost = 'SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 500; SET ivf.probes = 1000;
		SELECT count(*) FROM item i WHERE id <> (SELECT id FROM item ORDER BY wide(id)::vector(1800) <-> wide(i.id)::vector(1800) LIMIT 1)';
	my $create = "CREATE INDEX item_w ON item USING $index";
	my $errors;

	$node->safe_psql('postgres', 'TRUNCATE item; INSERT INTO item SELECT generate_series(1, 500)');
	limit_files($limit);
	$node->psql('postgres', $create, stderr => \$errors);
	like($errors, qr/ERROR:  could not (extend|write)/, "a build without room fails: $index");
	is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname = 'item_w'"), 0, 'nothing of it is left');

	$node->safe_psql('postgres', "TRUNCATE item; $create");
	$node->psql('postgres', join('', map { "INSERT INTO item VALUES ($_);\n" } 1 .. 500), stderr => \$errors, on_error_stop => 0);
	my $refused = () = $errors =~ /ERROR:  could not extend/g;
	cmp_ok($refused, '>', 0, 'insertions without room fail');
	is($node->safe_psql('postgres', 'SELECT count(*) FROM item'), 500 - $refused, 'and all others are done');
	note "$refused of 500 refused";
	is($node->safe_psql('postgres', $lost), 0, 'what was acknowledged is found');
	check_index($node, 'on the full disk', 'item_w');
	$node->psql('postgres', 'DELETE FROM item WHERE id % 3 = 0; VACUUM item', stderr => \$errors);
	check_index($node, 'after a vacuum on the full disk', 'item_w');

	limit_files('unlimited');
	$node->safe_psql('postgres', 'INSERT INTO item SELECT generate_series(501, 800); VACUUM item');
	is($node->safe_psql('postgres', $lost), 0, 'with room again every row is found');
	check_index($node, 'with room again', 'item_w');
	$node->safe_psql('postgres', 'REINDEX INDEX item_w; DROP INDEX item_w');
}
$node->stop;
done_testing();
