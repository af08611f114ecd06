# Indexes that earlier states of the code wrote, whose formats differ in what their metapage says: they are read, added
# to and vacuumed. One of a format that is not known is refused, says so, and REINDEX heals it.
#
# test/data/formats has a whole index file of each format, page LSNs zeroed, gzipped: hnsw_plain and ivf_plain as of
# commit 061d231 (no feature flags, before there were codes), hnsw_unchecked as of 8b5713b (codes, kept vectors without
# checks), hnsw_coded as of 7d68ef4 (checks that cover neither norms nor heap tids), ivf_whole as of be87109 (each kept
# vector in one slot), ivf_coded as of 7d68ef4 and ivf_slots as of af63b24 (no chain of value pages with room again),
# hnsw_sealed and ivf_room as of the commits that added them (today's, so that no change of the format goes unnoticed).
# There the statements of item_table() made the tables, and those in %formats the indexes, and took rows away; so the rows
# have the same heap tids here.
use strict;
use warnings FATAL => 'all';
use File::Basename qw(dirname);
use IO::Uncompress::Gunzip qw(gunzip $GunzipError);
use Test::More;
use VectorTest;

use constant { VERSION_AT => 24 + 4, FEATURES_AT => 24 + 8 };

my %formats = (
	hnsw_coded => { dims => 64, features => 5, definition => 'hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 8)' },
	hnsw_plain => { dims => 3, features => 0, definition => 'hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 16)' },
	hnsw_sealed => { dims => 64, features => 13, definition => 'hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 8)' },
	hnsw_unchecked => { dims => 64, features => 1, definition => 'hnsw (v vector_l2_ops) WITH (m = 2, ef_construction = 8, quantizer = rabitq)' },
	ivf_coded => { dims => 64, features => 1, definition => 'ivf (v vector_l2_ops) WITH (lists = 2)' },
	ivf_plain => { dims => 3, features => 0, definition => 'ivf (v vector_l2_ops) WITH (lists = 2)' },
	ivf_room => { dims => 340, rows => 24, features => 13, definition => 'ivf (v vector_l2_ops) WITH (lists = 2, storage = full)', deleted => 'id % 3 = 0' },
	ivf_slots => { dims => 340, rows => 24, features => 5, definition => 'ivf (v vector_l2_ops) WITH (lists = 2, storage = full)' },
	ivf_whole => { dims => 340, rows => 24, features => 1, definition => 'ivf (v vector_l2_ops) WITH (lists = 2, storage = full)' });
my @names = sort keys %formats;
my $node = new_server('formats');

sub rows
{
	my ($name, $from, $to) = @_;

	return "SELECT i, (SELECT array_agg((i * 7 + j * j * (1 + i % 13)) % 101 - 50) FROM generate_series(1, $formats{$name}{dims}) j)
		FROM generate_series($from, $to) i";
}

sub item_table
{
	my ($name) = @_;

	return "CREATE TABLE $name (id int, v vector($formats{$name}{dims})); INSERT INTO $name " . rows($name, 1, $formats{$name}{rows} // 80) . ';';
}

# Changes the file of each index while the server is down: $change gets its name and bytes and returns the new ones.
sub change_files
{
	my ($change) = @_;
	my %file = map { $_ => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${_}_v')") } @names;

	$node->stop;
	foreach my $name (@names)
	{
		open my $in, '<:raw', $file{$name} or die "cannot read $file{$name}: $!";
		my $bytes = $change->($name, do { local $/; <$in> });
		open my $out, '>:raw', $file{$name} or die "cannot write $file{$name}: $!";
		print $out $bytes;
		close $out or die "cannot write $file{$name}: $!";
	}
	$node->start;
	return;
}

# Each row is found by its own vector.
sub all_found
{
	my ($when) = @_;

	foreach my $name (@names)
	{
		is($node->safe_psql('postgres', qq{
			SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 1000; SET ivf.probes = 32768;
			SELECT count(*) FROM $name q
			WHERE (SELECT t.v <-> q.v FROM $name t ORDER BY t.v <-> q.v LIMIT 1) IS DISTINCT FROM 0}),
			0, "$name $when: each row is found");
	}
	check_index($node, $when, map { "${_}_v" } @names);
	return;
}

sub error_of
{
	my ($sql) = @_;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$sql");

	return $err;
}

# --- formats that are read ---
foreach my $name (@names)
{
	$node->safe_psql('postgres', item_table($name) . "CREATE INDEX ${name}_v ON $name USING $formats{$name}{definition}");
	$node->safe_psql('postgres', "DELETE FROM $name WHERE $formats{$name}{deleted}; VACUUM $name") if $formats{$name}{deleted};
}
change_files(sub {
	my ($name) = @_;
	my $path = dirname(__FILE__) . "/../data/formats/$name.gz";
	my $bytes;

	gunzip($path => \$bytes) or die "cannot read $path: $GunzipError";
	is(unpack('V', substr $bytes, VERSION_AT, 4), 1, "$name: version");
	is(unpack('V', substr $bytes, FEATURES_AT, 4), $formats{$name}{features}, "$name: feature flags");
	return $bytes;
});
all_found('as it was written');
foreach my $name (@names)
{
	$node->safe_psql('postgres', "INSERT INTO $name " . rows($name, 81, 400) . "; DELETE FROM $name WHERE id % 3 = 0; VACUUM $name; INSERT INTO $name " . rows($name, 401, 450));
}
all_found('after changes');

# --- formats that are not ---
my %unknown = (
	'a version to come' => sub { my $bytes = $_[1]; substr($bytes, VERSION_AT, 4) = pack('V', 2); $bytes },
	'no version' => sub { my $bytes = $_[1]; substr($bytes, VERSION_AT, 4) = pack('V', 0); $bytes },
	'a feature to come' => sub { my $bytes = $_[1]; substr($bytes, FEATURES_AT, 4) = pack('V', 1 << 30 | unpack('V', substr $bytes, FEATURES_AT, 4)); $bytes });
foreach my $what (sort keys %unknown)
{
	change_files($unknown{$what});
	foreach my $name (@names)
	{
		my $refused = qr/ERROR:  0A000: index "${name}_v" has a format that this version of vectordb cannot read\n.*HINT:  Please REINDEX it\./s;

		like(error_of("SET enable_seqscan = off; SELECT id FROM $name ORDER BY v <-> (SELECT v FROM $name LIMIT 1) LIMIT 1"), $refused, "$name, $what: no scan");
		like(error_of("INSERT INTO $name " . rows($name, 500, 500)), $refused, "$name, $what: no insertion");
		like(error_of("DELETE FROM $name WHERE id = (SELECT min(id) FROM $name); VACUUM (INDEX_CLEANUP ON) $name"), $refused, "$name, $what: no vacuum");
		like($node->safe_psql('postgres', "SELECT problem FROM vectordb_index_check('${name}_v')"), qr{version|features}, "$name, $what: the check says so");
		$node->safe_psql('postgres', "REINDEX INDEX ${name}_v; INSERT INTO $name " . rows($name, 500, 500) . "; VACUUM $name");
	}
	all_found("after REINDEX ($what)");
}

$node->stop;
done_testing();
