"""Who may call a view."""
