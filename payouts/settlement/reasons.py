"""Why payouts stand where they stand, are not made or are frozen: codes and their words. Pure.

A payout takes its reason from the plan, from an attempt or from a person, and a plan from a payee. So the
codes of all of them are in one enum.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from tracker.money import Money
from tracker.reasons import ReasonTexts


class PayoutReason(StrEnum):
    """The reasons of payouts, attempts and payees, of plans without an amount, and of payouts that wait."""

    # What a person or another event did to a payout
    CANCELLED_BY_PERSON = "cancelled_by_person"
    TAKEN_OVER = "taken_over"
    PAID_BY_ADOPTED_TRANSFER = "paid_by_adopted_transfer"
    TRANSFER_REVERSED = "transfer_reversed"
    NOTHING_LEFT = "nothing_left"

    # Why nothing is paid, or not now
    CURRENCY_NOT_SENDABLE = "currency_not_sendable"
    CREATOR_OWES = "creator_owes"
    CREATOR_OWES_LONG = "creator_owes_long"
    BELOW_SMALLEST_TRANSFER = "below_smallest_transfer"
    BELOW_MINIMUM = "below_minimum"
    FAILED_TOO_OFTEN = "failed_too_often"
    RETRIED_LATER = "retried_later"
    DEPOSITS_SHORT = "deposits_short"
    ACCOUNT_OF_OTHER_BRAND = "account_of_other_brand"
    BALANCE_SHORT = "balance_short"

    # What the account of a payee lacks
    NOT_CONNECTED = "not_connected"
    SET_UP_UNFINISHED = "set_up_unfinished"
    ACCOUNT_NOT_READY = "account_not_ready"

    # What became of an attempt
    BALANCE_INSUFFICIENT = "balance_insufficient"
    CAPABILITIES_MISSING = "insufficient_capabilities_for_transfer"
    RESOURCE_MISSING = "resource_missing"
    ACCOUNT_CLOSED = "account_closed"
    NO_ANSWER = "no_answer"
    UNREADABLE_ANSWER = "unreadable_answer"
    SERVER_ERROR = "server_error"
    IN_PROGRESS = "in_progress"
    RATE_LIMITED = "rate_limited"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    IDEMPOTENCY_ERROR = "idempotency_error"
    ANSWER_MISMATCH = "answer_mismatch"
    UNEXPECTED = "unexpected"
    REFUSED = "refused"
    REFUSED_WITH_PROVIDER_WORDS = "refused_with_provider_words"
    FOUND_AT_PROVIDER = "found_at_provider"
    OTHER_TRANSFER_FOUND = "other_transfer_found"
    NOT_FOUND_YET = "not_found_yet"
    ABSENCE_CONFIRMED = "absence_confirmed"

    # Why the payment provider could not be asked
    PROVIDER_UNREACHABLE = "provider_unreachable"
    PROVIDER_REFUSED_KEY = "provider_refused_key"
    PROVIDER_ANSWERED = "provider_answered"

    EARLIER_WORDS = "earlier_words"
    """The words of a row that is older than the codes, stored again with a newer row."""


ACCOUNT_DETAILS: Mapping[str, str] = {
    "determining_status": "The payment provider is still checking the account.",
    "requirements_past_due": "The payment provider needs more information from the creator.",
    "requirements_pending_verification": "The payment provider is checking what the creator sent.",
    "restricted_other": "The payment provider has restricted the account; its support can say why.",
    "unsupported_business": "The payment provider does not serve this kind of business.",
    "unsupported_country": "The payment provider cannot pay to the creator's country from this account.",
    "unsupported_entity_type": "The payment provider does not serve this legal form in that country.",
}
"""By Stripe's code, why an account cannot receive transfers: the `details` of `account_not_ready`."""


def _account_words(parameters: Mapping[str, Any]) -> str:
    known = [ACCOUNT_DETAILS[code] for code in parameters["details"] if code in ACCOUNT_DETAILS]
    return " ".join(known) or "The account at the payment provider cannot receive transfers yet."


def _failure_words(parameters: Mapping[str, Any]) -> str:
    """The reason of the payout's last failure, which is stored inside the parameters."""
    return PAYOUT_TEXTS.shown_columns(parameters["failure"])


def _failed_too_often(parameters: Mapping[str, Any]) -> str:
    return (
        f"{parameters['payout']} failed {parameters['times']} times. The last reason: "
        f"{_failure_words(parameters)} When you have fixed the cause, run: linkledger payout retry "
        f"{parameters['payout']}"
    )


