#!/bin/sh
# The two commands on a bare Debian 12 for a plain user without any rights, after an administrator has run, word for word,
# what ./ruhu told the user to ask for. Prints a table; fails if anything is not as promised.
. "$(dirname "$0")/bare.sh"
make_bare
inside useradd --create-home --shell /bin/sh farmer
clone_to /home/farmer/ruhu
inside chown -R farmer:farmer /home/farmer/ruhu

as_farmer() {
	inside setpriv --reuid=farmer --regid=farmer --clear-groups env HOME=/home/farmer USER=farmer "$@"
}

inside apt-get update -qq
for command in serve test; do
	if told=$(as_farmer /home/farmer/ruhu/ruhu "$command" 2>&1); then
		echo "./ruhu $command needed no administrator: this Debian was not bare" >&2
		exit 1
	fi
	echo "./ruhu $command: $told"
	line=${told#ruhu: an administrator must run: }
	[ "$line" != "$told" ] || exit 1
	# Debian's package makes and starts a cluster of its own for the whole system; ours must not mind.
	inside env DEBIAN_FRONTEND=noninteractive sh -c "$line --yes -qq" >"$bare/var/log/administrator.log" 2>&1 </dev/null
done
as_farmer python3 /home/farmer/ruhu/tests/bare/prove.py "${RUHU_BARE_PORT:-8000}"
