"""Books and rail compared both ways."""
