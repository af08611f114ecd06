# Statements that time out, after ever more milliseconds until they are through: builds of each sort, insertions,
# vacuums, scans that read everything. Each ends with that error alone, and leaves a sound index with every row.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;
use Workload;

my $node = new_server('cancel', "max_parallel_maintenance_workers = 2\nmin_parallel_table_scan_size = 0\nmax_wal_size = 1GB\n");
my @kinds = qw(hnsw_coded hnsw_plain ivf_coded ivf_plain);
my $load = Workload->new($node, @kinds);
my $cancelled = 0;

# Runs the statement again and again, with more time each time.
sub cancel_often
{
	my ($what, @statements) = @_;
	my $again = pop @statements;
	my $script = join '', map { "$_;\n" } split(/; /, $Workload::SEARCH), @statements;
	my ($out, $errors);

	for (my $ms = 1; $ms < 4000; $ms = int($ms * 1.5) + 1)
	{
		$script .= "SET statement_timeout = $ms;\n$again;\n";
	}
	$node->psql('postgres', $script, stdout => \$out, stderr => \$errors, on_error_stop => 0);
	my @errors = $errors =~ /ERROR:  (.*)/g;
	my @others = grep { !/canceling statement due to (statement timeout|user request)/ } @errors;
	is("@others", '', "no error but the timeout's: $what");
	unlike($errors, qr/server closed|FATAL|PANIC/, "the session lives: $what");
	$cancelled += @errors;
	note @errors . " times cancelled: $what";
	return;
}

$node->safe_psql('postgres', 'SELECT count(*) FROM add(1, 3000)');
foreach my $kind (@kinds)
{
	my $again = "DO \$\$ BEGIN DROP INDEX IF EXISTS other; CREATE INDEX other ON item USING $Workload::INDEXES{$kind}; END \$\$";

	cancel_often("a build of $kind", 'SET max_parallel_maintenance_workers = 0', $again);
	cancel_often("a build of $kind with workers", 'ALTER TABLE item SET (parallel_workers = 2)', $again);
	cancel_often("a build of $kind with little memory", "SET maintenance_work_mem = '1MB'", $again);
	$node->safe_psql('postgres', 'DROP INDEX IF EXISTS other');
	cancel_often("a scan of $kind", "SELECT count(*) FROM (SELECT id FROM item ORDER BY $kind <-> repeated_vector() LIMIT 100000) s");
}
cancel_often('insertions', 'CREATE SEQUENCE many', 'SELECT count(*) FROM add(10000 + 500 * nextval(\'many\')::int, 10400 + 500 * currval(\'many\')::int)');
foreach my $third (0 .. 2)
{
	$node->safe_psql('postgres', "DELETE FROM item WHERE id % 5 = $third");
	cancel_often('a vacuum', 'VACUUM (INDEX_CLEANUP ON) item');
}
cmp_ok($cancelled, '>', 50, "$cancelled statements were cancelled");
$load->{rows} = { map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT id, n FROM item') };
note $load->verify('after all that was cancelled') . ' rows';
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/PANIC|terminated by signal|leak/, 'the log is quiet');
$node->stop;
done_testing();
