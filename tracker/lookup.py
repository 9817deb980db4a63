"""Reads the row of a public id, or says what to do when there is none."""

from typing import TypeVar

from sqlalchemy.orm import DeclarativeBase, Session

from tracker.errors import NotFound
from tracker.ids import uuid_of

Row = TypeVar("Row", bound=DeclarativeBase)


def get_by_id(session: Session, model: type[Row], identifier: str, prefix: str, noun: str, hint: str) -> Row:
    """The row of `model` with this id, whose prefix is `prefix`. `hint` says how to see or make one.

    Raises Invalid when it is not an id of that kind, NotFound when there is no such row.
    """
    uuid_of(identifier, prefix)
    row = session.get(model, identifier)
    if row is None:
        raise NotFound(f"There is no {noun} {identifier}. {hint}")
    return row
