# Hostile input over SQL: texts, casts, typmods, arrays, reloptions, settings, sizes, and every function of the extension
# with arguments that nobody means well with. Each statement is answered or ends with an error that says what is wrong,
# by its SQLSTATE: never an internal one (XX...), and never a crash. What comes in binary form: 021_binary_input.pl.
use strict;
use warnings FATAL => 'all';
use Test::More;
use VectorTest;

seed_from('HOSTILE_INPUT_SEED', 20260103);
my $node = new_server('hostile_input', "restart_after_crash = off\nstatement_timeout = '60s'\nmaintenance_work_mem = '64MB'\nsession_preload_libraries = 'vectordb'\n");
my %tried; # statements by group
my %answers; # by SQLSTATE

# Runs statements one by one; each has to answer with a SQLSTATE that matches.
sub group
{
	my ($name, $expected, @statements) = @_;
	my $script = "\\o /dev/null\n" . join '', map {; "$statements[$_];\n\\echo $_ :SQLSTATE\n" } 0 .. $#statements;
	my ($rc, $out, $err) = $node->psql('postgres', $script, on_error_stop => 0);
	my %state = $out =~ /^(\d+) (\w+)$/mg;
	my @bad = map { ($state{$_} // 'none') . ": $statements[$_]" } grep { ($state{$_} // '') !~ $expected } 0 .. $#statements;

	is(scalar keys %state, scalar @statements, "$name: each statement is answered") or diag $err;
	is(join('', map { substr($_, 0, 300) . "\n" } @bad), '', "$name: as expected");
	$tried{$name} += @statements;
	$answers{$_}++ foreach values %state;
	return;
}

sub quoted { return "'" . shift =~ s/'/''/gr . "'" }
sub pick { return $_[ rand @_ ] }
sub product
{
	my @rows = ([]);
	foreach my $list (@_) { @rows = map { my $row = $_; map { [ @$row, $_ ] } @$list } @rows }
	return @rows;
}
sub at_most
{
	my ($n, @list) = @_;
	while (@list > $n) { splice @list, rand @list, 1 }
	return @list;
}

# --- texts ---

my @bad_numbers = ('', ' ', 'x', '1x', 'nan', 'NaN', '-nan', 'inf', '-Infinity', '1e39', '-1e39', '1e999', '--1', '+-1', '1e', '1 2', '0x', '.', '-',
	"1\t1", '1;', '1,', ',1', '[1]', '(1)', '1]', '1e400', '٣', '１', "\x01", '1_0', '9' x 400, '1/2', '1:1', 'null', '$1');
my %bad_texts = (
	vector => [ map {; "[$_]", "[1,$_]", "[1,$_,2]" } grep { $_ !~ /^1\t1$/ } @bad_numbers ],
	halfvec => [ map {; "[$_]", "[1,$_]" } @bad_numbers, '65520', '-65520', '1e5', '3e38' ],
	sparsevec => [
		map({; "{1:$_}/3", "{1:1,2:$_}/3" } grep { $_ ne '1:1' } @bad_numbers, '1:2:3'),
		map({; "{$_:1}/3", "{1:1,$_:1}/3" } '', 'x', '0', '-1', '4', '2147483648', '99999999999999999999', '1.5', 'nan'),
		map({; "{1:1}/$_" } '', 'x', '0', '-1', '1000000001', '2147483648', '99999999999999999999', 'nan', '3x', '3 3', '1.5'),
		'{}', '{1:1}', '{1:1}3', '1:1/3', '{1:1/3', '1:1}/3', '[1]/3', '{}/0', '{1:1,1:1}/3', '{2:1,1:1,2:1}/3', '{1:1,}/3', '{,1:1}/3', '{1 1}/3', '{{1:1}}/3' ]);
push @{ $bad_texts{$_} }, '', ' ', '[', ']', '[]', '[ ]', '[1', '1]', '[[1]]', '[1]x', '[1][1]', '{1}', '{1,2}', '(1,2)', '1,2', "[1,2", 'null'
  foreach 'vector', 'halfvec';

foreach my $type (sort keys %bad_texts)
{
	my $refused = qr/^(22P02|22003|22000|54000)$/;

	group("$type: bad texts", $refused, map {; "SELECT " . quoted($_) . "::$type" } @{ $bad_texts{$type} });
	# bytes of valid and of bad texts in each other's place
	my @texts = (@{ $bad_texts{$type} }, $type eq 'sparsevec' ? ('{1:1.5,3:-2e-7}/5', '{}/7') : ('[1,-2.5,3e2]', '[0.1,1e-7]'));
	my @mixed = map { my ($a, $b) = (pick(@texts), pick(@texts)); substr($a, 0, rand length $a) . substr($b, rand length $b) } 1 .. 300;
	group("$type: mixed texts", qr/^(00000|22021|22P02|22003|22000|54000)$/, map { 'SELECT ' . quoted($_ =~ s/[\x01\n]/ /gr) . "::$type" } @mixed);
}
group('texts too long', qr/^54000$/,
	map({; "SELECT ('[' || repeat('1,', $_) || '1]')::vector", "SELECT ('[' || repeat('1,', $_) || '1]')::halfvec" } 16000, 16001, 100000, 5000000),
	map({; "SELECT ('{' || (SELECT string_agg(i || ':1', ',') FROM generate_series(1, $_) i) || '}/1000000')::sparsevec" } 16001, 20000, 500000));
group('texts as long as can be', qr/^00000$/,
	"SELECT ('[' || repeat('1,', 15999) || '1]')::vector", "SELECT ('[' || repeat('1,', 15999) || '1]')::halfvec",
	"SELECT ('[' || repeat(' ', 5000000) || '1]')::vector", "SELECT ('[0.' || repeat('1', 5000000) || ']')::vector",
	"SELECT ('{' || (SELECT string_agg(i || ':1', ',') FROM generate_series(1, 16000) i) || '}/1000000000')::sparsevec");

# --- typmods ---

my @bad_typmods = ('0', '-1', '-2147483648', '2147483647', '2147483648', '99999999999999999999', '1.5', "'x'", "''", "' '", 'NULL', 'x', '1, 2', "'1 2'", '1e3', "'0x10'", '1 + 1');
foreach my $type ('vector', 'halfvec', 'sparsevec')
{
	group("$type: typmods", qr/^(22023|22P02|22003|42601|42P18|42703|0A000)$/,
		map { ("CREATE TABLE bad (v $type($_))", "SELECT NULL::$type($_)", "SELECT '[1]'::$type($_)") } @bad_typmods, $type eq 'sparsevec' ? '1000000001' : '16001');
	group("$type: other dimensions", qr/^22000$/,
		map { my $value = $type eq 'sparsevec' ? '{1:1}/3' : '[1,2,3]'; ("SELECT '$value'::${type}($_)", "SELECT '$value'::${type}::${type}($_)", "SELECT '[1,2,3]'::vector::${type}($_)") } 1, 2, 4, 16000);
}

# --- casts ---

my %arrays = (
	vector => [ "'{}'", "'{NULL}'", "'{1,NULL}'", "'{{1,2},{3,4}}'", "'{{1}}'", 'array_fill(1, ARRAY[16001])', 'array_fill(1, ARRAY[2000000])', 'array_fill(1, ARRAY[0])', 'array_fill(1, ARRAY[3, 3, 3])' ],
	float => [ "'{NaN}'", "'{Infinity}'", "'{1,-Infinity}'" ]);
foreach my $type ('vector', 'halfvec', 'sparsevec')
{
	my @none = $type eq 'sparsevec' ? (qr/^(22000|22004|54000|22003|2202E)$/) : qr/^(22000|22004|54000|22003|2202E)$/;
	foreach my $element ('int4', 'float4', 'float8', 'numeric')
	{
		my @values = (@{ $arrays{vector} }, $element =~ /float|numeric/ ? @{ $arrays{float} } : ());
		@values = grep { !($type eq 'sparsevec' && /16001|2000000/) } @values; # dimensions may be more there, elements not
		group("$element\[] to $type", @none, map({; "SELECT ($_)::$element\[]::$type" } @values), map {; "SELECT '{1,2,3}'::$element\[]::${type}($_)" } 1, 2, 4, 16000);
	}
	group("sizes of $type", qr/^(22003|22000|54000)$/,
		$type eq 'sparsevec' ? () : map({; "SELECT '{$_}'::float8[]::$type", "SELECT '{1,$_}'::numeric[]::$type" } '1e39', '-1e300', '3.5e38'),
		$type eq 'halfvec' ? map({ ("SELECT '{$_}'::float4[]::halfvec", "SELECT '[1,$_]'::vector::halfvec", "SELECT '{1:$_}/3'::sparsevec::halfvec") } 65520, -65520, '3e38') : ());
}
group('sparsevec: more elements than there can be', qr/^54000$/,
	map { ("SELECT array_fill(1, ARRAY[$_])::int4[]::sparsevec", "SELECT array_fill(1, ARRAY[$_])::float8[]::sparsevec") } 16001, 100000);
group('sparsevec to dense: too many dimensions', qr/^54000$/, map { ("SELECT '{1:1}/$_'::sparsevec::vector", "SELECT '{}/$_'::sparsevec::halfvec") } 16001, 1000000000);

# --- every function, with everything ---

my $long = 'array_fill(1.5, ARRAY[16000])';
my %pool = (
	vector => [ "'[1,2,3]'", "'[1,2]'", "'[3e38,3e38,-3e38]'", "'[1e-45,-1e-45,0]'", "'[0,0,0]'", "'[-0,65520,1e-20]'", "$long\::vector", 'NULL' ],
	halfvec => [ "'[1,2,3]'", "'[1]'", "'[65504,-65504,65504]'", "'[6e-8,-6e-8,0]'", "'[0,0,0]'", "$long\::halfvec", 'NULL' ],
	sparsevec => [ "'{}/3'", "'{1:1,3:2}/3'", "'{1:3e38,2:-3e38,3:3e38}/3'", "'{1:1e-45,2:1e-45}/3'", "'{1000000000:1}/1000000000'", "'{1:1}/2'", "$long\::vector::sparsevec", 'NULL' ],
	bit => [ "B''", "B'1'", "B'101'", "B'000'", "repeat('10', 40000)::bit(80000)", 'NULL' ],
	int4 => [ -2147483648, -1, 0, 1, 3, 16000, 16001, 2147483647, 'NULL' ],
	int8 => [ '-9223372036854775808', 0, '9223372036854775807', 'NULL' ],
	bool => [ 'true', 'false', 'NULL' ],
	oid => [ 0, 1, 4294967295, 'NULL' ],
	internal => ['NULL'],
	cstring => [ "''", "'[1]'", "'[1,2,3]'", "'{1:1}/3'", "'[1e99]'", "'x'", 'NULL' ],
	_cstring => [ "'{}'", "'{1}'", "'{1,2}'", "'{NULL}'", "'{{1,2}}'", "'{-1}'", "'{99999999999}'", "'{x}'", "'{16001}'", "'{1000000001}'", 'NULL' ],
	bytea => [ "''", "'\\x00'", "'\\xffffffffffffffffffffffff'", "decode(repeat('00', 1000), 'hex')", 'NULL' ],
	regclass => [ '0', '1', '4294967295', "'item'", "'pg_class'", "'pg_class_oid_index'", "'item_key'", "'a_view'", "'a_sequence'", "'item_v'", "'listed_v'", 'NULL' ],
	_float8 => [ "'{}'", "'{0}'", "'{0,0,0,0}'", "'{1,2,3,4}'", "'{3,NULL,1,1}'", "'{NULL}'", "'{{1,2},{3,4}}'", "'{NaN,NaN,NaN,NaN}'", "'{Infinity,1,1,1}'", "'{-1,1,1,1}'",
		"'{1e308,1e308,1e308,1e308}'", "'{0.5,1,1,1}'", "'[5:8]={3,1,2,3}'", "'{9007199254740993,1,2,3}'", 'array_fill(1, ARRAY[16001])', 'array_fill(1, ARRAY[16002])', 'array_fill(1, ARRAY[300000])', 'NULL' ],
	_float4 => [ "'{}'", "'{1,2,3}'", "'{NaN}'", "'{1,NULL}'", "'{{1}}'", "'{3e38}'", "'[5:7]={1,2,3}'", 'array_fill(1, ARRAY[16001])', 'NULL' ],
	_int4 => [ "'{}'", "'{1,2,3}'", "'{2147483647}'", "'{1,NULL}'", "'{{1}}'", "'[5:7]={1,2,3}'", 'array_fill(1, ARRAY[16001])', 'NULL' ],
	_numeric => [ "'{}'", "'{1,2,3}'", "'{NaN}'", "'{1e400}'", "'{1e-400}'", "'{1,NULL}'", "'{{1}}'", 'array_fill(1, ARRAY[16001])', 'NULL' ]);

$node->safe_psql(
	'postgres', q{
	CREATE TABLE item (id serial CONSTRAINT item_key PRIMARY KEY, v vector(3));
	CREATE TABLE listed (id serial, v vector(64));
	INSERT INTO item (v) SELECT random_vector(3 + i * 0) FROM generate_series(1, 300) i;
	INSERT INTO listed (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 300) i;
	CREATE INDEX item_v ON item USING hnsw (v vector_l2_ops);
	CREATE INDEX listed_v ON listed USING ivf (v vector_l2_ops) WITH (lists = 3);
	CREATE VIEW a_view AS SELECT 1;
	CREATE SEQUENCE a_sequence;});
my @functions = split /\n/, $node->safe_psql(
	'postgres', q{
	SELECT p.oid::regproc || ' ' || p.prokind::text || ' ' || coalesce((SELECT string_agg(t.typname, ',' ORDER BY n)
		FROM unnest(p.proargtypes) WITH ORDINALITY a(type, n) JOIN pg_type t ON t.oid = a.type), '')
	FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
		JOIN pg_extension e ON e.oid = d.refobjid
	WHERE e.extname = 'vectordb' ORDER BY p.oid}) ;
my @calls;
foreach (@functions)
{
	my ($name, $kind, @types) = split /[ ,]/;
	die "no values for an argument of $name(@types)" if grep { !$pool{$_} } @types;
	my @rows = at_most(120, product(map { my $type = $_; [ map { my $cast = $type =~ /^_(.*)/ ? "$1\[]" : $type; "$_\::$cast" } @{ $pool{$type} } ] } @types));
	push @calls, map {; "SELECT $name(" . join(', ', @$_) . ')' } @rows;
}
cmp_ok(scalar @functions, '>', 100, 'functions of the extension');
my $ordinary = qr/^(00000|22000|22003|22004|22023|22P02|22012|2202E|2201E|22001|22026|54000|0A000|42809|42P01|42725|42846|42883)$/;
group('functions', $ordinary, @calls);
group('sums and averages', $ordinary,
	map { my $type = $_; map { ("SELECT sum(v), avg(v) FROM (VALUES ($_->[0]::$type), ($_->[1]::$type), ($_->[0]::$type)) t(v)") } product($pool{$type}, $pool{$type}) } 'vector', 'halfvec', 'sparsevec');

# --- indexes ---

my %options = (hnsw => [ 'm', 'ef_construction', 'quantizer', 'storage' ], ivf => [ 'lists', 'probes', 'quantizer', 'storage' ], ivfflat => [ 'lists', 'probes', 'quantizer', 'storage' ]);
my @bad_values = ('-1', '-2147483649', '2147483647', '2147483648', '99999999999999999999', "'x'", "''", "' '", "'none '", "'NONE,rabitq'", "'0x'", 'NULL', "'nan'", 'true', "'1 2'", '1e99');
foreach my $am (sort keys %options)
{
	my ($table, $index) = $am eq 'hnsw' ? ('item', 'item_v') : ('listed', 'listed_v');
	group("$am: options", qr/^(22023|42601)$/,
		map({ my $option = $_; map { ("CREATE INDEX ON $table USING $am (v vector_l2_ops) WITH ($option = $_)", "ALTER INDEX $index SET ($option = $_)") } @bad_values } @{ $options{$am} }),
		map({; "CREATE INDEX ON $table USING $am (v vector_l2_ops) WITH ($_)" } 'nonsense = 1', 'toast.m = 1', 'fillfactor = 50', 'm = 16, m = 16', 'lists = 5, lists = 5', 'efconstruction = 5', '"M" = 5',
			$am eq 'hnsw' ? ('m = 16, ef_construction = 4', 'm = 1', 'm = 101', 'ef_construction = 3', 'ef_construction = 1001', 'lists = 4', 'storage = heap', 'm = 100, ef_construction = 199')
			: ('m = 4', 'lists = 0', 'lists = 32769', 'probes = 32769', 'ef_construction = 64')));
}

my @columns = ('vector', 'vector(3)', 'vector(2001)', 'vector(16000)', 'halfvec', 'halfvec(4001)', 'halfvec(16000)', 'sparsevec', 'sparsevec(1000000000)', 'bit', 'bit(3)', 'bit(64001)', 'bit varying(9)', 'int', 'float4[]', 'text', 'vector[]');
my @classes = ('', 'vector_l2_ops', 'vector_ip_ops', 'vector_cosine_ops', 'vector_l1_ops', 'halfvec_l2_ops', 'halfvec_l1_ops', 'sparsevec_l2_ops', 'sparsevec_ip_ops', 'bit_hamming_ops', 'bit_jaccard_ops', 'int4_ops', 'nonsense_ops');
my @creations;
foreach my $column (@columns)
{
	push @creations, 'DROP TABLE IF EXISTS any_column', "CREATE TABLE any_column (id int, v $column)";
	push @creations, map {; "CREATE INDEX ON any_column USING $_->[0] (v $_->[1])$_->[2]" }
	  at_most(40, product([ 'hnsw', 'ivf', 'ivfflat' ], \@classes, [ '', ' WITH (quantizer = rabitq)', ' WITH (quantizer = none)', ' WITH (storage = full)' ]));
}
group('indexes on anything', qr/^(00000|0A000|22000|22023|42704|42804|54000|42809)$/, @creations);
group('indexes of a strange form', qr/^(0A000|42601|42P17|42P10|22000|22023|42704|42809|54011|42846|42883|42P18|42804|42501)$/,
	map { my $am = $_; map {; "CREATE $_" =~ s/AM/$am/r }
		  'UNIQUE INDEX ON item USING AM (v vector_l2_ops)', 'INDEX ON item USING AM (v vector_l2_ops, v vector_ip_ops)', 'INDEX ON item USING AM (v vector_l2_ops) INCLUDE (id)',
		  'INDEX ON item USING AM (v vector_l2_ops DESC)', 'INDEX ON item USING AM (v vector_l2_ops NULLS FIRST)', 'INDEX ON item USING AM (v COLLATE "C" vector_l2_ops)', 'INDEX ON item USING AM (id)',
		  'INDEX ON item USING AM (v vector_l2_ops(x = 1))', 'INDEX ON item USING AM (random_vector(3) vector_l2_ops)', 'INDEX ON item USING AM ((v::halfvec) halfvec_l2_ops)',
		  'INDEX ON item USING AM ((v || v) vector_l2_ops)', 'INDEX ON a_view USING AM (v vector_l2_ops)', 'INDEX ON pg_class USING AM (oid)' } 'hnsw', 'ivf');

# --- settings ---

my @settings = split /\n/, $node->safe_psql('postgres', "SELECT name FROM pg_settings WHERE name ~ '^(hnsw|ivf|ivfflat|vectordb)[.]' ORDER BY 1");
my @bad_settings = ('-1', '-2147483649', '2147483648', '99999999999999999999', "'x'", "''", "' '", "'nan'", "'inf'", "'-inf'", "'1e400'", "'1 2'", "'10kB'", "'1,1'", 'yes_please');
cmp_ok(scalar @settings, '>=', 11, 'settings of the extension');
group('settings', qr/^22023$/, map { my $name = $_; map { ("SET $name = $_", "SELECT set_config('$name', " . ($_ =~ /^'/ ? $_ : "'$_'") . ', false)') } @bad_settings } @settings);
group('settings that there are not', qr/^(42601|42602|42704)$/, map {; "SET $_ = 1" } 'hnsw.nonsense', 'ivf.nonsense', 'ivfflat.nonsense', 'ivf.', 'hnsw.ef_search.more');

# --- indexes in use ---

my @kinds = (['hnsw', 'quantizer = none'], map({ [ 'hnsw', "quantizer = rabitq, storage = $_" ] } 'full', 'half', 'sq8', 'rabitq4'),
	['ivf', 'quantizer = none'], map({ [ 'ivf', "quantizer = rabitq, storage = $_" ] } 'full', 'half', 'sq8', 'rabitq4', 'heap'));
my @extremes = map { my $x = $_; "array_fill($x, ARRAY[64])" } "'3.4028234e38'::float4", "'-3.4028234e38'::float4", "'1e-45'::float4", "'1.2e-38'::float4", '0', "'1e19'::float4", "'-1e-20'::float4", "'1e38'::float4", "'65504'::float4", 1;
push @extremes, map {; "(array_fill(0, ARRAY[63]) || ARRAY[$_])" } "'3.4e38'::float4", "'1e-45'::float4", 1;
my %sets = (
	hnsw => [ 'hnsw.ef_search = 1', 'hnsw.ef_search = 1000', 'hnsw.iterative_scan = off', 'hnsw.iterative_scan = relaxed_order', 'hnsw.max_scan_tuples = 1', 'hnsw.scan_mem_multiplier = 1000', 'work_mem = 64' ],
	ivf => [ 'ivf.probes = 1', 'ivf.probes = 32768', 'ivf.iterative_scan = off', 'ivf.iterative_scan = relaxed_order', 'ivf.max_probes = 1', 'ivf.epsilon = 0', 'ivf.epsilon = 10', 'work_mem = 64' ]);
foreach my $kind (@kinds)
{
	my ($am, $options) = @$kind;
	foreach my $metric ('l2', 'ip', 'cosine')
	{
		my $operator = $METRICS{"vector_${metric}_ops"};
		my $search = "SELECT count(*) FROM (SELECT v FROM extreme ORDER BY v $operator";
		my @searches = map {; "$search ($_)::vector LIMIT 20) n" } @extremes;
		group("$am, $options: extreme values", qr/^00000$/,
			'DROP TABLE IF EXISTS extreme', 'CREATE TABLE extreme (id serial, v vector(64)) WITH (autovacuum_enabled = off)',
			'INSERT INTO extreme (v) SELECT random_vector(64 + i * 0) FROM generate_series(1, 40) i',
			map({; "INSERT INTO extreme (v) SELECT $_ FROM generate_series(1, 2)" } @extremes),
			"CREATE INDEX extreme_v ON extreme USING $am (v vector_${metric}_ops) WITH ($options)",
			map({; "INSERT INTO extreme (v) VALUES ($_)" } @extremes),
			'INSERT INTO extreme (v) VALUES (NULL)', 'SET enable_seqscan = off', @searches,
			"$search NULL::vector LIMIT 20) n", map({ ("SET $_", pick(@searches)) } @{ $sets{$am} }), 'RESET ALL', 'SET enable_seqscan = off',
			'DELETE FROM extreme WHERE id % 3 = 0', 'VACUUM extreme', @searches[ 0 .. 2 ]);
		is($node->safe_psql('postgres', "SELECT * FROM vectordb_index_check('extreme_v')"), '', "$am, $options, $metric: sound with extreme values");
		group("$am: other dimensions", qr/^22000$/, 'SET enable_seqscan = off; ' . "SELECT v FROM extreme ORDER BY v $operator '[1,2,3]' LIMIT 1", 'SET enable_seqscan = off; ' . "SELECT v FROM extreme ORDER BY v $operator ($long)::vector LIMIT 1",
			"INSERT INTO extreme (v) VALUES ('[1]')", "UPDATE extreme SET v = '[1,2]'");
	}
}

# --- the whole ---

is($node->safe_psql('postgres', 'SELECT 1'), '1', 'the server lives');
is_deeply([ grep { /^XX/ } keys %answers ], [], 'no internal error');
my $total = 0;
$total += $_ foreach values %tried;
note "$total statements: ", join ', ', map {; "$_ $answers{$_}" } sort keys %answers;
note sprintf '%6d %s', $tried{$_}, $_ foreach sort keys %tried;
cmp_ok($total, '>=', 5000, 'statements tried');
$node->stop;
done_testing();
