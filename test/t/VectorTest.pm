# What the TAP tests share: clusters with the extension, random data, recall against exact answers,
# the index check.
package VectorTest;
use strict;
use warnings FATAL => 'all';
use Exporter 'import';
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(%METRICS seed_from new_server load_wordnet prepare_recall measure_recall check_index kill_server no_checksums
  extension_catalog);

my $repeat; # what seed_from() set

# Operator of each operator class.
our %METRICS = (
	vector_l2_ops => '<->',
	vector_ip_ops => '<#>',
	vector_cosine_ops => '<=>',
	vector_l1_ops => '<+>');

# Seeds perl's random numbers from an environment variable or else with this number. A test that fails says how to
# repeat its choices. Returns the seed.
sub seed_from
{
	my ($variable, $default) = @_;
	my $seed = $ENV{$variable} // $default;

	srand $seed;
	note "$variable=$seed";
	$repeat = "$variable=$seed";
	return $seed;
}

END
{
	diag "repeat its choices: $repeat" if $repeat && ($? != 0 || !Test::More->builder->is_passing);
}

# A started cluster with the extension and with random_vector(dims), Gaussian and repeatable by setseed; %params as
# of PostgreSQL::Test::Cluster's init.
sub new_server
{
	my ($name, $conf, %params) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 1, no_checksums($node), %params);
	$node->append_conf('postgresql.conf', "autovacuum = off\nmax_wal_size = 4GB\nlog_statement = none\n" . ($conf // ''));
	$node->start;
	$node->safe_psql(
		'postgres', q{
		CREATE EXTENSION vectordb;
		CREATE FUNCTION random_vector(dims int) RETURNS vector LANGUAGE sql VOLATILE AS $$
			SELECT array_agg(sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))::vector FROM generate_series(1, dims) $$;
	});
	return $node;
}

# For init: tests write pages by hand, and 18 has checksums unless told otherwise.
sub no_checksums
{
	my ($node) = @_;

	return $node->pg_version >= 18 ? (extra => ['--no-data-checksums']) : ();
}

# Loads the real data that ships with the project into table entry.
sub load_wordnet
{
	my ($node, $set, $table) = @_;
	my $script = dirname(__FILE__) . '/../data/wordnet.pl';

	$node->safe_psql('postgres',
		"CREATE TABLE $table (id integer, pos text, domain text, words text, gloss text, v vector(384))");
	system("perl '$script' $set | psql -X -q -d '"
		  . $node->connstr('postgres')
		  . "' -c '\\copy $table from stdin (format binary)'") == 0
	  or die "loading $table failed";
}

# Remembers in table truth how far the k nearest of $table reach for every row of $queries, by these operators.
sub prepare_recall
{
	my ($node, $table, $queries, $k, @operators) = @_;

	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS truth; CREATE TABLE truth (operator text, id int, reach float8)');
	foreach my $operator (@operators)
	{
		$node->safe_psql(
			'postgres', qq{
			SET enable_indexscan = off;
			INSERT INTO truth SELECT '$operator', q.id,
				(SELECT max(d) FROM (SELECT t.v $operator q.v AS d FROM $table t ORDER BY 1 LIMIT $k) n)
			FROM $queries q});
	}
}

