"""What phones pull from (the change feed) and what makes a repeated request safe (remembered operations)."""
