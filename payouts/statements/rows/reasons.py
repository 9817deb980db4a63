"""The reasons of lines as canonical JSON, with their parameters as they are stored. Pure."""

import json
from functools import lru_cache
from typing import Any

from config.canonical import canonical_text
from payouts.commissions.reasons import COMMISSION_TEXTS, CommissionReason
from payouts.statements.rows.sold import LineEntry, SoldCommission
from tracker.sales.attribution.reasons import TEXTS as ATTRIBUTION_TEXTS


def credit_words(stored_words: str, code: str | None, parameters: str | None) -> str:
    """Why a creator was credited, as a JSON text. `parameters` are JSON."""
    return canonical_text(ATTRIBUTION_TEXTS.shown(stored_words, code, _value(parameters)))


@lru_cache(maxsize=256)
def _entry_words(stored_words: str, code: str | None, parameters: str | None) -> str:
    """Kept, because most entries that are not for the attribution have no parameters."""
    return canonical_text(COMMISSION_TEXTS.shown(stored_words, code, _value(parameters)))


def _value(parameters: str | None) -> Any:
    return None if parameters is None else json.loads(parameters)


def reason_json(entry: LineEntry, of: SoldCommission, credited_because: str) -> str:
    """An entry of a commission with its cause; `credited_because` are the words of its attribution, as JSON.

    The keys are in alphabetical order.
    """
    if is_for_the_attribution(entry, of):
        words = credited_because
    else:
        words = _entry_words(entry.reason, entry.reason_code, entry.reason_parameters)
    return (
        f'{{"at":"{entry.at}","cause":{canonical_text(entry.cause_id)},'
        f'"change":{entry.amount_after_minor - entry.amount_before_minor},'
        f'"reason_code":{canonical_text(entry.reason_code)},'
        f'"reason_parameters":{entry.reason_parameters or "null"},'
        f'"transaction":{canonical_text(entry.transaction_id)},'
        f'"what":"{entry.kind}","why":{words}}}'
    )


def is_for_the_attribution(entry: LineEntry, of: SoldCommission) -> bool:
    """Whether the entry gives the reason of the commission's attribution as its own, so in the same words."""
    return entry.reason_code == CommissionReason.CREDITED and entry.reason_parameters == (
        f'{{"attribution":{canonical_text(of.attribution_id)},"evidence":{{'
        f'"reason":{canonical_text(of.reason)},"reason_code":{canonical_text(of.reason_code)},'
        f'"reason_parameters":{of.reason_parameters or "null"}}}}}'
    )
