"""The kinds of messages as a person reads them, and who gets them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop
from tracker.mail.kinds import Choice, MailKind


class Audience(StrEnum):
    """To whom messages go: everybody who signs in, or those who are somebody here."""

    PERSON = "person"
    CREATOR = "creator"
    BRAND = "brand"
    OPERATOR = "operator"


_WORDS: Mapping[Audience, Mapping[MailKind, str]] = {
    Audience.PERSON: {
        MailKind.SIGN_IN: gettext_noop("Links and codes to sign in"),
        MailKind.INVITATION: gettext_noop("Invitations"),
        MailKind.ADDRESS_CHANGE: gettext_noop("Changes of your e-mail address"),
        MailKind.CREDENTIAL_CHANGED: gettext_noop("Changes of your password and passkeys"),
        MailKind.DIGEST: gettext_noop("What you want once a day"),
    },
    Audience.CREATOR: {
        MailKind.LINE_HELD: gettext_noop("A commission of yours is held"),
        MailKind.LINE_DECLINED: gettext_noop("A commission of yours was declined"),
        MailKind.LINE_RELEASED: gettext_noop("A commission of yours is no longer held"),
        MailKind.LINE_REVERSED: gettext_noop("A commission of yours was reversed"),
        MailKind.LINE_RESTORED: gettext_noop("A declined commission of yours was restored"),
    },
    Audience.BRAND: {
        MailKind.STATEMENT_READY: gettext_noop("A statement is ready to review"),
        MailKind.STATEMENT_REMINDER: gettext_noop("The review of a statement ends in two days"),
        MailKind.STATEMENT_APPROVED: gettext_noop("A statement approved itself"),
        MailKind.SHOP_SILENT: gettext_noop("The shop sends nothing any more"),
        MailKind.MESSAGES_PARKED: gettext_noop("Messages of the shop wait for a person"),
        MailKind.TEAM_CHANGED: gettext_noop("The team of a brand changed"),
    },
    Audience.OPERATOR: {
        MailKind.PAYOUTS_FROZEN: gettext_noop("Payouts are frozen"),
        MailKind.BOOKS_UNBALANCED: gettext_noop("The books do not balance"),
        MailKind.TEST: gettext_noop("Test messages"),
    },
}

_CHOICES = {
    Choice.EACH: gettext_noop("At once"),
    Choice.DAILY: gettext_noop("Once a day, all in one message"),
    Choice.OFF: gettext_noop("Never"),
}


def kinds_for(audience: Audience) -> Sequence[MailKind]:
    return tuple(_WORDS[audience])


def kind_words(kind: MailKind) -> str:
    """What happened, in the language of the reader; the stored word of a kind without words."""
    found = next((words[kind] for words in _WORDS.values() if kind in words), None)
    return kind.value if found is None else _(found)


def choice_words(choice: Choice) -> str:
    return _(_CHOICES[choice])
