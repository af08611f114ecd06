#!/usr/bin/perl
# Prints a set of the WordNet subset beside this file as a binary COPY stream of
# (id integer, pos text, domain text, words text, gloss text, meaning vector).
# usage: wordnet.pl base|query [ROWS] | psql -c '\copy entry from stdin (format binary)'
use strict;
use warnings;
use File::Basename qw(dirname);

use constant DIMENSIONS => 384;
use constant SCALE      => 400;    # a byte of the vector files is the value times this

my ($set, $limit) = @ARGV;
die "usage: wordnet.pl base|query [ROWS]\n" unless ($set // '') =~ /^(base|query)$/;

sub unzip
{
    my $path = dirname(__FILE__) . "/wordnet/$set.$_[0].gz";
    open my $in, '-|:raw', 'gzip', '-dc', $path or die "cannot read $path: $!\n";
    return $in;
}

# The big-endian float4 of every signed byte, indexed by its unsigned reading.
my @float4 = map { pack 'f>', ($_ > 127 ? $_ - 256 : $_) / SCALE } 0 .. 255;
my ($texts, $vectors) = (unzip('tsv'), unzip('i8'));
binmode STDOUT;
print "PGCOPY\n\xff\r\n\0", pack 'NN', 0, 0;
while (my $line = <$texts>)
{
    chomp $line;
    my ($id, @words) = split /\t/, $line, -1;
    last if defined $limit && $id > $limit;
    read($vectors, my $bytes, DIMENSIONS) == DIMENSIONS or die "vectors end before row $id\n";
    my $vector = pack('nn', DIMENSIONS, 0) . join '', @float4[ unpack 'C*', $bytes ];
    print pack 'nNN' . 'N/a' x 5, 6, 4, $id, @words, $vector;
}
print pack 'n', 0xffff;