def _retried_later(parameters: Mapping[str, Any]) -> str:
    failure = _failure_words(parameters)
    return f"{parameters['payout']} failed: {failure} It is retried after {parameters['retry_at']}"


def _amount(parameters: Mapping[str, Any], name: str) -> Money:
    return Money(**parameters[name])


_PAYOUT_TEXTS: Mapping[PayoutReason, Any] = {
    PayoutReason.CANCELLED_BY_PERSON: "{words}",
    PayoutReason.TAKEN_OVER: "taken over by the statement of {period}",
    PayoutReason.PAID_BY_ADOPTED_TRANSFER: "paid by {transfer}, which was adopted",
    PayoutReason.TRANSFER_REVERSED: "the transfer was reversed",
    PayoutReason.NOTHING_LEFT: "nothing is left of it to pay",
    PayoutReason.CURRENCY_NOT_SENDABLE: (
        "How the rail counts {currency} is not known, so nothing can be sent in it."
    ),
    PayoutReason.CREATOR_OWES: lambda parameters: (
        f"the creator owes {_amount(parameters, 'amount')}; later commissions settle it"
    ),
    PayoutReason.CREATOR_OWES_LONG: lambda parameters: (
        f"the creator owes {_amount(parameters, 'amount')}, some of it since {parameters['since']}, for more "
        "than 12 months; to write it off, run: linkledger ledger book write_off --brand "
        f"{parameters['brand']} --creator {parameters['creator']}"
    ),
    PayoutReason.BELOW_SMALLEST_TRANSFER: lambda parameters: (
        f"{_amount(parameters, 'amount')} is less than the payment provider can send; it is carried forward"
    ),
    PayoutReason.BELOW_MINIMUM: lambda parameters: (
        f"{_amount(parameters, 'amount')} is below the minimum of {_amount(parameters, 'minimum')}; "
        "it is carried forward"
    ),
    PayoutReason.FAILED_TOO_OFTEN: _failed_too_often,
    PayoutReason.RETRIED_LATER: _retried_later,
    PayoutReason.DEPOSITS_SHORT: lambda parameters: (
        f"the brand's deposits are {_amount(parameters, 'shortfall')} short; record a deposit, it is sent by "
        "the next run"
    ),
    PayoutReason.ACCOUNT_OF_OTHER_BRAND: (
        "the rail account belongs to {brand}; to let brands share it, set LINKLEDGER_RAIL_SHARED=true and "
        "record each brand's deposits"
    ),
    PayoutReason.BALANCE_SHORT: lambda parameters: (
        f"the balance at the payment provider is {_amount(parameters, 'shortfall')} short; add funds for the "
        "next run"
    ),
    PayoutReason.NOT_CONNECTED: "the creator has not connected a bank account yet",
    PayoutReason.SET_UP_UNFINISHED: "the creator has not finished the set-up at the payment provider",
    PayoutReason.ACCOUNT_NOT_READY: _account_words,
    PayoutReason.BALANCE_INSUFFICIENT: (
        "The balance at the payment provider does not cover the amount. Add funds, then retry."
    ),
    PayoutReason.CAPABILITIES_MISSING: (
        "The creator's account cannot receive transfers yet. The creator has to finish the set-up at the "
        "payment provider."
    ),
    PayoutReason.RESOURCE_MISSING: (
        "The payment provider does not know the account or transfer that was named."
    ),
    PayoutReason.ACCOUNT_CLOSED: "The creator's account at the payment provider is closed.",
    PayoutReason.NO_ANSWER: (
        "No answer came from the payment provider, so the money may or may not have moved."
    ),
    PayoutReason.UNREADABLE_ANSWER: (
        "The payment provider's answer could not be read, so the money may or may not have moved."
    ),
    PayoutReason.SERVER_ERROR: (
        "The payment provider had an internal error, so the money may or may not have moved."
    ),
    PayoutReason.IN_PROGRESS: (
        "An earlier try with the same key is still being worked on at the payment provider."
    ),
    PayoutReason.RATE_LIMITED: (
        "The payment provider is limiting requests; this try did nothing. It can be repeated."
    ),
    PayoutReason.UNAUTHORIZED: (
        "The payment provider did not accept the API key; this try did nothing. Check the key."
    ),
    PayoutReason.FORBIDDEN: (
        "The API key may not do this at the payment provider; this try did nothing. Check its rights."
    ),
    PayoutReason.IDEMPOTENCY_ERROR: (
        "The payment provider holds other parameters under the same key. Nothing is sent again until a "
        "person has compared both sides."
    ),
    PayoutReason.ANSWER_MISMATCH: (
        "The payment provider's answer names another amount, currency or account than was sent. Nothing is "
        "sent again until a person has compared both sides."
    ),
    PayoutReason.UNEXPECTED: (
        "Something unforeseen happened during the call, so the money may or may not have moved."
    ),
    PayoutReason.REFUSED: "Refused with code {code!r}.",
    PayoutReason.REFUSED_WITH_PROVIDER_WORDS: "The payment provider refused: {words}",
    PayoutReason.FOUND_AT_PROVIDER: "Found at the provider.",
    PayoutReason.OTHER_TRANSFER_FOUND: (
        "The payment provider has {transfer} for this payout, with other contents than were sent; look "
        "there. To book it as paid to its creator, run: linkledger payout adopt {transfer} --brand ID"
    ),
    PayoutReason.NOT_FOUND_YET: (
        "The payment provider shows no such transfer. When you are sure that none was made, run: linkledger "
        "payout retry PAYOUT --nothing-was-sent"
    ),
    PayoutReason.ABSENCE_CONFIRMED: "A person confirmed that the payment provider has no such transfer.",
    PayoutReason.PROVIDER_UNREACHABLE: (
        "The payment provider could not be reached, or broke off. Try again later."
    ),
    PayoutReason.PROVIDER_REFUSED_KEY: (
        "The payment provider did not accept the API key for this. Check the key and its rights."
    ),
    PayoutReason.PROVIDER_ANSWERED: "The payment provider answered {status}: {words}",
    PayoutReason.EARLIER_WORDS: "{words}",
}

