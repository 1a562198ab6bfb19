"""Programs started as forks of a server: they are what a program started by itself is, or none."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from scale_or_reason.common.warm_start import FOLDER_VARIABLE

CLIENT = "import sys\nfrom scale_or_reason.common.warm_start import run_program\nrun_program('kind', sys.argv[1:])"
#: Reports whether its module was imported before it.
PROGRAM = """\
import json, os, sys
here = {"warm": "colorsys" in sys.modules, "words": sys.argv[1:], "folder": os.getcwd(), "pid": os.getpid(),
        "path": sys.path[0], "input": sys.stdin.read(), "environment": dict(os.environ)}
print(json.dumps(here))
print("an error", file=sys.stderr)
"""
PATIENCE = 600


class Servers:
    """Servers of a test, each with its clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "program.py"
        self.environment = os.environ | {FOLDER_VARIABLE: str(folder / "sockets")}
        self.server: subprocess.Popen[bytes] | None = None

    def start(self, load: str = "import_all('colorsys')") -> None:
        (self.folder / "sockets").mkdir()
        text = (
            f"import sys\nfrom pathlib import Path\nfrom scale_or_reason.common.warm_start import *\n"
            f"serve(Path({str(self.folder / 'sockets' / 'kind')!r}), lambda: {load})"
        )
        self.server = subprocess.Popen([sys.executable, "-c", text], stdin=subprocess.PIPE, start_new_session=True)
        wait_for(lambda: (self.folder / "sockets" / "kind").exists())

    def client(
        self, *words: str, program: str = PROGRAM, start: str = CLIENT, **environment: str
    ) -> subprocess.Popen[str]:
        self.program.write_text(program)
        return subprocess.Popen(
            [sys.executable, "-c", start, str(self.program), *words],
            env=self.environment | environment,
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str, program: str = PROGRAM, **environment: str) -> tuple[int, str, str]:
        client = self.client(*words, program=program, **environment)
        said, complained = client.communicate("text", timeout=PATIENCE)
        return client.returncode, said, complained

    def end(self) -> None:
        if self.server is not None and self.server.stdin and not self.server.stdin.closed:
            self.server.stdin.close()
            self.server.wait(PATIENCE)


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    made = Servers(tmp_path)
    yield made
    made.end()


def account(said: str) -> dict[str, Any]:
    return json.loads(said)


@pytest.mark.slow
def test_a_fork_is_what_the_program_by_itself_is(servers: Servers) -> None:
    alone = servers.run("a", "b c")
    servers.start()
    first, second = servers.run("a", "b c"), servers.run("a", "b c")
    parts = [account(run[1]) for run in (alone, first, second)]
    assert [part.pop("warm") for part in parts] == [False, True, True]
    assert len({part.pop("pid") for part in parts}) == 3
    assert parts[0] == parts[1] == parts[2]
    assert parts[0]["input"] == "text" and parts[0]["words"] == ["a", "b c"]
    assert {run[2] for run in (alone, first, second)} == {"an error\n"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "end", ["raise SystemExit(75)", "import os; os._exit(3)", "import os; os.kill(os.getpid(), 9)", "1 / 0"]
)
def test_the_exit_status_is_the_programs(servers: Servers, end: str) -> None:
    alone = servers.run(program=end)
    servers.start()
    warm = servers.run(program=end)
    assert alone[0] == warm[0] != 0
    assert alone[2].splitlines()[-1:] == warm[2].splitlines()[-1:]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("load", "environment", "reason"),
    [
        ("import_all('no_such_module')", {}, "ModuleNotFoundError: No module named 'no_such_module'"),
        (
            "__import__('threading').Thread(target=__import__('time').sleep, args=(9,), daemon=True).start()",
            {},
            "threads",
        ),
        ("import_all('colorsys')", {"PYTHONOPTIMIZE": "1"}, "PYTHONOPTIMIZE is another one"),
    ],
)
def test_where_a_fork_would_differ_the_program_starts_by_itself(
    servers: Servers, load: str, environment: dict[str, str], reason: str
) -> None:
    servers.start(load)
    status, said, complained = servers.run(**environment)
    assert status == 0 and not account(said)["warm"]
    assert complained.startswith("no warm start: ") and reason in complained.splitlines()[0]


@pytest.mark.slow
def test_other_variables_than_those_of_the_import(servers: Servers) -> None:
    servers.start()
    assert account(servers.run(OMP_NUM_THREADS="1", SHLVL="1", _="/bin/true")[1])["warm"]
    # as commands of rules with and without exec have them
    assert account(servers.run(OMP_NUM_THREADS="1", SHLVL="0", _="/bin/false")[1])["warm"]
    status, said, complained = servers.run(OMP_NUM_THREADS="2")
    assert status == 0 and not account(said)["warm"] and account(said)["environment"]["OMP_NUM_THREADS"] == "2"
    assert "other environment variables than at the import: OMP_NUM_THREADS" in complained
    assert account(servers.run(OMP_NUM_THREADS="1")[1])["warm"]


SLEEPS = "import os, signal, sys, time\n{handler}\nprint(os.getpid(), flush=True)\ntime.sleep(3600)"


@pytest.mark.parametrize("handler", ["", "signal.signal(signal.SIGTERM, lambda *_: os._exit(75))"])
def test_signals_reach_the_program(servers: Servers, handler: str) -> None:
    servers.start()
    client = servers.client(program=SLEEPS.format(handler=handler))
    assert client.stdout is not None
    pid = int(client.stdout.readline())
    assert pid != client.pid
    client.send_signal(signal.SIGTERM)
    assert client.wait(PATIENCE) == (75 if handler else -signal.SIGTERM)
    wait_for(lambda: not Path(f"/proc/{pid}").exists())
    client.communicate()


