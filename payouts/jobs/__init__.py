"""Claims and leases of job runs, so that two schedulers can run safely."""
