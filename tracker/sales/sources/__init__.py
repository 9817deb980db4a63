"""The kinds of shop, one file each: how to verify a message of theirs, and how to translate it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tracker.errors import Invalid
from tracker.sales.messages import Message
from tracker.sales.normal import Report
from tracker.sales.sources import standard

KINDS = ("standard", "stripe", "shopify", "woocommerce")


@dataclass(frozen=True)
class Kind:
    """What a kind of shop has to know. All pure.

    `verify(headers, body, secrets, now)` returns the message's own id or raises NotAuthentic;
    `read(body)` raises Invalid on a body that nothing can be read from;
    `translate(message, received_at)` raises Invalid on a message that makes no sense.
    """

    verify: Callable[[Mapping[str, str], bytes, Sequence[str], datetime], str]
    read: Callable[[bytes], Message]
    translate: Callable[[Message, datetime], tuple[Report, ...]]


_BUILT = {"standard": Kind(standard.verify, standard.read, standard.translate)}


def kind_of(name: str) -> Kind:
    """Raises Invalid on a kind that does not exist, or that this version cannot connect yet."""
    if name in _BUILT:
        return _BUILT[name]
    if name in KINDS:
        raise Invalid(
            f"Sources of kind {name} are not there yet. Until they are, connect the shop with "
            f"--kind standard and send signed messages by Standard Webhooks."
        )
    raise Invalid(f"{name!r} is not a kind of source; the kinds are {', '.join(KINDS)}.")
