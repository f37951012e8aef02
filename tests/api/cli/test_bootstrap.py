"""`./ruhu` itself, before any Python of ours runs: on a made-up machine whose tools only write down what was asked."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
REAL_TOOLS = ("sh", "cat", "cksum", "dirname", "flock", "grep", "mkdir", "readlink", "rm", "touch", "chmod")

PYTHON = """#!/bin/sh
echo "python3 $*" >>"$CALLS"
case "$*" in
*"import ensurepip"*) [ -e "$MACHINE/has-venv" ] ;;
*"-m venv"*)
    rm -rf .venv && mkdir -p .venv/bin
    cat "$MACHINE/venv-python" >.venv/bin/python && chmod +x .venv/bin/python ;;
esac
"""
VENV_PYTHON = """#!/bin/sh
case "$*" in
"-m api.cli"*) echo "handed over:${*#-m api.cli}"; exit ;;
"-m pip config get"*) cat "$MACHINE/mirror" 2>/dev/null; exit ;;
esac
echo "venv $*" >>"$CALLS"
cat "$MACHINE/uv" >.venv/bin/uv && chmod +x .venv/bin/uv
"""
UV = """#!/bin/sh
[ "$*" = --version ] && exit
echo "uv $* index=${UV_DEFAULT_INDEX:-} downloads=$UV_PYTHON_DOWNLOADS" >>"$CALLS"
[ ! -e "$MACHINE/no-network" ]
"""
WRITES_DOWN = """#!/bin/sh
echo "${0##*/} $*" >>"$CALLS"
"""


@dataclass
class Machine:
    """A Debian that exists only as a folder; `./ruhu` in its project takes it for the real one."""

    folder: Path

    @property
    def project(self) -> Path:
        return self.folder / "project"

    def has(self, *things: str) -> Machine:
        """Puts files in place, as a package or an administrator would."""
        for thing in things:
            path = self.folder / thing
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        return self

    def has_everything(self) -> Machine:
        return self.has("has-venv", "etc/ssl/certs/ca-certificates.crt", "etc/debian_version").has(
            "usr/share/postgresql/15/extension/postgis.control", "usr/lib/postgresql/15/bin/initdb"
        )

    def is_used_by(self, uid: int) -> Machine:
        self.tool("id", f"#!/bin/sh\necho {uid}\n")
        return self

    def tool(self, name: str, text: str) -> None:
        (self.folder / "bin" / name).write_text(text)
        (self.folder / "bin" / name).chmod(0o755)

    def start(self, *arguments: str, script: Path | None = None, **environment: str) -> subprocess.Popen[str]:
        ours = {"PATH": str(self.folder / "bin"), "MACHINE": str(self.folder), "CALLS": str(self.folder / "calls")}
        return subprocess.Popen(
            [script or self.project / "ruhu", *arguments],
            env=ours | environment,
            cwd="/",
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ruhu(self, *arguments: str, script: Path | None = None, **environment: str) -> tuple[int, str, str]:
        """Exit code, stdout and stderr."""
        process = self.start(*arguments, script=script, **environment)
        output, errors = process.communicate()
        return process.returncode, output, errors

    def calls(self, start: str = "") -> list[str]:
        """What the tools were asked, in order, and forgets it."""
        path = self.folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return [line for line in lines if line.startswith(start)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A bare Debian with python3, and a clone of the project on it, used by a plain user."""
    machine = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    machine.project.mkdir()
    for name in REAL_TOOLS:
        found = shutil.which(name)
        assert found is not None
        (tmp_path / "bin" / name).symlink_to(found)
    machine.tool("python3", PYTHON)
    (tmp_path / "venv-python").write_text(VENV_PYTHON)
    (tmp_path / "uv").write_text(UV)
    for name in ("apt-get", "dpkg"):
        machine.tool(name, WRITES_DOWN)
    script = (ROOT / "ruhu").read_text().replace("/usr/", f"{tmp_path}/usr/").replace(" /etc/", f" {tmp_path}/etc/")
    (machine.project / "ruhu").write_text(script.replace(">/etc/", f">{tmp_path}/etc/"))
    (machine.project / "ruhu").chmod(0o755)
    for lock in ("requirements.txt", "requirements-dev.txt", "requirements-uv.txt"):
        (machine.project / lock).write_text(f"what {lock} locks\n")
    return machine.is_used_by(1000).has("etc/debian_version")


def test_the_first_start_installs_the_lock_and_hands_over_and_the_second_finds_nothing_to_do(machine: Machine) -> None:
    machine.has_everything()
    code, output, errors = machine.ruhu("serve", "--demo", "two words")
    assert (code, output) == (0, "handed over: serve --demo two words\n")
    assert errors.splitlines() == ["[2/3] Python environment", "[3/3] Python packages of requirements.txt"]
    calls = machine.calls()
    assert "venv -m pip install -q --disable-pip-version-check --require-hashes -r requirements-uv.txt" in calls
    assert calls[-1].startswith(
        "uv pip sync -q --compile-bytecode --require-hashes --python .venv/bin/python requirements.txt"
    )
    assert calls[-1].endswith("downloads=never")

    assert machine.ruhu("serve") == (0, "handed over: serve\n", "")
    assert machine.calls() == []


def test_it_works_from_any_folder_and_through_a_symlink(machine: Machine) -> None:
    machine.has_everything()
    link = machine.folder / "elsewhere"
    link.symlink_to(machine.project / "ruhu")
    assert machine.ruhu("help", script=link)[:2] == (0, "handed over: help\n")
    assert (machine.project / ".venv" / "ruhu-stamp").exists()