#: Sends itself a signal at this moment of its own: before it sends anything, or behind the first bytes.
SIGNALLED = """
import os, signal, socket
from scale_or_reason.common import warm_start
send = socket.send_fds
def send_and_signal(*arguments):
    if "{moment}" == "before":
        os.kill(os.getpid(), signal.SIGTERM)
    send(*arguments)
    os.kill(os.getpid(), signal.SIGTERM)
socket.send_fds = send_and_signal
"""


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "within"])
def test_a_signal_during_the_request_reaches_the_program_and_spares_the_others(servers: Servers, moment: str) -> None:
    servers.start()
    other = servers.client(program="print(1, flush=True)\nprint(input())")
    assert other.stdout is not None and other.stdout.readline() == "1\n"
    client = servers.client(program=SLEEPS.format(handler=""), start=SIGNALLED.format(moment=moment) + CLIENT)
    assert client.communicate(timeout=PATIENCE)[1] == "" and client.returncode == -signal.SIGTERM
    assert other.communicate("well", timeout=PATIENCE)[0] == "well\n" and other.returncode == 0


#: An import that lasts until there is a file, and fails.
IMPORTS = """
import pathlib, time
def imports(folder):
    (pathlib.Path(folder) / "imports").touch()
    while not (pathlib.Path(folder) / "go").exists():
        time.sleep(0.005)
    1 / 0
"""


@pytest.mark.slow
def test_a_signal_before_a_refusal_ends_the_program_that_starts_by_itself(servers: Servers) -> None:
    folder = servers.folder
    (folder / "slow_imports.py").write_text(IMPORTS)
    servers.start(f"[sys.path.append({str(folder)!r}), __import__('slow_imports').imports({str(folder)!r})]")
    client = servers.client(program=SLEEPS.format(handler=""))
    wait_for((folder / "imports").exists)
    client.send_signal(signal.SIGTERM)
    wait_for(lambda: pending(client.pid) == 0)
    (folder / "go").touch()
    assert client.communicate(timeout=PATIENCE)[0] == "" and client.returncode == -signal.SIGTERM


def pending(pid: int) -> int:
    """The signals that this process has got and not yet handled, as bits."""
    text = Path(f"/proc/{pid}/status").read_text()
    return sum(int(line.split()[1], 16) for line in text.splitlines() if line.startswith(("SigPnd", "ShdPnd")))


@pytest.mark.slow
def test_sigterm_for_all_processes_leaves_the_server_to_its_programs(servers: Servers) -> None:
    servers.start()
    handler = "signal.signal(signal.SIGTERM, lambda *_: (print('saved', flush=True), os._exit(75)))"
    client = servers.client(program=SLEEPS.format(handler=handler))
    assert client.stdout is not None and servers.server is not None
    pid = int(client.stdout.readline())
    servers.server.send_signal(signal.SIGTERM)
    wait_for(lambda: pending(servers.server.pid) == 0)  # type: ignore[union-attr]
    os.kill(pid, signal.SIGTERM)  # which it does not ignore
    assert client.communicate(timeout=PATIENCE)[0] == "saved\n" and client.returncode == 75
    assert account(servers.run()[1])["warm"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["client", "server"])
def test_a_killed_client_or_server_takes_the_program_with_it(servers: Servers, killed: str) -> None:
    servers.start()
    client = servers.client(program=SLEEPS.format(handler=""))
    assert client.stdout is not None and servers.server is not None
    pid = int(client.stdout.readline())
    (client if killed == "client" else servers.server).kill()
    wait_for(lambda: not Path(f"/proc/{pid}").exists() or "Z" in Path(f"/proc/{pid}/stat").read_text().split()[2])
    assert client.wait(PATIENCE) == (-signal.SIGKILL if killed == "client" else 1)
    client.communicate()
    if killed == "client":
        assert account(servers.run()[1])["warm"]


@pytest.mark.slow
def test_the_server_ends_after_its_last_program(servers: Servers) -> None:
    servers.start()
    client = servers.client(program="import time\nprint(1, flush=True)\nprint(input())")
    assert client.stdout is not None and servers.server is not None and servers.server.stdin is not None
    client.stdout.readline()
    servers.server.stdin.close()
    wait_for(lambda: not (servers.folder / "sockets").exists())
    assert servers.server.poll() is None
    assert client.communicate("done\n", timeout=PATIENCE)[0] == "done\n"
    assert servers.server.wait(PATIENCE) == 0
    assert not account(servers.run()[1])["warm"]


@pytest.mark.slow
def test_programs_run_side_by_side(servers: Servers) -> None:
    servers.start()
    clients = [servers.client(program="print(input())") for _ in range(3)]
    for number in (2, 0, 1):
        assert clients[number].communicate(f"{number}\n", timeout=PATIENCE) == (f"{number}\n", "")


def test_a_training_without_a_launcher_ends_as_interrupted_before_its_first_step(servers: Servers) -> None:
    program = (
        "import os, signal\nfrom scale_or_reason.training.trainer import launch\nlaunch.exit_on_sigterm()\n"
        "os.kill(os.getpid(), signal.SIGTERM)\nimport time\ntime.sleep(3600)"
    )
    assert servers.run(program=program) == (75, "", "")
