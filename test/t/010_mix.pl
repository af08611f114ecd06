# Eight clients that insert, update, delete, search, vacuum and rebuild at the same time, beside autovacuum: no statement
# fails, none is stuck, a row is found by its vector as soon as it is committed, and at the end the table holds what
# was acknowledged and every index is sound. MIX_SECONDS: how long.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);
use VectorTest;
use Workload;

my $seconds = $ENV{MIX_SECONDS} // 8;
seed_from('CRASH_SEED', int time);

my $node = new_server('mix',
	"autovacuum = on\nautovacuum_naptime = 1s\nautovacuum_vacuum_threshold = 20\nautovacuum_vacuum_scale_factor = 0\nmaintenance_work_mem = '8MB'\nmax_wal_size = 1GB\n");
my $load = Workload->new($node, sort keys %Workload::INDEXES);
my @sessions = map { $load->start_writer(500 * $seconds) } 1 .. 4;
push @sessions, $load->start_searcher, $load->start_searcher, $load->start_vacuumer('CHECKPOINT'), $load->start_rebuilder;
sleep $seconds;

# Who waits for a client's end waits at most as long as one statement takes.
my $clients = "backend_type = 'client backend' AND pid <> pg_backend_pid()";
$node->safe_psql('postgres', "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE $clients");
ok($node->poll_query_until('postgres', "SELECT count(*) = 0 FROM pg_stat_activity WHERE $clients"), 'no client is stuck');
$load->finish($_) foreach @sessions;
$node->safe_psql('postgres', join '; ', map { "DROP INDEX IF EXISTS $_" } $load->leftovers);
note $load->verify('after the mix') . ' rows';
unlike(PostgreSQL::Test::Utils::slurp_file($node->logfile), qr/deadlock detected|PANIC|terminated by signal|leak/, 'the log is quiet');
$node->stop;
done_testing();
