"""Why a creator was removed for cause: codes and their words. Pure."""

from enum import StrEnum

from tracker.reasons import ReasonTexts


class RemovalReason(StrEnum):
    """The reason of a removal for cause."""

    IN_OWN_WORDS = "in_own_words"
    """`words` are those of the person who removed the creator."""


REMOVAL_TEXTS = ReasonTexts(RemovalReason, {RemovalReason.IN_OWN_WORDS: "{words}"})
