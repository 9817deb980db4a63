"""The ledger: accounts, periods, transactions, postings, and the checks of all of them."""
