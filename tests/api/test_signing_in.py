"""People: name and password, second factor, lock-out, one-time codes."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from api.auth.asking import Hashing
from api.logging import as_json
from domain.base.errors import TryAgain
from domain.demo.personas import account_id
from domain.signing_in.rules import NAME_LIMITS, totp
from tests import databases
from tests.api.signing import PASSWORD, call, give_password, proof, refused_with, sign_in, trace, who
from tests.world import World


async def test_a_name_and_a_password_bring_tokens_that_are_good_for_a_quarter_of_an_hour(world: World) -> None:
    name = await give_password(world, "cadre")
    tokens = await sign_in(world, name)
    assert tokens["expiresIn"] == 900
    assert tokens["accountId"] == str(account_id("cadre"))
    assert await who(world, tokens["accessToken"]) == "李桂芳"
    assert (await trace(world, "signed_in", "cadre"))[-1] == {"secondFactor": "none", "session": tokens["sessionId"]}


async def test_the_name_may_be_typed_in_capitals_and_full_width(world: World) -> None:
    await give_password(world, "cadre")
    assert (await call(world, "/auth/sign-in", proof(" ＣＡＤＲＥ "))).status_code == 200


async def test_a_wrong_password_and_a_name_that_nobody_has_are_answered_alike(world: World) -> None:
    await give_password(world, "cadre")
    wrong = await call(world, "/auth/sign-in", proof("cadre", "not my password"))
    nobody = await call(world, "/auth/sign-in", proof("nobody-has-this", PASSWORD))
    assert refused_with(wrong) == refused_with(nobody) == (401, "SIGN_IN_FAILED")
    first, second = (answer.json()["errors"][0] for answer in (wrong, nobody))
    assert first["message"] == second["message"]
    assert {"requestId", "code", "path"} == first["extensions"].keys()
    assert wrong.headers.keys() == nobody.headers.keys()
    assert (await trace(world, "sign_in_failed", "cadre"))[-1] == {"reason": "password"}


async def test_an_unknown_name_costs_the_same_work(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted, not timed: one look at a hash, whoever is asked for."""
    from domain.signing_in import passwords

    looked: list[str] = []
    verify = passwords.Argon2id.verify_phc_encoded

    class Counting:
        @staticmethod
        def verify_phc_encoded(material: bytes, phc: str) -> None:
            looked.append(phc)
            verify(material, phc)

    monkeypatch.setattr(passwords, "Argon2id", Counting)
    await give_password(world, "cadre")
    for name in ("cadre", "nobody-has-this"):
        await call(world, "/auth/sign-in", proof(name, "not my password"))
    assert len(looked) == 2
    assert looked[1] == passwords.NOBODYS


@pytest.mark.parametrize("name", ["cadre", "nobody-has-this"])
async def test_a_name_is_locked_after_some_failures_whether_or_not_somebody_has_it(world: World, name: str) -> None:
    await give_password(world, "cadre")
    for _ in range(NAME_LIMITS.free + 1):
        assert refused_with(await call(world, "/auth/sign-in", proof(name, "wrong"))) == (401, "SIGN_IN_FAILED")
    locked = await call(world, "/auth/sign-in", proof(name))  # the right password, too late
    assert refused_with(locked) == (429, "TOO_MANY_ATTEMPTS")
    assert 1 <= int(locked.headers["retry-after"]) <= 30
    assert await trace(world, "sign_in_locked")


async def test_a_lock_ends_and_the_right_password_makes_up_for_it(world: World) -> None:
    name = await give_password(world, "cadre")
    for _ in range(NAME_LIMITS.free + 1):
        await call(world, "/auth/sign-in", proof(name, "wrong"))
    await world.sql.execute("UPDATE sign_in_attempt SET locked_until = now() WHERE locked_until IS NOT NULL")
    await sign_in(world, name)
    assert await world.sql.fetchval("SELECT count(*) FROM sign_in_attempt WHERE locked_until IS NOT NULL") == 0
    assert await world.sql.fetchval("SELECT min(failures) FROM sign_in_attempt") == 0


async def test_many_guesses_at_once_are_no_more_than_one_after_the_other(world: World) -> None:
    name = await give_password(world, "cadre")
    answers = await asyncio.gather(*(call(world, "/auth/sign-in", proof(name, f"guess {n}")) for n in range(16)))
    looked_at = [answer for answer in answers if refused_with(answer) == (401, "SIGN_IN_FAILED")]
    assert len(looked_at) == NAME_LIMITS.free + 1