PAYOUT_TEXTS = ReasonTexts(PayoutReason, _PAYOUT_TEXTS)


class FreezeReason(StrEnum):
    """Why payouts are frozen.

    The last two are faults that were found before a payout; the others but the first two, differences that a
    comparison found.
    """

    RESTORED = "restored"
    TRANSFER_AFTER_CLOSE = "transfer_after_close"
    TRANSFER_NOT_IN_BOOKS = "transfer_not_in_books"
    TRANSFER_MISSING = "transfer_missing"
    AMOUNT_DIFFERS = "amount_differs"
    RETURN_IMPOSSIBLE = "return_impossible"
    ADOPTED_RETURN_IMPOSSIBLE = "adopted_return_impossible"
    RETURN_NOT_BOOKED = "return_not_booked"
    PAYOUT_ABOVE_PAYABLE = "payout_above_payable"
    ENTRIES_DISAGREE = "entries_disagree"


FREEZE_TEXTS = ReasonTexts(
    FreezeReason,
    {
        FreezeReason.RESTORED: (
            "restored from a backup: the payment provider may have paid more than these books know"
        ),
        FreezeReason.TRANSFER_AFTER_CLOSE: (
            "{transfer} of {payout} was made after its attempt {attempt} had been closed as {state}"
        ),
        FreezeReason.TRANSFER_NOT_IN_BOOKS: "{transfer} at the payment provider is not in the books",
        FreezeReason.TRANSFER_MISSING: "{payout} is paid by {transfer}, which the payment provider has not",
        FreezeReason.AMOUNT_DIFFERS: (
            "{payout} is {booked[minor]} {booked[currency]}, but {transfer} moved {moved[minor]} "
            "{moved[currency]}"
        ),
        FreezeReason.RETURN_IMPOSSIBLE: (
            "{movement} returns {amount[minor]} of {payout}, which is {state} with {sent[minor]}: that "
            "cannot be; compare both sides at the payment provider."
        ),
        FreezeReason.ADOPTED_RETURN_IMPOSSIBLE: (
            "{movement} takes {amount[minor]} back from {transfer}, of which less is left: that cannot be; "
            "compare both sides at the payment provider."
        ),
        FreezeReason.RETURN_NOT_BOOKED: "{words}",
        FreezeReason.PAYOUT_ABOVE_PAYABLE: (
            "a payout of {amount[minor]} {amount[currency]} to {creator} by {brand} is more than what is "
            "payable, {payable[minor]} {payable[currency]}"
        ),
        FreezeReason.ENTRIES_DISAGREE: (
            "the entries of {creator} at {brand} sum to {every} {currency}, but the open ones to {open} and "
            "those of sent payouts to {sent}, of which {carried} are carried"
        ),
    },
)
