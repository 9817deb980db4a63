"""What can be done, and to what: every action that the audit knows. Their values are stored."""

from enum import StrEnum
from typing import TypedDict


class Subject(StrEnum):
    """The kind of object that something is done to."""

    BRAND = "brand"
    COMMISSION = "commission"
    CREATOR = "creator"
    DOMAIN = "domain"
    ENROLLMENT = "enrollment"
    EVENT = "event"
    INSTALLATION = "installation"
    INVITATION = "invitation"
    KEY = "key"
    LINK = "link"
    PAYEE = "payee"
    PAYOUT = "payout"
    PROGRAM = "program"
    RETURN = "return"
    SOURCE = "source"
    STATEMENT = "statement"
    TRANSACTION = "transaction"
    USER = "user"


class About(TypedDict):
    """What an entry is about, as the keywords of `record`."""

    subject_kind: Subject
    subject_id: str
    brand_id: str | None


def about(subject_kind: Subject, subject_id: str, brand_id: str | None = None) -> About:
    return About(subject_kind=subject_kind, subject_id=subject_id, brand_id=brand_id)


class Action(StrEnum):
    """What is done. A new one gets its words in `ACTION_TEXTS`; a test compares both."""

    BRAND_CREATE = "brand.create"
    BRAND_EDIT = "brand.edit"
    BRAND_FALLBACK_SET = "brand.fallback_set"
    BRAND_HOST_ALLOW = "brand.host_allow"
    BRAND_LOOK_SET = "brand.look_set"
    BRAND_POLICY_CHANGE = "brand.policy_change"
    CREATOR_CREATE = "creator.create"
    CREATOR_READMIT = "creator.readmit"
    CREATOR_REMOVE = "creator.remove"
    DOMAIN_ADD = "domain.add"
    DOMAIN_REMOVE = "domain.remove"
    ENROLLMENT_CREATE = "enrollment.create"
    INSTALLATION_SET_UP = "installation.set_up"
    INVITATION_ACCEPT = "invitation.accept"
    INVITATION_CREATE = "invitation.create"
    INVITATION_RENEW = "invitation.renew"
    INVITATION_REVOKE = "invitation.revoke"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    LINK_CREATE = "link.create"
    LINK_END = "link.end"
    LINK_EXPIRE = "link.expire"
    LINK_PAUSE = "link.pause"
    LINK_RESUME = "link.resume"
    MEMBER_ADD = "member.add"
    MEMBER_REMOVE = "member.remove"
    MEMBER_ROLE_SET = "member.role_set"
    PERSONAL_ERASE = "personal.erase"
    PROGRAM_CREATE = "program.create"
    PROGRAM_PARAMETERS_SET = "program.parameters_set"
    PROGRAM_TERMS_CHANGE = "program.terms_change"
    USER_CREATE = "user.create"


ACTION_TEXTS: dict[Action, str] = {
    Action.BRAND_CREATE: "Brand created",
    Action.BRAND_EDIT: "Brand's calendar, review or minimum changed",
    Action.BRAND_FALLBACK_SET: "Fallback page set",
    Action.BRAND_HOST_ALLOW: "Host name allowed for links",
    Action.BRAND_LOOK_SET: "Colour, logo or contact address set",
    Action.BRAND_POLICY_CHANGE: "Attribution policy changed",
    Action.CREATOR_CREATE: "Creator created",
    Action.CREATOR_READMIT: "Creator readmitted",
    Action.CREATOR_REMOVE: "Creator removed",
    Action.DOMAIN_ADD: "Domain added",
    Action.DOMAIN_REMOVE: "Domain removed",
    Action.ENROLLMENT_CREATE: "Creator enrolled",
    Action.INSTALLATION_SET_UP: "Installation set up",
    Action.INVITATION_ACCEPT: "Invitation accepted",
    Action.INVITATION_CREATE: "Invitation sent",
    Action.INVITATION_RENEW: "Invitation sent again",
    Action.INVITATION_REVOKE: "Invitation revoked",
    Action.KEY_CREATE: "Key created",
    Action.KEY_REVOKE: "Key revoked",
    Action.LINK_CREATE: "Link created",
    Action.LINK_END: "Link ended",
    Action.LINK_EXPIRE: "End date of a link set",
    Action.LINK_PAUSE: "Link paused",
    Action.LINK_RESUME: "Link resumed",
    Action.MEMBER_ADD: "Member added",
    Action.MEMBER_REMOVE: "Member removed",
    Action.MEMBER_ROLE_SET: "Role of a member changed",
    Action.PERSONAL_ERASE: "Personal data erased from the audit",
    Action.PROGRAM_CREATE: "Program created",
    Action.PROGRAM_PARAMETERS_SET: "Parameters of a program's destinations set",
    Action.PROGRAM_TERMS_CHANGE: "Terms changed",
    Action.USER_CREATE: "User created",
}
