"""A private PostgreSQL with PostGIS, kept in a data folder and reached over a Unix socket only.

`running(folder)` makes the cluster when it is new, starts it when it is down, and hands out its address; the last
process that leaves stops it. Whatever a crash left behind (a killed server, a stale pid file, half an initdb) is
cleared away by the next start. Layout of the folder:

    pg/           what initdb made; belongs to the user that PostgreSQL runs as
    socket/       mode 0700, which is the whole of the access control: local connections are trusted, TCP is off
    ruhu.conf     our settings, written anew at each start; ALTER SYSTEM still wins over them
    server.log    what PostgreSQL said since its start, and server.log.1 before that
    start.lock    held exclusively while starting or stopping
    use.lock      held shared by everybody who uses the cluster
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from api.cli import postgres
from api.cli.postgres import ClusterError, Programs

__all__ = ["Cluster", "ClusterError", "is_made", "running"]

START_SECONDS = 300  # crash recovery after a big load on a slow disk


@dataclass(frozen=True)
class Cluster:
    """A cluster that is up: `data` is the folder really used, `socket` the folder its Unix socket lies in."""

    data: Path
    socket: Path

    def url(self, database: str, user: str = "postgres") -> str:
        """The address of one database, in the form that asyncpg takes."""
        # The port only names the socket file; spelt out, as asyncpg would otherwise look at PGPORT.
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self.socket))}&port=5432"


def _silent(line: str) -> None:
    """For callers who do not want to hear of the slow steps."""


def is_made(data: Path) -> bool:
    """Whether there is a cluster for this data folder, up or down."""
    with _explained(data):
        return (_home_of(data) / "pg").exists()


@contextmanager
def running(data: Path, *, throwaway: bool = False, say: Callable[[str], None] = _silent) -> Iterator[Cluster]:
    """Holds the cluster under `data` up while the block runs, together with whoever else does the same.

    A throwaway cluster (for tests) forgoes fsync and is made anew after a crash. `say` hears of the slow steps.
    Raises ClusterError.
    """
    home = _home_of(data)
    with _explained(home):
        _make_folder(home)
        programs = postgres.programs_for(home / "pg")
        (home / "use.lock").touch()
    with open(home / "use.lock", "a") as use:
        try:
            with _explained(home), _uninterrupted(), _locked(home / "start.lock"):
                fcntl.flock(use, fcntl.LOCK_SH)
                socket = _socket_folder(home, programs)
                _bring_up(home, socket, programs, throwaway=throwaway, say=say)
            yield Cluster(home, socket)
        finally:
            with _uninterrupted(), _locked(home / "start.lock"), suppress(BlockingIOError):
                # BlockingIOError: others use it still. A failed upgrade drops our shared lock: just what leaving means.
                fcntl.flock(use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _bring_down(home, programs)


@contextmanager
def _explained(home: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError as error:
        text = f"{error.filename} belongs to another user: start as that user, or remove {home} to begin anew"
        raise ClusterError(text) from error


@contextmanager
def _uninterrupted() -> Iterator[None]:
    # A Ctrl-C amidst a start would leave a server that nobody knows of, a second Ctrl-C amidst the stop likewise.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # The kernel lets go of a flock when its holder dies, so a crash leaves nothing to clear away.
    with open(path, "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


# ---- where it lies ---------------------------------------------------------------------------------------------------


def _home_of(data: Path) -> Path:
    data = data.absolute()
    if os.geteuid() != 0 or (data / "pg").exists():
        return data
    # As root we run PostgreSQL as another user, who must be able to walk down to the folder; /root, for one, is closed.
    if all(folder.stat().st_mode & stat.S_IXOTH for folder in data.parents if folder.exists()):
        return data
    return Path("/var/lib/ruhu") / hashlib.sha256(os.fsencode(data)).hexdigest()[:12]


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    if os.geteuid() == 0:
        folder.chmod(0o755)  # whatever root's umask is, the user that PostgreSQL runs as must pass


def _socket_folder(home: Path, programs: Programs) -> Path:
    """A folder of mode 0700 whose path fits into a socket's address (107 bytes with the file's name)."""
    folder = home / "socket"
    if not re.fullmatch(r"[\w./+-]{1,85}", str(folder), re.ASCII):
        folder = Path("/tmp") / f"ruhu-{hashlib.sha256(os.fsencode(home)).hexdigest()[:12]}"  # noqa: S108
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid == os.geteuid() != programs.uid:
        os.chown(folder, programs.uid, programs.gid, follow_symlinks=False)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != programs.uid or stat.S_IMODE(found.st_mode) != 0o700:
        # /tmp is everybody's: somebody else could lie in wait there with a server of their own.
        raise ClusterError(f"{folder} is not ours alone: remove it, then start again")
    return folder


# ---- up and down, both under start.lock ------------------------------------------------------------------------------


def _bring_up(home: Path, socket: Path, programs: Programs, *, throwaway: bool, say: Callable[[str], None]) -> None:
    pg, log = home / "pg", home / "server.log"
    deadline = time.monotonic() + START_SECONDS
    # A live server that does not accept yet is one that a killed predecessor started, or began to stop: wait and see.
    while _postmaster(pg):
        if programs.run("pg_isready", "-q", "-h", socket, "-p", "5432")[0] == 0:
            return
        if time.monotonic() > deadline:
            raise ClusterError(f"PostgreSQL does not answer: see {log}")
        time.sleep(0.05)
    _clear_after_crash(pg, socket, throwaway=throwaway)
    if not pg.exists():
        say("making a private PostgreSQL cluster")
        postgres.make(pg, programs, throwaway=throwaway)
    (home / "ruhu.conf").write_text(postgres.settings(socket, throwaway=throwaway))
    (home / "ruhu.conf").chmod(0o644)
    with suppress(FileNotFoundError):
        log.rename(home / "server.log.1")
    with open(log, "a") as output:
        code, _ = programs.run("pg_ctl", "start", "-D", pg, "-w", "-t", str(START_SECONDS), "-s", output=output)
    if code != 0:
        reasons = re.findall(r"FATAL: +(.*)", log.read_text())
        raise ClusterError(f"PostgreSQL did not start ({'; '.join(reasons) or 'it gave no reason'}): see {log}")


def _bring_down(home: Path, programs: Programs) -> None:
    pg = home / "pg"
    for mode, seconds in (("fast", "60"), ("immediate", "10")):
        if _postmaster(pg):
            programs.run("pg_ctl", "stop", "-D", pg, "-m", mode, "-w", "-t", seconds, "-s")


def _clear_after_crash(pg: Path, socket: Path, *, throwaway: bool) -> None:
    if not (pg / "postmaster.pid").exists():
        return
    # Backends outlive a killed server until their statement ends, and their shared memory bars the way till then.
    orphans = [pid for entry in Path("/proc").glob("[0-9]*") if _runs_in(pid := int(entry.name), pg)]
    for pid in orphans:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    while any(_runs_in(pid, pg) for pid in orphans):
        time.sleep(0.01)
    # PostgreSQL takes a stale pid for a live server when some process has that number by now, common in containers.
    for stale in (pg / "postmaster.pid", socket / ".s.PGSQL.5432", socket / ".s.PGSQL.5432.lock"):
        stale.unlink(missing_ok=True)
    if throwaway:
        shutil.rmtree(pg)  # without fsync, what a crash leaves cannot be trusted


def _postmaster(pg: Path) -> int | None:
    """The pid of the live server of this very folder."""
    try:
        pid = int((pg / "postmaster.pid").read_text().partition("\n")[0])
    except (FileNotFoundError, ValueError):
        return None
    return pid if _runs_in(pid, pg) else None


def _runs_in(pid: int, pg: Path) -> bool:
    """Whether the process is a PostgreSQL one of this folder: each of them has it as its working directory."""
    try:
        if Path("/proc/self").exists():
            command = Path(f"/proc/{pid}/comm").read_text()
            return command.startswith(("postgres", "postmaster")) and Path(f"/proc/{pid}/cwd").samefile(pg)
        os.kill(pid, 0)  # no /proc: the number alone must do
    except OSError:
        return False
    return True
