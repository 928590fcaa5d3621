"""The loop around the core: clocks, memory and the controller's tick."""
