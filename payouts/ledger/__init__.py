"""The books: accounts, transactions, postings, and the checks that they are whole."""
