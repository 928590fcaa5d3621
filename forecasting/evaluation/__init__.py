"""How right a method would have been: scores, and a walk through the past."""
