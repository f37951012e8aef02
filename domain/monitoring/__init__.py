"""What a family earns and must spend, and the signs (线索) that it may be slipping."""
