"""Signed events to other systems (事件推送): who is told what, how it is proved, and what became of it."""
