#!/bin/sh
# The two commands on a bare Debian 12, as root, from under /root. Prints a table; fails if anything is not as promised.
. "$(dirname "$0")/bare.sh"
make_bare
clone_to /root/ruhu
inside python3 /root/ruhu/tests/bare/prove.py "${RUHU_BARE_PORT:-8000}"
