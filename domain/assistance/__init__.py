"""Help (帮扶): plans, measures, what they brought about, and immediate relief."""
