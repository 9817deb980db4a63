"""A pytest plugin that reports skipped browser and PostgreSQL tests prominently, or forbids skips.

With LINKLEDGER_FORBID_SKIPS=1 the session fails when a test marked `browser` or `postgresql` was skipped, for
any reason, or when a whole file was skipped, because its tests are unknown. It works with pytest-xdist, whose
controller sees the reports of all workers.
"""

import os
from dataclasses import dataclass, field

import pytest

VARIABLE = "LINKLEDGER_FORBID_SKIPS"
WATCHED_MARKERS = ("browser", "postgresql")


@dataclass(eq=False)
class SkipWatch:
    """Collects skips and reports them at the end."""

    forbids: bool
    skipped: dict[str, str] = field(default_factory=dict)
    """Test or file -> reason."""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        watched = any(marker in report.keywords for marker in WATCHED_MARKERS)
        if report.skipped and watched and not hasattr(report, "wasxfail"):
            self.skipped[report.nodeid] = _reason(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.skipped:
            self.skipped[report.nodeid] = _reason(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.forbids and self.skipped and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if not self.skipped:
            return
        title = f"skipped, which {VARIABLE} forbids" if self.forbids else "NOT TESTED HERE"
        terminalreporter.section(title, red=self.forbids, yellow=not self.forbids, bold=True)
        for name, reason in sorted(self.skipped.items()):
            terminalreporter.write_line(f"{name}: {reason}")


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # not in workers of pytest-xdist: their controller watches
        forbids = os.environ.get(VARIABLE, "") not in ("", "0")
        config.pluginmanager.register(SkipWatch(forbids), "linkledger-skip-watch")


def _reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    if isinstance(report.longrepr, tuple):  # (file, line, "Skipped: the reason")
        return report.longrepr[2].removeprefix("Skipped: ")
    return str(report.longrepr)
