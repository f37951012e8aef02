"""Runs inside the bare Debian, on its python3 alone: types the two commands and takes the times.

python3 prove.py [PORT]. Prints a line per promise; exits 1 at the first that is not kept, with the log's end.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PORT = sys.argv[1] if len(sys.argv) > 1 else "8000"
ADDRESS = f"http://127.0.0.1:{PORT}/graphql"
LOG = PROJECT / ".data" / "proof.log"
PATIENCE_SECONDS = 900

QUESTION = """{
  village: region(code: "110101001001") { name level }
  provinces: regions(level: PROVINCE) { edges { node { code } } }
  found: regions(within: "1101", level: VILLAGE, search: "多福巷") { edges { node { name } } }
}"""


def promise(text: str, seconds: float | None = None) -> None:
    took = "" if seconds is None else f"{seconds:8.1f} s"
    print(f"{text:<78}{took}", flush=True)


def broken(text: str) -> None:
    print(f"NOT KEPT: {text}", file=sys.stderr)
    print("".join(LOG.read_text(errors="replace").splitlines(keepends=True)[-40:]), file=sys.stderr)
    sys.exit(1)


def ruhu(*arguments: str) -> "subprocess.Popen[bytes]":
    """The command as a terminal starts it: in a process group of its own, which Ctrl-C then reaches as a whole."""
    environment = os.environ | {"PORT": PORT}
    with open(LOG, "ab") as log:
        return subprocess.Popen(
            ["./ruhu", *arguments], cwd=PROJECT, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def asked(request: urllib.request.Request) -> bytes:
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read()


def wait_until_ready(serving: "subprocess.Popen[bytes]", began: float) -> float:
    """Until GraphiQL's page comes; the seconds since the command was typed."""
    page = urllib.request.Request(ADDRESS, headers={"Accept": "text/html"})
    while time.monotonic() - began < PATIENCE_SECONDS:
        if serving.poll() is not None:
            broken(f"./ruhu serve ended with {serving.returncode}")
        try:
            if b"graphiql" in asked(page).lower():
                return time.monotonic() - began
        except OSError:
            time.sleep(0.05)
    broken("GraphiQL did not come")
    raise AssertionError


def check_divisions() -> None:
    token = subprocess.run(["./ruhu", "token", "cadre"], cwd=PROJECT, capture_output=True, text=True).stdout.strip()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    answer = json.loads(asked(urllib.request.Request(ADDRESS, json.dumps({"query": QUESTION}).encode(), headers)))
    data = answer.get("data") or {}
    try:
        is_right = (
            data["village"] == {"name": "多福巷社区居委会", "level": "VILLAGE"}
            and len(data["provinces"]["edges"]) == 31
            and [edge["node"]["name"] for edge in data["found"]["edges"]] == ["多福巷社区居委会"]
        )
    except (KeyError, TypeError):
        is_right = False
    if not is_right:
        broken(f"the divisions are not right: {json.dumps(answer, ensure_ascii=False)}")


def ours() -> list[str]:
    """What still runs: PostgreSQL and the project's Python, of this root folder and this user's to see."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "root").samefile("/") and int(entry.name) != os.getpid():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                if "postgres" in command or ".venv" in command:
                    found.append(f"{entry.name} {command}")
        except OSError:  # gone meanwhile, or not ours to see
            continue
    return found


def ctrl_c(serving: "subprocess.Popen[bytes]") -> None:
    began = time.monotonic()
    os.killpg(serving.pid, signal.SIGINT)
    try:
        code = serving.wait(30)
    except subprocess.TimeoutExpired:
        broken("Ctrl-C did not end it within 30 s")
    if left := ours():
        broken(f"still running after Ctrl-C: {left}")
    promise(f"Ctrl-C: it ended with {code}, and nothing of it runs any more", time.monotonic() - began)


def main() -> None:
    LOG.parent.mkdir(exist_ok=True)
    LOG.write_text("")

    began = time.monotonic()
    serving = ruhu("serve")
    promise("first ./ruhu serve, until GraphiQL answers", wait_until_ready(serving, began))
    check_divisions()
    promise("a question about the divisions, answered rightly", time.monotonic() - began)
    ctrl_c(serving)

    began = time.monotonic()
    serving = ruhu("serve")
    second = wait_until_ready(serving, began)
    promise("second ./ruhu serve, until GraphiQL answers (promised: 5 s)", second)

    rival = ruhu("serve")
    if rival.wait(60) != 1:
        broken("a second server on the same port was not refused")
    check_divisions()
    promise("another ./ruhu serve at the same time is told so in one line and does no harm")

    os.killpg(serving.pid, signal.SIGKILL)
    serving.wait()
    began = time.monotonic()
    serving = ruhu("serve")
    promise("./ruhu serve after it was killed outright", wait_until_ready(serving, began))
    check_divisions()
    ctrl_c(serving)

    began = time.monotonic()
    code = ruhu("test").wait()
    closing = LOG.read_text(errors="replace").strip().splitlines()[-1]
    promise(f"./ruhu test: {closing.strip('= ')}", time.monotonic() - began)
    if code != 0:
        broken(f"./ruhu test ended with {code}")
    if left := ours():
        broken(f"still running after ./ruhu test: {left}")
    if second > 5:
        broken("the second start took more than 5 s")


main()
