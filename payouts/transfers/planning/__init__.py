"""What is to be paid, to whom, and when it is tried again."""
