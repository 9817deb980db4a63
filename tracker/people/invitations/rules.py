"""What an invitation offers, and how long it is open. Pure."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from tracker.people.accounts.roles import Role

INVITATION = "inv"
VALID = timedelta(days=14)


class Kind(StrEnum):
    MEMBER = "member"
    CREATOR = "creator"
    OPERATOR = "operator"


@dataclass(frozen=True)
class Offer:
    """What the person becomes. `brand_id` is also whose team sees the invitation, for creators too."""

    kind: Kind
    brand_id: str | None = None
    role: Role | None = None
    creator_id: str | None = None
    program_id: str | None = None

    @property
    def subject_id(self) -> str:
        """What there is one open invitation of for an address: the brand, the creator, or ""."""
        if self.kind is Kind.MEMBER:
            return self.brand_id or ""
        return self.creator_id or ""


def member_offer(brand_id: str, role: Role) -> Offer:
    return Offer(Kind.MEMBER, brand_id=brand_id, role=role)


def creator_offer(creator_id: str, *, brand_id: str | None = None, program_id: str | None = None) -> Offer:
    return Offer(Kind.CREATOR, brand_id=brand_id, creator_id=creator_id, program_id=program_id)


OPERATOR_OFFER = Offer(Kind.OPERATOR)
