"""The benchmark of decisions: every policy on every series, what it was worth, which goals are met."""
