#!/bin/sh
# The EXAMPLES of the manual pages do what the pages say.
exec tests/lib/examples man/*.[1-9]
