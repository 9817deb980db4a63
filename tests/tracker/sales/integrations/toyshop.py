"""A kind of shop that the product does not know: test_new_kind.py adds it to a copy of the product."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum

from tracker.reasons import ReasonTexts
from tracker.sales.integrations.kind import Kind, Role
from tracker.sales.integrations.shared_key import (
    body_key,
    body_signature,
    check_body_signature,
    lower_case,
)
from tracker.sales.reports import strict_json
from tracker.sales.reports.messages import Message
from tracker.sales.reports.provider_reports import AnyReport, NoEffect

_HEADER = "X-Toy-Signature"


class ToyReason(StrEnum):
    GIFT_WRAPPED = "gift_wrapped"


def read(body: bytes) -> Message:
    return Message("toy.wrapped", None, strict_json.parse(body))


def translate(message: Message, _received_at: datetime) -> tuple[AnyReport, ...]:
    return (NoEffect.because(ToyReason.GIFT_WRAPPED, paper=message.data["paper"]),)


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], _now: datetime) -> str:
    check_body_signature(_HEADER, lower_case(headers).get(_HEADER.lower(), ""), body, secrets)
    return body_key(body)


KIND = Kind(
    "toyshop",
    "Toy Shop",
    read=lambda body, _topic: read(body),
    translate=translate,
    reasons=ReasonTexts(ToyReason, {ToyReason.GIFT_WRAPPED: "a gift was wrapped in {paper} paper"}),
    role=Role.SHOP,
    names_orders_freely=False,
    verify=verify,
    sign=lambda secret, _external_id, _at, body, _topic: {_HEADER: body_signature(secret, body)},
    check_secret=lambda _secret: None,
    makes_secret=True,
    page="docs/connect/anything.md",
)
