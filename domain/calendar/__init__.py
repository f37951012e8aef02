"""Which days are worked in China (工作日历)."""
