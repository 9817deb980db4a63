"""A statement as JSON for people, creator by creator: the same for drafts and both sealed formats. Pure.

Its keys are those of the first sealed format, whose name it has kept; later versions may add some.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from payouts.statements.rows.columns import EQUATION, SPLIT, PartKind, money

SHAPE = "linkledger.statement.1"

Rows = Iterator[tuple[str, dict[str, Any]]]
"""The rows of one kind in the order of creators: the creator's id, and the row as JSON for people."""


@dataclass(frozen=True)
class CreatorPart:
    """A creator's part. `lines` can be read once, before the next part is asked for."""

    head: Mapping[str, Any]
    lines: Iterable[dict[str, Any]]
    adjustments: list[dict[str, Any]]
    payments: list[dict[str, Any]]

    def as_json(self) -> dict[str, Any]:
        return {
            **self.head,
            "lines": list(self.lines),
            "adjustments": self.adjustments,
            "payments": self.payments,
        }


@dataclass(frozen=True)
class OpenStatement:
    """A statement whose creators are read one after the other, once.

    `head` comes before the creators in JSON; `ending` after them: the state, who approved it, its hash.
    """

    head: Mapping[str, Any]
    creators: Iterator[CreatorPart]
    ending: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it in memory."""
        return {**self.head, "creators": [each.as_json() for each in self.creators], **self.ending}


def shown_head(head: Mapping[str, Any]) -> dict[str, Any]:
    """The head of the sealed format as JSON for people."""
    currency = head["currency"]
    plain = ("statement", "brand", "currency", "period", "review_ends_at", "pay_from", "not_an_invoice")
    return {
        "format": SHAPE,
        **{name: head[name] for name in plain},
        "equation": {name: money(minor, currency) for name, minor in head["equation"]},
        "closing_split": {name: money(minor, currency) for name, minor in head["closing_split"]},
        "released_in_period": money(head["released_in_period"], currency),
    }


def creator_parts(rows: Mapping[PartKind, Rows]) -> Iterator[CreatorPart]:
    """Join the rows of the four kinds, each in the order of creators, by creator."""
    lines, adjustments, payments = (_Peekable(rows[kind]) for kind in ("lines", "adjustments", "payments"))
    for creator_id, creator in rows["creators"]:
        part = CreatorPart(
            _creator_head(creator),
            lines.of(creator_id),
            [_without_creator(each) for each in adjustments.of(creator_id)],
            [_without_creator(each) for each in payments.of(creator_id)],
        )
        yield part
        for _unread in part.lines:
            pass


def _creator_head(creator: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "creator": {"id": creator["creator"], "name": creator["name"]},
        "equation": {name: creator[name] for name in EQUATION},
        "closing_split": {name: creator[name] for name in SPLIT},
        "released_in_period": creator["released_in_period"],
    }


def _without_creator(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "creator"}


class _Peekable:
    """Rows of which the next one can be looked at."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, creator_id: str) -> Iterator[dict[str, Any]]:
        """The following rows of this creator."""
        while self._next is not None and self._next[0] == creator_id:
            yield self._next[1]
            self._next = next(self._rows, None)


def in_order(document: Mapping[str, Any]) -> OpenStatement:
    """A whole statement of the first sealed format. Canonical JSON has sorted the parts of the equation."""
    head = {name: value for name, value in document.items() if name not in ("creators", *_ENDING)}
    ending = {name: document[name] for name in _ENDING if name in document}
    return OpenStatement(head | _sorted_amounts(document), map(_part, document["creators"]), ending)


_ENDING = ("state", "sealed_at", "approved_by", "approved_at", "previous_sha256", "sha256")


def _part(part: Mapping[str, Any]) -> CreatorPart:
    rows = ("lines", "adjustments", "payments")
    head = {name: value for name, value in part.items() if name not in rows} | _sorted_amounts(part)
    return CreatorPart(head, part["lines"], part["adjustments"], part["payments"])


def _sorted_amounts(part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {name: part[key][name] for name in order if name in part[key]}
        for key, order in (("equation", EQUATION), ("closing_split", SPLIT))
        if key in part
    }
