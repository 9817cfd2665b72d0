"""What happened: one record a request, written off the hot path."""
