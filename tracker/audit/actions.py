"""What can be done, and to what: every action that the audit knows. Their values are stored."""

from enum import StrEnum
from typing import TypedDict

from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_


class Subject(StrEnum):
    """The kind of object that something is done to."""

    BRAND = "brand"
    COMMISSION = "commission"
    CREATOR = "creator"
    DOMAIN = "domain"
    ENROLLMENT = "enrollment"
    EVENT = "event"
    FREEZE = "freeze"
    INSTALLATION = "installation"
    INVITATION = "invitation"
    KEY = "key"
    LINK = "link"
    PAYEE = "payee"
    PAYOUT = "payout"
    PERIOD = "period"
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

    BACKUP_CREATE = "backup.create"
    BACKUP_RESTORE = "backup.restore"
    BRAND_CREATE = "brand.create"
    BRAND_EDIT = "brand.edit"
    BRAND_FALLBACK_SET = "brand.fallback_set"
    BRAND_HOST_ALLOW = "brand.host_allow"
    BRAND_LOOK_SET = "brand.look_set"
    BRAND_MINIMUM_SET = "brand.minimum_set"
    BRAND_POLICY_CHANGE = "brand.policy_change"
    COMMISSION_DECLINE = "commission.decline"
    COMMISSION_EXTEND = "commission.extend"
    COMMISSION_HOLD = "commission.hold"
    COMMISSION_RELEASE = "commission.release"
    CREATOR_CREATE = "creator.create"
    CREATOR_READMIT = "creator.readmit"
    CREATOR_REMOVE = "creator.remove"
    CREDIT_KEEP = "credit.keep"
    CREDIT_MOVE = "credit.move"
    DECISION_UNDO = "decision.undo"
    DOMAIN_ADD = "domain.add"
    DOMAIN_REMOVE = "domain.remove"
    ENROLLMENT_CREATE = "enrollment.create"
    EVENT_DISMISS = "event.dismiss"
    EVENT_REPLAY = "event.replay"
    EVENT_REPLAY_ALL = "event.replay_all"
    FREEZE_LIFT = "freeze.lift"
    INSTALLATION_SET_UP = "installation.set_up"
    INVITATION_ACCEPT = "invitation.accept"
    INVITATION_CREATE = "invitation.create"
    INVITATION_RENEW = "invitation.renew"
    INVITATION_REVOKE = "invitation.revoke"
    KEY_CREATE = "key.create"
    KEY_REVOKE = "key.revoke"
    LEDGER_BOOK = "ledger.book"
    LINK_CREATE = "link.create"
    LINK_END = "link.end"
    LINK_EXPIRE = "link.expire"
    LINK_PAUSE = "link.pause"
    LINK_RESUME = "link.resume"
    MEMBER_ADD = "member.add"
    MEMBER_REMOVE = "member.remove"
    MEMBER_ROLE_SET = "member.role_set"
    PAYEE_CONNECT = "payee.connect"
    PAYOUT_ADOPT = "payout.adopt"
    PAYOUT_CANCEL = "payout.cancel"
    PAYOUT_RECONCILE = "payout.reconcile"
    PAYOUT_RETRY = "payout.retry"
    PAYOUT_RUN = "payout.run"
    PERSONAL_ERASE = "personal.erase"
    PROGRAM_CREATE = "program.create"
    PROGRAM_PARAMETERS_SET = "program.parameters_set"
    PROGRAM_TERMS_CHANGE = "program.terms_change"
    RETURN_SEND_AGAIN = "return.send_again"
    RETURN_TAKE_BACK = "return.take_back"
    SALE_IMPORT = "sale.import"
    SCHEMA_MIGRATE = "schema.migrate"
    SESSION_END = "session.end"
    SESSION_END_ALL = "session.end_all"
    SESSION_START = "session.start"
    SOURCE_CREATE = "source.create"
    SOURCE_DELETE = "source.delete"
    SOURCE_ROTATE = "source.rotate"
    STATEMENT_APPROVE = "statement.approve"
    STATEMENT_BONUS = "statement.bonus"
    STATEMENT_CLOSE = "statement.close"
    STATEMENT_DEDUCTION = "statement.deduction"
    SUSPICION_SET = "suspicion.set"
    USER_CREATE = "user.create"
    USER_EDIT = "user.edit"
    USER_EMAIL_CHANGE = "user.email_change"
    USER_PASSKEY_ADD = "user.passkey_add"
    USER_PASSKEY_REMOVE = "user.passkey_remove"
    USER_PASSWORD_REMOVE = "user.password_remove"
    USER_PASSWORD_SET = "user.password_set"


