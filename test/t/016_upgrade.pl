# Upgrades. Of the extension: from each earlier version whose scripts are installed, the update leaves the catalogs that a
# fresh installation has (from pgvector: 030). Of the server: pg_upgrade carries catalogs and index files over, and they
# answer as before. A new version of the extension needs no line here, but that the script of the one before stays among
# the installed ones. UPGRADE_TO=/usr/lib/postgresql/18 moves to that PostgreSQL, and not to the one that it comes from.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

my $node = new_server('upgrade');

# --- the extension ---
my $fresh = extension_catalog($node, 'postgres', 'vectordb');
my $default = $node->safe_psql('postgres', q{SELECT default_version FROM pg_available_extensions WHERE name = 'vectordb'});
my @earlier = split /\n/, $node->safe_psql('postgres', qq{
	SELECT version FROM pg_available_extension_versions JOIN pg_extension_update_paths('vectordb') ON source = version
	WHERE name = 'vectordb' AND target = '$default' AND path IS NOT NULL});

cmp_ok(scalar(my @objects = split(/\n/, $fresh)), '>', 300, "what vectordb $default consists of");
note("$default is updated to from: " . (@earlier ? "@earlier" : 'nothing, there is no earlier version'));
foreach my $version (@earlier)
{
	(my $database = "from_$version") =~ s/\W/_/g;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, "CREATE EXTENSION vectordb VERSION '$version'; ALTER EXTENSION vectordb UPDATE");
	is(extension_catalog($node, $database, 'vectordb'), $fresh, "$version, updated, is what $default is when created");
}

# The comparison sees what an update might forget.
$node->safe_psql('postgres', 'CREATE DATABASE forgetful');
$node->safe_psql('forgetful', 'CREATE EXTENSION vectordb');
my $before = extension_catalog($node, 'forgetful', 'vectordb');
is($before, $fresh, 'two fresh ones are equal');
foreach my $forgotten (
	'ALTER FUNCTION l2_distance(vector, vector) COST 7',
	'ALTER FUNCTION vector_norm(vector) PARALLEL RESTRICTED',
	'ALTER FUNCTION vector_dims(vector) RENAME TO vector_dimensions',
	'ALTER OPERATOR = (vector, vector) SET (JOIN = neqjoinsel)',
	'ALTER TYPE halfvec SET (STORAGE = extended)',
	'ALTER OPERATOR FAMILY vector_l2_ops USING ivf ADD OPERATOR 9 <+> (vector, vector) FOR ORDER BY float_ops',
	'COMMENT ON TYPE sparsevec IS NULL',
	'REVOKE EXECUTE ON FUNCTION vectordb_index_check(regclass) FROM PUBLIC',
	'ALTER EXTENSION vectordb DROP CAST (vector AS halfvec)',
	q{UPDATE pg_aggregate SET aggcombinefn = 0 WHERE aggfnoid = 'avg(vector)'::regprocedure})
{
	$node->safe_psql('forgetful', $forgotten);
	my $after = extension_catalog($node, 'forgetful', 'vectordb');
	isnt($after, $before, "noticed: $forgotten");
	$before = $after;
}

# --- the server ---
my %tables = (
	hnsw_coded => 'USING hnsw (v vector_l2_ops)',
	hnsw_plain => 'USING hnsw (v vector_l2_ops) WITH (quantizer = none)',
	ivf_coded => 'USING ivf (v vector_l2_ops) WITH (lists = 4)',
	ivf_heap => 'USING ivf (v vector_l2_ops) WITH (lists = 4, storage = heap)',
	ivf_plain => 'USING ivf (v vector_l2_ops) WITH (lists = 4, quantizer = none)');

# The distances of the rows nearest to the first ones, as the index has it.
sub answers
{
	my ($server) = @_;

	return map { $server->safe_psql('postgres', qq{
		SET enable_seqscan = off; SET enable_sort = off; SET ivf.probes = 100;
		SELECT q.id, n.* FROM $_ q, LATERAL (SELECT t.id, t.v <-> q.v FROM $_ t ORDER BY t.v <-> q.v LIMIT 5) n
		WHERE q.id <= 20 ORDER BY 1, 3, 2}) } sort keys %tables;
}

my $new = PostgreSQL::Test::Cluster->new('upgraded', $ENV{UPGRADE_TO} ? (install_path => $ENV{UPGRADE_TO}) : ());
my ($old_bin, $new_bin) = map { $_->config_data('--bindir') } $node, $new;
SKIP:
{
	skip 'this PostgreSQL has no pg_upgrade', 1 unless -x "$new_bin/pg_upgrade";
	$node->safe_psql('postgres', "DROP DATABASE forgetful; SELECT setseed(.5);"
		. join '', map { "CREATE TABLE $_ AS SELECT i AS id, random_vector(64)::vector(64) AS v FROM generate_series(1, 400) i; CREATE INDEX ${_}_v ON $_ $tables{$_};" } sort keys %tables);
	my @expected = answers($node);

	$new->init(no_checksums($new));
	$node->stop;
	chdir(PostgreSQL::Test::Utils::tempdir()) or die "cannot enter the temporary directory: $!"; # earlier ones write there
	command_ok(
		[
			"$new_bin/pg_upgrade", '-d', $node->data_dir, '-D', $new->data_dir, '-b', $old_bin, '-B', $new_bin,
			'-s', $new->host, '-p', $node->port, '-P', $new->port
		],
		'pg_upgrade');
	$new->start;
	is(extension_catalog($new, 'postgres', 'vectordb'), $fresh, 'the catalogs came over whole');
	is_deeply([ answers($new) ], \@expected, 'the indexes answer as before');
	check_index($new, 'after pg_upgrade', map { "${_}_v" } sort keys %tables);
	$new->safe_psql('postgres', "INSERT INTO $_ SELECT i, random_vector(64) FROM generate_series(401, 500) i; DELETE FROM $_ WHERE id % 3 = 0; VACUUM $_")
	  foreach sort keys %tables;
	check_index($new, 'changed after pg_upgrade', map { "${_}_v" } sort keys %tables);
	$new->stop;
}

done_testing();
