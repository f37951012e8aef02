"""What schemathesis is told of this server: how our scalars look, and what an error of the server is."""

import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes, scalar

DIVISIONS = ["35", "3501", "350125", "350125201", "350125201205", "341503", "99", "350125000000", "x", ""]

scalar("RegionCode", st.one_of(st.sampled_from(DIVISIONS), st.text(max_size=14)).map(nodes.String))
scalar("Decimal", st.one_of(st.decimals().map(str), st.text(max_size=10)).map(nodes.String))
scalar("JSON", st.one_of(st.text().map(nodes.String), st.integers().map(nodes.Int), st.just(nodes.Null)))


@schemathesis.check
def nothing_went_wrong_on_our_side(context, response, case):
    """A refusal has a code and is no failure of the server, in whatever field: schemathesis' own check cannot know that."""
    assert response.status_code < 500, f"status {response.status_code}"
    codes = {error.get("extensions", {}).get("code") for error in response.json().get("errors", ())}
    assert "INTERNAL" not in codes, "a masked error"
