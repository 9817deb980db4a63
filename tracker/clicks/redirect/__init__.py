"""The redirect: from the request for a link to the shop's address, with two entry points."""
