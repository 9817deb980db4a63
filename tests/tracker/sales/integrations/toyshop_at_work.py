"""Connects a toy shop, receives its signed message and prints what is shown.

Runs in the copy of the product that has the toy shop (test_new_kind.py), as
`python -m tests.tracker.sales.integrations.toyshop_at_work BRAND`.
"""

import json
import sys
from datetime import UTC, datetime

from sqlalchemy import update

from config.database import open_databases
from config.settings import load_settings
from tests.cast.api import Terminal
from tests.tracker.sales.api.hook_app import make_app
from tracker.sales.commands import COMMANDS
from tracker.sales.inbox.models import Event
from tracker.sales.integrations.kinds import kind_of

BODY = b'{"paper": "red"}'


def main(brand_id: str) -> None:
    settings = load_settings()
    terminal = Terminal(settings, COMMANDS)
    source = terminal.ask("source", "create", "--brand", brand_id, "--kind", "toyshop")
    headers = kind_of("toyshop").sign(source["secret"], "m1", datetime.now(UTC), BODY, "")
    response = make_app(settings).test_client().post(f"/hooks/{source['id']}", data=BODY, headers=headers)
    events = terminal.ask("source", "events", "--source", source["id"])
    databases = open_databases(settings)
    with databases.main.begin() as connection:
        connection.execute(update(Event).values(reason="words of its time"))
    databases.close()
    sys.stdout.write(json.dumps({"response": response.json, "events": events}))


if __name__ == "__main__":
    main(sys.argv[1])
