"""The style sheet, the script and the other static files of pages, under names that contain their hash.

They are read, joined and compressed once for each process. The name changes with the content, so a browser
keeps a file for a year and asks again only after an update.
"""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

HERE = Path(__file__).parent
STYLES = (
    "tokens",
    "base",
    "layout",
    "money",
    "controls",
    "lists",
    "timeline",
    "charts",
    "tasks",
    "pages",
)
"""Joined in this order into app.css. Each file names the layer of its rules; tokens.css gives their order."""
SCRIPTS = ("htmx.min", "page")
HASH_LENGTH = 12
COMPRESSED_TYPES = ("text/", "image/svg+xml", "application/json", "application/manifest+json")

_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_AROUND = re.compile(r"\s*([{};,])\s*")
_AFTER_COLON = re.compile(r":\s+")


@dataclass(frozen=True)
class Asset:
    """One file as it is served. `name` is the one that templates use, such as app.css."""

    name: str
    body: bytes

    @cached_property
    def hash(self) -> str:
        return hashlib.sha256(self.body).hexdigest()[:HASH_LENGTH]

    @property
    def hashed_name(self) -> str:
        """app.css -> app.0123456789ab.css."""
        stem, _, suffix = self.name.rpartition(".")
        return f"{stem}.{self.hash}.{suffix}"

    @property
    def mimetype(self) -> str:
        return mimetypes.guess_type(self.name)[0] or "application/octet-stream"

    @cached_property
    def compressed(self) -> bytes | None:
        """The body as gzip, the same bytes each time; None where it would not become smaller."""
        if not self.mimetype.startswith(COMPRESSED_TYPES):
            return None
        return gzip.compress(self.body, 9, mtime=0)


@cache
def assets() -> Mapping[str, Asset]:
    """Name -> file."""
    found = [Asset("app.css", joined_styles(STYLES)), Asset("app.js", _joined_scripts())]
    found += [Asset(path.name, path.read_bytes()) for path in sorted((HERE / "static").iterdir())]
    return {asset.name: asset for asset in found}


def asset_path(name: str) -> str:
    """The part of the address after /static/. Raises KeyError for an unknown name."""
    return assets()[name].hashed_name


def find_asset(path: str) -> tuple[Asset, bool] | None:
    """The file at /static/PATH, and whether PATH names its present content.

    A page that was loaded before an update asks for the former name and gets the present file.
    """
    plain = assets().get(path)
    if plain is not None:
        return plain, False
    stem, _, suffix = path.rpartition(".")
    asset = assets().get(f"{stem.rpartition('.')[0]}.{suffix}")
    return None if asset is None else (asset, asset.hashed_name == path)


def joined_styles(names: Iterable[str]) -> bytes:
    """These style sheets in one, without comments and needless space."""
    text = "\n".join((HERE / "styles" / f"{name}.css").read_text(encoding="utf-8") for name in names)
    text = re.sub(r"\s+", " ", _COMMENT.sub(" ", text))
    text = _AFTER_COLON.sub(":", _AROUND.sub(r"\1", text)).replace(";}", "}")
    return text.strip().encode()


def _joined_scripts() -> bytes:
    """htmx as it came, with the line that names its version, then our own script without comments."""
    texts = [(HERE / "scripts" / f"{name}.js").read_text(encoding="utf-8") for name in SCRIPTS]
    own = "\n".join(line.strip() for line in texts[-1].splitlines() if not line.strip().startswith("//"))
    return "\n".join([*texts[:-1], own]).encode()
