"""The pages of operators: whether the installation is healthy, and what is stuck."""