async def test_an_address_that_tries_many_names_is_locked(world: World) -> None:
    await give_password(world, "cadre")
    await call(world, "/auth/sign-in", proof("spray-0", "wrong"))
    await world.sql.execute("UPDATE sign_in_attempt SET failures = 50")  # the address's too
    await call(world, "/auth/sign-in", proof("spray-1", "wrong"))
    assert refused_with(await call(world, "/auth/sign-in", proof("spray-2"))) == (429, "TOO_MANY_ATTEMPTS")
    assert refused_with(await call(world, "/auth/sign-in", proof("cadre"))) == (429, "TOO_MANY_ATTEMPTS")
    await world.sql.execute("DELETE FROM sign_in_attempt")


async def test_no_table_holds_an_address_or_a_name_that_was_tried(world: World) -> None:
    await give_password(world, "cadre")
    await call(world, "/auth/sign-in", proof("somebody-else", "wrong"))
    subjects = [row["subject"] for row in await world.sql.fetch("SELECT subject FROM sign_in_attempt")]
    assert len(subjects) == 2
    assert all(len(bytes.fromhex(subject)) == 32 for subject in subjects)


async def test_a_disabled_account_is_nobody(world: World) -> None:
    name = await give_password(world, "other_cadre")
    tokens = await sign_in(world, name)
    await world.sql.execute("UPDATE account SET disabled_at = now() WHERE id = $1", account_id("other_cadre"))
    assert refused_with(await call(world, "/auth/sign-in", proof(name))) == (401, "SIGN_IN_FAILED")
    again = {"refreshToken": tokens["refreshToken"], "deviceId": "phone-1"}
    assert refused_with(await call(world, "/auth/refresh", again)) == (401, "SESSION_REVOKED")
    await world.sql.execute("UPDATE account SET disabled_at = NULL WHERE id = $1", account_id("other_cadre"))


async def test_personas_sign_in_nowhere_in_production(world: World) -> None:
    name = await give_password(world, "cadre")
    tokens = await sign_in(world, name)
    settings = world.settings.model_copy(update={"env": "production"})
    async with World.of(settings, str(world.settings.database_url)) as production:
        assert refused_with(await call(production, "/auth/sign-in", proof(name))) == (401, "SIGN_IN_FAILED")
        again = {"refreshToken": tokens["refreshToken"], "deviceId": "phone-1"}
        assert refused_with(await call(production, "/auth/refresh", again)) == (401, "NOT_SIGNED_IN")
        assert await who(production, tokens["accessToken"]) is None


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ({}, "REQUIRED"),
        ({"loginName": "cadre"}, "REQUIRED"),
        (proof("cadre", ""), "REQUIRED"),
        (proof("cadre") | {"loginName": 7}, "REQUIRED"),
        (proof("c\x00dre"), "REQUIRED"),
        (proof("c" * 201), "TOO_LONG"),
        (proof("cadre", "p" * 1001), "TOO_LONG"),
        (proof("cadre", device=""), "REQUIRED"),
    ],
)
async def test_what_is_no_sign_in_is_refused(world: World, sent: dict[str, str], code: str) -> None:
    assert refused_with(await call(world, "/auth/sign-in", sent)) == (400, code)


@pytest.mark.parametrize(
    ("content", "kind", "refused"),
    [
        (b"{", "application/json", (400, "BAD_JSON")),
        (b'{"loginName": "a", "loginName": "b"}', "application/json", (400, "KEY_REPEATED")),
        (b"[]", "application/json", (400, "NOT_AN_OBJECT")),
        (b"{}", "text/plain", (415, "UNSUPPORTED_MEDIA_TYPE")),
        (b'{"a":"' + b"a" * 20_000 + b'"}', "application/json", (413, "BODY_TOO_LARGE")),
    ],
)
async def test_a_body_that_is_none_is_refused(
    world: World, content: bytes, kind: str, refused: tuple[int, str]
) -> None:
    answer = await world.client.post("/auth/sign-in", content=content, headers={"Content-Type": kind})
    assert refused_with(answer) == refused


async def test_a_get_tells_nothing(world: World) -> None:
    assert (await world.client.get("/auth/sign-in")).status_code == 405


# --- the second factor -------------------------------------------------------------------------------------------------


