"""Made-up families in real villages, and the personas who visit them: for learning, demonstrations and tests.

Nobody in here exists. Ids, names and figures are the same in every load; dates lead up to the day of the load.
"""
