"""Damaged backups: made from a good one and sealed again, so that only the damage itself is found."""

import json
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

SEAL = b"linkledger backup sha256 "


def rebuilt(backup: Path, change: Callable[[dict[str, bytes]], object]) -> Path:
    """The backup after `change` was applied to its members (name to content), sealed again."""
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
    """Change a table, and the manifest accordingly."""
    members[name] = content

    def update_member(manifest: dict[str, Any]) -> None:
        for member in manifest["members"]:
            if f"{member['shape']['set']}/{member['shape']['table']}.jsonl" == name:
                member.update(rows=content.count(b"\n"), sha256=sha256(content).hexdigest())

    edit_manifest(members, update_member)


def keep_columns(members: dict[str, bytes], name: str, kept: set[str]) -> None:
    """Remove the newer columns of a table, as if an older version had made the backup."""
    if name not in members:
        return
    shape: dict[str, Any] = {}

    def remove_columns(manifest: dict[str, Any]) -> None:
        for member in manifest["members"]:
            if f"{member['shape']['set']}/{member['shape']['table']}.jsonl" == name:
                shape["columns"] = [each["name"] for each in member["shape"]["columns"]]
                remaining = [each for each in member["shape"]["columns"] if each["name"] in kept]
                member["shape"]["columns"] = remaining

    edit_manifest(members, remove_columns)
    positions = [position for position, column in enumerate(shape["columns"]) if column in kept]
    if len(positions) == len(shape["columns"]):
        return
    rows = [json.loads(line) for line in members[name].splitlines()]
    cut_rows = ([row[position] for position in positions] for row in rows)
    lines = [json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in cut_rows]
    replace_lines(members, name, "".join(line + "\n" for line in lines).encode())
