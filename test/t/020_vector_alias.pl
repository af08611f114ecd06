# The extension `vector`: whatever asks for pgvector by name gets vectordb, with nothing else to install first; beside
# vectordb it is a name only.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('alias');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\n");
$node->start;

sub new_database
{
	my ($name, $sql) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name");
	$node->safe_psql($name, $sql);
	return;
}

# What an extension owns, by description.
sub members
{
	my ($database, $extension) = @_;

	return $node->safe_psql($database, qq{
		SELECT pg_describe_object(d.classid, d.objid, 0)
		FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		WHERE e.extname = '$extension' AND d.deptype = 'e' ORDER BY 1});
}

sub dump_to_file
{
	my ($database) = @_;
	my $file = PostgreSQL::Test::Utils::tempdir() . "/$database.sql";

	$node->command_ok([ 'pg_dump', '--file', $file, '--dbname', $node->connstr($database) ], "dump of $database");
	return $file;
}

sub restore
{
	my ($file, $database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file, '-d', $node->connstr($database) ],
		"restored as $database");
	return;
}

sub error_of
{
	my ($database, $sql) = @_;
	my ($rc, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\n$sql");

	return $err;
}

# --- alone ---
new_database('plain', 'CREATE EXTENSION IF NOT EXISTS vector; CREATE EXTENSION IF NOT EXISTS vector');
new_database('real', 'CREATE EXTENSION vectordb');
is(members('plain', 'vector'), members('real', 'vectordb'), 'vector creates what vectordb creates');
is( $node->safe_psql('plain', q{
	SELECT string_to_array(extversion, '.')::int[] >= '{0,8,0}', string_to_array(extversion, '.')::int[] < '{0,9}',
		extversion = (SELECT default_version FROM pg_available_extensions WHERE name = 'vector')
	FROM pg_extension WHERE extname = 'vector'}),
	't|t|t', 'its version passes for a pgvector 0.8');
like($node->safe_psql('plain', 'ALTER EXTENSION vector UPDATE; SELECT extversion FROM pg_extension'), qr/^0\.8\./m,
	'nothing to update');
like(error_of('plain', 'CREATE EXTENSION vectordb'), qr/ERROR:  42710: extension "vector" has the names of "vectordb"/,
	'vectordb beside it is refused');

$node->safe_psql(
	'plain', q{
	CREATE TABLE item (id int PRIMARY KEY, v vector(2) NOT NULL);
	INSERT INTO item SELECT i, ARRAY[i, 1] FROM generate_series(1, 100) i;
	CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops) WITH (m = 8, ef_construction = 32);});
like(error_of('plain', 'DROP EXTENSION vector'), qr/ERROR:  2BP01: .*\n.*column v of table item/, 'a column keeps it');
restore(dump_to_file('plain'), 'plain_restored');
my $nearest = "SET enable_seqscan = off; SELECT string_agg(id::text, ',') FROM (SELECT id FROM item ORDER BY v <-> '[50.1,1]' LIMIT 3) n";
is($node->safe_psql('plain_restored', $nearest), '50,51,49', 'a dump of it restores');
$node->safe_psql('plain', 'DROP EXTENSION vector CASCADE');
is($node->safe_psql('plain', q{SELECT to_regtype('vector') IS NULL, count(*) FROM pg_am WHERE amname = 'hnsw'}), 't|0',
	'it drops with all it created');

# --- in a schema ---
new_database('placed', 'CREATE SCHEMA here; CREATE SCHEMA there; CREATE EXTENSION vector WITH SCHEMA here');
is($node->safe_psql('placed', q{SELECT '[1,2]'::here.vector OPERATOR(here.<->) '[4,6]'}), 5, 'in the schema asked for');
$node->safe_psql('placed', 'ALTER EXTENSION vector SET SCHEMA there');
is($node->safe_psql('placed', q{SELECT '[1,2]'::there.vector OPERATOR(there.<->) '[4,6]'}), 5, 'and moved to another');

# --- beside vectordb ---
new_database('pair', 'CREATE SCHEMA there; CREATE EXTENSION vectordb; CREATE TABLE item (v vector(2)); CREATE EXTENSION vector SCHEMA there');
is(members('pair', 'vector'), '', 'owns nothing beside vectordb');
is(members('pair', 'vectordb'), members('real', 'vectordb'), 'which goes on to own all');
like(error_of('pair', 'DROP EXTENSION vectordb'), qr/ERROR:  2BP01: .*extension vector depends on extension vectordb/s,
	'depends on it');
is($node->safe_psql('pair', q{SELECT extnamespace::regnamespace FROM pg_extension WHERE extname = 'vector'}), 'public', 'and is where it is');
restore(dump_to_file('pair'), 'pair_restored');
is($node->safe_psql('pair_restored', q{SELECT string_agg(extname, ',' ORDER BY extname) FROM pg_extension WHERE extname ~ 'vector'}),
	'vector,vectordb', 'a dump of both restores both');
is(members('pair_restored', 'vector'), '', 'in their roles');
$node->safe_psql('pair', 'DROP EXTENSION vector');
is($node->safe_psql('pair', q{SELECT '[1,2]'::vector <-> '[4,6]'}), 5, 'dropped, it leaves vectordb');

$node->stop;
done_testing();
