"""A filled installation in a folder, its copies, and the measurements that run on them."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from bench.books.fill import FILLED
from config.settings import Settings, load_settings
from tests.harness import ROOT

CreateDatabase = Callable[[str], str]
Figures = dict[str, Any]


@dataclass(frozen=True)
class Place:
    """`url` is that of PostgreSQL; empty on SQLite."""

    home: Path
    url: str

    @property
    def database(self) -> str:
        return "PostgreSQL" if self.url else "SQLite"

    @property
    def settings(self) -> Settings:
        return load_settings(home=self.home, database_url=self.url)

    @property
    def filled(self) -> Figures:
        """What the filler wrote (bench/books/fill.py)."""
        found: Figures = json.loads((self.home / FILLED).read_text())
        return found

    def fill(self, **options: Any) -> Figures:
        """Options of the filler by name; True: the option alone."""
        given = [f"--{name.replace('_', '-')}" + ("" if value is True else f"={value}")
                 for name, value in options.items()]  # fmt: skip
        return run("books.fill", str(self.home), *given, *self._on)

    def measure(self, name: str, now: str, *options: str) -> Figures:
        return run("costs.measure", name, str(self.home), now, *options, *self._on)

    def floor_of(self, name: str, product: "Place") -> Figures:
        """The rows that a step wrote in another place, written into this one."""
        return run("costs.plain", str(product.home / f"rows-{name}"), str(self.home), *self._on)

    def floor_of_month(self, product: "Place") -> Figures:
        on = [f"--postgresql={product.url}", f"--copy-postgresql={self.url}"] if self.url else []
        return run("costs.plain_statement", str(product.home), str(self.home), *on)

    def copy(self, name: str) -> "Place":
        """Another database with the same rows."""
        home = self.home.with_name(name)
        if not self.url:
            shutil.copytree(self.home, home)
            return Place(home, "")
        home.mkdir()
        parts = make_url(self.url)
        own = f"{parts.database}_{name}"
        with psycopg.connect(
            host=str(parts.query["host"]), dbname="postgres", user=parts.username, autocommit=True
        ) as connection:
            connection.execute(f"create database {own} template {parts.database}".encode())
        return Place(home, parts.set(database=own).render_as_string(hide_password=False))

    @property
    def _on(self) -> list[str]:
        return [f"--postgresql={self.url}"] if self.url else []


def new_place(folder: Path, name: str, create: CreateDatabase | None) -> Place:
    """An empty one; `create` is None on SQLite."""
    home = folder / name
    home.mkdir()
    return Place(home, create(name) if create is not None else "")


def run(name: str, *arguments: str) -> Figures:
    """What a program of `bench` prints."""
    command = [sys.executable, "-m", f"bench.{name}", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True)
    found: Figures = json.loads(done.stdout)
    return found
