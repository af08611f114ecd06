# One damaged page at a time, of every kind of page of every kind of index: whatever a session does with the index is
# answered, or ends with an error that calls it damaged (XX002; XX001 where PostgreSQL's own page header is hit) or of an
# unknown format (0A000). REINDEX mends it. A long run: DAMAGE_ROUNDS=100 DAMAGE_SEED=2.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

use constant PAGE => 8192;

seed_from('DAMAGE_SEED', 20260104);
my $rounds = $ENV{DAMAGE_ROUNDS} // 2;
my $node = new_server('damaged_pages', "restart_after_crash = off\nstatement_timeout = '" . ($ENV{DAMAGE_TIMEOUT} // 60) . "s'\nmaintenance_work_mem = '64MB'\nfsync = off\n");

# Type, access method, operator, and what the index is made with. Values come of random vectors of floats.
my %cast = (
	vector => sub { "random_vector($_[0] + i * 0)" },
	halfvec => sub { "random_vector($_[0] + i * 0)::halfvec" },
	sparsevec => sub { "(SELECT format('{%s:1,%s:%s}/$_[0]', 1 + i % 5, 7 + i % 11, random()))::sparsevec" },
	bit => sub { "binary_quantize(random_vector($_[0] + i * 0))::bit($_[0])" });
my @kinds = (
	[ 'vector', 12, 'hnsw', '<->', 'vector_l2_ops', 'm = 4, ef_construction = 12' ], [ 'vector', 3000, 'hnsw', '<=>', 'vector_cosine_ops', 'm = 4, ef_construction = 12, quantizer = none' ],
	[ 'vector', 3000, 'hnsw', '<->', 'vector_l2_ops', 'm = 4, ef_construction = 12, storage = full' ], [ 'halfvec', 20, 'hnsw', '<#>', 'halfvec_ip_ops', 'm = 4, ef_construction = 12' ],
	[ 'sparsevec', 1000, 'hnsw', '<->', 'sparsevec_l2_ops', 'm = 4, ef_construction = 12' ], [ 'bit', 64, 'hnsw', '<%>', 'bit_jaccard_ops', 'm = 4, ef_construction = 12' ],
	map({ [ 'vector', 64, 'hnsw', '<->', 'vector_l2_ops', "m = 4, ef_construction = 12, storage = $_" ] } 'full', 'half', 'sq8', 'rabitq4'),
	[ 'vector', 12, 'ivf', '<->', 'vector_l2_ops', 'lists = 4' ], [ 'halfvec', 64, 'ivf', '<=>', 'halfvec_cosine_ops', 'lists = 4, quantizer = none' ], [ 'bit', 64, 'ivf', '<~>', 'bit_hamming_ops', 'lists = 4' ],
	map({ [ 'vector', 64, 'ivf', '<->', 'vector_l2_ops', "lists = 4, quantizer = rabitq, storage = $_" ] } 'full', 'half', 'sq8', 'rabitq4', 'heap'));
my @tables;
foreach my $i (0 .. $#kinds)
{
	my ($type, $dims, $am, $operator, $class, $options) = @{ $kinds[$i] };
	my $column = "$type($dims)";
	my $value = $cast{$type}->($dims);
	my $rows = $dims > 1000 && $type eq 'vector' ? 20 : 240;

	$node->safe_psql(
		'postgres', qq{
		SELECT setseed(0.3);
		CREATE TABLE t$i (id serial, v $column) WITH (autovacuum_enabled = off);
		INSERT INTO t$i (v) SELECT $value FROM generate_series(1, $rows) i;
		INSERT INTO t$i (v) SELECT v FROM t$i, generate_series(1, 60) WHERE id = 1;
		CREATE INDEX t${i}_v ON t$i USING $am (v $class) WITH ($options);
		INSERT INTO t$i (v) SELECT $value FROM generate_series(1, $rows / 2) i;
		DELETE FROM t$i WHERE id % 4 = 0; VACUUM t$i;
		INSERT INTO t$i (v) SELECT $value FROM generate_series(1, 5) i;
		CHECKPOINT});
	push @tables, { name => "t$i", am => $am, what => "$am $column $options", value => $value, operator => $operator,
		file => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('t${i}_v')"),
		heap => [ map { $node->data_dir . "/$_" } split /\n/, $node->safe_psql('postgres', "SELECT pg_relation_filepath(c) FROM pg_class t, LATERAL (VALUES (t.oid::regclass), (t.reltoastrelid::regclass),
			((SELECT indexrelid FROM pg_index WHERE indrelid = t.reltoastrelid)::regclass)) f(c) WHERE t.relname = 't$i' AND c::oid > 0") ] };
}
$node->stop;
# The table goes back together with its index, which else would lead to rows that came later.
foreach my $t (@tables)
{
	$t->{rows} = { map { $_ => PostgreSQL::Test::Utils::slurp_file($_) } map { grep { -f } $_, "${_}_fsm", "${_}_vm" } @{ $t->{heap} } };
	$t->{sound} = PostgreSQL::Test::Utils::slurp_file($t->{file});
	push @{ $t->{blocks}{ unpack 'S', substr $t->{sound}, $_ * PAGE + PAGE - 4, 2 } }, $_ foreach 0 .. length($t->{sound}) / PAGE - 1;
}

sub put
{
	my ($file, $bytes) = @_;

	open my $out, '>:raw', $file or die "cannot write $file: $!";
	print $out $bytes;
	close $out;
	return;
}

sub restore
{
	my ($t) = @_;

	unlink map { ("${_}_fsm", "${_}_vm") } $t->{file}, @{ $t->{heap} };
	put($_, $t->{rows}{$_}) foreach keys %{ $t->{rows} };
	put($t->{file}, $t->{sound});
	return;
}

# A page as something went wrong with it; its stamp stays for the most part, else little is read of it.
sub damaged
{
	my ($page) = @_;
	my $how = rand;

	return "\0" x PAGE if $how < 0.02;
	return substr($page, 0, 24) . join('', map { chr int rand 256 } 1 .. PAGE - 32) . substr($page, PAGE - 8) if $how < 0.1;
	foreach (1 .. 1 + rand(rand() < 0.5 ? 3 : 60))
	{
		my $place = rand;
		my $at = $place < 0.5 ? 24 + int rand 300 : $place < 0.95 ? 24 + int rand PAGE - 24 : PAGE - 8 + int rand 8;
		my $byte = rand() < 0.5 ? ord(substr $page, $at, 1) ^ 1 << int rand 8 : (0, 1, 127, 128, 255, int rand 256)[ rand 6 ];
		substr($page, $at, 1) = chr $byte;
	}
	return $page;
}

# What sessions do.
sub statements
{
	my ($t) = @_;
	my $one = $t->{value} =~ s/\bi\b/1/gr;
	my $scan = "SELECT count(*) FROM (SELECT id FROM $t->{name} ORDER BY v $t->{operator} (SELECT $one) LIMIT 60) n";

	return ("SELECT count(*) FROM vectordb_index_check('$t->{name}_v')", "SELECT heap_tids FROM vectordb_index_info('$t->{name}_v')", $scan,
		"INSERT INTO $t->{name} (v) SELECT $t->{value} FROM generate_series(1, 3) i", "INSERT INTO $t->{name} (v) SELECT v FROM $t->{name} WHERE id IN (1, 2)", $scan, "DELETE FROM $t->{name} WHERE id % 9 = " . int(rand 9), "VACUUM (INDEX_CLEANUP ON) $t->{name}",
		$scan, "SELECT count(*) FROM vectordb_index_check('$t->{name}_v')");
}

my (%pages, %answers, @bad);
foreach my $round (1 .. $rounds)
{
	my $script = "\\o /dev/null\nSELECT setseed(0.4);\nSET enable_seqscan = off; SET enable_sort = off; SET ivf.probes = 3;\n";

	foreach my $n (0 .. $#tables)
	{
		my $t = $tables[$n];
		my @of = sort keys %{ $t->{blocks} };
		my $kind = $of[ rand @of ];
		my $block = $t->{blocks}{$kind}[ rand @{ $t->{blocks}{$kind} } ];
		my $bytes = $t->{sound};

		substr($bytes, $block * PAGE, PAGE) = damaged(substr $bytes, $block * PAGE, PAGE);
		put($t->{file}, $bytes);
		$pages{ "$t->{am} " . ('', 'meta', ($t->{am} eq 'hnsw' ? ('node', 'cell', 'vector') : ('directory', 'centroids', 'data', 'free', 'values')))[$kind] . ' page' }++;
		$script .= "$_;\n\\echo $n :SQLSTATE\n" foreach statements($t);
		$script .= "REINDEX INDEX $t->{name}_v;\n\\echo $n :SQLSTATE\n" if $round == $rounds;
	}
	$node->start;
	my ($rc, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0, timeout => 600);
	my $seen = 0;
	while ($out =~ /^(\d+) (\w+)$/mg)
	{
		my ($n, $state) = ($1, $2);
		$seen++;
		$answers{$state}++;
		push @bad, "$state: $tables[$n]{what}, round $round" unless $state =~ /^(00000|XX002|XX001|0A000)$/;
	}
	is($seen, @tables * ($round == $rounds ? 11 : 10), "round $round: each statement is answered") or diag substr $err, -2000;
	if ($round == $rounds)
	{
		check_index($node, 'after REINDEX', map { "$_->{name}_v" } @tables);
	}
	$node->stop;
	restore($_) foreach @tables;
}
is_deeply(\@bad, [], "no other errors");
my $total = 0;
$total += $_ foreach values %pages;
note "$total pages damaged; statements by SQLSTATE: ", join ', ', map { "$_ $answers{$_}" } sort keys %answers;
note sprintf '%6d %s', $pages{$_}, $_ foreach sort keys %pages;
cmp_ok(scalar keys %pages, '>=', $rounds > 20 ? 9 : 5, 'kinds of pages');
done_testing();
