"""Monitoring for operators: readiness and metrics."""
