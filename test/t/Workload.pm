# Clients that insert, update, delete, search, vacuum and rebuild at the same time, and the ledger of what the server
# told them: what must be in the table, and found through its index, whatever happens to the server meanwhile.
package Workload;
use strict;
use warnings FATAL => 'all';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

# The indexes under test: each on a column of its own, of its name, that holds the row's vector. Vectors of 64
# dimensions repeat 8 numbers, so that neighbours are as near as in 8 dimensions.
our %INDEXES = (
	hnsw_coded => 'hnsw (hnsw_coded vector_l2_ops) WITH (m = 8, quantizer = rabitq)',
	hnsw_plain => 'hnsw (hnsw_plain vector_l2_ops) WITH (m = 8, quantizer = none)',
	ivf_coded => 'ivf (ivf_coded vector_l2_ops) WITH (quantizer = rabitq)',
	ivf_heap => 'ivf (ivf_heap vector_l2_ops) WITH (quantizer = rabitq, storage = heap)',
	ivf_plain => 'ivf (ivf_plain vector_l2_ops) WITH (quantizer = none)');

# How a search is made to go through the index, and to see everything there: what it does not find is lost, not merely
# missed (of some thousand rows in graphs of m = 8, churned and vacuumed every second, ef_search = 100 may miss one).
our $SEARCH = 'SET enable_seqscan = off; SET enable_sort = off; SET hnsw.ef_search = 1000; SET ivf.probes = 1000';

my $dir = PostgreSQL::Test::Utils::tempdir;
my $sessions = 0;

sub new
{
	my ($class, $node, @kinds) = @_;
	my ($columns, $values, $updates) =
	  map { join ', ', @$_ } [ map { "$_ vector(64) NOT NULL" } @kinds ], [ map { 'v' } @kinds ], [ map { "$_ = v" } @kinds ];

	$node->safe_psql(
		'postgres', qq{
		CREATE TABLE item (id int PRIMARY KEY, n int NOT NULL, $columns);
		CREATE FUNCTION repeated_vector() RETURNS vector LANGUAGE sql VOLATILE AS \$\$
			SELECT array_agg(x)::vector FROM unnest(random_vector(8)::real[]) x, generate_series(1, 8) \$\$;
		-- adds the rows, and the like of one
		CREATE FUNCTION add(first int, last int) RETURNS SETOF int LANGUAGE sql VOLATILE AS \$\$
			INSERT INTO item SELECT i, 1, $values FROM generate_series(first, last) i, LATERAL (SELECT repeated_vector() AS v OFFSET i * 0) r RETURNING id \$\$;
		CREATE FUNCTION copy(model int, new int) RETURNS SETOF int LANGUAGE sql VOLATILE AS \$\$
			INSERT INTO item SELECT new, 1, $values FROM coalesce((SELECT $kinds[0] FROM item WHERE id = model), repeated_vector()) v RETURNING id \$\$;
		CREATE FUNCTION change(which int) RETURNS SETOF int LANGUAGE sql VOLATILE AS \$\$
			UPDATE item SET n = n + 1, $updates FROM (SELECT repeated_vector() AS v) r WHERE id = which RETURNING id \$\$;
		-- whether a search by the row's vector finds it, or as many of its copies as it asks for
		CREATE FUNCTION found(wanted int, kind text) RETURNS bool LANGUAGE plpgsql VOLATILE AS \$\$
		DECLARE
			q vector;
			ids int[];
			far bool;
		BEGIN
			EXECUTE format('SELECT %I FROM item WHERE id = \$1', kind) INTO q USING wanted;
			EXECUTE format('SELECT ARRAY(SELECT id FROM item ORDER BY %I <-> \$1 LIMIT 40)', kind) INTO ids USING q;
			EXECUTE format('SELECT count(*) > 0 FROM item WHERE id = ANY (\$1) AND %I <-> \$2 > 0', kind) INTO far USING ids, q;
			RETURN q IS NULL OR wanted = ANY (ids) OR NOT far;
		END \$\$;});
	$node->safe_psql('postgres', "CREATE INDEX i_$_ ON item USING $INDEXES{$_}") foreach @kinds;
	return bless {
		node => $node,
		kinds => \@kinds,
		kind_list => "unnest('{" . join(',', @kinds) . "}'::text[])",
		rows => {},    # id => n, the number of the row's version
		next_id => 1,
		doubtful => {},    # ids that a session was busy with when it ended
		changed => {} }, $class;
}

