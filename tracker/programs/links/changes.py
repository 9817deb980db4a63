"""Links that changed since a given version, for caches. The database counts the versions."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, select
from sqlalchemy.orm import Session

from tracker.programs.models import Enrollment, Link, LinkChange, LinkVersion, Program

MAX_CHANGES = 1_000
"""With more changes than this since the last poll, the whole cache is cleared."""

MAX_IDS_PER_QUERY = 500


@dataclass(frozen=True)
class LinkChanges:
    """`codes`: code key of a changed link -> version of its last change; None: any link may have changed."""

    version: int
    codes: Mapping[str, int] | None


def link_version(session: Session | Connection) -> int:
    """The number of the last committed change to a link; 0 before the first."""
    return session.scalar(select(LinkVersion.version)) or 0


def changes_since(session: Session, seen: int) -> LinkChanges:
    """The changes after version `seen`. `session` must have one consistent view of the database."""
    version = link_version(session)
    if version == seen:
        return LinkChanges(version, {})
    if not seen < version <= seen + MAX_CHANGES:
        return LinkChanges(version, None)  # the last poll is long ago, or the database was restored
    changed = select(LinkChange).where(LinkChange.version > seen).order_by(LinkChange.version)
    by_subject: dict[str, dict[str, int]] = defaultdict(dict)
    for change in session.scalars(changed):
        by_subject[change.subject][change.subject_id] = change.version
    codes: dict[str, int] = {}
    for subject, versions in by_subject.items():
        for code_key, subject_id in _links_of(session, subject, list(versions)):
            codes[code_key] = max(codes.get(code_key, 0), versions[subject_id])
    return LinkChanges(version, codes)


def _links_of(session: Session, subject: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for start in range(0, len(ids), MAX_IDS_PER_QUERY):
        rows = session.execute(_codes_query(subject, ids[start : start + MAX_IDS_PER_QUERY]))
        found += [(code_key, subject_id) for code_key, subject_id in rows]
    return found


def _codes_query(subject: str, ids: Sequence[str]) -> Select[str, str]:
    if subject == "link":
        return select(Link.code_key, Link.id).where(Link.id.in_(ids))
    if subject == "enrollment":
        return select(Link.code_key, Link.enrollment_id).where(Link.enrollment_id.in_(ids))
    links = select(Link.code_key, Program.id if subject == "program" else Program.brand_id)
    links = links.join(Enrollment, Enrollment.id == Link.enrollment_id)
    links = links.join(Program, Program.id == Enrollment.program_id)
    return links.where((Program.id if subject == "program" else Program.brand_id).in_(ids))
