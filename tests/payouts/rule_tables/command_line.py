"""The command line at chosen times: all that these tests do and see of the product goes through commands.

The shopper's click and what happens at the payment provider itself are no commands. For them there are
`token_of_click`, and `take_back_at_the_provider`, which does what a person does in the provider's dashboard.
"""

import csv
import json
import multiprocessing
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import time_machine
from click.testing import Result

from config.database import Databases, open_databases
from config.settings import Settings
from payouts.transfers.sandbox.server import SANDBOX_KEY, SandboxServer
from tests.cast.api import Terminal
from tests.cast.books import at
from tests.cast.people import click_token
from tests.harness.commands import EVERY_COMMAND

_FORKING, _STARTS_WITHIN_S = multiprocessing.get_context("fork"), 30
ANY_TIME = "2028-07-01 00:00"
"""For commands whose result does not depend on the time."""


@dataclass(frozen=True)
class Days:
    """A month, and when it is closed, sealed and paid."""

    month: str
    closing: str
    seal: str
    payday: str


OCTOBER = Days("2026-10", "11-01 00:10", "11-08 00:10", "11-09 00:10")
NOVEMBER = Days("2026-11", "12-01 00:10", "12-08 00:10", "12-09 00:10")
DECEMBER = Days("2026-12", "2027-01-01 00:10", "2027-01-08 00:10", "2027-01-09 00:10")
JANUARY = Days("2027-01", "2027-02-01 00:10", "2027-02-08 00:10", "2027-02-09 00:10")
FEBRUARY = Days("2027-02", "2027-03-01 00:10", "2027-03-08 00:10", "2027-03-09 00:10")


@dataclass(frozen=True)
class Cast:
    """The ids of a brand, its program of 10 %, and two creators with a coupon each: ANNA and BOB."""

    brand: str
    program: str
    anna: str
    bob: str


