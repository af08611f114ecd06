# Who may install and what the installation script trusts: a database owner who is no superuser, and objects that somebody
# has put, under the names that the script uses, where a search might find them.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

my $node = PostgreSQL::Test::Cluster->new('owner');
$node->init(no_checksums($node));
$node->append_conf('postgresql.conf', "autovacuum = off\nlog_statement = none\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE maker; CREATE ROLE guest; CREATE ROLE boss SUPERUSER');

sub new_database
{
	my ($name) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER maker");
	$node->safe_psql($name, 'GRANT CREATE ON SCHEMA public TO PUBLIC');
	return;
}

# As this role; what does not end in an error is an empty string.
sub error_of
{
	my ($database, $role, $sql) = @_;
	my ($rc, $out, $err) = $node->psql($database, "\\set VERBOSITY verbose\nSET SESSION AUTHORIZATION $role;\n$sql");

	return $err;
}

sub answer
{
	my ($database, $role, $sql) = @_;

	return $node->safe_psql($database, "SET SESSION AUTHORIZATION $role;\n$sql");
}

my $denied = qr/ERROR:  42501: /;
my $use = q{
	CREATE TABLE item (id int, v vector(3), h halfvec(3), s sparsevec(3), b bit(8));
	INSERT INTO item SELECT i, ARRAY[i, 1, 1], ARRAY[i, 1, 1], ARRAY[i, 1, 1], i::bit(8) FROM generate_series(1, 200) i;
	CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops);
	CREATE INDEX item_h ON item USING ivf (h halfvec_l2_ops);
	CREATE INDEX item_s ON item USING hnsw (s sparsevec_l2_ops);
	CREATE INDEX item_b ON item USING ivfflat (b bit_hamming_ops);
	SET enable_seqscan = off;
	SELECT (SELECT id FROM item ORDER BY v <-> '[20,1,1]' LIMIT 1), (SELECT id FROM item ORDER BY h <-> '[30,1,1]' LIMIT 1),
		(SELECT id FROM item ORDER BY s <-> '{1:40,2:1,3:1}/3' LIMIT 1), (SELECT id FROM item ORDER BY b <~> 50::bit(8) LIMIT 1),
		(SELECT count(*) FROM vectordb_index_check('item_v'));
	DROP TABLE item};

# --- a database owner ---
new_database('owned');
like(error_of('owned', 'guest', 'CREATE EXTENSION vectordb'), $denied, 'who may create nothing in the database cannot install');
is(error_of('owned', 'maker', 'CREATE EXTENSION vectordb'), '', 'its owner can');
is(answer('owned', 'maker', $use), '20|30|40|50|0', 'and use it');
is(answer('owned', 'guest', $use), '20|30|40|50|0', 'as everybody can');
is(answer('owned', 'boss', q{
	SELECT DISTINCT pg_get_userbyid(p.proowner) = (SELECT pg_get_userbyid(10)) FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
	JOIN pg_extension e ON e.oid = d.refobjid AND d.deptype = 'e' WHERE e.extname = 'vectordb'}),
	't', 'what is in it is not theirs');
like(error_of('owned', 'maker', $_), $denied, "not for them: $_") foreach (
	"CREATE OR REPLACE FUNCTION vector_in(cstring, oid, integer) RETURNS vector AS 'vector_in' LANGUAGE internal",
	'ALTER FUNCTION l2_distance(vector, vector) OWNER TO maker',
	'ALTER FUNCTION l2_distance(vector, vector) LEAKPROOF',
	'ALTER TYPE vector RENAME TO theirs',
	'ALTER EXTENSION vectordb DROP FUNCTION l2_distance(vector, vector)',
	"CREATE FUNCTION theirs(vector) RETURNS int AS '\$libdir/vectordb', 'vector_dims' LANGUAGE c",
	'CREATE OPERATOR CLASS theirs FOR TYPE vector USING hnsw AS OPERATOR 1 <-> (vector, vector) FOR ORDER BY float_ops',
	'ALTER OPERATOR FAMILY vector_l2_ops USING hnsw DROP OPERATOR 1 (vector, vector)');
