"""The outside world behind the ports, and what is told to people."""
