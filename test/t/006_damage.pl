# Damaged index pages: scans, inserts and vacuum end with an error that says so, or with an answer, but neither crash
# nor run for ever; the check finds the damage.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

use constant PAGE => 8192;

seed_from('DAMAGE_SEED', 20260101);
my %lists = (listed => 1, codes => 1);
my $node = new_server('damage', "maintenance_work_mem = '64MB'\nrestart_after_crash = off\nstatement_timeout = '60s'\n");

$node->safe_psql(
	'postgres', q{
	SELECT setseed(0.2);
	CREATE TABLE item (id serial, v vector(12)) WITH (autovacuum_enabled = off);
	INSERT INTO item (v) SELECT random_vector(12 + i * 0) FROM generate_series(1, 1500) i;
	INSERT INTO item (v) SELECT '[1,2,3,4,5,6,7,8,9,10,11,12]' FROM generate_series(1, 300) i;
	CREATE TABLE wide (id serial, v vector(3000)) WITH (autovacuum_enabled = off);
	INSERT INTO wide (v) SELECT random_vector(3000 + i * 0) FROM generate_series(1, 30) i;
	CREATE TABLE listed (id serial, v vector(12)) WITH (autovacuum_enabled = off);
	INSERT INTO listed (v) SELECT random_vector(12 + i * 0) FROM generate_series(1, 3000) i;
	CREATE INDEX listed_v ON listed USING ivf (v vector_l2_ops);
	INSERT INTO listed (v) SELECT random_vector(12 + i * 0) FROM generate_series(1, 3000) i;
	CREATE TABLE codes (id serial, v vector(64)) WITH (autovacuum_enabled = off);
	INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 2000) i;
	CREATE INDEX codes_v ON codes USING ivf (v vector_l2_ops) WITH (quantizer = rabitq);
	INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 1000) i;
	CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops) WITH (m = 4, ef_construction = 20);
	CREATE INDEX wide_v ON wide USING hnsw (v vector_cosine_ops) WITH (m = 4, ef_construction = 20);
	DELETE FROM item WHERE id % 5 = 0; VACUUM item;
	DELETE FROM listed WHERE id % 3 = 0; VACUUM listed;
	DELETE FROM codes WHERE id % 3 = 0; VACUUM codes;
	CHECKPOINT;});
my %file = map { $_ => $node->data_dir . '/' . $node->safe_psql('postgres', "SELECT pg_relation_filepath('${_}_v')") } 'item', 'wide', 'listed', 'codes';
$node->stop;
my %sound = map { $_ => PostgreSQL::Test::Utils::slurp_file($file{$_}) } keys %file;

sub put
{
	my ($table, $bytes) = @_;

	open my $out, '>:raw', $file{$table} or die "cannot write $file{$table}: $!";
	print $out $bytes;
	close $out;
	return;
}

# What an error may say: that the index is damaged or of an unknown format, never an internal error.
sub acceptable
{
	my ($err) = @_;

	return $err !~ /ERROR|FATAL|PANIC|server closed/ || $err =~ /ERROR:  XX002: .*\n/ || $err =~ /ERROR:  XX001: /
	  || $err =~ /ERROR:  0A000: .* has a format that this version of vectordb cannot read/;
}

# Uses the damaged index in every way.
sub use_index
{
	my ($table, $what) = @_;
	my $dims = $table eq 'wide' ? 3000 : $table eq 'codes' ? 64 : 12;
	my $operator = $table eq 'wide' ? '<=>' : '<->';
	my $entries = $lists{$table} ? 'heap_tids' : 'live';
	my %statements = (
		scan => "SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 100; SET ivf.probes = 5; SELECT count(*) FROM (SELECT id FROM $table ORDER BY v $operator random_vector($dims) LIMIT 300) n",
		insert => "INSERT INTO $table (v) SELECT random_vector($dims + i * 0) FROM generate_series(1, 5) i",
		vacuum => "DELETE FROM $table WHERE id % 7 = 3; VACUUM (INDEX_CLEANUP ON) $table",
		check => "SELECT count(*) FROM vectordb_index_check('${table}_v')",
		info => "SELECT $entries FROM vectordb_index_info('${table}_v')");
	my $found = 0;

	foreach my $name ('check', 'info', 'scan', 'insert', 'scan', 'vacuum', 'check')
	{
		my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statements{$name}");
		ok(acceptable($err), "$name with $what") or diag $err;
		$found = 1 if $name eq 'check' && ($out || $err);
	}
	return $found;
}

# --- particular damage ---
sub overwrite
{
	my ($bytes, $offset, $new) = @_;

	substr($bytes, $offset, length $new) = $new;
	return $bytes;
}

foreach my $table ('item', 'wide', 'listed', 'codes')
{
	my $last = length($sound{$table}) / PAGE - 1;
	my %damages = (
		'an all-zero page' => overwrite($sound{$table}, PAGE, "\0" x PAGE),
		'an all-zero last page' => overwrite($sound{$table}, $last * PAGE, "\0" x PAGE),
		'an all-zero metapage' => overwrite($sound{$table}, 0, "\0" x PAGE),
		'the page of another index' => overwrite($sound{$table}, PAGE, substr($sound{ $table eq 'wide' ? 'item' : 'wide' }, 0, PAGE)),
		'pages exchanged' => overwrite(overwrite($sound{$table}, PAGE, substr($sound{$table}, $last * PAGE, PAGE)), $last * PAGE, substr($sound{$table}, PAGE, PAGE)),
		'half of it gone' => substr($sound{$table}, 0, PAGE * int(($last + 1) / 2)),
		'a metapage that leads astray' => overwrite($sound{$table}, 24 + ($lists{$table} ? 48 : 40), pack('LL', 4_000_000_000, 77)),
		'another metric and dimensions' => overwrite($sound{$table}, 24 + 16, pack('LSS', 7, 9, 4)));
	foreach my $what (sort keys %damages)
	{
		put($table, $damages{$what});
		$node->start;
		ok(use_index($table, $what), "the check finds $what");
		$node->stop;
	}
	put($table, $sound{$table});
}

