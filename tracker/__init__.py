"""Everything from a link to a recorded sale."""
