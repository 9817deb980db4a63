"""Tasks in words: what, its consequence, and what to do about it."""

from dataclasses import dataclass

from payouts.backoffice.home.tasks import Task, TaskKind
from tracker.language.formats import format_money, format_number, format_time
from tracker.language.texts import gettext as _
from tracker.language.texts import ngettext


@dataclass(frozen=True)
class ShownTask:
    """`lead` is the number that counts, with `unit` below it. Without `url`, `command` says what to run."""

    title: str
    text: str
    label: str = ""
    url: str = ""
    lead: str = ""
    unit: str = ""
    command: str = ""


def shown(task: Task) -> ShownTask:
    """The task in the reader's language."""
    return _SHOWN[task.kind](task)


def _frozen(_task: Task) -> ShownTask:
    return ShownTask(
        _("Payouts are frozen"),
        _("Nothing is paid until the books were compared with the payment provider. An operator can do it:"),
        command="linkledger payout reconcile",
    )


def _silent(task: Task) -> ShownTask:
    since = format_time(task.since, task.timezone, with_zone=True) if task.since else ""
    return ShownTask(
        _("%(shop)s is silent", shop=task.title),
        _("Its last message came on %(since)s. Sales since then are not known. See why:", since=since),
        command=f"linkledger source health --brand {task.brand_id}",
    )


def _statement(task: Task) -> ShownTask:
    until = format_time(task.until, task.timezone, with_zone=True) if task.until else ""
    lead = format_money(task.money) if task.money else ""
    unit = ngettext("to %(num)s creator", "to %(num)s creators", task.count) if task.money else ""
    return ShownTask(
        _("Review the statement of %(period)s", period=task.subject),
        _("Until %(until)s you can hold or decline lines of it, or approve it earlier:", until=until),
        lead=lead,
        unit=unit,
        command=f"linkledger statement show --brand {task.brand_id} --period {task.subject}",
    )


def _held(task: Task) -> ShownTask:
    text = (
        _("The first hold ends on %(until)s. You can decide earlier:", until=_until(task))
        if task.until
        else _("Release or decline them:")
    )
    return ShownTask(
        ngettext("Decide about %(num)s held commission", "Decide about %(num)s held commissions", task.count),
        text,
        lead=format_money(task.money) if task.money else "",
        unit=_("held"),
        command=f"linkledger commission held --brand {task.brand_id}",
    )


def _parked(task: Task) -> ShownTask:
    return ShownTask(
        ngettext(
            "%(num)s message of the shop could not be booked",
            "%(num)s messages of the shop could not be booked",
            task.count,
        ),
        _("What belongs to their orders is not released. See why:"),
        lead=format_number(task.count),
        unit=ngettext("message", "messages", task.count),
        command=f"linkledger source events --brand {task.brand_id} --state parked",
    )


def _until(task: Task) -> str:
    return format_time(task.until, task.timezone, with_zone=True) if task.until else ""


_SHOWN = {
    TaskKind.FROZEN: _frozen,
    TaskKind.SILENT: _silent,
    TaskKind.STATEMENT: _statement,
    TaskKind.HELD: _held,
    TaskKind.PARKED: _parked,
}
