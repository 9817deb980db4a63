"""The steps of the set-up above a brand's page, while some of them are left."""

from dataclasses import dataclass

from flask import url_for

from config.database import read_session
from payouts.backoffice.setup_state import Step, setup_state
from tracker.http.site import site
from tracker.language.texts import gettext as _

_ENDPOINTS = {
    Step.PROGRAM: "backoffice.program",
    Step.SHOP: "backoffice.shop",
    Step.CREATOR: "backoffice.creators",
}
_BEFORE = 2
"""The owner and the brand are done."""


@dataclass(frozen=True)
class SetupBar:
    """`current` counts from 1. `urls`: number of a step -> its page. `next_url`: the page after it."""

    labels: tuple[str, ...]
    current: int
    urls: dict[int, str]
    next_url: str


def setup_bar(brand_id: str, current: Step) -> SetupBar | None:
    """The bar for a page that is one of the steps; None when the brand is set up."""
    with read_session(site().databases.main) as session:
        if not setup_state(session, brand_id).open_steps:
            return None
    steps = list(Step)
    urls = {
        number: url_for(_ENDPOINTS[step], brand_id=brand_id)
        for number, step in enumerate(steps, start=_BEFORE + 1)
    }
    number = _BEFORE + 1 + steps.index(current)
    labels = (_("You"), _("Brand"), _("Program"), _("Shop"), _("First creator"))
    home = url_for("backoffice.home", brand_id=brand_id)
    return SetupBar(labels, number, urls, urls.get(number + 1, home))
