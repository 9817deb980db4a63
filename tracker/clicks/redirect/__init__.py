"""Following a link: from the request to the shop's address, at two entry points."""
