"""The HTTP server of the edge: a gunicorn worker of our own, from the process to the bytes of a request."""
