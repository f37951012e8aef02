"""A phone as the tests play it: pulls until nothing remains, and keeps what came."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.world import World

HOUSEHOLDS = """query PullHouseholds($since: CheckpointInput, $limit: Int! = 200) {
  pullHouseholds(checkpoint: $since, limit: $limit) {
    documents { id isDeleted revision code villageCode address phone longitude latitude accuracyMetres isBlurred category
      causes monitoringStatus registeredOn endedOn endReason splitFromId mergedIntoId updatedAt
      members { id name isHead relationToHead sex ethnicity bornOn idNumber disabilityCertificate phone education
        schoolStatus health labour joinedOn }
      pairings { id role helperId helperName organisationId organisationName mode startedOn } }
    checkpoint { cursor } hasMore isReset } }"""
VISITS = """query PullVisits($since: CheckpointInput, $limit: Int! = 200) {
  pullVisits(checkpoint: $since, limit: $limit) {
    documents { id isDeleted householdId villageCode recordedById helperId purpose contact occurredAt capturedAt receivedAt
      longitude latitude accuracyMetres isBlurred distanceToDwellingMetres isWithinFence isComplete credibility formId
      formVersion answers findings { id kind personId note } companionIds photoIds note supersedesId supersededById
      amendReason }
    checkpoint { cursor } hasMore isReset } }"""


async def pulled(
    world: World, persona: str, query: str = HOUSEHOLDS, since: str | None = None, limit: int = 200
) -> dict[str, Any]:
    """One answer."""
    variables = {"limit": limit, "since": None if since is None else {"cursor": since}}
    (payload,) = (await world.ask(persona, query, variables)).values()
    assert isinstance(payload, dict)
    return payload


@dataclass
class Phone:
    """What one persona's phone holds of one kind of document."""

    world: World
    persona: str
    query: str = HOUSEHOLDS
    limit: int = 200
    cursor: str | None = None
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    came: list[str] = field(default_factory=list)  # ids that the last sync brought, tombstones too
    pages: list[int] = field(default_factory=list)
    resets: int = 0

    async def sync(self) -> Phone:
        """Pull until nothing remains. A page that is shorter than it may be is a fault."""
        self.came, self.pages = [], []
        lacked: set[str] = set()
        while True:
            page = await pulled(self.world, self.persona, self.query, self.cursor, self.limit)
            if page["isReset"]:
                self.resets, lacked = self.resets + 1, set(self.documents)
            for document in page["documents"]:
                self.came.append(document["id"])
                lacked.discard(document["id"])
                if document["isDeleted"]:
                    self.documents.pop(document["id"], None)
                else:
                    self.documents[document["id"]] = document
            self.cursor = page["checkpoint"]["cursor"]
            self.pages.append(len(page["documents"]))
            if not page["hasMore"]:
                break
            assert len(page["documents"]) == self.limit
        for id in lacked:
            del self.documents[id]
        return self


async def agrees(phone: Phone) -> bool:
    """Whether the phone holds exactly what a new one would be given."""
    fresh = await Phone(phone.world, phone.persona, phone.query).sync()
    return fresh.documents == phone.documents
