"""What is due, to whom, why and by when (待办): derived from facts, never stored."""
