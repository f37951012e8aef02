"""The trace (审计): who did what to whom, when, with which device, and for what purpose."""
