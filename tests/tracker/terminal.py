"""Runs commands as the console does, against the databases of a test."""

import json
from typing import Any

import click
from click.testing import CliRunner, Result

from config.settings import Settings


class Terminal:
    def __init__(self, settings: Settings, commands: tuple[click.Command, ...]) -> None:
        self._root = click.Group("linkledger", commands=list(commands))
        self._environment = {
            "LINKLEDGER_HOME": str(settings.home),
            "LINKLEDGER_DATABASE_URL": settings.database_url,
            "LINKLEDGER_SECRET_KEY": settings.secret_key,
        }

    def run(self, *arguments: str, stdin: str = "") -> Result:
        return CliRunner(env=self._environment).invoke(self._root, arguments, input=stdin)

    def ask(self, *arguments: str, stdin: str = "") -> Any:
        """The JSON answer of a command that succeeds."""
        result = self.run(*arguments, "--json", stdin=stdin)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def refused(self, *arguments: str) -> str:
        """The message of a command that refuses with exit code 2 and prints nothing on stdout."""
        result = self.run(*arguments, "--json")
        assert (result.exit_code, result.stdout) == (2, ""), result.output
        return result.stderr
