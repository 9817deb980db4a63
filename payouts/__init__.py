"""Everything from a recorded sale to money."""
