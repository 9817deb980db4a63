"""Messages to a creator about decisions on lines: one message for all that were decided together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from payouts.commissions.models import Commission
from payouts.commissions.reasons import CommissionReason
from payouts.mail.facts import shortened
from payouts.mail.people import creator, look_of
from payouts.mail.post import Post
from payouts.statements.models import ReviewDecision
from tracker.language.formats import format_time
from tracker.language.texts import gettext as _
from tracker.language.texts import gettext_noop, use_language
from tracker.mail.compose import compose
from tracker.mail.kinds import Choice, MailKind
from tracker.mail.letters import Recipient
from tracker.mail.models import MailCause
from tracker.mail.preferences import choice_of
from tracker.money import Money
from tracker.people.accounts.models import Brand
from tracker.sales.orders.models import Sale

LINE_KINDS = (
    MailKind.LINE_HELD,
    MailKind.LINE_DECLINED,
    MailKind.LINE_RELEASED,
    MailKind.LINE_RESTORED,
)

_REASONS = {
    CommissionReason.CANCELLED: gettext_noop("the order was cancelled"),
    CommissionReason.RETURNED: gettext_noop("the goods came back"),
    CommissionReason.PAYMENT_FAILED: gettext_noop("the shopper's payment failed"),
    CommissionReason.BREACH: gettext_noop("the program's terms were broken"),
    CommissionReason.DUPLICATE: gettext_noop("the order was reported twice"),
    CommissionReason.SELF_PURCHASE: gettext_noop("you bought through your own link"),
    CommissionReason.UNDER_REVIEW: gettext_noop("the brand is looking into it"),
    CommissionReason.OTHER: gettext_noop("another reason, see the note"),
}


@dataclass(frozen=True)
class DecidedLine:
    """A line and what was decided about it."""

    kind: MailKind
    order: str
    amount: Money
    code: str | None
    note: str | None
    until: datetime | None
    zone: str

    def sentence(self) -> str:
        """In the language of the reader: what was decided, until when, and what then."""
        if self.kind is MailKind.LINE_HELD and self.until is not None:
            until = format_time(self.until, self.zone, with_zone=True)
            return _(
                "Held until %(until)s: %(reason)s. Then it is released.", until=until, reason=self._reason()
            )
        if self.kind is MailKind.LINE_HELD:
            return _("Held: %(reason)s.", reason=self._reason())
        if self.kind is MailKind.LINE_DECLINED:
            return _("Declined: %(reason)s. It is not paid.", reason=self._reason())
        if self.kind is MailKind.LINE_RELEASED:
            return _("Released: it is no longer held.")
        return _("Restored: it was declined, and that was undone.")

    def _reason(self) -> str:
        known = next((each for each in _REASONS if each.value == self.code), None)
        return _(_REASONS[known]) if known else _("the brand is looking into it")


def compose_about_lines(post: Post, causes: Sequence[MailCause]) -> None:
    """All causes are about one creator of one brand. Decisions that were undone since are left out."""
    first, session = causes[0], post.session
    assert first.creator_id is not None
    brand = session.get_one(Brand, first.brand_id)
    to = creator(session, first.creator_id)
    causes = [each for each in causes if is_wanted(session, to, MailKind(each.kind))]
    lines = decided_lines(session, brand, {each.subject_id: MailKind(each.kind) for each in causes})
    if not lines:
        return
    with use_language(to.language):
        rows = [
            (_("Order %(order)s", order=each.order), each.sentence(), each.amount, each.note)
            for each in lines
        ]
    url = f"{post.web_url}/app/me/"
    values = {"to": to, "brand": brand, "rows": rows, "page_url": url}
    letter = compose("lines_decided", to.language, look_of(session, brand), **values)
    kind = lines[0].kind if len({each.kind for each in lines}) == 1 else MailKind.LINE_DECLINED
    post.queue(letter, to, kind, subject_id=first.subject_id, brand_id=brand.id)


def is_wanted(session: Session, to: Recipient, kind: MailKind) -> bool:
    return choice_of(session, kind, user_id=to.user_id, creator_id=to.creator_id) is not Choice.OFF


def decided_lines(session: Session, brand: Brand, kinds: Mapping[str, MailKind]) -> Sequence[DecidedLine]:
    """The lines of these decisions, oldest decision first."""
    undone = select(ReviewDecision.undoes_id).where(ReviewDecision.undoes_id.is_not(None))
    query = (
        select(ReviewDecision, Sale.order_id)
        .join(Commission, Commission.id == ReviewDecision.commission_id)
        .join(Sale, Sale.id == Commission.sale_id)
        .where(ReviewDecision.id.in_(kinds), ReviewDecision.id.not_in(undone))
        .order_by(ReviewDecision.decided_at, ReviewDecision.id)
    )
    return [
        DecidedLine(
            kinds[each.id],
            shortened(order),
            Money(each.amount_minor, each.currency),
            each.code,
            each.note,
            each.hold_until,
            brand.timezone,
        )
        for each, order in session.execute(query)
    ]
