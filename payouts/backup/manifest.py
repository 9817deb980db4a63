"""The manifest of a backup: its contents, its time, and the hashes that prove it is complete."""

import json
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from config.schema import CLICKS, MAIN
from payouts.backup.row_encoding import Kind
from tracker.errors import Fault, Invalid

FORMAT = "linkledger backup"
FORMAT_VERSION = 1

SetName = Literal["main", "clicks"]
MAIN_SET: SetName = "main"
CLICK_SET: SetName = "clicks"
assert (MAIN_SET, CLICK_SET) == (MAIN, CLICKS)


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Record):
    name: str
    kind: Kind


class TableShape(_Record):
    """The columns of a table in order, and the columns (key) by which its rows are sorted."""

    set: SetName
    table: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.set}/{self.table}"

    @property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple(column.kind for column in self.columns)


class Member(_Record):
    """One table in the file. The SHA-256 is that of its uncompressed lines."""

    shape: TableShape
    rows: int
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.shape.name}.jsonl"


class ChainHead(_Record):
    """Where a brand's books end: the number and the hash of its last transaction."""

    brand_id: str
    seq: int
    head_hash: str


class Manifest(_Record):
    """Members are in an order in which their rows can be inserted: referenced tables come first."""

    format: str
    version: int
    made_at: datetime
    made_by: str
    schemas: dict[SetName, str]
    heads: tuple[ChainHead, ...]
    members: tuple[Member, ...]

    @classmethod
    def of(
        cls,
        made_at: datetime,
        schemas: dict[SetName, str],
        heads: tuple[ChainHead, ...],
        members: tuple[Member, ...],
    ) -> Self:
        """The manifest of a backup that this version makes now."""
        return cls(
            format=FORMAT,
            version=FORMAT_VERSION,
            made_at=made_at,
            made_by=_running_version(),
            schemas=schemas,
            heads=heads,
            members=members,
        )

    @classmethod
    def from_json(cls, text: bytes) -> Self:
        """Raises Invalid for a format that this version does not know, Fault when it cannot be read."""
        try:
            content = json.loads(text)
            if content["format"] == FORMAT and content["version"] != FORMAT_VERSION:
                raise Invalid(
                    f"The backup has format {content['version']}, but this version reads {FORMAT_VERSION}. "
                    f"It was made by {content.get('made_by')}; restore it with that version."
                )
            if content["format"] != FORMAT:
                raise Invalid("The file is not a backup made by Linkledger.")
            return cls.model_validate_json(text)
        except (ValidationError, ValueError, KeyError, TypeError):
            raise Fault("The manifest of the backup cannot be read; nothing was written.") from None

    def to_json(self) -> bytes:
        return self.model_dump_json(indent=1).encode()

    def rows(self) -> dict[str, int]:
        return {member.shape.name: member.rows for member in self.members}


def _running_version() -> str:
    try:
        return f"Linkledger {version('linkledger')}"
    except PackageNotFoundError:
        return "Linkledger (run from its source)"
