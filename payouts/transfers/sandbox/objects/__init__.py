"""The objects of the sandbox: accounts, transfers, reversals, balance."""
