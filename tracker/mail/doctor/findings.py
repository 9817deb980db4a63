"""What an examination found. Pure."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`unseen`: it cannot be seen from here, or nothing depends on it. Only `wrong` is a fault."""

    OK = "ok"
    UNSEEN = "unseen"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """`check` names what was looked at; `message` says what was found and, where it is wrong, what to do."""

    check: str
    state: State
    message: str


def ok(check: str, message: str) -> Finding:
    return Finding(check, State.OK, message)


def unseen(check: str, message: str) -> Finding:
    return Finding(check, State.UNSEEN, message)


def wrong(check: str, message: str) -> Finding:
    return Finding(check, State.WRONG, message)
