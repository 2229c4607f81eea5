#!/usr/bin/perl
# A handler that stays up, in Perl: turns its body to upper case.
#
#	tqput -i -N upper <text && tqrun -E -U upper=./resident.pl
#
# JSON::PP comes with Perl.  A body that is no text is {"base64": "..."}.
use strict;
use warnings;
use JSON::PP;

my $json = JSON::PP->new->utf8->canonical;
$| = 1;
while (my $line = <STDIN>) {
	my $task = $json->decode($line);
	my %answer = (id => $task->{id});
	if (ref $task->{body}) {
		%answer = (%answer, error => 'the body is no text',
		    status => 65);
	} else {
		$answer{result} = uc($task->{body} // '');
	}
	print $json->encode(\%answer), "\n";
}
