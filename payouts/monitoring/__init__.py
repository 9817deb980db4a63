"""What an operator watches: readiness and metrics."""