# Recall at k of $table's index for the operator, with these settings. Rows as near as the k-th nearest count as found.
sub measure_recall
{
	my ($node, $table, $queries, $operator, $k, $settings) = @_;
	my $search = "SELECT t.v $operator q.v AS d FROM $table t ORDER BY t.v $operator q.v LIMIT $k";
	my $set = 'SET enable_seqscan = off; SET enable_sort = off; ' . ($settings // '');
	my $plan = $node->safe_psql('postgres', "$set EXPLAIN SELECT (SELECT max(d) FROM ($search) n) FROM $queries q");

	like($plan, qr/Index Scan using/, "$operator uses the index");
	return $node->safe_psql(
		'postgres', qq{$set
		SELECT round(sum((SELECT count(*) FROM ($search) n WHERE d <= truth.reach + abs(truth.reach) * 1e-6))
			/ (count(*) * $k), 4)
		FROM $queries q JOIN truth ON truth.id = q.id AND truth.operator = '$operator'});
}

# Every index named is sound.
sub check_index
{
	my ($node, $when, @indexes) = @_;

	is($node->safe_psql('postgres', "SELECT * FROM vectordb_index_check('$_')"), '', "$_ is sound $when")
	  foreach @indexes;
}

# All that an extension's scripts put into the catalogs of a database, one line for each object, without what differs
# from one database to the next.
sub extension_catalog
{
	my ($node, $database, $extension) = @_;

	return $node->safe_psql($database, qq{
		SELECT concat_ws(' | ', pg_describe_object(d.classid, d.objid, 0), obj_description(d.objid, d.classid::regclass::name),
			CASE p.prokind WHEN 'f' THEN pg_get_functiondef(p.oid) END, p.proacl, p.prosupport,
			(SELECT row(a.aggkind, a.aggtransfn, a.aggfinalfn, a.aggcombinefn, a.aggserialfn, a.aggdeserialfn, a.aggfinalextra,
				a.aggfinalmodify, a.aggsortop::regoperator, a.aggtranstype::regtype, a.aggtransspace, a.agginitval, p.proparallel)
				FROM pg_aggregate a WHERE a.aggfnoid = p.oid),
			(SELECT row(o.oprkind, o.oprcanmerge, o.oprcanhash, o.oprresult::regtype, o.oprcom::regoperator,
				o.oprnegate::regoperator, o.oprcode, o.oprrest, o.oprjoin) FROM pg_operator o WHERE o.oid = d.objid AND d.classid = 'pg_operator'::regclass),
			(SELECT row(t.typlen, t.typbyval, t.typtype, t.typcategory, t.typispreferred, t.typdelim, t.typsubscript, t.typelem::regtype,
				t.typarray::regtype, t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout, t.typanalyze, t.typalign,
				t.typstorage, t.typcollation, t.typacl) FROM pg_type t WHERE t.oid = d.objid AND d.classid = 'pg_type'::regclass),
			(SELECT row(c.castfunc::regprocedure, c.castcontext, c.castmethod) FROM pg_cast c WHERE c.oid = d.objid AND d.classid = 'pg_cast'::regclass),
			(SELECT row(m.amhandler, m.amtype) FROM pg_am m WHERE m.oid = d.objid AND d.classid = 'pg_am'::regclass),
			(SELECT row(c.opcintype::regtype, c.opcdefault, c.opckeytype::regtype) FROM pg_opclass c WHERE c.oid = d.objid AND d.classid = 'pg_opclass'::regclass),
			CASE d.classid WHEN 'pg_opfamily'::regclass THEN
				(SELECT string_agg(concat(o.amoplefttype::regtype, o.amoprighttype::regtype, o.amopstrategy, o.amoppurpose, o.amopopr::regoperator,
					o.amopsortfamily <> 0), ', ' ORDER BY o.amoplefttype::regtype::text, o.amoprighttype::regtype::text, o.amopstrategy)
					FROM pg_amop o WHERE o.amopfamily = d.objid) ||
				(SELECT string_agg(concat(f.amproclefttype::regtype, f.amprocrighttype::regtype, f.amprocnum, f.amproc), ', '
					ORDER BY f.amproclefttype::regtype::text, f.amprocrighttype::regtype::text, f.amprocnum)
					FROM pg_amproc f WHERE f.amprocfamily = d.objid) END)
		FROM pg_depend d JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
		LEFT JOIN pg_proc p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid
		WHERE e.extname = '$extension' AND d.deptype = 'e' ORDER BY 1});
}

# Kills the postmaster and everything under it at once, as a power failure would.
sub kill_server
{
	my ($node) = @_;
	my $postmaster = $node->{_pid};
	my @children;

	kill 'STOP', $postmaster; # starts nothing more
	foreach my $stat (glob '/proc/[0-9]*/stat')
	{
		open my $in, '<', $stat or next;
		my $line = <$in> // '';
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+)/s && $2 == $postmaster;
	}
	kill 'KILL', @children, $postmaster;
	$node->{_pid} = undef;
	# Shared memory is free when the last of them is gone.
	foreach my $pid ($postmaster, @children)
	{
		my $left = 1000;
		select(undef, undef, undef, 0.01) while $left-- > 0 && kill(0, $pid) && !is_zombie($pid);
	}
	# Where nobody reaps orphans, the dead postmaster's id looks alive to the next one.
	unlink $node->data_dir . '/postmaster.pid', $node->host . '/.s.PGSQL.' . $node->port . '.lock';
	return;
}

sub is_zombie
{
	my ($pid) = @_;

	open my $in, '<', "/proc/$pid/stat" or return 1;
	return (<$in> // '') =~ /\) Z /;
}

1;
