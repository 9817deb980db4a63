"""What surrounds a page: whose house it is, who is signed in, and what is there to do.

The package that knows people installs a source of frames with `install_frames`. It is asked once for each
page that uses a layout, so that other responses cost nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app, g

from tracker.ui.look import Look

_EXTENSION = "linkledger_frames"
PRODUCT = "Linkledger"


@dataclass(frozen=True)
class Frame:
    """Everything that the layouts need besides the page itself.

    `house`: the brand's name, or the product's. `look`: the brand's colour and logo, if it has them.
    `role` is for people; `role_word` is the same in declarations of access. `parameters`: of the addresses
    in the navigation, such as brand_id. `counts`: endpoint -> things to do there. `about`: a line for the
    footer, such as the brand's contact.
    """

    house: str = PRODUCT
    house_url: str = "/"
    look: Look | None = None
    person: str | None = None
    role: str | None = None
    role_word: str = ""
    profile_url: str | None = None
    sign_out_url: str | None = None
    places_url: str | None = None
    is_practice: bool = False
    about: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)


FrameSource = Callable[[], Frame]


def install_frames(app: Flask, source: FrameSource) -> None:
    """Ask `source` for the frame of every page; the last installed one counts."""
    app.extensions[_EXTENSION] = source


def page_frame() -> Frame:
    """The frame of the running request. For templates."""
    if "page_frame" not in g:
        source = current_app.extensions.get(_EXTENSION, Frame)
        g.page_frame = source()
    return cast(Frame, g.page_frame)
