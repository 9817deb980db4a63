"""Links, clicks and sales: everything from a short link to a recorded sale."""
