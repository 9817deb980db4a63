"""Further programs of the brand that has the books."""

from typing import Any

from sqlalchemy.orm import Session

from tests.cast.books import FOUNDED, Books
from tests.cast.people import PERSON
from tracker.programs.operations import create_program, enroll


def add_program(books: Books, **conditions: Any) -> str:
    """Add another program of the brand, with the same member. Returns its id."""

    def work(session: Session) -> str:
        program = create_program(
            session, FOUNDED, actor=PERSON, brand_id=books.brand_id, name="Other", **conditions
        )
        enroll(session, FOUNDED, actor=PERSON, program_id=program.id, creator_id=books.creator_id)
        return program.id

    return str(books.write(work))
