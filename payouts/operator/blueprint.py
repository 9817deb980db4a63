"""The blueprint of the pages of operators, and their place in the navigation."""

from flask import Blueprint

from tracker.language.texts import gettext_noop as N_
from tracker.ui.navigation import Item, Layout, register_items

blueprint = Blueprint("operator", __name__, url_prefix="/app/operator", template_folder="templates")
register_items(
    blueprint,
    Layout.OPERATOR,
    Item("operator.home", N_("Installation"), "home", 10),
    Item("operator.mail", N_("E-mail"), "mail", 20, within=("operator.message",)),
)
