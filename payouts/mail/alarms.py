"""Messages about what stands still: frozen payouts, unbalanced books, silent shops, waiting messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from payouts.mail.lines import is_wanted
from payouts.mail.people import at_brand, everybody_for_money, look_of, operators
from payouts.mail.post import Post
from payouts.settlement.models import Freeze
from payouts.settlement.reasons import FreezeReason
from tracker.language.formats import format_time
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop as N_
from tracker.language.texts import ngettext, use_language
from tracker.mail.compose import PRODUCT, MailLook, compose
from tracker.mail.kinds import MailKind
from tracker.mail.letters import Recipient
from tracker.mail.models import MailCause
from tracker.mail.unsubscribe import unsubscribe_url
from tracker.people.accounts.models import Brand
from tracker.people.accounts.roles import RUNS_THE_PROGRAM
from tracker.sales.health.notices import waiting_by_source
from tracker.sales.inbox.models import Event
from tracker.sales.sources.models import Source

_FROZEN = {
    FreezeReason.TRANSFER_AFTER_CLOSE: N_("A transfer was made after its attempt had been closed."),
    FreezeReason.TRANSFER_NOT_IN_BOOKS: N_("The payment provider has a transfer that the books do not have."),
    FreezeReason.TRANSFER_MISSING: N_("The books have a payout whose transfer the payment provider lacks."),
    FreezeReason.AMOUNT_DIFFERS: N_("The amount of a payout differs between books and payment provider."),
    FreezeReason.RETURN_IMPOSSIBLE: N_("The payment provider returned more than was sent."),
    FreezeReason.ADOPTED_RETURN_IMPOSSIBLE: N_("The payment provider returned more than was sent."),
    FreezeReason.PAYOUT_ABOVE_PAYABLE: N_("A payout would have been more than what is payable."),
    FreezeReason.ENTRIES_DISAGREE: N_("The entries of a creator do not agree with the payouts."),
}
_OTHER_DIFFERENCE = N_("Books and payment provider do not agree.")


@dataclass(frozen=True)
class Alarm:
    """What a message says, in the language of its reader. `command` stands on a line of its own."""

    heading: str
    paragraphs: Sequence[str]
    button: str
    url: str
    command: str = ""


def compose_about_freeze(post: Post, cause: MailCause) -> None:
    """To operators, with what to do, and to all owners and finance members. Not when it was lifted since."""
    freeze = post.session.get_one(Freeze, cause.subject_id)
    if freeze.lifted_at is not None:
        return
    of_operators = operators(post.session)
    known = {to.user_id for to in of_operators}
    others = [to for to in everybody_for_money(post.session) if to.user_id not in known]
    url = f"{post.web_url}/app/"
    _send(post, cause, of_operators, PRODUCT, lambda: _frozen(freeze, url, is_operator=True))
    _send(post, cause, others, PRODUCT, lambda: _frozen(freeze, url, is_operator=False))


def _frozen(freeze: Freeze, url: str, *, is_operator: bool) -> Alarm:
    reasons = {each.value: words for each, words in _FROZEN.items()}
    why = _(reasons.get(freeze.reason_code or "", _OTHER_DIFFERENCE))
    since = _("Since %(time)s no payout is sent.", time=_utc(freeze.placed_at))
    if is_operator:
        todo = _("Compare the books with the payment provider; when both agree, payouts go on by themselves:")
        command = "linkledger payout reconcile"
    else:
        todo, command = (
            _("Payouts wait until that is explained. The operator of this installation was told what to do."),
            "",
        )
    return Alarm(_("Payouts are frozen"), [f"{since} {why}", todo], _("Open Linkledger"), url, command)


def compose_about_books(post: Post, cause: MailCause) -> None:
    """To operators."""
    url = f"{post.web_url}/app/operator/"

    def words() -> Alarm:
        found = _("The self-check found on %(time)s that something in the books does not agree.", time=when)
        todo = _("Payouts wait until it is explained. This command lists what was found:")
        heading, button = _("The books do not balance"), _("Open Linkledger")
        return Alarm(heading, [found, todo], button, url, "linkledger check")

    when = _utc(cause.noted_at)
    _send(post, cause, operators(post.session), PRODUCT, words)


def compose_about_silence(post: Post, cause: MailCause) -> None:
    """To owners and managers. The subject is the last message of the shop."""
    session = post.session
    brand, last = session.get_one(Brand, cause.brand_id), session.get_one(Event, cause.subject_id)
    source = session.get_one(Source, last.source_id)
    url = f"{post.web_url}/app/brands/{brand.id}/shop"

    def words() -> Alarm:
        at = format_time(last.received_at, brand.timezone, with_zone=True)
        silent = _(
            "The last message of the shop (%(source)s) came on %(time)s. That is unusually long ago.",
            source=f"{source.kind} {source.id}",
            time=at,
        )
        todo = _("Sales that are not reported are not credited. Look whether the shop still sends them.")
        heading = _("%(brand)s: the shop is silent", brand=brand.name)
        return Alarm(heading, [silent, todo], _("Look at the shop"), url)

    _send(post, cause, _at_shop(session, brand), look_of(session, brand, post.web_url), words)


def compose_about_parked(post: Post, cause: MailCause) -> None:
    """To owners and managers: how many messages wait. Not when all were decided since."""
    session = post.session
    brand = session.get_one(Brand, cause.brand_id)
    waiting = waiting_by_source(session, brand.id)
    if not waiting:
        return
    url = f"{post.web_url}/app/brands/{brand.id}/shop"

    def words() -> Alarm:
        count = sum(number for _name, number in waiting)
        heading = ngettext(
            "%(brand)s: a message of the shop waits for a decision",
            "%(brand)s: %(num)s messages of the shop wait for a decision",
            count,
            brand=brand.name,
        )
        todo = _("Until then the commissions of these orders are held. Apply or dismiss each message.")
        return Alarm(
            heading, [todo], _("Look at the shop"), url, f"linkledger source events --brand {brand.id}"
        )

    _send(post, cause, _at_shop(session, brand), look_of(session, brand, post.web_url), words)


def _at_shop(session: Session, brand: Brand) -> Sequence[Recipient]:
    return at_brand(session, brand.id, RUNS_THE_PROGRAM)


def _utc(at: datetime) -> str:
    return format_time(at, "UTC", with_zone=True)


def _send(
    post: Post, cause: MailCause, people: Sequence[Recipient], look: MailLook, words: Callable[[], Alarm]
) -> None:
    kind = MailKind(cause.kind)
    for to in people:
        if not is_wanted(post.session, to, kind):
            continue
        with use_language(to.language):
            alarm = words()
        url = unsubscribe_url(post.keys, post.web_url, to.user_id, kind)
        letter = compose("alarm", to.language, look, to=to, alarm=alarm, unsubscribe_url=url)
        post.queue(letter, to, kind, subject_id=cause.subject_id, brand_id=cause.brand_id)
