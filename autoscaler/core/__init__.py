"""Values in, values out: the decision, with time as an argument and nothing else from outside."""
