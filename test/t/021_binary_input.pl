# Binary values from anywhere: what a type takes, it gives back as it was; the rest is an error that says so, never an
# internal one, and never a crash.
use strict;
use warnings FATAL => 'all';
use PostgreSQL::Test::Utils;
use Test::More;
use VectorTest;

seed_from('BINARY_INPUT_SEED', 20260102);
my $node = new_server('binary_input', "restart_after_crash = off\nstatement_timeout = '60s'\n");
my $dir = PostgreSQL::Test::Utils::tempdir();

sub random_bytes { return join '', map { chr int rand 256 } 1 .. shift }

# Mostly numbers of an ordinary size, now and then any 16 or 32 bits.
sub float32 { return rand() < 0.9 ? pack('f>', rand(200) - 100) : random_bytes(4) }
sub half { return rand() < 0.9 ? pack('n', 0x3000 + int rand 0x1800) : random_bytes(2) }

sub sparsevec
{
	my $dim = (1, 4, 30, 1_000_000_000)[ rand 4 ];
	my %index = map { int(rand $dim) => 1 } 1 .. rand 6;
	my @indices = sort { $a <=> $b } keys %index;

	return pack('NNN', $dim, scalar @indices, 0) . pack('N*', @indices) . join('', map { float32() } @indices);
}

my %valid = (
	vector => sub { my $dim = 1 + int rand 6; return pack('nn', $dim, 0) . join('', map { float32() } 1 .. $dim) },
	halfvec => sub { my $dim = 1 + int rand 6; return pack('nn', $dim, 0) . join('', map { half() } 1 .. $dim) },
	sparsevec => \&sparsevec);

# A few bytes of it changed, added or lost.
sub damaged
{
	my ($bytes) = @_;

	foreach (0 .. rand 3)
	{
		my $at = int rand length $bytes;
		my $length = rand() < 0.3 ? 0 : 1;
		substr($bytes, $at, $length) = rand() < 0.3 ? '' : rand() < 0.5 ? ("\0", "\1", "\x7f", "\x80", "\xff")[ rand 5 ] : random_bytes(1);
		$bytes = "\0" if $bytes eq '';
	}
	return $bytes;
}

# Writes values as the rows of one file each, returns the psql script that loads them one by one into a table.
sub write_values
{
	my ($type, $table, @values) = @_;
	my $script = "\\set VERBOSITY sqlstate\nCREATE TABLE $table (i int, v $type);\n";

	foreach my $i (0 .. $#values)
	{
		my $file = "$dir/$type.$i";
		open my $out, '>:raw', $file or die "cannot write $file: $!";
		print $out "PGCOPY\n\xff\r\n\0" . pack('NN', 0, 0) . pack('nNN', 2, 4, $i) . pack('N', length $values[$i]) . $values[$i] . "\xff\xff";
		close $out;
		$script .= "\\copy $table FROM '$file' (FORMAT binary)\n";
	}
	return $script;
}

foreach my $type (sort keys %valid)
{
	my @values = map { my $value = $valid{$type}->(); $_ < 100 ? $value : $_ < 350 ? damaged($value) : random_bytes(int rand 40) } 0 .. 399;
	my ($rc, $out, $err) = $node->psql('postgres', write_values($type, "${type}_input", @values), on_error_stop => 0);
	my @errors = $err =~ /ERROR:  (\w+)/g;
	my %stored = map { split /\|/ } split /\n/, $node->safe_psql('postgres', "SELECT i, encode(${type}_send(v), 'hex') FROM ${type}_input");
	my @changed = grep { $stored{$_} ne unpack('H*', $values[$_]) } keys %stored;

	is(@errors + keys %stored, @values, "$type: each value is taken or refused");
	cmp_ok(scalar keys %stored, '>', 50, "$type: some are taken");
	is_deeply(\@changed, [], "$type: what was taken comes back as it was");
	# bad data, too many of it, too short or too long
	is_deeply([ grep { !/^(22000|54000|08P01|22P03)$/ } @errors ], [], "$type: no other errors");
	my $same = $node->safe_psql('postgres', "SELECT bool_and(v::text::$type = v AND v <-> v = 0), count(l2_normalize(v)) FROM ${type}_input");
	is($same, 't|' . keys %stored, "$type: what was taken is fit for use");
}

# --- bad in one way each ---
my ($nan, $inf) = (pack('f>', 'nan'), pack('f>', 'inf'));
my $one = pack 'f>', 1;
my %bad = (
	vector => [
		'', "\0", "\0\0", "\0\1\0", pack('nn', 0, 0), pack('nn', 1, 0), pack('nn', 1, 0) . "\0\0\0", pack('nn', 2, 0) . $one, pack('nn', 1, 0) . $one . "\0", pack('nn', 1, 0) . $one x 2,
		map({ pack('nn', $_, 0) . $one } 16001, 32767, 32768, 65535), map({ pack('nn', 1, $_) . $one } 1, 256, 65535), pack('nn', 16001, 0) . $one x 16001,
		map({ my $x = $_; (pack('nn', 1, 0) . $x, pack('nn', 3, 0) . $one . $x . $one, pack('nn', 40, 0) . $one x 39 . $x) } $nan, $inf, pack('f>', '-inf'), "\xff\xff\xff\xff", "\x7f\x80\0\1") ],
	halfvec => [
		'', "\0\1\0\0", pack('nn', 0, 0), pack('nn', 1, 0) . "\0", pack('nnn', 1, 0, 0x3c00) . "\0", pack('nnn', 2, 0, 0x3c00), map({ pack('nnn', $_, 0, 0x3c00) } 16001, 32768, 65535), pack('nnn', 1, 7, 0x3c00),
		map({ (pack('nnn', 1, 0, $_), pack('nnnn', 2, 0, 0x3c00, $_)) } 0x7c00, 0xfc00, 0x7c01, 0x7e00, 0xffff) ],
	sparsevec => [
		'', pack('N', 1), pack('NN', 1, 0), pack('NN', 3, 1), map({ pack('NNN', $_, 0, 0) } 0, 1_000_000_001, 0x7fffffff, 0x80000000, 0xffffffff),
		map({ pack('NNN', 5, $_, 0) } 1, 6, 16001, 0x1fffffff, 0x20000000, 0x7fffffff, 0x80000000, 0xffffffff), map({ pack('NNN', 5, 0, $_) } 1, 0xffffffff),
		map({ pack('NNNN', 5, 1, 0, $_) . $one } 5, 6, 0x7fffffff, 0x80000000, 0xffffffff), map({ pack('NNN', 5, 2, 0) . pack('NN', @$_) . $one x 2 } [ 1, 1 ], [ 2, 1 ], [ 4, 0 ], [ 1, 5 ]),
		map({ pack('NNNN', 5, 1, 0, 2) . $_ } $nan, $inf, "\xff\xff\xff\xff", "\0\0\0\0", "\x80\0\0\0", '', "\0\0", $one . "\0"),
		pack('NNN', 1_000_000, 16001, 0) . pack('N*', 0 .. 16000) . $one x 16001 ]);
foreach my $type (sort keys %bad)
{
	my @values = @{ $bad{$type} };
	my ($rc, $out, $err) = $node->psql('postgres', write_values($type, "bad_$type", @values), on_error_stop => 0);
	my @errors = $err =~ /ERROR:  (\w+)/g;

	is(scalar @errors, scalar @values, "$type: each of " . @values . ' bad values is refused');
	is_deeply([ grep { !/^(22000|54000|08P01|22P03|22003)$/ } @errors ], [], "$type: by errors that say why");
}
$node->stop;
done_testing();
