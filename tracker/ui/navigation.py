"""The navigation of the layouts: each package registers the pages that it adds.

A phone shows at most five items in a bar at the bottom; the rest is on the page "More".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from flask import Blueprint, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from flask.sansio.app import App

from tracker.http.access import Access
from tracker.language.texts import gettext as _

_EXTENSION = "linkledger_navigation"


class Layout(StrEnum):
    """Whose pages they are."""

    CREATOR = "creator"
    BRAND = "brand"
    OPERATOR = "operator"


class Device(StrEnum):
    """Where an item is shown. On a phone, the page of a `PHONE` item leads to those for the `DESK`."""

    BOTH = "both"
    PHONE = "phone"
    DESK = "desk"


@dataclass(frozen=True)
class Item:
    """One page in the navigation.

    `label` is marked by `gettext_noop`. `order`: items are sorted by it. `within`: other endpoints during
    which the item is the current one, also as a prefix such as "links." of a blueprint. `is_main`: the "+".
    """

    endpoint: str
    label: str
    icon: str
    order: int
    device: Device = Device.BOTH
    within: tuple[str, ...] = ()
    is_main: bool = False


@dataclass(frozen=True)
class Entry:
    """An item as the layout draws it. `count`: things to do there, 0 is not shown."""

    url: str
    label: str
    icon: str
    is_current: bool
    device: Device
    is_main: bool
    count: int


def register_items(blueprint: Blueprint, layout: Layout, *items: Item) -> None:
    """Add items to a layout in every application that has this blueprint."""

    def add(state: BlueprintSetupState) -> None:
        _items(state.app).setdefault(layout, []).extend(items)

    blueprint.record_once(add)


def entries(
    layout: Layout, parameters: Mapping[str, Any], counts: Mapping[str, int] | None = None, role: str = ""
) -> Iterator[Entry]:
    """The items of a layout in order. `parameters` are those of their addresses, such as brand_id.

    `counts`: endpoint -> number of things to do there. `role`: pages that are not for it are left out.
    """
    for item in sorted(_items(current_app).get(layout, []), key=lambda item: item.order):
        if not _is_for(item, role):
            continue
        yield Entry(
            url_for(item.endpoint, **parameters),
            _(item.label),
            item.icon,
            _is_current(item),
            item.device,
            item.is_main,
            (counts or {}).get(item.endpoint, 0),
        )


def _is_for(item: Item, role: str) -> bool:
    access: Access | None = getattr(current_app.view_functions.get(item.endpoint), "__access__", None)
    return access is None or not access.roles or role in access.roles


def _is_current(item: Item) -> bool:
    here = request.endpoint or ""
    return here == item.endpoint or any(
        here.startswith(each) if each.endswith(".") else here == each for each in item.within
    )


def _items(app: App) -> dict[Layout, list[Item]]:
    return cast(dict[Layout, list[Item]], app.extensions.setdefault(_EXTENSION, {}))
