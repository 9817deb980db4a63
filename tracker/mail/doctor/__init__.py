"""Whether e-mail works: the mail server step by step, and what DNS says about the sender's domain."""
