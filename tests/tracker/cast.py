"""The people of the tests: a brand with a program, Anna who takes part in it, and Bob who does not."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from config.database import Databases, transact
from tracker.people.accounts.operations import create_brand, create_creator
from tracker.programs.operations import create_program, enroll


@dataclass(frozen=True)
class Cast:
    """Ids only, so that they can be used in any thread and transaction."""

    brand_id: str
    program_id: str
    anna_id: str
    bob_id: str
    enrollment_id: str


def create_cast(databases: Databases, now: datetime) -> Cast:
    def work(session: Session) -> Cast:
        hosts = ["shop.example", "127.0.0.1"]
        brand = create_brand(session, now, name="Teas", currency="EUR", timezone="Europe/Berlin", hosts=hosts)
        program = create_program(session, now, brand_id=brand.id, name="Friends", rate_bp=1000)
        anna = create_creator(session, now, name="Anna", email="anna@people.example", country="DE")
        bob = create_creator(session, now, name="Bob", email="bob@people.example", country="AT")
        enrollment = enroll(session, now, program_id=program.id, creator_id=anna.id, coupon="ANNA10")
        return Cast(brand.id, program.id, anna.id, bob.id, enrollment.id)

    return transact(databases.main, work)
