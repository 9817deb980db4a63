"""E-mail: the outbox, causes that wait to be composed, delivery by SMTP, preferences, base templates."""
