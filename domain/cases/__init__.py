"""Monitoring cases (监测对象): from a verified sign to an open decision, and on to the day on which the risk is gone."""
