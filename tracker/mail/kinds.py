"""The kinds of messages, and what may be chosen about each. Pure.

The words are stored with each message and with each preference.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

UNDELIVERED_AFTER = timedelta(days=3)
"""How long a message is tried: what has not been accepted until then is no news any more."""


class MailKind(StrEnum):
    SIGN_IN = "sign_in"
    INVITATION = "invitation"
    ADDRESS_CHANGE = "address_change"
    CREDENTIAL_CHANGED = "credential_changed"
    TEAM_CHANGED = "team_changed"
    TEST = "test"
    DIGEST = "digest"

    STATEMENT_READY = "statement_ready"
    STATEMENT_REMINDER = "statement_reminder"
    STATEMENT_APPROVED = "statement_approved"
    PAYOUTS_FROZEN = "payouts_frozen"
    BOOKS_UNBALANCED = "books_unbalanced"
    SHOP_SILENT = "shop_silent"
    MESSAGES_PARKED = "messages_parked"

    LINE_HELD = "line_held"
    LINE_DECLINED = "line_declined"
    LINE_RELEASED = "line_released"
    LINE_REVERSED = "line_reversed"
    LINE_RESTORED = "line_restored"


class Choice(StrEnum):
    """When a person gets messages of a kind."""

    EACH = "each"
    DAILY = "daily"
    OFF = "off"


ONLY_EACH = (Choice.EACH,)
NEVER_OFF = (Choice.EACH, Choice.DAILY)
FREE = (Choice.EACH, Choice.DAILY, Choice.OFF)


@dataclass(frozen=True)
class KindRules:
    """`choices`: what a person may choose, the default first. `secret`: the body lets its reader in."""

    choices: tuple[Choice, ...] = ONLY_EACH
    secret: bool = False

    @property
    def can_be_switched_off(self) -> bool:
        return Choice.OFF in self.choices


RULES: dict[MailKind, KindRules] = {
    MailKind.SIGN_IN: KindRules(secret=True),
    MailKind.INVITATION: KindRules(secret=True),
    MailKind.ADDRESS_CHANGE: KindRules(secret=True),
    MailKind.CREDENTIAL_CHANGED: KindRules(),
    MailKind.TEAM_CHANGED: KindRules(),
    MailKind.TEST: KindRules(),
    MailKind.DIGEST: KindRules(),
    MailKind.STATEMENT_READY: KindRules(),
    MailKind.STATEMENT_REMINDER: KindRules(),
    MailKind.STATEMENT_APPROVED: KindRules(),
    MailKind.PAYOUTS_FROZEN: KindRules(),
    MailKind.BOOKS_UNBALANCED: KindRules(),
    MailKind.SHOP_SILENT: KindRules(FREE),
    MailKind.MESSAGES_PARKED: KindRules(FREE),
    MailKind.LINE_HELD: KindRules(NEVER_OFF),
    MailKind.LINE_DECLINED: KindRules(NEVER_OFF),
    MailKind.LINE_RELEASED: KindRules(FREE),
    MailKind.LINE_REVERSED: KindRules(NEVER_OFF),
    MailKind.LINE_RESTORED: KindRules(NEVER_OFF),
}
"""Messages about money and about safety cannot be switched off (PAGES 9)."""
