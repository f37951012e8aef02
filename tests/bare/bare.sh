# Shell functions for root.sh and user.sh: a bare Debian 12 in a folder, with the committed project cloned into it.
# Needs root and debootstrap. What a machine may need beyond that (a proxy, a mirror, an authority of its own) is not the
# project's business:
#   RUHU_BARE_BASE=/folder      copy this bare Debian instead of making one
#   RUHU_BARE_PREPARE=/script   run with the folder as its argument before anything is installed into it
#   RUHU_BARE_PORT=8000         the port to serve on
#   RUHU_BARE_KEEP=yes          leave the folder behind
#   RUHU_BARE_PROJECT=/clone    prove another clone than this one

set -eu
here=$(cd "$(dirname "$0")" && pwd)
project=${RUHU_BARE_PROJECT:-$(cd "$here/../.." && git rev-parse --show-toplevel)}
[ "$(id -u)" = 0 ] || { echo "$0: run it as root, which making a Debian in a folder needs" >&2; exit 1; }

bare=$(mktemp -d /var/tmp/ruhu-bare-XXXXXX)
chmod 755 "$bare" # the plain user's root folder

inside() { # command line, as root, with no more of an environment than a login has
	chroot "$bare" env -i HOME=/root USER=root PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
}

leave() {
	for root in /proc/[0-9]*/root; do # only what runs in our folder, whoever started it
		if [ "$(readlink "$root" 2>/dev/null)" = "$bare" ]; then
			pid=${root#/proc/}
			kill -9 "${pid%/root}" 2>/dev/null || :
		fi
	done
	umount "$bare/dev/shm" "$bare/proc" || :
	[ -n "${RUHU_BARE_KEEP:-}" ] || rm -rf --one-file-system "$bare"
}

make_bare() {
	if [ -n "${RUHU_BARE_BASE:-}" ]; then
		cp -a "$RUHU_BARE_BASE/." "$bare"
	else
		debootstrap --variant=minbase --include=python3,git,ca-certificates bookworm "$bare" >"$bare.log"
	fi
	trap leave EXIT
	trap 'exit 130' INT TERM
	cp /etc/resolv.conf "$bare/etc/resolv.conf"
	mount -t proc proc "$bare/proc"
	mount -t tmpfs -o mode=1777 tmpfs "$bare/dev/shm"
	[ -z "${RUHU_BARE_PREPARE:-}" ] || "$RUHU_BARE_PREPARE" "$bare"
}

clone_to() { # folder inside
	git clone -q --no-hardlinks "$project" "$bare$1"
	echo "proving $(git -C "$bare$1" log -1 --format='%h %s')"
}
