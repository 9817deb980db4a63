"""Reads Markdown pages for tests: fenced blocks, paths and links; and runs the commands of a page."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from textwrap import dedent

TOP_FOLDERS = ("bench", "config", "docs", "migrations", "payouts", "tests", "tracker")
PLACEHOLDERS = {"NNNN_what": "[0-9][0-9][0-9][0-9]_*", "NNNN": "[0-9][0-9][0-9][0-9]"}
"""Placeholder in a path -> pattern for the names that it represents."""
SHELLS = ("sh", "bash", "console")
VOID_ELEMENTS = {"input", "link", "meta", "br", "hr", "img"}

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)(?P<kind>[^\n]*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
_CODE_SPAN = re.compile(r"`([^`]+)`")
_PATH = re.compile(rf"(?<![\w./:$-])(?:{'|'.join(TOP_FOLDERS)})/[\w./*-]*")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
_SHOW_FAILED = "trap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n"


Names = dict[str, str]
"""Placeholder on a page -> the id that replaces it."""


@dataclass(frozen=True)
class Block:
    """A fenced block; `kind` is the text after the language."""

    language: str
    kind: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def blocks(markdown: str) -> list[Block]:
    return [
        Block(found["language"], found["kind"].strip(), dedent(found["text"]))
        for found in _FENCE.finditer(markdown)
    ]


def shell_blocks(markdown: str) -> list[Block]:
    return [block for block in blocks(markdown) if block.language in SHELLS]


def code_spans(markdown: str) -> list[str]:
    """The code spans (between backticks) outside fenced blocks, each on one line."""
    return [" ".join(span.split()) for span in _CODE_SPAN.findall(_FENCE.sub("", markdown))]


def with_names(script: str, names: Names) -> str:
    """The script with its placeholders (words in upper case) replaced; shell variables stay."""
    return re.sub(
        r"(?<![\w$\{])[A-Z]+(?![\w=])", lambda found: names.get(found.group(), found.group()), script
    )


def run_script(script: str, folder: Path, environment: Mapping[str, str], stdin: str = "") -> str:
    """Run a script in bash. Returns its stdout; fails at the first command that fails, and names it."""
    done = subprocess.run(
        ["bash", "-Eeuo", "pipefail", "-c", _SHOW_FAILED + script],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wrong_paths(root: Path, page: Path) -> list[str]:
    """Paths of the repository in code spans of the page that do not exist."""
    markdown = page.read_text(encoding="utf-8")
    named = {path.rstrip(".") for span in code_spans(markdown) for path in _PATH.findall(span)}
    return [
        f"{page.relative_to(root)}: {path} does not exist"
        for path in sorted(named)
        if not _exists(root, path)
    ]


def broken_links(root: Path, page: Path) -> list[str]:
    """Relative links of the page whose file or heading does not exist."""
    prose = _CODE_SPAN.sub("", _FENCE.sub("", page.read_text(encoding="utf-8")))
    return [
        f"{page.relative_to(root)}: {target} does not exist"
        for target in _LINK.findall(prose)
        if "://" not in target and not _resolves(page, target)
    ]


def html_faults(text: str) -> list[str]:
    checker = _HTMLChecker()
    checker.feed(text)
    checker.close()
    return [*checker.faults, *(f"<{tag}> is not closed" for tag in checker.open_tags)]


def _exists(root: Path, path: str) -> bool:
    for placeholder, pattern in PLACEHOLDERS.items():
        path = path.replace(placeholder, pattern)
    return any(root.glob(path)) if "*" in path else (root / path).exists()


def _resolves(page: Path, target: str) -> bool:
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    return file.exists() and (not anchor or anchor in _anchors(file.read_text(encoding="utf-8")))


def _anchors(markdown: str) -> Iterator[str]:
    """The anchors of the headings, by GitHub's rules."""
    seen: dict[str, int] = {}
    for heading in _HEADING.findall(_FENCE.sub("", markdown)):
        anchor = re.sub(r"[^\w -]", "", _LINK.sub("", heading)).lower().replace(" ", "-")
        count = seen.get(anchor, 0)
        seen[anchor] = count + 1
        yield f"{anchor}-{count}" if count else anchor


class _HTMLChecker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open_tags: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag not in VOID_ELEMENTS:
            self.open_tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open_tags or self.open_tags.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")
