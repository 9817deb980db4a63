"""The plugin that forbids skips, in real pytest sessions, with and without workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.harness import ROOT

SKIPPED_BROWSER_TEST = """
import pytest

@pytest.mark.browser
def test_the_page_opens():
    pytest.skip("no Chromium here")

def test_something_else():
    pass
"""
SKIPPED_FOR_ANOTHER_REASON = """
import pytest

def test_the_page_opens():
    pytest.skip("only on Windows")

@pytest.mark.postgresql
def test_a_row_is_written():
    pass
"""
SKIPPED_FILE = """
import pytest
pytest.skip("no server", allow_module_level=True)
"""


def run_pytest(folder: Path, test_file: str, *, forbid: bool, workers: int = 0) -> tuple[int, str]:
    (folder / "test_it.py").write_text(test_file)
    environment = os.environ | {"LINKLEDGER_FORBID_SKIPS": str(int(forbid))}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # the plugins named in the settings are enough
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.harness.forbid_skips",
        "-c",
        str(ROOT / "pyproject.toml"),
    ]
    command += ["-p", "xdist", "-p", "pytest_timeout"]
    command += [f"-n{workers}", f"--rootdir={folder}", "-p", "no:cacheprovider", str(folder)]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize("workers", [0, 1])
def test_a_skipped_browser_test_fails_the_session_and_is_named(tmp_path: Path, workers: int) -> None:
    status, output = run_pytest(tmp_path, SKIPPED_BROWSER_TEST, forbid=True, workers=workers)
    assert status == 1
    assert "test_the_page_opens: no Chromium here" in output


def test_skips_are_reported_where_they_are_allowed(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, SKIPPED_BROWSER_TEST, forbid=False)
    assert status == 0
    assert "NOT TESTED HERE" in output


def test_other_tests_may_be_skipped(tmp_path: Path) -> None:
    status, output = run_pytest(tmp_path, SKIPPED_FOR_ANOTHER_REASON, forbid=True)
    assert status == 0
    assert "forbids" not in output


@pytest.mark.parametrize("workers", [0, 1])
def test_a_file_that_skips_itself_fails_the_session(tmp_path: Path, workers: int) -> None:
    (tmp_path / "test_other.py").write_text("def test_other():\n    pass\n")
    status, output = run_pytest(tmp_path, SKIPPED_FILE, forbid=True, workers=workers)
    assert status == 1
    assert "test_it.py: no server" in output
