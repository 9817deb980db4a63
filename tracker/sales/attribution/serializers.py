"""The reasons of stored attributions for people and as JSON, the same at every entry point."""

from collections.abc import Mapping
from typing import Any, Protocol

from tracker.sales.attribution.inputs import Binding
from tracker.sales.attribution.models import Attribution
from tracker.sales.attribution.reasons import TEXTS, reason_of


class StoredReason(Protocol):
    """The reason of an attribution, as its row has it."""

    @property
    def reason(self) -> str: ...
    @property
    def reason_code(self) -> str | None: ...
    @property
    def reason_parameters(self) -> Mapping[str, Any] | None: ...


def reason_words(attribution: StoredReason) -> str:
    """Why this creator, or nobody, is credited: rendered from the code, or as stored by rules 1 and 2."""
    return TEXTS.shown(attribution.reason, attribution.reason_code, attribution.reason_parameters)


def reason_json(attribution: StoredReason) -> dict[str, Any]:
    """The words, the code and its parameters; the code is null for rules 1 and 2."""
    return {
        "reason": reason_words(attribution),
        "reason_code": attribution.reason_code,
        "reason_parameters": attribution.reason_parameters,
    }


def candidates_json(attribution: Attribution) -> list[dict[str, Any]]:
    """The stored candidates, each with the words, the code and its parameters."""
    return [_candidate_json(each) for each in attribution.candidates]


def binding_json(binding: Binding | None) -> dict[str, Any] | None:
    """A binding of upgraded inputs. `flaw` is in words."""
    if binding is None:
        return None
    flaw = binding["flaw"]
    return {
        **binding,
        "flaw": None if flaw is None else TEXTS.words(reason_of(flaw)),
        "flaw_code": None if flaw is None else flaw["code"],
        "flaw_parameters": None if flaw is None else flaw["parameters"],
    }


def _candidate_json(stored: Mapping[str, Any]) -> dict[str, Any]:
    code, parameters = stored.get("reason_code"), stored.get("reason_parameters")
    return {
        **stored,
        "reason": TEXTS.shown(stored["reason"], code, parameters),
        "reason_code": code,
        "reason_parameters": parameters,
    }
