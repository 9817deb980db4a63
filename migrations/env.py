"""Runs steps on the connection that config/migrate.py hands over; its transaction is the caller's."""

from alembic import context

LOCK_TIMEOUT = "5s"
ONE_AT_A_TIME = 20261101

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # One migration at a time; the next one waits here, and then finds nothing to do.
    connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ONE_AT_A_TIME})")
    # A step that cannot get its lock soon fails whole, instead of queueing every query behind it.
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")

context.configure(
    connection=connection,
    version_table=context.config.attributes["version_table"],
    transactional_ddl=True,
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
