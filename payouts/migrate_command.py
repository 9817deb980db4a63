"""The command that migrates the databases. It has its own module because alembic is slow to import."""

from typing import Any

import click

from config.database import open_databases, transact
from config.migrate import upgrade
from config.schema import SchemaState, schema_states
from payouts.backup.acts import note_upgrade
from tracker.audit.actors import command_line
from tracker.console import CommandResult, Console, ConsoleCommand, pass_console


@click.command("migrate", cls=ConsoleCommand)
@pass_console
def migrate_command(console: Console) -> CommandResult:
    """Migrate the databases to the schema of this version. Run it once, and after each upgrade."""
    databases = open_databases(console.settings)
    before = schema_states(databases)
    notes: list[str] = []
    after = upgrade(databases, notes)
    former, present = ({each.name: each.current for each in states} for states in (before, after))
    actor = command_line("migrate")
    transact(databases.main, lambda s: note_upgrade(s, console.now, former, present, actor=actor))
    databases.close()
    value = [_schema(old, new) for old, new in zip(before, after, strict=True)]
    lines = [f"{each['tables']}: {each['from']} -> {each['to']}" for each in value]
    for note in notes:
        console.say(note)
    return CommandResult(value, "\n".join(lines))


def _schema(old: SchemaState, new: SchemaState) -> dict[str, Any]:
    return {"tables": new.name, "from": old.current, "to": new.current}


COMMANDS = (migrate_command,)
