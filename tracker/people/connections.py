"""What packages that stand above this one add to its pages: `wsgi.py` hands it over."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from flask import Flask, current_app
from sqlalchemy.orm import Session

from tracker.audit.actors import Actor

_EXTENSION = "linkledger_people"

JoinProgram = Callable[[Session, datetime, Actor, str, str], None]
"""Lets a creator take part in a program: session, now, actor, id of the program, id of the creator."""
HasPayee = Callable[[Session, str], bool]
"""Whether a creator has payout details: session, id of the creator."""


@dataclass(frozen=True)
class Connections:
    join_program: JoinProgram
    has_payee: HasPayee


def install_connections(app: Flask, connections: Connections) -> None:
    app.extensions[_EXTENSION] = connections


def connections() -> Connections:
    """Those of the application that handles the current request."""
    return cast(Connections, current_app.extensions[_EXTENSION])