@dataclass(frozen=True)
class CommandLine:
    """A person at the brand, who types commands. Amounts are in minor units, times as `at` reads them."""

    settings: Settings
    databases: Databases
    cast: Cast
    currency: str = "EUR"
    environment: Mapping[str, str] | None = None

    def run(self, when: str, *arguments: str) -> Result:
        with time_machine.travel(at(when)):
            terminal = Terminal(self.settings, EVERY_COMMAND, self.databases, **self.environment or {})
            return terminal.run(*arguments, "--json")

    def ask(self, when: str, *arguments: str) -> Any:
        """Run a command that must succeed. Returns its JSON."""
        result = self.run(when, *arguments)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def work(self, *times: str) -> None:
        """Run all jobs at each of the times."""
        for when in times:
            self.ask(when, "work")

    def close(self, days: Days) -> None:
        self.of_brand(days.closing, "statement", "close", "--period", days.month)

    def seal(self, days: Days) -> None:
        """A person approves the statement, which seals it."""
        named = ("--period", days.month, "--currency", self.currency)
        self.of_brand(days.seal, "statement", "approve", *named)

    def play(self, days: Days) -> None:
        """The month is closed, sealed, and paid by a person. Unlike `work`, this ends no holds."""
        self.close(days)
        self.seal(days)
        self.of_brand(days.payday, "payout", "run")

    def refused(self, when: str, *arguments: str, exit_code: int = 2) -> str:
        """Run a command that must refuse, with that exit code. Returns its message."""
        result = self.run(when, *arguments)
        assert (result.exit_code, result.stdout) == (exit_code, ""), result.output
        return str(result.stderr)

    @contextmanager
    def nothing_changes(self) -> Iterator[None]:
        """What the commands in this context must leave as it is: balances, orders, statements, payouts …"""
        before = self._all_that_is_shown()
        yield
        assert self._all_that_is_shown() == before

    def _all_that_is_shown(self) -> dict[str, Any]:
        statements = self.of_brand(ANY_TIME, "statement", "list")
        named = [("--period", each["period"], "--currency", each["currency"]) for each in statements]
        orders = [each["order_id"] for each in self.of_brand(ANY_TIME, "sale", "list")]
        return {
            "balances": self.of_brand(ANY_TIME, "ledger", "balances"),
            "credit": self.of_brand(ANY_TIME, "credit", "show"),
            "accounts": self.of_brand(ANY_TIME, "ledger", "accounts"),
            "orders": [self.of_brand(ANY_TIME, "explain", each) for each in orders],
            "statements": statements,
            "documents": [self.of_brand(ANY_TIME, "statement", "show", *each) for each in named],
            "decisions": [self.of_brand(ANY_TIME, "statement", "decisions", *each) for each in named],
            "payouts": self.of_brand(ANY_TIME, "payout", "list"),
            "returned": self.of_brand(ANY_TIME, "payout", "returned", "list"),
        }

    def at_once(self, when: str, *commands: tuple[str, ...]) -> list[tuple[int, str]]:
        """Run each of the commands in a process of its own, all at the same time.

        Returns their exit codes and messages, sorted.
        """
        barrier = _FORKING.Barrier(len(commands))
        answers = [_FORKING.Pipe(duplex=False) for _ in commands]
        people = [
            _FORKING.Process(target=self._type, args=(when, command, barrier, answer))
            for command, (_, answer) in zip(commands, answers, strict=True)
        ]
        for person, (_, answer) in zip(people, answers, strict=True):
            person.start()
            answer.close()
        found = [receiver.recv() for receiver, _ in answers]
        for person in people:
            person.join()
        return sorted(found)

    def _type(self, when: str, command: tuple[str, ...], barrier: Any, answer: Any) -> None:
        """One person's process. It opens the databases itself: connections cannot be shared."""
        own = replace(self, databases=open_databases(self.settings))
        barrier.wait(_STARTS_WITHIN_S)
        result = own.run(when, *command)
        answer.send((result.exit_code, result.stderr))

    # What shops report: a file of one line, imported when it happened or at `told`.

    def sale(self, order: str, net: int, when: str, *, told: str = "", **columns: str) -> None:
        """A sale of that net amount, without tax and shipping, by Anna's coupon unless the columns differ."""
        amounts = {"total": _decimal(net), "tax": "0", "shipping": "0"}
        self._tell("sales", {"order_id": order} | amounts | {"coupons": "ANNA"} | columns, when, told)

    def refund(self, order: str, amount: int, when: str, *, told: str = "", **columns: str) -> None:
        line = {"order_id": order, "refund_id": f"{order} {when}", "amount": _decimal(amount)}
        self._tell("refunds", line | columns, when, told)

    def dispute(self, order: str, status: str, amount: int, when: str) -> None:
        line = {"order_id": order, "dispute_id": f"dp-{order}", "status": status, "amount": _decimal(amount)}
        self._tell("disputes", line, when)

    def _tell(self, kind: str, line: dict[str, str], when: str, told: str = "") -> None:
        path = self.settings.home / "told.csv"
        cells = {"occurred_at": at(when).isoformat(), "currency": self.currency} | line
        _write_csv(path, cells)
        reported = self.run(
            told or when, "sale", "import", "--brand", self.cast.brand, "--kind", kind, str(path)
        )
        assert json.loads(reported.stdout)["rejected"] == 0, reported.output
        path.unlink()

    # What people see and decide.

    def commission(self, order: str) -> dict[str, Any]:
        """The commission that counts for the order, with its entries, holds and payouts."""
        (sale,) = self.ask(ANY_TIME, "explain", order, "--brand", self.cast.brand)
        (live,) = [each for each in sale["commissions"] if each["live"]]
        return dict(live)

    def decide(self, when: str, what: str, order: str, *options: str) -> str:
        """Take a decision about the order's commission. Returns the decision's id."""
        return str(self.ask(when, "commission", what, self.commission(order)["id"], *options)["decision"])

    def statement(self, period: str) -> dict[str, Any]:
        named = ("--period", period, "--currency", self.currency)
        return dict(self.of_brand(ANY_TIME, "statement", "show", *named))

    def of_brand(self, when: str, *arguments: str) -> Any:
        return self.ask(when, *arguments, "--brand", self.cast.brand)

    def balances(self, name: str = "Anna") -> tuple[int, int]:
        """What is held for a creator, and what is payable."""
        found = self.of_brand(ANY_TIME, "ledger", "balances")
        own = [each for each in found if (each["name"], each["held"]["currency"]) == (name, self.currency)]
        assert all(each["in_transit"]["minor"] == 0 for each in own)
        return (own[0]["held"]["minor"], own[0]["payable"]["minor"]) if own else (0, 0)

    def paid(self) -> list[int]:
        """The amounts of all transfers so far, oldest first."""
        return [each["amount"]["minor"] for each in self._transfers()]

    def _transfers(self) -> list[dict[str, Any]]:
        """The payouts that were transferred, oldest first."""
        found = self.of_brand(ANY_TIME, "payout", "list")
        return sorted((each for each in found if each["transfer"]), key=lambda each: str(each["prepared_at"]))

    def why_not_paid(self, when: str) -> str | None:
        """The code of the reason why a payout run would pay Anna nothing at that time."""
        plans = self.of_brand(when, "payout", "preview")
        (own,) = [each for each in plans if each["creator"] == self.cast.anna]
        return None if own["reason_code"] is None else str(own["reason_code"])

    def holds(self, order: str) -> list[tuple[str, str]]:
        """By what each hold of the order was placed, and until when it lasts if nobody decides."""
        return [(each["placed_by"], each["until"]) for each in self.commission(order)["holds"]]

    def assert_consistent(self, when: str) -> None:
        """The self-check finds nothing; it would exit with an error."""
        assert self.ask(when, "check")["ok"]

    # What happens outside the product.

    def take_back_at_the_provider(self, when: str, amount: int) -> None:
        """The brand reverses a part of the last transfer in the provider's dashboard."""
        last = self._transfers()[-1]
        with time_machine.travel(at(when)), SandboxServer(self.settings.home / "sandbox.db") as provider:
            request = Request(
                f"{provider.url}/v1/transfers/{last['transfer']}/reversals",
                data=urlencode({"amount": amount}).encode(),
                headers={"Authorization": f"Bearer {SANDBOX_KEY}"},
            )
            with urlopen(request, timeout=10) as response:
                assert response.status == 200

    def token_of_click(self, code: str, when: str) -> str:
        """What the shop gets when a shopper follows a new link of Bob with that code."""
        self.ask("09-02", "brand", "allow-host", self.cast.brand, "shop.example")
        takes_part = ("--program", self.cast.program, "--creator", self.cast.bob)
        leads_to = ("--to", "https://shop.example/", "--code", code)
        link = self.ask("09-02", "link", "create", *takes_part, *leads_to)
        return click_token(self.settings.secret_keys, link["id"], at(when))


def equation(statement: dict[str, Any]) -> list[int]:
    names = ("opening", "earned", "reversed", "adjustments", "payments", "closing")
    return [statement["equation"][name]["minor"] for name in names]


def split(statement: dict[str, Any]) -> dict[str, int]:
    """The parts of what the statement closes with, without those that are 0."""
    return {name: amount["minor"] for name, amount in statement["closing_split"].items() if amount["minor"]}


def _decimal(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02}"


def _write_csv(path: Path, cells: Mapping[str, str]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([list(cells), list(cells.values())])
