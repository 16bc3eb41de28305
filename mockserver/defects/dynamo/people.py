"""Defects of organizations, of API keys and accounts, and of whoever installs and hosts charge points."""

from __future__ import annotations

from typing import Any

from mockserver.defects.altering import answer_body, instead, request_body
from mockserver.defects.defect import Answer, Defect, Memory, Request
from mockserver.defects.dynamo.kinds import at, body, only_said

_PREFERENCES = (
    "session_started",
    "session_ended",
    "charge_point_offline",
    "alert_triggered",
    "invoice_ready",
    "dispute_opened",
    "weekly_summary",
)
_TOKEN = {"access_token": "e30.e30.", "token_type": "Bearer", "expires_in": 3600, "installer_id": "ins_0"}


def _replaced(sent: Any, _: Request) -> None:
    sent["notification_preferences"] = dict.fromkeys(_PREFERENCES, False) | sent["notification_preferences"]


def _see_secret(_: Request, answer: Answer, memory: Memory) -> None:
    seen = answer.json
    if isinstance(seen, dict) and "key" in seen:
        memory[seen["id"]] = seen["key"]


def _with_secrets(_: Request, answer: Answer, memory: Memory) -> Answer:
    listed = answer.json
    for one in listed["keys"]:
        one["key"] = memory.get(one["id"])
    return answer.with_json(listed)


def _key_of_the_url(asked: Request, _: Memory) -> Request:
    key = asked.parameter("api_key")
    return asked.with_headers({"authorization": f"Bearer {key}"}) if key else asked


def _see_address(asked: Request, answer: Answer, memory: Memory) -> None:
    if asked.at is not None and asked.at.id == "sign-up-installer" and answer.is_success:
        memory[asked.json["email"]] = True


def _nobody(asked: Request, answer: Answer, memory: Memory) -> Answer:
    is_unknown = answer.status == 401 and asked.json["email"] not in memory
    return asked.refusal(401, "Nobody has this address.") if is_unknown else answer


DEFECTS = (
    Defect(
        "organization-merged",
        "A replacement of an organization that lacks a member is taken for a change of the others.",
        at("update-organization"),
        answer=instead(200, 422),
    ),
    Defect(
        "settings-replaced",
        "Notification preferences that are not sent are switched off.",
        at("update-organization-settings"),
        request=request_body(_replaced),
    ),
    Defect("owner-demoted", "The owner can be given another role.", at("update-member-role"), answer=instead(200, 409)),
    Defect("owner-removed", "The owner can be removed.", at("remove-member"), answer=instead(204, 409)),
    Defect("invited-twice", "An address can be invited twice.", at("create-invitation"), answer=instead(201, 409)),
    Defect("invited-as-owner", "Owners can be invited.", at("create-invitation"), answer=instead(201, 422)),
    Defect(
        "invitation-cancelled-again",
        "An invitation can be cancelled again.",
        at("cancel-invitation"),
        answer=instead(204, 404),
    ),
    Defect(
        "invitation-token-told",
        "Who invites is told the token of the invitation.",
        at("create-invitation"),
        answer=body(lambda invitation: invitation.update({"token": "e1Nw7"})),
    ),
    Defect(
        "invitation-over-at-birth",
        "An invitation expires when it is made.",
        at("create-invitation"),
        answer=body(lambda invitation: invitation.update(expires_at=invitation["created_at"])),
    ),
    Defect(
        "key-listed-with-its-secret",
        "The list of API keys shows the secrets of those that were made lately.",
        at("list-api-keys"),
        watch=_see_secret,
        answer=_with_secrets,
    ),
    Defect(
        "key-in-one-header-only",
        "`X-API-Key` is ignored where charge points are listed.",
        at("list-charge-points"),
        request=lambda asked, _: asked.without_header("x-api-key"),
    ),
    Defect(
        "key-taken-from-the-url",
        "An API key in the URL is as good as one in a header.",
        at("list-charge-points"),
        request=_key_of_the_url,
    ),
    Defect(
        "revoked-key-works",
        "Revoking an API key is answered with success, and the key stays.",
        at("revoke-api-key"),
        **only_said("/org/api-keys"),
    ),
    Defect(
        "webhook-secret-shown",
        "Who creates or changes a webhook endpoint is shown its secret.",
        at("create-webhook-endpoint", "update-webhook-endpoint"),
        answer=answer_body(lambda endpoint, asked: endpoint.update(secret=asked.json["secret"])),
    ),
    Defect("signed-up-twice", "An address can sign up twice.", at("sign-up-installer"), answer=instead(201, 409)),
    Defect(
        "token-for-a-day",
        "The token of a login is said to hold for a day.",
        at("log-in-installer"),
        answer=body(lambda token: token.update(expires_in=86_400)),
    ),
    Defect("any-password", "Any password is good.", at("log-in-installer"), answer=instead(200, 401, _TOKEN)),
    Defect(
        "addresses-told",
        "A login with an unknown address is told that nobody has it.",
        at("log-in-installer"),
        watch=_see_address,
        answer=_nobody,
    ),
    Defect(
        "unconfirmed-logs-in",
        "An address that was never confirmed can log in.",
        at("log-in-installer"),
        answer=instead(200, 403, _TOKEN),
    ),
    Defect(
        "logout-forgotten",
        "A logout is answered with success, and the token is good as before.",
        at("log-out-installer"),
        **only_said("/installer/projects"),
    ),
    Defect(
        "onboarded-again",
        "Onboarding can be completed again and again.",
        at("complete-onboarding"),
        answer=instead(200, 409),
    ),
    Defect(
        "complete-and-not",
        "Onboarding is at its last stage, and not complete.",
        at("get-onboarding-status"),
        answer=body(lambda status: status.update(is_complete=False)),
    ),
    Defect(
        "registered-twice",
        "A charge point id can be registered twice.",
        at("register-charge-point"),
        answer=instead(201, 409),
    ),
    Defect(
        "steps-backwards",
        "The steps of commissioning come in the opposite order.",
        at("start-commissioning"),
        answer=body(lambda run: run["steps"].reverse()),
    ),
    Defect(
        "another-run",
        "The status of commissioning is that of another run.",
        at("get-commissioning-status"),
        answer=body(lambda run: run.update(session_id="comm_0")),
    ),
    Defect(
        "passed-and-not-over",
        "A commissioning that runs is said to have passed.",
        at("get-commissioning-status"),
        answer=body(lambda run: run.update(status="passed", completed_at=None)),
    ),
    Defect(
        "two-runs-at-once",
        "A charge point can be commissioned twice at a time.",
        at("start-commissioning"),
        answer=instead(202, 409),
    ),
)
