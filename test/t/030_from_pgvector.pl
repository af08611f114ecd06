# The ways from pgvector: its dump restores and answers as it did; a database of it is taken over in place.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(dirname);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

use constant PAGE => 8192;

my $node = PostgreSQL::Test::Cluster->new('from_pgvector');
$node->init(no_checksums($node));
$node->append_conf('postgresql.conf', "autovacuum = off\nlog_statement = none\n");
$node->start;
# The dump's owner, where the account that runs this test has another name.
$node->safe_psql('postgres', q{
	DO $$
	BEGIN
		IF to_regrole('postgres') IS NULL THEN
			CREATE ROLE postgres SUPERUSER;
		END IF;
	END $$});

sub restore_paint
{
	my ($database, $before) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, $before) if $before;
	$node->command_ok(
		[
			'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr($database),
			'-f', dirname(__FILE__) . '/../data/pgvector/paint.sql'
		],
		"dump restored as $database");
	return;
}

# Asks every question of the dump and compares with pgvector's answer; with $indexed by the index that it names.
sub check_answers
{
	my ($database, $indexed) = @_;
	my $prepare = q{
		SET ivfflat.probes = 3;
		CREATE FUNCTION pg_temp.ask(question text) RETURNS text LANGUAGE plpgsql AS
			'DECLARE answer text; BEGIN EXECUTE question INTO answer; RETURN answer; END';
		CREATE FUNCTION pg_temp.plan(question text) RETURNS text LANGUAGE plpgsql AS
			'DECLARE plan text; BEGIN EXECUTE ''EXPLAIN (FORMAT JSON) '' || question INTO plan; RETURN plan; END';
	} . ($indexed ? 'SET enable_seqscan = off; SET enable_bitmapscan = off;' : 'SET enable_indexscan = off;');

	is($node->safe_psql($database, "$prepare SELECT question, answer, pg_temp.ask(question) FROM answer WHERE answer IS DISTINCT FROM pg_temp.ask(question)"),
		'', "$database: pgvector's answers" . ($indexed ? ' by index' : ''));
	# the plan of a function's body is not shown
	is($node->safe_psql($database, qq{$prepare
		SELECT index, pg_temp.plan(question) FROM answer
		WHERE index <> '' AND question NOT LIKE '%nearest(%' AND pg_temp.plan(question) NOT LIKE '%"Index Name": "' || index || '"%'}),
		'', "$database: the indexes are used") if $indexed;
	return;
}

sub index_list
{
	my ($database) = @_;

	return split /\n/, $node->safe_psql($database, q{
		SELECT c.oid::regclass FROM pg_class c JOIN pg_am a ON a.oid = c.relam
		WHERE c.relkind = 'i' AND a.amname IN ('hnsw', 'ivfflat') ORDER BY c.relname});
}

# --- dump and restore ---
restore_paint('restored');
check_answers('restored', 0);
check_answers('restored', 1);
is($node->safe_psql('restored', "SELECT * FROM vectordb_index_check('$_')"), '', "$_ is sound") foreach index_list('restored');

restore_paint('beside_vectordb', 'CREATE EXTENSION vectordb');
check_answers('beside_vectordb', 1);

# --- in place ---
# The first page of an index of pgvector, as far as anything looks at it: header, magic number, its page id at the end.
sub pgvector_metapage
{
	my ($am) = @_;
	my ($magic, $page_id) = $am eq 'hnsw' ? (0xA953A953, 0xFF90) : (0x14FF1A7, 0xFF84);
	my $special = PAGE - 8;
	my $page = pack('x8 v6 V V2', 0, 0, 24 + 64, $special, $special, PAGE + 4, 0, $magic, 1);

	return $page . "\0" x ($special - length $page) . pack('V v2', 0xFFFFFFFF, 0, $page_id);
}

restore_paint('moved');
my $fresh = extension_catalog($node, 'moved', 'vector');
my %file = map { $_ => $node->data_dir . '/' . $node->safe_psql('moved', "SELECT pg_relation_filepath('$_')") } index_list('moved');
my %am = map { $_ => $node->safe_psql('moved', "SELECT a.amname FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.oid = '$_'::regclass") }
  keys %file;