def test_a_new_lock_is_installed_over_the_old_one(machine: Machine) -> None:
    machine.has_everything().ruhu("serve")
    machine.calls()
    (machine.project / "requirements.txt").write_text("something newer\n")
    machine.ruhu("serve")
    assert [call.split()[0] for call in machine.calls()] == ["uv"]


def test_developers_commands_bring_the_developers_packages_which_then_stay(machine: Machine) -> None:
    machine.has_everything().ruhu("serve")
    machine.calls()
    machine.ruhu("fix")
    assert "requirements-dev.txt" in machine.calls("uv")[0]
    machine.ruhu("serve")
    assert machine.calls() == []


def test_an_install_that_was_cut_short_says_so_in_one_line_and_is_begun_anew(machine: Machine) -> None:
    machine.has_everything().has("no-network")
    code, output, errors = machine.ruhu("serve")
    assert (code, output) == (1, "")
    assert errors.splitlines()[-1] == (
        "ruhu: uv could not install requirements.txt: see above, check the network, and start again"
    )
    (machine.folder / "no-network").unlink()
    machine.calls()
    assert machine.ruhu("serve")[:2] == (0, "handed over: serve\n")
    assert "python3 -m venv --clear .venv" in machine.calls()


def test_of_two_first_starts_at_once_one_installs_and_both_serve(machine: Machine) -> None:
    machine.has_everything()
    started = [machine.start("serve") for _ in range(3)]
    outputs = [process.communicate()[0] for process in started]
    assert outputs == ["handed over: serve\n"] * 3
    assert len(machine.calls("uv")) == 1


def test_who_set_up_a_mirror_for_pip_gets_it_for_uv_too(machine: Machine) -> None:
    (machine.has_everything().folder / "mirror").write_text("https://mirror.example/simple\n")
    machine.ruhu("serve")
    assert "index=https://mirror.example/simple " in machine.calls("uv")[0]


@pytest.mark.parametrize(
    ("command", "environment", "packages"),
    [
        ("serve", {}, "python3-venv ca-certificates postgresql-postgis"),
        ("help", {}, "python3-venv ca-certificates"),  # needs no database
        ("serve", {"RUHU_DATABASE_URL": "postgresql://elsewhere/ruhu"}, "python3-venv ca-certificates"),
        ("test", {}, "python3-venv ca-certificates postgresql-postgis chromium libatomic1 nginx-light fonts-noto-cjk"),
    ],
)
def test_a_plain_user_is_told_the_one_line_that_an_administrator_must_run(
    machine: Machine, command: str, environment: dict[str, str], packages: str
) -> None:
    code, output, errors = machine.ruhu(command, **environment)
    assert (code, output) == (1, "")
    assert errors == f"ruhu: an administrator must run: apt-get install --no-install-recommends {packages}\n"
    assert machine.calls("apt-get") == []
    assert not (machine.project / ".venv").exists()


def test_root_gets_the_missing_packages_installed_and_no_system_cluster(machine: Machine) -> None:
    code, output, errors = machine.is_used_by(0).ruhu("serve")
    assert (code, output) == (0, "handed over: serve\n")
    assert errors.splitlines()[0] == "[1/3] Debian packages: python3-venv ca-certificates postgresql-postgis"
    log = (machine.project / ".data" / "apt.log").read_text()
    assert log == ""  # the made-up tools are silent; what the real ones say goes there
    calls = machine.calls()
    assert [call.split()[0] for call in calls if not call.startswith(("python3", "venv", "uv"))] == [
        "dpkg",
        "apt-get",
        "apt-get",
    ]
    install = next(call for call in calls if "apt-get install" in call)
    assert install.endswith("python3-venv ca-certificates postgresql-postgis")
    assert "--no-install-recommends" in install
    conf = machine.folder / "etc/postgresql-common/createcluster.conf"
    assert conf.read_text() == "create_main_cluster = false\n"


def test_packages_whose_installation_was_cut_short_are_installed_again(machine: Machine) -> None:
    machine.is_used_by(0).tool("apt-get", "#!/bin/sh\nexit 100\n")
    code, _, errors = machine.ruhu("serve")
    assert code == 1
    assert errors.splitlines()[-1].startswith("ruhu: apt-get failed; read ")
    # Their files may have come meanwhile without having been set up; the mark says that they were not.
    machine.has_everything().tool("apt-get", WRITES_DOWN)
    assert machine.ruhu("serve")[:2] == (0, "handed over: serve\n")
    assert any(call.endswith("postgresql-postgis") for call in machine.calls("apt-get install"))
    machine.ruhu("serve")
    assert machine.calls("apt-get") == []


def test_where_there_is_no_apt_the_packages_are_named(machine: Machine) -> None:
    (machine.is_used_by(0).folder / "bin" / "apt-get").unlink()
    code, _, errors = machine.ruhu("serve")
    assert code == 1
    assert errors == (
        "ruhu: install with your system's package manager: python3-venv ca-certificates postgresql-postgis\n"
    )


def test_an_environment_of_another_folder_is_not_trusted(machine: Machine) -> None:
    machine.has_everything().ruhu("serve")
    machine.calls()
    moved = machine.project.rename(machine.folder / "moved")
    machine.ruhu("serve", script=moved / "ruhu")
    assert len(machine.calls("uv")) == 1


def test_the_script_is_plain_sh(machine: Machine) -> None:
    assert subprocess.run(["sh", "-n", ROOT / "ruhu"], check=False).returncode == 0
    assert os.access(ROOT / "ruhu", os.X_OK)
