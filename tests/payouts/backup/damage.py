"""Backups that went wrong: made from a good one, with a new seal, so that only the fault itself is found."""

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

SEAL = b"linkledger backup sha256 "


def rebuilt(backup: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The same backup after `change` was made to its members, by name, sealed again."""
    with zipfile.ZipFile(backup) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    path = backup.with_name("rebuilt.zip")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = SEAL + b"0" * 64
        for name, content in members.items():
            archive.writestr(name, content)
    content = path.read_bytes()[:-64]
    path.write_bytes(content + sha256(content).hexdigest().encode())
    return path


def edit_manifest(members: dict[str, bytes], edit: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads(members["manifest.json"])
    edit(manifest)
    members["manifest.json"] = json.dumps(manifest).encode()


def replace_lines(members: dict[str, bytes], name: str, content: bytes) -> None:
    """Change a table, and let the manifest agree with the change."""
    members[name] = content

    def agree(manifest: dict[str, Any]) -> None:
        for member in manifest["members"]:
            if f"{member['shape']['set']}/{member['shape']['table']}.jsonl" == name:
                member.update(rows=content.count(b"\n"), sha256=sha256(content).hexdigest())

    edit_manifest(members, agree)


def keep_columns(members: dict[str, bytes], name: str, kept: set[str]) -> None:
    """Leave out the columns of a table that are newer, as a version that did not know them would have."""
    if name not in members:
        return
    shape: dict[str, Any] = {}

    def cut(manifest: dict[str, Any]) -> None:
        for member in manifest["members"]:
            if f"{member['shape']['set']}/{member['shape']['table']}.jsonl" == name:
                shape["columns"] = [each["name"] for each in member["shape"]["columns"]]
                found = [each for each in member["shape"]["columns"] if each["name"] in kept]
                member["shape"]["columns"] = found

    edit_manifest(members, cut)
    places = [place for place, column in enumerate(shape["columns"]) if column in kept]
    if len(places) == len(shape["columns"]):
        return
    rows = [json.loads(line) for line in members[name].splitlines()]
    cut_rows = ([row[place] for place in places] for row in rows)
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in cut_rows]
    replace_lines(members, name, "".join(line + "\n" for line in lines).encode())