# A session that runs the statements one by one; what it prints goes to a file.
sub start_session
{
	my ($self, @statements) = @_;
	my $base = "$dir/session" . $sessions++;

	PostgreSQL::Test::Utils::append_to_file("$base.sql", join '', map { "$_;\n" } split(/; /, $SEARCH), @statements);
	return {
		printed => "$base.out",
		complaints => "$base.err",
		run => IPC::Run::start(
			[ 'psql', '-X', '-q', '-A', '-t', '-d', $self->{node}->connstr('postgres'), '-f', "$base.sql" ],
			'>', "$base.out", '2>', "$base.err") };
}

# A session that changes rows of its own. Each of its steps prints the step's number once it is committed.
sub start_writer
{
	my ($self, $steps) = @_;
	my @own = grep { !$self->{taken}{$_} && rand() < 0.3 } keys %{ $self->{rows} };
	# One row or ten at a time, and fewer once the table is large enough.
	my ($inserts, $batches) = keys %{ $self->{rows} } < 3000 ? (0.6, 0.1) : (0.22, 0.01);
	my (@statements, @steps);

	$self->{taken}{$_} = 1 foreach @own;
	foreach my $step (0 .. $steps - 1)
	{
		my $chance = rand;

		if ($chance < $inserts - $batches || !@own)
		{
			push @own, $self->{next_id}++;
			$self->{taken}{ $own[-1] } = 1;
			my $call = $chance < 0.1 && @own > 1 ? "copy($own[-2], $own[-1])" : "add($own[-1], $own[-1])";
			push @steps, [ [ $own[-1], 1 ] ];
			push @statements, "SELECT 'step', $step FROM $call";
			push @statements, "SELECT 'not found', $own[-1], k FROM $self->{kind_list} k WHERE NOT found($own[-1], k)" if $step % 5 == 0;
		}
		elsif ($chance < $inserts)
		{
			my ($from, $to) = ($self->{next_id}, $self->{next_id} + 9);
			$self->{next_id} += 10;
			push @own, $from .. $to;
			$self->{taken}{$_} = 1 foreach $from .. $to;
			push @steps, [ map { [ $_, 1 ] } $from .. $to ];
			push @statements, "SELECT 'step', $step FROM add($from, $to) HAVING count(*) = 10";
		}
		elsif ($chance < $inserts + 0.05)
		{
			my $id = $self->{next_id}++;
			push @steps, [];
			push @statements, 'BEGIN', "SELECT FROM add($id, $id) WHERE false", 'ROLLBACK', "SELECT 'step', $step";
		}
		elsif ($chance < $inserts + 0.25)
		{
			my $id = $own[ rand @own ];
			push @steps, [ [ $id, undef, 1 ] ];
			push @statements, "SELECT 'step', $step FROM change($id)";
		}
		else
		{
			my ($id) = splice @own, rand @own, 1;
			push @steps, [ [ $id, 0 ] ];
			push @statements, "DELETE FROM item WHERE id = $id RETURNING 'step', $step";
		}
	}
	my $session = $self->start_session(@statements);
	$session->{steps} = \@steps;
	return $session;
}

# Sessions that vacuum, rebuild the index in each way there is, and search.
sub start_vacuumer
{
	my ($self, @between) = @_;
	return $self->start_session(map { ('VACUUM (INDEX_CLEANUP ON) item', @between, 'SELECT pg_sleep(random() / 20)') } 1 .. 500);
}

