# Recovery to points in time inside builds: the index being built is not there, the one that was there before is sound
# and has the rows of that moment, and the build can be made again.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;
use Workload;

my $node = new_server('source', "max_wal_size = 1GB\nmaintenance_work_mem = '8MB'\n", has_archiving => 1);
$node->backup('before');
my @kinds = qw(hnsw_coded hnsw_plain ivf_coded ivf_plain);
my $load = Workload->new($node, @kinds);
$node->safe_psql('postgres', 'SELECT count(*) FROM add(1, 4000)');

# While each kind of index is built again and again, rows come and moments in the middle of a build get names.
my %rows_at;
my $next = 10000;
foreach my $kind (@kinds)
{
	# More often than it takes: a build may be as quick as a session begins.
	my $builder = $load->start_session(map { ("CREATE INDEX CONCURRENTLY IF NOT EXISTS other ON item USING $Workload::INDEXES{$kind}", 'DROP INDEX other') } 1 .. 10000);
	my $running = "SELECT index_relid FROM pg_stat_progress_create_index WHERE phase LIKE 'building%'";

	foreach my $try (1 .. 2000)
	{
		my $id = $next++;
		my $said = $node->safe_psql('postgres', "SELECT count(*) FROM add($id, $id); SELECT count(*) FROM item; SELECT coalesce(($running), 0); SELECT pg_create_restore_point('$kind$id'); SELECT coalesce(($running), 0)");
		my ($added, $rows, $before, $point, $after) = split /\n/, $said;
		next unless $before && $before == $after; # in one and the same build
		$rows_at{$kind} = [ "$kind$id", $rows ];
		last;
	}
	$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()");
	$builder->{run}->finish;
	$node->safe_psql('postgres', 'DROP INDEX IF EXISTS other');
	ok($rows_at{$kind}, "a moment in a build of $kind");
}
$node->safe_psql('postgres', 'SELECT pg_switch_wal()');
$node->stop;

foreach my $kind (grep { $rows_at{$_} } @kinds)
{
	my $copy = PostgreSQL::Test::Cluster->new("at_$kind");

	$copy->init_from_backup($node, 'before', has_restoring => 1, standby => 0);
	$copy->append_conf('postgresql.conf', "recovery_target_name = '$rows_at{$kind}[0]'\nrecovery_target_action = promote\narchive_mode = off\n");
	$copy->start;
	$copy->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()') or die 'recovery did not end';
	is($copy->safe_psql('postgres', "SELECT count(*) FROM pg_index WHERE indexrelid = to_regclass('other') AND indisvalid"), 0, "an index not yet built does not count ($kind)");
	is($copy->safe_psql('postgres', 'SELECT count(*) FROM item'), $rows_at{$kind}[1], "the rows of that moment ($kind)");
	check_index($copy, "in the middle of a build of $kind", map { "i_$_" } @kinds);
	$copy->safe_psql('postgres', "DROP INDEX IF EXISTS other; CREATE INDEX other ON item USING $Workload::INDEXES{$kind}");
	check_index($copy, "built after recovery ($kind)", 'other');
	$copy->stop;
}
done_testing();
