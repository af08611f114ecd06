# kill -9 at random moments while clients insert, update, delete, search, vacuum and rebuild, with every kind of index.
# After each recovery the table holds what was acknowledged, the index is sound and leads to every row, and a standby
# that replayed the same says the same. In some rounds the pages written since the last checkpoint are lost or torn,
# too, as when the power fails. TORTURE_KILLS: how many kills; TORTURE_KINDS: the kinds of indexes;
# CRASH_SEED repeats a run's choices.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);
use VectorTest;
use Workload;

my $kills = $ENV{TORTURE_KILLS} // 8;
my @kinds = split ' ', $ENV{TORTURE_KINDS} // join ' ', sort keys %Workload::INDEXES;
seed_from('CRASH_SEED', int time);

# The data files of the table and its index, and what is in them.
sub read_files
{
	my ($node) = @_;
	my %content = (redo => redo_point($node));

	foreach my $path (split /\n/, $node->safe_psql('postgres', "SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid = 'item'::regclass OR relname LIKE 'i\\_%'"))
	{
		$content{$path} = PostgreSQL::Test::Utils::slurp_file($node->data_dir . "/$path");
	}
	return \%content;
}

# Where recovery begins.
sub redo_point
{
	my ($node) = @_;
	my ($said) = run_command([ 'pg_controldata', $node->data_dir ]);

	return $said =~ /REDO location: +(\S+)/ ? $1 : die 'no REDO location';
}

# Takes back half, or all, of some of the pages that changed since the files were read. Nothing was synced since,
# unless there was a checkpoint.
sub tear
{
	my ($node, $before) = @_;
	my $torn = 0;

	return 0 if $before->{redo} ne redo_point($node);
	foreach my $path (grep { $_ ne 'redo' } keys %$before)
	{
		open my $file, '+<:raw', $node->data_dir . "/$path" or next;
		my $now = do { local $/; <$file> };
		for (my $at = 0; $at < length $now; $at += 8192)
		{
			my $old = substr($before->{$path} . "\0" x length $now, $at, 8192);

			next if rand() < 0.5 || $old eq substr $now, $at, 8192;
			my ($from, $size) = @{ ([ 0, 8192 ], [ 0, 4096 ], [ 4096, 4096 ])[ rand 3 ] };
			seek $file, $at + $from, 0;
			print $file substr $old, $from, $size;
			$torn++;
		}
		close $file;
	}
	return $torn;
}

# Kills one of the server's processes, whereupon the postmaster ends the others, or all of them.
sub crash
{
	my ($node, $how) = @_;

	return kill_server($node) if $how ne 'process';
	my $killed = 0; # one that just ended is not
	until ($killed)
	{
		my $pid = $node->safe_psql('postgres', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid() ORDER BY random() LIMIT 1');
		$killed = kill 'KILL', $pid;
	}
	return;
}

sub round
{
	my ($load, $node, $how) = @_;
	my $before;

	if ($how eq 'power')
	{
		$node->safe_psql('postgres', 'CHECKPOINT');
		$before = read_files($node);
	}
	my @sessions = map { $load->start_writer(2000) } 1 .. 3;
	push @sessions, $load->start_searcher, $load->start_vacuumer($how eq 'power' ? () : 'CHECKPOINT');
	push @sessions, $load->start_rebuilder if $how ne 'power' && rand() < 0.5;
	sleep 0.3 + rand 1.2;
	crash($node, $how);
	$load->finish($_) foreach @sessions;
	if ($how eq 'process')
	{
		$node->poll_query_until('postgres', 'SELECT true') or die 'the server did not come back';
		return;
	}
	note tear($node, $before) . ' pages torn' if $before;
	$node->start;
	return;
}

my $node = new_server(
	'primary',
	"wal_consistency_checking = 'generic'\nrestart_after_crash = on\ncheckpoint_timeout = 1h\nmax_wal_size = 1GB\nwal_keep_size = 1GB\nmaintenance_work_mem = '8MB'\n",
	extra => ['--data-checksums']);
$node->backup('start');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'start', has_streaming => 1);
$standby->start;
my $load = Workload->new($node, @kinds);

foreach my $kill (1 .. $kills)
{
	my $how = (qw(power server process server))[ $kill % 4 ];
	my $when = "after kill $kill ($how)";

	round($load, $node, $how);
	$node->safe_psql('postgres', join '; ', map { "DROP INDEX IF EXISTS $_" } $load->leftovers);
	my $rows = $load->verify($when);
	note "$rows rows $when";
	$node->wait_for_catchup($standby);
	check_index($standby, "on the standby $when", map { "i_$_" } @kinds);
	foreach my $kind (@kinds)
	{
		my $all = "$Workload::SEARCH; SELECT count(*), sum(id), sum(n) FROM (SELECT * FROM item ORDER BY $kind <-> array_fill(1, ARRAY[64])::vector LIMIT 100000) s";
		is($standby->safe_psql('postgres', $all), $node->safe_psql('postgres', $all), "the standby answers as the primary by $kind $when");
	}
}
$node->stop;
$standby->promote;
$load->{node} = $standby;
$load->finish($load->start_writer(200));
$load->verify('on the promoted standby');
$standby->stop;
done_testing();
