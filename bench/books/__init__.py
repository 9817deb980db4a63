"""A brand with a year of sales and its books, written in bulk: `python -m bench.books.fill`."""
