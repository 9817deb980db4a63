"""One module per kind of source: how it signs its messages, and how they are translated into reports."""
