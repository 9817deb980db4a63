"""The processes of an installation: supervisor, scheduler, job table."""
