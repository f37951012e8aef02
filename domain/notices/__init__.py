"""What is published of a family (公示、公告): redacted by construction, and worded once for paper and screen."""
