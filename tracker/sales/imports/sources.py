"""Finds or creates the source for the lines of a file."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.audit.actions import Action, Subject, about
from tracker.audit.actors import Actor
from tracker.audit.operations import record
from tracker.errors import Conflict, Invalid
from tracker.ids import new_id
from tracker.people.accounts.models import Brand
from tracker.people.accounts.operations import get_brand
from tracker.sales.integrations import csv_line
from tracker.sales.sources.models import Source
from tracker.sales.sources.namespaces import choose_namespace
from tracker.sales.sources.operations import create_source, get_source

KIND = csv_line.KIND.name


def get_csv_source(session: Session, source_id: str) -> Source:
    """A source of the kind csv. Raises NotFound, Invalid for another kind, Conflict for a deleted source."""
    source = get_source(session, source_id)
    if source.kind != KIND:
        raise Invalid(
            f"{source_id} is of kind {source.kind}, which cannot import files. Create a csv source that "
            f"shares its order ids: linkledger source create --brand {source.brand_id} --kind {KIND} "
            f"--namespace {source.namespace}"
        )
    if source.deleted_at is not None:
        raise Conflict(f"Source {source_id} was deleted; import into another source.")
    return source


def find_csv_source(session: Session, brand_id: str) -> Source | None:
    """The brand's live csv source, or None. Raises NotFound, and Conflict when the brand has several."""
    brand = get_brand(session, brand_id)
    mine = select(Source).where(Source.brand_id == brand.id, Source.kind == KIND, Source.deleted_at.is_(None))
    found = session.scalars(mine.order_by(Source.id)).all()
    if len(found) > 1:
        names = ", ".join(source.id for source in found)
        raise Conflict(f"Brand {brand_id} has several csv sources ({names}). Choose one with --source.")
    return found[0] if found else None


def get_or_create_source(
    session: Session, now: datetime, brand_id: str, keys: Sequence[str], *, actor: Actor
) -> Source:
    """The brand's csv source. It is created when there is none, under a lock against concurrent imports."""
    session.execute(select(Brand.id).where(Brand.id == brand_id).with_for_update())
    known = find_csv_source(session, brand_id)
    return known or create_source(session, now, actor=actor, brand_id=brand_id, kind=KIND, keys=keys)[0]


def note_import(session: Session, now: datetime, source: Source, file_name: str, *, actor: Actor) -> None:
    """Record that a file is going to be imported: one entry for the act, not one for each line."""
    whose = about(Subject.SOURCE, source.id, source.brand_id)
    record(session, now, actor, Action.SALE_IMPORT, **whose, personal={"file": file_name})


def dry_run_source(session: Session, now: datetime, brand_id: str) -> Source:
    """The source that `get_or_create_source` would create; for a dry run, and never written."""
    source_id = new_id("src", now)
    namespace = choose_namespace(session, brand_id, KIND, source_id)
    return Source(id=source_id, brand_id=brand_id, kind=KIND, namespace=namespace, deleted_at=None)
