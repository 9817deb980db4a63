"""Forked CLI: `linkledger` for scripts that call it often. Each call forks one preloaded process.

A call runs the real entry point with the caller's folder, environment and streams, and returns its exit code.
Only the import time of the product (1 s) is saved. `serve` is started as a real process.

Run it as `python -m tests.harness.processes.forked_cli SOCKET`; it prints "ready" when it accepts calls.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from payouts import cli
from payouts.command_table import COMMANDS
from tests.harness import ROOT

_CLIENT = """#!{python} -IS
import json, os, socket, sys
if sys.argv[1] == "serve":
    os.execv({python!r}, [{python!r}, "-c", "from payouts.cli import main; main()", *sys.argv[1:]])
server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
call = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [call], [0, 1, 2])
server.shutdown(socket.SHUT_WR)
sys.exit(int(server.recv(16) or b"1"))
"""


@contextmanager
def forked_cli(folder: Path) -> Iterator[Path]:
    """The path of a program `linkledger` in that folder, which works while this context is open."""
    with tempfile.TemporaryDirectory(prefix="linkledger-", dir="/tmp") as short:  # socket paths must be short
        address = f"{short}/console"
        program = folder / "linkledger"
        program.write_text(_CLIENT.format(python=sys.executable, address=address))
        program.chmod(0o755)
        command = [sys.executable, "-m", __name__, address]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            try:
                yield program
            finally:
                process.terminate()


def _listen(address: str) -> None:
    for name in COMMANDS:
        cli.load_command(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            caller, _ = listener.accept()
            if os.fork() == 0:
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                _run_call(caller)
            caller.close()


def _run_call(caller: socket.socket) -> None:
    call, streams, _flags, _address = socket.recv_fds(caller, 1 << 20, 3)
    while more := caller.recv(1 << 20):
        call += more
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    sys.argv, folder, environment = json.loads(call)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    code = 1
    try:
        cli.main(prog_name="linkledger")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        caller.sendall(str(code).encode())
        os._exit(code)


if __name__ == "__main__":
    _listen(sys.argv[1])