ACTION_TEXTS: dict[Action, str] = {
    Action.BACKUP_CREATE: N_("Backup saved"),
    Action.BACKUP_RESTORE: N_("Backup restored"),
    Action.BRAND_CREATE: N_("Brand created"),
    Action.BRAND_EDIT: N_("Calendar or review of the brand changed"),
    Action.BRAND_FALLBACK_SET: N_("Fallback page set"),
    Action.BRAND_HOST_ALLOW: N_("Host name allowed for links"),
    Action.BRAND_LOOK_SET: N_("Colour, logo or contact address set"),
    Action.BRAND_MINIMUM_SET: N_("Minimum payout set"),
    Action.BRAND_POLICY_CHANGE: N_("Attribution policy changed"),
    Action.COMMISSION_DECLINE: N_("Commission declined"),
    Action.COMMISSION_EXTEND: N_("Hold of a commission extended"),
    Action.COMMISSION_HOLD: N_("Commission held"),
    Action.COMMISSION_RELEASE: N_("Holds of a commission lifted"),
    Action.CREATOR_CREATE: N_("Creator created"),
    Action.CREATOR_READMIT: N_("Creator readmitted"),
    Action.CREATOR_REMOVE: N_("Creator removed"),
    Action.CREDIT_KEEP: N_("Credit kept"),
    Action.CREDIT_MOVE: N_("Credit moved"),
    Action.DECISION_UNDO: N_("Decision undone"),
    Action.DOMAIN_ADD: N_("Domain added"),
    Action.DOMAIN_REMOVE: N_("Domain removed"),
    Action.ENROLLMENT_CREATE: N_("Creator enrolled"),
    Action.EVENT_DISMISS: N_("Message dismissed"),
    Action.EVENT_REPLAY: N_("Message replayed"),
    Action.EVENT_REPLAY_ALL: N_("All waiting messages replayed"),
    Action.FREEZE_LIFT: N_("Freeze of payouts lifted"),
    Action.INSTALLATION_SET_UP: N_("Installation set up"),
    Action.INVITATION_ACCEPT: N_("Invitation accepted"),
    Action.INVITATION_CREATE: N_("Invitation sent"),
    Action.INVITATION_RENEW: N_("Invitation sent again"),
    Action.INVITATION_REVOKE: N_("Invitation revoked"),
    Action.KEY_CREATE: N_("Key created"),
    Action.KEY_REVOKE: N_("Key revoked"),
    Action.LEDGER_BOOK: N_("Manual entry booked"),
    Action.LINK_CREATE: N_("Link created"),
    Action.LINK_END: N_("Link ended"),
    Action.LINK_EXPIRE: N_("End date of a link set"),
    Action.LINK_PAUSE: N_("Link paused"),
    Action.LINK_RESUME: N_("Link resumed"),
    Action.MEMBER_ADD: N_("Member added"),
    Action.MEMBER_REMOVE: N_("Member removed"),
    Action.MEMBER_ROLE_SET: N_("Role of a member changed"),
    Action.PAYEE_CONNECT: N_("Account at the payment provider created"),
    Action.PAYOUT_ADOPT: N_("Transfer adopted"),
    Action.PAYOUT_CANCEL: N_("Payout cancelled"),
    Action.PAYOUT_RECONCILE: N_("Books compared with the payment provider"),
    Action.PAYOUT_RETRY: N_("Payout retried"),
    Action.PAYOUT_RUN: N_("Payout run started"),
    Action.PERSONAL_ERASE: N_("Personal data erased from the audit"),
    Action.PROGRAM_CREATE: N_("Program created"),
    Action.PROGRAM_PARAMETERS_SET: N_("Parameters of a program's destinations set"),
    Action.PROGRAM_TERMS_CHANGE: N_("Terms changed"),
    Action.RETURN_SEND_AGAIN: N_("Returned money sent again"),
    Action.RETURN_TAKE_BACK: N_("Returned money taken back"),
    Action.SALE_IMPORT: N_("Sales imported from a file"),
    Action.SCHEMA_MIGRATE: N_("Databases migrated"),
    Action.SESSION_END: N_("Signed out"),
    Action.SESSION_END_ALL: N_("Signed out everywhere"),
    Action.SESSION_START: N_("Signed in"),
    Action.SOURCE_CREATE: N_("Source created"),
    Action.SOURCE_DELETE: N_("Source deleted"),
    Action.SOURCE_ROTATE: N_("Secret of a source changed"),
    Action.STATEMENT_APPROVE: N_("Statement approved"),
    Action.STATEMENT_BONUS: N_("Bonus added to a draft"),
    Action.STATEMENT_CLOSE: N_("Period closed"),
    Action.STATEMENT_DEDUCTION: N_("Deduction taken from a draft"),
    Action.SUSPICION_SET: N_("Setting of a signal of suspicion changed"),
    Action.USER_CREATE: N_("User created"),
    Action.USER_EDIT: N_("Profile changed"),
    Action.USER_EMAIL_CHANGE: N_("E-mail address changed"),
    Action.USER_PASSKEY_ADD: N_("Passkey added"),
    Action.USER_PASSKEY_REMOVE: N_("Passkey removed"),
    Action.USER_PASSWORD_REMOVE: N_("Password removed"),
    Action.USER_PASSWORD_SET: N_("Password set"),
}


def action_text(action: str) -> str:
    """The words of a stored action, in the language of the reader. An action of a newer version has none."""
    return _(ACTION_TEXTS[Action(action)]) if action in set(Action) else action