# Undoes what tells this database from one of pgvector: library, version, functions of our own, index files.
$node->safe_psql(
	'moved', q{
	UPDATE pg_proc SET probin = '$libdir/vector' WHERE probin = '$libdir/vectordb';
	UPDATE pg_extension SET extversion = '0.8.6' WHERE extname = 'vector';
	DO $$
	DECLARE function regprocedure;
	BEGIN
		FOR function IN SELECT oid FROM pg_proc WHERE proname LIKE 'vectordb%' LOOP
			EXECUTE format('ALTER EXTENSION vector DROP FUNCTION %s', function);
			EXECUTE format('DROP FUNCTION %s', function);
		END LOOP;
	END $$;
	COMMENT ON TYPE vector IS NULL;
	CHECKPOINT});
$node->stop;
foreach my $index (keys %file)
{
	open my $out, '>:raw', $file{$index} or die "cannot write $file{$index}: $!";
	print $out pgvector_metapage($am{$index});
	close $out;
}
$node->start;

sub error_of
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('moved', "\\set VERBOSITY verbose\n$sql");

	return $err;
}

is($node->safe_psql('moved', q{SELECT count(*) FROM pg_proc WHERE probin = '$libdir/vectordb'}), 0, 'a database of pgvector');
like(error_of('ALTER EXTENSION vector UPDATE'),
	qr/WARNING:  01000: indexes of pgvector are out of use until they are built anew: .*hnsw_vector_l2.*HINT:  REINDEX INDEX CONCURRENTLY/s,
	'the update names the indexes');
is(extension_catalog($node, 'moved', 'vector'), $fresh, 'updated, the extension is what it is when created');

# Were an old file read, it would be known.
my $invalid = $node->safe_psql('moved', q{SELECT string_agg(indexrelid::text, ',') FROM pg_index WHERE NOT indisvalid});
$node->safe_psql('moved', "UPDATE pg_index SET indisvalid = true, indisready = true WHERE indexrelid IN ($invalid)");
my $refused = qr/ERROR:  0A000: index "\w+" has pgvector's format, which vectordb cannot read\n.*HINT:  Please REINDEX it\./s;
foreach my $table ('paint_hnsw', 'paint_ivfflat')
{
	like(error_of("SET enable_seqscan = off; SELECT id FROM $table ORDER BY v <-> '[1,2,3]' LIMIT 1"), $refused, "$table: no scan by an old index");
	like(error_of("INSERT INTO $table SELECT 99, v, h, s, b FROM $table LIMIT 1"), $refused, "$table: no insertion");
}
like(error_of('DELETE FROM paint_hnsw WHERE id = 48; VACUUM (INDEX_CLEANUP ON) paint_hnsw'), $refused, 'no vacuum');
$node->safe_psql('moved', "UPDATE pg_index SET indisvalid = false, indisready = false WHERE indexrelid IN ($invalid)");

# The tables are whole without those indexes.
$node->safe_psql('moved', 'INSERT INTO paint_hnsw SELECT id, v, h, s, b FROM paint WHERE id = 48');
check_answers('moved', 0);
foreach my $table ('paint_hnsw', 'paint_ivfflat')
{
	$node->safe_psql('moved', "INSERT INTO $table SELECT id + 100, v, h, s, b FROM $table; DELETE FROM $table WHERE id > 100; VACUUM $table");
}

foreach my $index (index_list('moved'))
{
	$node->safe_psql('moved', "REINDEX INDEX CONCURRENTLY $index");
	is($node->safe_psql('moved', "SELECT * FROM vectordb_index_check('$index')"), '', "$index is sound");
}
is($node->safe_psql('moved', 'SELECT count(*) FROM pg_index WHERE NOT indisvalid'), 0, 'all indexes are back');
check_answers('moved', 1);

$node->stop;
done_testing();