sub start_rebuilder
{
	my ($self) = @_;
	my @statements;

	foreach (1 .. 100)
	{
		my $kind = $self->{kinds}[ rand @{ $self->{kinds} } ];
		push @statements, "REINDEX INDEX CONCURRENTLY i_$kind", "CREATE INDEX CONCURRENTLY other ON item USING $INDEXES{$kind}",
		  'DROP INDEX other', "REINDEX INDEX i_$kind";
	}
	return $self->start_session(@statements);
}

sub start_searcher
{
	my ($self) = @_;
	my @searches = map {
		"SELECT 'few', count(*) FROM (SELECT id FROM item ORDER BY $_ <-> repeated_vector() LIMIT 20) s
			HAVING count(*) < least(20, (SELECT count(*) FROM item) - 60)"
	} @{ $self->{kinds} };
	return $self->start_session((@searches) x 1000);
}

# The names of indexes that a rebuilder which did not end may leave.
sub leftovers
{
	my ($self) = @_;
	return 'other', map { ("i_${_}_ccnew", "i_${_}_ccold") } @{ $self->{kinds} };
}

# Waits for the session's end and enters in the ledger what it was told. The step after the last one that was
# acknowledged may have been done or not.
sub finish
{
	my ($self, $session) = @_;

	$session->{run}->finish;
	my $complaints = PostgreSQL::Test::Utils::slurp_file($session->{complaints});
	unlike($complaints, qr/ERROR:|PANIC:/, 'no statement failed');
	my $printed = PostgreSQL::Test::Utils::slurp_file($session->{printed});
	unlike($printed, qr/^(not found|few)/m, 'no answer was wrong');
	return unless $session->{steps};
	my @acknowledged = $printed =~ /^step\|(\d+)\n/mg;
	my $done = @acknowledged;
	is("@acknowledged", join(' ', 0 .. $done - 1), 'steps are acknowledged in their order');
	foreach my $step (0 .. $done)
	{
		foreach my $change (@{ $session->{steps}[$step] // [] })
		{
			my ($id, $version, $more) = @$change;

			$self->{changed}{$id} = 1;
			if ($step == $done)
			{
				$self->{doubtful}{$id} = 1;
			}
			elsif ($more)
			{
				$self->{rows}{$id}++;
			}
			elsif ($version)
			{
				$self->{rows}{$id} = $version;
			}
			else
			{
				delete $self->{rows}{$id};
			}
		}
	}
	return;
}

# The table holds what the ledger says, the index is sound and leads to every row. Returns how many rows there are.
sub verify
{
	my ($self, $when) = @_;
	my $node = $self->{node};
	my %actual = map { split /\|/ } split /\n/, $node->safe_psql('postgres', 'SELECT id, n FROM item');
	my @wrong;

	foreach my $id (keys %{ { %actual, %{ $self->{rows} } } })
	{
		my ($have, $want) = ($actual{$id} // 0, $self->{rows}{$id} // 0);

		# A step that was not acknowledged is done whole or not at all: added, gone, or one version further.
		next if $have == $want || ($self->{doubtful}{$id} && ($have == $want + 1 || $have == 0 || $want == 0));
		push @wrong, "$id is version $have, not $want";
	}
	is(join("\n", @wrong), '', "rows are as acknowledged $when");
	my @sought = grep { $self->{changed}{$_} || rand() < 200 / (1 + keys %actual) } keys %actual;
	is( $node->safe_psql(
			'postgres', "$SEARCH; SELECT id, k FROM unnest('{" . join(',', @sought) . "}'::int[]) id, $self->{kind_list} k WHERE NOT found(id, k)"),
		'', "every row is found by its vector $when");
	check_index($node, $when, map { "i_$_" } @{ $self->{kinds} });
	@$self{qw(rows doubtful changed taken)} = (\%actual, {}, {}, {});
	return scalar keys %actual;
}

1;
