"""Access control: who may call a view."""