# --- random damage ---
foreach my $round (1 .. 60)
{
	my $table = ('wide', 'item', 'listed', 'codes')[ $round % 4 ];
	my $bytes = $sound{$table};
	my $pages = length($bytes) / PAGE;

	foreach (1 .. 1 + rand 40)
	{
		# Most of it where the headers are; PostgreSQL looks after its own page header itself.
		my $block = rand() < 0.2 ? 0 : int rand $pages;
		my $at = 24 + int rand(rand() < 0.5 ? 300 : PAGE - 24);
		substr($bytes, $block * PAGE + $at, 1) = chr int rand 256;
	}
	put($table, $bytes);
	$node->start;
	use_index($table, "random damage $round");
	$node->stop;
	put($table, $sound{$table});
}

# --- every kind of page of coded lists, all pages of that kind at once, part by part ---
# All ones are no numbers where numbers are, and long ones elsewhere.
sub of_ones
{
	my ($length) = @_;

	return "\xff" x $length;
}

sub of_noise
{
	my ($length) = @_;

	return join '', map { chr int rand 256 } 1 .. $length;
}

my %part = (header => [ 24, 40 ], entries => [ 64, 2000 ], rest => [ 2064, PAGE - 2072 ], link => [ PAGE - 8, 4 ]);
foreach my $form ([ 'rabitq4', \&of_ones ], [ 'full', \&of_noise ], [ 'heap', \&of_noise ])
{
	my ($storage, $fill) = @$form;
	my %blocks;

	$node->start;
	$node->safe_psql('postgres', "DROP INDEX codes_v; CREATE INDEX codes_v ON codes USING ivf (v vector_l2_ops) WITH (storage = $storage, lists = 10);
		INSERT INTO codes (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 1500) i");
	$file{codes} = $node->data_dir . '/' . $node->safe_psql('postgres', "CHECKPOINT; SELECT pg_relation_filepath('codes_v')");
	$node->stop;
	my $bytes = PostgreSQL::Test::Utils::slurp_file($file{codes});
	push @{ $blocks{ unpack('S', substr($bytes, $_ * PAGE + PAGE - 4, 2)) } }, $_ foreach 0 .. length($bytes) / PAGE - 1;
	foreach my $kind (sort keys %blocks)
	{
		foreach my $name (sort keys %part)
		{
			my ($offset, $length) = @{ $part{$name} };
			my $damaged = $bytes;

			$damaged = overwrite($damaged, $_ * PAGE + $offset, $fill->($length)) foreach @{ $blocks{$kind} };
			put('codes', $damaged);
			$node->start;
			use_index('codes', "$storage, $name of the pages of kind $kind");
			$node->stop;
		}
	}
	put('codes', $bytes);
}

# --- rows beyond the end of the table ---
# Whichever way a list keeps its values, and where the scan itself fetches rows for them.
foreach my $storage ('sq8', 'heap')
{
	$node->start;
	$node->safe_psql('postgres', "DROP INDEX codes_v; CREATE INDEX codes_v ON codes USING ivf (v vector_l2_ops) WITH (quantizer = rabitq, storage = $storage)");
	my $path = $node->data_dir . '/' . $node->safe_psql('postgres', "CHECKPOINT; SELECT pg_relation_filepath('codes_v')");
	# Of a row whose tid no other six bytes of the index are likely to equal, as those of (0,1) may.
	my @tid = split ',', $node->safe_psql('postgres', q{SELECT trim(ctid::text, '()') FROM codes ORDER BY ctid DESC LIMIT 1});
	$node->stop;
	my $bytes = PostgreSQL::Test::Utils::slurp_file($path);
	my ($sane, $wild) = map { pack('SSS', $_->[0] >> 16, $_->[0] & 65535, $_->[1]) } \@tid, [ 3_000_000_000, 1 ];
	my $found = 0;
	foreach my $at (map { $_ * PAGE } 0 .. length($bytes) / PAGE - 1)
	{
		my $page = substr($bytes, $at, PAGE);
		next unless unpack('S', substr($page, PAGE - 4, 2)) == 4; # data pages
		$found += $page =~ s/\Q$sane\E/$wild/g;
		substr($bytes, $at, PAGE) = $page;
	}
	is($found, 1, "the row (@tid) is found in the index, storage = $storage");
	$file{codes} = $path;
	put('codes', $bytes);
	$node->start;
	my ($rc, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSET enable_seqscan = off; SELECT count(*) FROM (SELECT id FROM codes ORDER BY v <-> (SELECT v FROM codes WHERE ctid = '($tid[0],$tid[1])') LIMIT 10) n");
	like($err, qr/ERROR:  XX002: .* it names a row in block 3000000000 of its table/, "a row beyond the end of the table, storage = $storage");
	$node->stop;
}

# REINDEX mends everything.
put($_, overwrite($sound{$_}, PAGE, "\0" x PAGE)) foreach 'item', 'listed', 'codes';
$node->start;
$node->safe_psql('postgres', 'REINDEX INDEX item_v; REINDEX INDEX wide_v; REINDEX INDEX listed_v; REINDEX INDEX codes_v');
check_index($node, 'after REINDEX', 'item_v', 'wide_v', 'listed_v', 'codes_v');
$node->stop;
done_testing();
