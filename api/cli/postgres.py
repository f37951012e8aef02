"""PostgreSQL's own programs: which are installed, whom to run them as, how they make a cluster, with which settings."""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from api.cli import CommandError

OLDEST_MAJOR = 15


class ClusterError(CommandError):
    """The cluster cannot be had. The text is one line that says what to do."""


@dataclass(frozen=True)
class Programs:
    """The programs of one major version, and the user to run them as."""

    folder: Path
    uid: int
    gid: int

    def run(self, program: str, *arguments: str | Path, output: IO[str] | None = None) -> tuple[int, str]:
        """Runs one to its end; answers the exit code and what it printed (nothing when `output` takes it)."""
        # PGDATA, PGPORT, PGOPTIONS and their kin would steer what we start.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        switch: dict[str, Any] = {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}
        done = subprocess.run(  # noqa: S603  # the program is PostgreSQL's, and no shell reads the arguments
            [self.folder / program, *arguments],
            env=environment | {"LC_ALL": "C.UTF-8"},
            cwd="/",  # ours may be closed to the user we switch to
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=output or subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C in the terminal is for us alone, and we stop the server in good order
            **switch,
        )
        return done.returncode, done.stdout or ""


def programs_for(pg: Path) -> Programs:
    """The programs for the cluster in `pg`: of the version that made it, else the newest. Raises ClusterError."""
    found = _installed()
    version = pg / "PG_VERSION"
    major = int(version.read_text()) if version.exists() else max(found, default=OLDEST_MAJOR)
    if major not in found:
        package, which = "postgresql-postgis", f"PostgreSQL {OLDEST_MAJOR} or newer with PostGIS"
        if version.exists():
            package, which = f"postgresql-{major}-postgis-3", f"PostgreSQL {major} with PostGIS, which made {pg},"
        raise ClusterError(
            f"{which} is missing: an administrator must run `apt-get install --no-install-recommends {package}`; "
            "or set RUHU_DATABASE_URL to a server that you have"
        )
    if os.geteuid() != 0:
        return Programs(found[major], os.geteuid(), os.getegid())
    # PostgreSQL refuses to run as root. A cluster that a plain user made goes on belonging to that user.
    if pg.exists():
        return Programs(found[major], pg.stat().st_uid, pg.stat().st_gid)
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        raise ClusterError("the system user postgres is missing: run `adduser --system --group postgres`") from None
    return Programs(found[major], user.pw_uid, user.pw_gid)


def _installed() -> dict[int, Path]:
    """Major version → folder of programs, for each that has PostGIS and is new enough."""
    found = {}
    for initdb in Path("/usr/lib/postgresql").glob("*/bin/initdb"):  # Debian and its kin
        major = initdb.parts[4]
        if major.isdecimal() and Path(f"/usr/share/postgresql/{major}/extension/postgis.control").exists():
            found[int(major)] = initdb.parent
    if not found and (pg_config := shutil.which("pg_config")):  # Fedora, Homebrew, Nix …
        version, folder, share = (
            subprocess.run([pg_config, f"--{what}"], capture_output=True, text=True).stdout.strip()  # noqa: S603
            for what in ("version", "bindir", "sharedir")
        )
        if (number := re.search(r"\d+", version)) and Path(share, "extension/postgis.control").exists():
            found[int(number[0])] = Path(folder)
    return {major: folder for major, folder in found.items() if major >= OLDEST_MAJOR and (folder / "initdb").exists()}


def make(pg: Path, programs: Programs, *, throwaway: bool) -> None:
    """Makes a cluster with the superuser `postgres`, which includes `ruhu.conf` from beside its folder."""
    # Made under another name and renamed when whole: an initdb that was cut short never passes for a cluster.
    for unfinished in pg.parent.glob("unfinished-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="unfinished-", dir=pg.parent))
    if os.geteuid() == 0:
        os.chown(fresh, programs.uid, programs.gid)
    access = ["--username=postgres", "--auth-local=trust", "--auth-host=reject"]
    language = ["--encoding=UTF8", "--locale=C.UTF-8"]
    disk = ["--no-sync"] if throwaway else ["--data-checksums"]
    code, output = programs.run("initdb", "-D", fresh, *access, *language, *disk)
    if code != 0:
        raise ClusterError(f"initdb failed, mend what it names: {' '.join(output.split())[-300:]}")
    with open(fresh / "postgresql.conf", "a") as settings:
        settings.write("\ninclude '../ruhu.conf'\n")
    fresh.rename(pg)


def settings(socket: Path, *, throwaway: bool) -> str:
    """The text of `ruhu.conf`: for a small machine that a bulk load visits now and then."""
    megabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2**20
    lines = [
        "# Written by ruhu at each start; use ALTER SYSTEM for settings of your own.",
        "listen_addresses = ''",
        f"unix_socket_directories = '{socket}'",
        "unix_socket_permissions = 0700",
        "port = 5432",
        "max_connections = 100",
        f"shared_buffers = {min(max(megabytes // 8, 64), 512)}MB",
        f"effective_cache_size = {max(megabytes // 2, 128)}MB",
        f"maintenance_work_mem = {min(max(megabytes // 16, 32), 256)}MB",
        "work_mem = 16MB",
        "random_page_cost = 1.1",
        "jit = off  # costs more than it gains on short statements",
        "# Nobody replicates from here; so a COPY into a table of the same transaction need not log its rows.",
        "wal_level = minimal",
        "max_wal_senders = 0",
        "max_wal_size = 2GB",
        "checkpoint_timeout = 15min",
        "timezone = 'UTC'",
        "log_timezone = 'UTC'",
    ]
    if throwaway:
        lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off"]
    return "\n".join(lines) + "\n"
