"""All pages of the set-up and of a brand. Importing this module adds their views to the blueprints."""

from flask import Flask

from payouts.backoffice.blueprint import blueprint
from payouts.backoffice.creators import pages as creators
from payouts.backoffice.home import pages as home
from payouts.backoffice.home.month import Share
from payouts.backoffice.links import pages as links
from payouts.backoffice.program import pages as program
from payouts.backoffice.setup.pages import blueprint as setup
from payouts.backoffice.shop import pages as shop
from tracker.language.formats import format_share_rounded
from tracker.language.texts import gettext_noop as N_
from tracker.ui.navigation import Item, Layout, register_items

__all__ = ["creators", "home", "install_backoffice", "links", "program", "shop"]

register_items(
    blueprint,
    Layout.BRAND,
    Item("backoffice.home", N_("Overview"), "home", 10),
    Item(
        "backoffice.creators",
        N_("Creators"),
        "people",
        20,
        within=("backoffice.invite_creators", "backoffice.new_link", "backoffice.link"),
    ),
    Item("backoffice.program", N_("Program"), "scale", 30),
    Item("backoffice.shop", N_("Shop"), "cart", 40, within=("backoffice.connection",)),
)


@blueprint.app_template_filter("share")
def _share(share: Share) -> str:
    return format_share_rounded(share.part, share.whole)


def install_backoffice(app: Flask) -> None:
    app.register_blueprint(setup)
    app.register_blueprint(blueprint)
