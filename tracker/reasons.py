"""Reasons for people: a machine-readable code with parameters, rendered as words in one place per subject.

A subject, such as the holds of commissions, has an enum of codes and one `ReasonTexts`. A new row stores code
and parameters beside the words of its time; a row that is older than the codes has only its words. No code
reads the words to decide something (docs/decisions/0079).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Text = str | Callable[[Mapping[str, Any]], str]
"""A template for str.format, or a function of the parameters where a template is not enough."""


@dataclass(frozen=True)
class Reason:
    """Why something was decided. `parameters` are JSON values that the words name; never private data."""

    code: StrEnum
    parameters: Mapping[str, Any] = field(default_factory=dict)


class ReasonTexts:
    """The words of one subject's reason codes in one language."""

    def __init__(self, codes: type[StrEnum], texts: Mapping[Any, Text], *others: "ReasonTexts") -> None:
        """`others` are the texts of further codes of the subject, which are declared elsewhere.

        Raises ValueError when a code has no text, or two that differ.
        """
        missing = [code.value for code in codes if code not in texts]
        if missing:
            raise ValueError(f"{codes.__name__} has codes without a text: {', '.join(missing)}")
        self._codes: dict[str, StrEnum] = {code.value: code for code in codes}
        self._texts: dict[str, Text] = dict(texts)
        for each in others:
            self._add(each)

    def words(self, reason: Reason) -> str:
        """The reason in words. Raises KeyError when a parameter is missing."""
        text = self._texts[reason.code]
        return text.format_map(reason.parameters) if isinstance(text, str) else text(reason.parameters)

    def columns(self, reason: Reason | None) -> dict[str, Any]:
        """What a new row, or a reason inside the parameters of another one, stores; None without a reason."""
        if reason is None:
            return {"reason": None, "reason_code": None, "reason_parameters": None}
        return {
            "reason": self.words(reason),
            "reason_code": reason.code.value,
            "reason_parameters": dict(reason.parameters),
        }

    def shown(self, stored_words: str, code: str | None, parameters: Mapping[str, Any] | None) -> str:
        """The words of a stored row: rendered from its code, or as stored when it has none that is known.

        A code of a newer version of Linkledger is unknown after a downgrade.
        """
        known = self._known(code)
        return stored_words if known is None else self.words(Reason(known, parameters or {}))

    def shown_columns(self, columns: Mapping[str, Any]) -> str:
        """Like `shown`, for a reason inside the parameters of another one, as `columns` wrote it."""
        return self.shown(columns["reason"], columns["reason_code"], columns["reason_parameters"])

    def current(
        self, stored_words: str | None, code: str | None, parameters: Mapping[str, Any] | None
    ) -> tuple[str | None, Mapping[str, Any] | None]:
        """Code and parameters of a row that is updated in place; both None unless they give its stored words.

        A process that is older than the codes, and still runs during an upgrade, updates the words only: the
        code beside them is then that of an earlier state. These texts must be those that rows are stored in.
        A code that is not known here stays: a newer version wrote it, and its words with it.
        """
        if stored_words is None or code is None:
            return None, None
        known = self._known(code)
        if known is not None and self.words(Reason(known, parameters or {})) != stored_words:
            return None, None
        return code, parameters

    def reason_of(
        self, stored_words: str, code: str | None, parameters: Mapping[str, Any] | None, otherwise: StrEnum
    ) -> Reason:
        """The reason of a stored row, for another row that is made because of it.

        `otherwise` is the code for a row without a known code; its parameter `words` is the row's words.
        """
        known = self._known(code)
        return (
            Reason(otherwise, {"words": stored_words}) if known is None else Reason(known, parameters or {})
        )

    def _known(self, code: str | None) -> StrEnum | None:
        return self._codes.get(code) if code is not None else None

    def _add(self, other: "ReasonTexts") -> None:
        clashes = [code for code, text in other._texts.items() if self._texts.get(code, text) != text]
        if clashes:
            raise ValueError(f"these codes have two texts: {', '.join(clashes)}")
        self._codes = {**other._codes, **self._codes}
        self._texts.update(other._texts)
