"""A server of the mobile contract in memory: one person's households and visits, one feed, answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from mobile_contract.client.wire import Answer

Document = dict[str, Any]
NOW = datetime(2026, 3, 14, 4, tzinfo=UTC)


def an_answer(content: Any, status: int = 200, **headers: str) -> Answer:
    body = json.dumps(content).encode()
    return Answer(status, {"content-type": "application/json; charset=utf-8"} | headers, body, len(body))


def user_error(code: str, *path: str, is_retryable: bool = False, **more: Any) -> Document:
    return {"code": code, "message": code, "path": list(path), "isRetryable": is_retryable} | more


class FakeServer:
    """Knows what the contract says, and can be put back to an earlier state: `state = server.copy()`."""

    def __init__(self) -> None:
        self.documents: dict[str, dict[str, Document]] = {"households": {}, "visits": {}}
        self.feed: dict[str, list[str]] = {"households": [], "visits": []}
        self.submissions: dict[str, tuple[str, Document]] = {}  # id: outcome, content
        self.pushed: list[str] = []
        self.history = "a"  # another one after a restore
        self.asked: list[str] = []
        self.greatest_batch = 500
        self.lowest_level = 1

    # --- what officers do --------------------------------------------------------------------------------------------

    def put(self, stream: str, id: str, /, **fields: Any) -> None:
        old = self.documents[stream].get(id, {"id": id, "isDeleted": False})
        self.documents[stream][id] = old | fields
        self.feed[stream].append(id)

    def take(self, stream: str, id: str) -> None:
        self.documents[stream].pop(id, None)
        self.feed[stream].append(id)

    # --- what phones ask ---------------------------------------------------------------------------------------------

    async def send(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        asked = json.loads(body)
        self.asked.append(asked["operationName"])
        if headers.get("Authorization") != "Bearer good":
            return an_answer({"errors": [{"message": "?", "extensions": {"code": "NOT_SIGNED_IN"}}]}, 401)
        answer = getattr(self, asked["operationName"])(**asked["variables"])
        return answer if isinstance(answer, Answer) else an_answer({"data": answer})

    def ClientConfig(self) -> Document:
        facts = {"contractLevel": 1, "lowestContractLevel": self.lowest_level, "visitsAtOnce": 500, "rowsAtOnce": 500}
        return {"clientConfig": {"serverTime": NOW.isoformat(), **facts}}

    def Lists(self, listsSince: str | None, formsSince: str | None) -> Document:
        words = {"name": "sex", "version": "1", "terms": [{"code": "FEMALE", "label": "女"}]}
        form = {"id": "f", "version": 1, "code": "RU_HU", "changed": "1", "questions": []}
        lists, forms = [words] if listsSince is None else [], [form] if formsSince is None else []
        return {"codeLists": lists, "surveyForms": forms}

    def SyncHouseholds(self, checkpoint: Document | None, limit: int) -> Document:
        return {"pullHouseholds": self.page("households", checkpoint, limit)}

    def SyncVisits(self, checkpoint: Document | None, limit: int) -> Document:
        return {"pullVisits": self.page("visits", checkpoint, limit)}

    def page(self, stream: str, checkpoint: Document | None, limit: int) -> Document:
        """A cursor is the history, then how much of a snapshot (by id) or of the feed (by number) was read."""
        history, kind, at = (checkpoint or {"cursor": f"{self.history}/s/"})["cursor"].split("/")
        is_reset = history != self.history
        if is_reset:
            kind, at = "s", ""
        here = self.documents[stream]
        if kind == "s":
            ids = sorted(id for id in here if id > at.partition("@")[2])
            began = at.partition("@")[0] or str(len(self.feed[stream]))
            documents = [here[id] for id in ids[:limit]]
            has_more = len(ids) > limit
            cursor = f"s/{began}@{documents[-1]['id']}" if has_more else f"f/{began}"
        else:
            changed = self.feed[stream][int(at) : int(at) + limit]
            documents = [here.get(id, {"id": id, "isDeleted": True}) for id in changed]
            has_more = int(at) + limit < len(self.feed[stream])
            cursor = f"f/{int(at) + len(changed)}"
        checkpoint = {"cursor": f"{self.history}/{cursor}"}
        return {"documents": documents, "checkpoint": checkpoint, "hasMore": has_more, "isReset": is_reset}

    def SubmitVisits(self, visits: list[Document], sentAt: str) -> Document | Answer:
        if len(visits) > self.greatest_batch:
            return an_answer({"errors": [{"message": "!", "extensions": {"code": "BODY_TOO_LARGE"}}]}, 413)
        results = [self.judge(visit) for visit in visits]
        return {"submitVisits": {"results": results, "errors": []}}

    def judge(self, visit: Document) -> Document:
        outcome, content = self.submissions.get(visit["id"], (None, None))
        if outcome == "APPLIED":
            outcome = "REPLAYED" if content == visit else "CONFLICT"
        elif visit.get("note") == "refuse me":
            outcome = "REJECTED"
        elif visit["householdId"] not in self.documents["households"]:
            outcome = "DEFERRED"
        else:
            outcome = "APPLIED"
            self.put("visits", visit["id"], **visit)
        if outcome in ("APPLIED", "REJECTED", "DEFERRED"):
            self.submissions[visit["id"]] = (outcome, visit)
        return {"id": visit["id"], "outcome": outcome, "errors": []}

    def PushHouseholds(self, rows: list[Document]) -> Document:
        errors = []
        for position, row in enumerate(rows):
            digest = json.dumps(row, sort_keys=True)
            base, new = row["assumedMasterState"], row["newDocumentState"]
            current = self.documents["households"].get(new["id"])
            if digest in self.pushed:
                continue
            if current is None:
                errors.append(user_error("NOT_FOUND", "rows", str(position)))
                continue
            changes = {name for name in new if new[name] != base.get(name)}
            clashes = [name for name in changes if current.get(name) not in (base.get(name), new[name])]
            errors += [user_error("FIELD_CONFLICT", "rows", str(position), name) for name in clashes]
            if not clashes:
                self.put("households", new["id"], **{name: new[name] for name in changes})
                self.pushed.append(digest)
        return {"pushHouseholds": {"conflicts": [], "errors": errors}}
