"""Living demand again: a trace, a simulated cluster behind the ports, and what a policy made of it."""