# PostgreSQL has whoever moves a type own it.
$node->safe_psql('owned', 'CREATE SCHEMA elsewhere; GRANT ALL ON SCHEMA elsewhere TO PUBLIC');
like(error_of('owned', 'maker', 'ALTER EXTENSION vectordb SET SCHEMA elsewhere'), qr/ERROR:  42501: must be owner of type vector/, 'to another schema by superusers only');
is(error_of('owned', 'boss', 'ALTER EXTENSION vectordb SET SCHEMA elsewhere'), '', 'who can');
is(answer('owned', 'maker', "SET search_path = elsewhere, public; $use"), '20|30|40|50|0', 'it works there');
like(error_of('owned', 'guest', 'DROP EXTENSION vectordb'), $denied, 'not everybody drops it');
answer('owned', 'maker', q{ALTER EXTENSION vectordb UPDATE; COMMENT ON EXTENSION vectordb IS 'ours'; DROP EXTENSION vectordb});
is(answer('owned', 'boss', q{SELECT to_regtype('elsewhere.vector') IS NULL, count(*) FROM pg_am WHERE amname IN ('hnsw', 'ivf', 'ivfflat')}), 't|0',
	'its owner does, with all it has');

# --- objects in the way, in the schema where the extension goes ---
# A function that the script would call with the rights of a superuser leaves a trace.
my $trap = q{
	CREATE TABLE trace (who name);
	GRANT ALL ON trace TO PUBLIC;
	CREATE FUNCTION trap(name, name) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN false; END';
	CREATE FUNCTION trap(name, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN false; END';
	CREATE FUNCTION trap(text, text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN INSERT INTO public.trace VALUES (current_user); RETURN false; END';
	CREATE FUNCTION trap(bit, bit) RETURNS float8 LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 0; END';};
my %refused = (
	'a function' => 'CREATE FUNCTION hamming_distance(bit, bit) RETURNS float8 LANGUAGE sql AS $$ SELECT 1.0::float8 $$',
	'an operator' => 'CREATE OPERATOR <~> (LEFTARG = bit, RIGHTARG = bit, PROCEDURE = trap)',
	'an operator not yet defined' => 'CREATE OPERATOR <~~~> (LEFTARG = bit, RIGHTARG = bit, PROCEDURE = trap, COMMUTATOR = <~>)',
	'a type' => 'CREATE TYPE vector AS (x float4)',
	'a type not yet defined' => 'CREATE DOMAIN halfvec AS text',
	'a table' => 'CREATE TABLE sparsevec (x int)',
	'a function of a type in the way' => 'CREATE DOMAIN vector AS text; CREATE FUNCTION l2_distance(vector, vector) RETURNS float8 LANGUAGE sql AS $$ SELECT 1.0::float8 $$');
my $number = 0;
foreach my $what (sort keys %refused)
{
	foreach my $role ('boss', 'maker')
	{
		my $database = 'refused' . $number++;

		new_database($database);
		answer($database, 'guest', "$trap $refused{$what}");
		like(error_of($database, $role, 'CREATE EXTENSION vectordb SCHEMA public'), qr/ERROR:  (42723|42710|55000|42501): /, "$what in the way of $role");
		is(answer($database, 'boss', q{SELECT count(*) FROM pg_am WHERE amname IN ('hnsw', 'ivf', 'ivfflat')}), 0, "$what: nothing is left behind");
	}
}

# What does not collide is not looked at: operators that the script uses, and all that is earlier in the caller's search_path.
# `vector`, the same under another name, is for superusers.
foreach ([ 'boss', 'vectordb' ], [ 'maker', 'vectordb' ], [ 'boss', 'vector' ])
{
	my ($role, $extension) = @$_;
	my $database = "trapped_${role}_$extension";

	new_database($database);
	answer($database, 'maker', 'CREATE SCHEMA early; GRANT ALL ON SCHEMA early TO PUBLIC');
	answer($database, 'guest', $trap . join '', map { qq{
		CREATE OPERATOR $_.= (LEFTARG = name, RIGHTARG = name, PROCEDURE = public.trap);
		CREATE OPERATOR $_.= (LEFTARG = name, RIGHTARG = text, PROCEDURE = public.trap);
		CREATE OPERATOR $_.= (LEFTARG = text, RIGHTARG = text, PROCEDURE = public.trap);
		CREATE FUNCTION $_.eqsel(text, oid, text, integer) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0::float8';
		CREATE DOMAIN $_.float8 AS text; CREATE DOMAIN $_.bit AS text; CREATE DOMAIN $_.cstring AS text; CREATE DOMAIN $_.regclass AS text;
		CREATE TABLE $_.pg_extension (extname name); CREATE TABLE $_.pg_namespace (nspname name);} } 'early', 'public');
	answer($database, 'guest', q{
		CREATE FUNCTION early.hamming_distance(bit, bit) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0::float8';
		CREATE OPERATOR early.<~> (LEFTARG = bit, RIGHTARG = bit, PROCEDURE = early.hamming_distance);
		CREATE TYPE early.vector AS (x float4);
		CREATE FUNCTION early.l2_distance(early.vector, early.vector) RETURNS float8 LANGUAGE sql AS 'SELECT 1.0::float8';
		CREATE OPERATOR early.<-> (LEFTARG = early.vector, RIGHTARG = early.vector, PROCEDURE = early.l2_distance);});
	is(error_of($database, $role, qq{
		SET search_path = early, pg_temp, public, pg_catalog;
		CREATE TYPE pg_temp.halfvec AS (x float4);
		CREATE DOMAIN pg_temp.bit AS text;
		CREATE TEMP TABLE pg_extension (extname name);
		CREATE EXTENSION $extension SCHEMA public}), '', "$extension installed by $role among traps");
	# what tells an extension of pgvector's: library, version, functions that it lacks
	is(error_of($database, $role, q{
		UPDATE pg_proc SET probin = '$libdir/vector' WHERE probin = '$libdir/vectordb';
		UPDATE pg_extension SET extversion = '0.8.6' WHERE extname = 'vector';
		ALTER EXTENSION vector DROP FUNCTION vectordb_index_check(pg_catalog.regclass);
		DROP FUNCTION vectordb_index_check(pg_catalog.regclass);
		SET search_path = early, public, pg_catalog;
		ALTER EXTENSION vector UPDATE}), '', 'updated from pgvector among traps') if $extension eq 'vector';
	is(answer($database, 'boss', 'SELECT count(*) FROM public.trace'), 0, "no trap went off ($role)");
	is(answer($database, 'guest', "SET search_path = early, pg_catalog; SELECT 'a'::name = 'a'::name; SELECT who FROM public.trace"), "f\nguest", 'though they are set');
	# every name was resolved to the extension's own or to PostgreSQL's
	is(answer($database, 'boss', qq{
		WITH member AS (
			SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
			WHERE e.extname = '$extension' AND d.deptype = 'e')
		SELECT pg_describe_object(d.classid, d.objid, 0), pg_describe_object(d.refclassid, d.refobjid, 0)
		FROM pg_catalog.pg_depend d JOIN member m ON (d.classid, d.objid) = (m.classid, m.objid)
		WHERE d.deptype IN ('n', 'a') AND (d.refclassid, d.refobjid) NOT IN (SELECT classid, objid FROM member)
			AND d.refclassid <> 'pg_catalog.pg_namespace'::regclass}), '', "nothing in $extension depends on anything else ($role)");
	is(answer($database, $role, 'SET search_path = public;' . $use =~ s/\bbit\b/pg_catalog.bit/gr), '20|30|40|50|0', "it works ($role)");
}

$node->stop;
done_testing();
