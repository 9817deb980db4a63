"""What went wrong with a delivery, and what to do, in the language of the reader."""

from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop
from tracker.mail.delivery.rules import Problem
from tracker.mail.models import Fate

_PROBLEMS = {
    Problem.UNREACHABLE: gettext_noop(
        "The mail server cannot be reached. Check host and port in LINKLEDGER_SMTP_URL, and whether this "
        "machine may connect to it: some hosting providers block the ports 25, 465 and 587."
    ),
    Problem.TIMED_OUT: gettext_noop(
        "The mail server does not answer in time. Check the port in LINKLEDGER_SMTP_URL: 465 goes with "
        "smtps://, 587 with smtp://."
    ),
    Problem.CONNECTION_LOST: gettext_noop(
        "The mail server closed the connection. Check the port in LINKLEDGER_SMTP_URL: 465 goes with "
        "smtps://, 587 with smtp://."
    ),
    Problem.GREETING_REFUSED: gettext_noop(
        "The mail server does not serve this machine. Ask its operator to allow the address of this machine."
    ),
    Problem.TLS_MISSING: gettext_noop(
        "The mail server offers no encryption, so the password was not sent. Use smtps:// and its port, "
        "usually 465, in LINKLEDGER_SMTP_URL."
    ),
    Problem.TLS_FAILED: gettext_noop(
        "No encrypted connection could be made. Use the host name in LINKLEDGER_SMTP_URL that is in the "
        "server's certificate, and check that the certificate is valid."
    ),
    Problem.SIGN_IN_MISSING: gettext_noop(
        "The mail server offers no sign-in with a password. Leave user and password out of "
        "LINKLEDGER_SMTP_URL, or use the port for submission, usually 587 or 465."
    ),
    Problem.SIGN_IN_REFUSED: gettext_noop(
        "The mail server does not accept user and password. Check both in LINKLEDGER_SMTP_URL; write special "
        "characters escaped, for example @ as %%40."
    ),
    Problem.SENDER_REFUSED: gettext_noop(
        "The mail server does not accept the sender. Set LINKLEDGER_MAIL_FROM to an address that this server "
        "may send for."
    ),
    Problem.RECIPIENT_REFUSED: gettext_noop(
        "The mail server did not accept the recipient. Check that the address is right and still in use."
    ),
    Problem.CONTENT_REFUSED: gettext_noop(
        "The mail server did not accept the message. Check SPF, DKIM and DMARC of the sender with "
        "linkledger doctor."
    ),
    Problem.ADDRESS_NOT_ASCII: gettext_noop(
        "Addresses with letters outside of ASCII before the @ are not supported. Use another address of "
        "this person."
    ),
    Problem.RESTORED: gettext_noop(
        "It waited in a backup that was restored, and may have been sent before. To send it, run: "
        "linkledger mail resend"
    ),
}

_FATES = {
    Fate.QUEUED: gettext_noop("waits to be sent"),
    Fate.SENDING: gettext_noop("is being sent"),
    Fate.SENT: gettext_noop("accepted by the mail server"),
    Fate.DEFERRED: gettext_noop("not accepted yet, is tried again"),
    Fate.REFUSED: gettext_noop("refused by the mail server"),
    Fate.EXPIRED: gettext_noop("expired before a mail server accepted it"),
}


def problem_words(problem: str) -> str:
    """What went wrong, and what to do. A word of a newer version stands for itself."""
    known = next((each for each in Problem if each.value == problem), None)
    return problem if known is None else _(_PROBLEMS[known])


def fate_words(fate: str) -> str:
    known = next((each for each in Fate if each.value == fate), None)
    return fate if known is None else _(_FATES[known])