def code_now(letters: str, steps: int = 0) -> str:
    return totp(base64.b32decode(letters), int(datetime.now(UTC).timestamp()) // 30 + steps)


async def with_second_factor(world: World, persona: str) -> tuple[str, str]:
    """A persona whose second factor is on, and its secret. The code it was turned on with lies a step back."""
    token = (await sign_in(world, await give_password(world, persona)))["accessToken"]
    begun = (await call(world, "/auth/second-factor", {"password": PASSWORD}, token)).json()
    assert begun["uri"].startswith(f"otpauth://totp/ruhu:{persona}?secret=")
    sent = {"enrolment": begun["enrolment"], "code": code_now(begun["secret"], -1)}
    assert (await call(world, "/auth/second-factor/confirm", sent, token)).json() == {"isOn": True}
    return token, begun["secret"]


async def test_with_a_second_factor_the_password_alone_is_not_enough(world: World) -> None:
    _, secret = await with_second_factor(world, "auditor")
    assert refused_with(await call(world, "/auth/sign-in", proof("auditor"))) == (401, "SECOND_FACTOR_REQUIRED")
    wrong = proof("auditor", totp=code_now(secret, 5))
    assert refused_with(await call(world, "/auth/sign-in", wrong)) == (401, "SIGN_IN_FAILED")
    guessed = proof("auditor", "not my password", totp=code_now(secret))
    assert refused_with(await call(world, "/auth/sign-in", guessed)) == (401, "SIGN_IN_FAILED")
    await sign_in(world, "auditor", totp=code_now(secret))
    assert (await trace(world, "signed_in", "auditor"))[-1]["secondFactor"] == "totp"


async def test_a_code_is_good_once(world: World) -> None:
    _, secret = await with_second_factor(world, "auditor")
    code = code_now(secret)
    both = await asyncio.gather(
        *(call(world, "/auth/sign-in", proof("auditor", device=f"d{n}", totp=code)) for n in range(2))
    )
    assert sorted(answer.status_code for answer in both) == [200, 401]
    assert (await trace(world, "sign_in_failed", "auditor"))[-1] == {"reason": "second factor used twice"}


async def test_the_secret_stands_sealed_and_opens_for_its_account_only(world: World) -> None:
    _, secret = await with_second_factor(world, "auditor")
    sealed = await world.sql.fetchval("SELECT totp_sealed FROM credential WHERE login_name = 'auditor'")
    assert base64.b32decode(secret) not in sealed
    await give_password(world, "hotline_operator")
    await world.sql.execute("UPDATE credential SET totp_sealed = $1 WHERE login_name = 'hotline_operator'", sealed)
    moved = proof("hotline_operator", totp=code_now(secret))
    assert refused_with(await call(world, "/auth/sign-in", moved)) == (401, "SIGN_IN_FAILED")


async def test_it_is_turned_off_with_password_and_code(world: World) -> None:
    token, secret = await with_second_factor(world, "auditor")
    again = await call(world, "/auth/second-factor", {"password": PASSWORD}, token)
    assert refused_with(again) == (400, "SECOND_FACTOR_IS_ON")
    for sent in ({"password": "wrong", "code": code_now(secret)}, {"password": PASSWORD, "code": code_now(secret, 5)}):
        assert refused_with(await call(world, "/auth/second-factor/off", sent, token)) == (401, "SIGN_IN_FAILED")
    used = {"password": PASSWORD, "code": code_now(secret, -1)}
    assert refused_with(await call(world, "/auth/second-factor/off", used, token)) == (401, "SIGN_IN_FAILED")
    off = await call(world, "/auth/second-factor/off", {"password": PASSWORD, "code": code_now(secret)}, token)
    assert off.json() == {"isOn": False}
    await sign_in(world, "auditor")


async def test_codes_are_not_guessed_by_turning_it_off(world: World) -> None:
    """Not one after the other, not at once, and not with the right password elsewhere in between."""
    token, secret = await with_second_factor(world, "auditor")
    wrong = {"password": PASSWORD, "code": code_now(secret, 5)}
    answers = await asyncio.gather(*(call(world, "/auth/second-factor/off", wrong, token) for _ in range(4)))
    assert {refused_with(answer) for answer in answers} == {(401, "SIGN_IN_FAILED")}
    same = {"currentPassword": PASSWORD, "newPassword": PASSWORD}
    assert (await call(world, "/auth/password", same, token)).status_code == 200
    answers = [await call(world, "/auth/second-factor/off", wrong, token) for _ in range(3)]
    assert [refused_with(answer)[0] for answer in answers] == [401, 401, 429]


@pytest.mark.parametrize("enrolment", ["", "!", "AAAA", base64.b64encode(b"x" * 80).decode()])
async def test_an_enrolment_that_is_not_ours_is_refused(world: World, enrolment: str) -> None:
    token = (await sign_in(world, await give_password(world, "auditor")))["accessToken"]
    answer = await call(world, "/auth/second-factor/confirm", {"enrolment": enrolment, "code": "123456"}, token)
    assert answer.status_code in (400, 401)


async def test_an_enrolment_is_good_for_a_quarter_of_an_hour(world: World) -> None:
    token = (await sign_in(world, await give_password(world, "auditor")))["accessToken"]
    letters = base64.b32encode(b"x" * 20).decode()
    ring = await databases.ring(world.sql)
    for seconds, status in ((-1, 401), (60, 200)):
        pending = {"secret": letters, "until": datetime.now(UTC).timestamp() + seconds}
        sealed = ring.seal("enrolment", account_id("auditor"), json.dumps(pending))
        sent = {"enrolment": base64.b64encode(sealed).decode(), "code": code_now(letters)}
        assert (await call(world, "/auth/second-factor/confirm", sent, token)).status_code == status
    assert refused_with(
        await call(world, "/auth/second-factor/confirm", sent | {"code": code_now(letters, 5)}, token)
    ) == (401, "SIGN_IN_FAILED")


async def test_an_enrolment_of_somebody_else_is_refused(world: World) -> None:
    token = (await sign_in(world, await give_password(world, "auditor")))["accessToken"]
    begun = (await call(world, "/auth/second-factor", {"password": PASSWORD}, token)).json()
    other = (await sign_in(world, await give_password(world, "hotline_operator")))["accessToken"]
    sent = {"enrolment": begun["enrolment"], "code": code_now(begun["secret"])}
    assert refused_with(await call(world, "/auth/second-factor/confirm", sent, other)) == (401, "SIGN_IN_FAILED")


# --- passwords -------------------------------------------------------------------------------------------------------


async def test_a_new_password_ends_all_other_sessions(world: World) -> None:
    name = await give_password(world, "cadre")
    here, elsewhere = await sign_in(world, name, "here"), await sign_in(world, name, "elsewhere")
    sent = {"currentPassword": PASSWORD, "newPassword": "a much longer one"}
    assert (await call(world, "/auth/password", sent, here["accessToken"])).json() == {"changed": True}
    assert await who(world, here["accessToken"]) == "李桂芳"
    assert await who(world, elsewhere["accessToken"]) is None
    assert refused_with(await call(world, "/auth/sign-in", proof(name))) == (401, "SIGN_IN_FAILED")
    assert (await call(world, "/auth/sign-in", proof(name, "a much longer one"))).status_code == 200


async def test_a_new_password_needs_the_old_one_and_must_not_be_weak(world: World) -> None:
    token = (await sign_in(world, await give_password(world, "cadre")))["accessToken"]
    wrong = {"currentPassword": "wrong", "newPassword": "a much longer one"}
    assert refused_with(await call(world, "/auth/password", wrong, token)) == (401, "SIGN_IN_FAILED")
    weak = {"currentPassword": PASSWORD, "newPassword": "cadre-cadre-cadre"}
    assert refused_with(await call(world, "/auth/password", weak, token)) == (400, "PASSWORD_WEAK")
    assert refused_with(await call(world, "/auth/password", weak)) == (401, "NOT_SIGNED_IN")


async def test_an_administrator_gives_a_one_time_code(world: World) -> None:
    name = await give_password(world, "cadre")
    tokens = await sign_in(world, name)
    boss = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    issued = (await call(world, "/auth/reset-codes", {"accountId": str(account_id("cadre"))}, boss)).json()
    assert issued["loginName"] == name
    sent = {"loginName": name, "code": issued["code"].lower(), "newPassword": "chosen by myself"}
    assert refused_with(await call(world, "/auth/password/reset", sent | {"code": "AAAA-AAAA-AAAA-AAAA"})) == (
        401,
        "SIGN_IN_FAILED",
    )
    assert (await call(world, "/auth/password/reset", sent)).json() == {"changed": True}
    assert refused_with(await call(world, "/auth/password/reset", sent)) == (401, "SIGN_IN_FAILED")
    assert await who(world, tokens["accessToken"]) is None
    assert (await call(world, "/auth/sign-in", proof(name, "chosen by myself"))).status_code == 200
    assert await trace(world, "password_reset_issued", "cadre")
    assert await trace(world, "password_reset", "cadre")
    kept = await world.sql.fetchrow("SELECT * FROM credential WHERE login_name = $1", name)
    assert issued["code"] not in str(dict(kept))


async def test_a_one_time_code_expires(world: World) -> None:
    await give_password(world, "cadre")
    boss = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    issued = (await call(world, "/auth/reset-codes", {"accountId": str(account_id("cadre"))}, boss)).json()
    late = datetime.now(UTC) - timedelta(seconds=1)
    await world.sql.execute("UPDATE credential SET code_until = $1 WHERE login_name = 'cadre'", late)
    sent = {"loginName": "cadre", "code": issued["code"], "newPassword": "chosen by myself"}
    assert refused_with(await call(world, "/auth/password/reset", sent)) == (401, "SIGN_IN_FAILED")


async def test_an_account_gets_its_login_name_with_its_first_code(world: World) -> None:
    boss = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    who_ = str(account_id("village_officer"))
    assert refused_with(await call(world, "/auth/reset-codes", {"accountId": who_}, boss)) == (404, "NOT_FOUND")
    bad = await call(world, "/auth/reset-codes", {"accountId": who_, "loginName": "a b"}, boss)
    assert refused_with(bad) == (400, "LOGIN_NAME_INVALID")
    await give_password(world, "cadre")
    taken = await call(world, "/auth/reset-codes", {"accountId": who_, "loginName": "Cadre"}, boss)
    assert refused_with(taken) == (400, "LOGIN_NAME_TAKEN")
    issued = (await call(world, "/auth/reset-codes", {"accountId": who_, "loginName": "鄢秀珠"}, boss)).json()
    sent = {"loginName": "鄢秀珠", "code": issued["code"], "newPassword": "chosen by myself"}
    assert (await call(world, "/auth/password/reset", sent)).status_code == 200
    assert (await call(world, "/auth/sign-in", proof("鄢秀珠", "chosen by myself"))).status_code == 200


async def test_only_administrators_give_codes(world: World) -> None:
    sent = {"accountId": str(account_id("cadre"))}
    for persona in ("county_officer", "cadre", "auditor"):
        token = world.headers(persona)["Authorization"].removeprefix("Bearer ")
        assert refused_with(await call(world, "/auth/reset-codes", sent, token)) == (403, "FORBIDDEN_ROLE")
    assert refused_with(await call(world, "/auth/reset-codes", sent)) == (401, "NOT_SIGNED_IN")
    boss = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    for wrong, refused in (
        ({}, (400, "REQUIRED")),
        ({"accountId": "x"}, (400, "ID_INVALID")),
        ({"accountId": str(uuid.uuid4()), "loginName": "somebody"}, (404, "NOT_FOUND")),
    ):
        assert refused_with(await call(world, "/auth/reset-codes", wrong, boss)) == refused


async def test_a_code_can_drop_a_lost_second_factor(world: World) -> None:
    await with_second_factor(world, "auditor")
    boss = world.headers("administrator")["Authorization"].removeprefix("Bearer ")
    lost = {"accountId": str(account_id("auditor")), "dropsSecondFactor": True}
    assert (await call(world, "/auth/reset-codes", lost, boss)).status_code == 200
    await sign_in(world, "auditor")


# --- what leaves no trace ----------------------------------------------------------------------------------------------


async def test_no_secret_reaches_the_log_or_the_audit(world: World, caplog: pytest.LogCaptureFixture) -> None:
    name = await give_password(world, "cadre")
    secrets = ["planted-password-7", "planted-device-9"]
    with caplog.at_level(logging.DEBUG):
        await call(world, "/auth/sign-in", proof(name, secrets[0], device=secrets[1]))
        tokens = await sign_in(world, name, secrets[1])
        again = {"refreshToken": tokens["refreshToken"], "deviceId": secrets[1]}
        rotated = (await call(world, "/auth/refresh", again)).json()
        await call(
            world, "/auth/password", {"currentPassword": PASSWORD, "newPassword": secrets[0]}, tokens["accessToken"]
        )
    secrets += [PASSWORD, tokens["accessToken"], tokens["refreshToken"], rotated["refreshToken"]]
    written = "\n".join(as_json.format(record) for record in caplog.records)
    entries = await world.sql.fetchval("SELECT string_agg(to_jsonb(a)::text, ' ') FROM audit_entry a")
    assert "answered" in written
    assert not [line for line in written.splitlines() if any(secret in line for secret in secrets)]
    assert not [secret for secret in secrets if secret in entries and secret != secrets[1]]


async def test_too_many_hashes_at_once_are_told_to_come_back() -> None:
    hashing = Hashing(at_once=1, waiting=1)
    started, gate = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> str:
        loop.call_soon_threadsafe(started.set)
        asyncio.run_coroutine_threadsafe(gate.wait(), loop).result()
        return "done"

    first = asyncio.create_task(hashing(work))
    await started.wait()
    with pytest.raises(TryAgain):
        await hashing(work)
    gate.set()
    assert await first == "done"
    assert await hashing(lambda: "again") == "again"
