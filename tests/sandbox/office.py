"""A sandbox with one signed-in client, for tests that talk to it as the daemon does."""

import base64
import datetime as dt
import functools
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import uuid4

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.sandbox.credentials import Credentials, issued
from daemon.sandbox.documents import Json, Row
from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request, Response
from daemon.sandbox.faults import FaultPlan
from daemon.sandbox.identity import ASSERTION_TYPE
from daemon.sandbox.settings import Client, Company, Settings, Switches

NOON = 1_770_120_000.0
"""2026-02-03T12:00:00Z."""

BASE_URL = "https://regnskap.example"
CLIENT_ID = "moment"
KEY = "6f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e11"
OTHER_KEY = "0d9c1f56-5c22-4a38-9d41-7f3a1f6b9c02"


@functools.cache
def credentials() -> Credentials:
    """The key and certificate of the registered client, made once."""
    return issued(CLIENT_ID, dt.datetime.fromtimestamp(NOON, dt.UTC))


@functools.cache
def foreign_credentials() -> Credentials:
    """A key and certificate that nobody registered."""
    return issued(CLIENT_ID, dt.datetime.fromtimestamp(NOON, dt.UTC))


def settings(
    *,
    quota: float | None = None,
    faults: FaultPlan | None = None,
    switches: Switches | None = None,
    base_url: str = BASE_URL,
) -> Settings:
    """Two companies, and one client that both have activated."""
    return Settings(
        companies=(Company("Fjellvik AS", KEY, quota), Company("Havgard AS", OTHER_KEY)),
        clients=(Client(CLIENT_ID, credentials().certificate),),
        base_url=base_url,
        faults=faults or FaultPlan(),
        switches=switches or Switches(),
    )


def assertion(
    claims: Mapping[str, object] | None = None,
    headers: Mapping[str, object] | None = None,
    *,
    now: float = NOON,
    key: bytes | None = None,
    token_endpoint: str = f"{BASE_URL}/connect/token",
) -> str:
    """A signed assertion; `claims` replaces some of its claims, None takes one out."""
    whole: dict[str, object] = {
        "iss": CLIENT_ID,
        "sub": CLIENT_ID,
        "aud": token_endpoint,
        "jti": f"{now}",
        "iat": int(now),
        "exp": int(now) + 60,
        **(claims or {}),
    }
    kept = {name: value for name, value in whole.items() if value is not None}
    signing = credentials().private_key if key is None else key
    return jwt.encode(kept, _loaded(signing), algorithm="RS256", headers=dict(headers or {}))


@functools.cache
def _loaded(pem: bytes) -> RSAPrivateKey:
    key = load_pem_private_key(pem, None)
    assert isinstance(key, RSAPrivateKey)
    return key


def token_form(**changes: str) -> dict[str, str]:
    """The form of a token request, with some fields changed."""
    return {
        "grant_type": "client_credentials",
        "scope": "AppFramework",
        "client_id": CLIENT_ID,
        "client_assertion_type": ASSERTION_TYPE,
    } | changes


def token_request(form: Mapping[str, str], content_type: str = "application/x-www-form-urlencoded") -> Request:
    """The request that posts `form` to the token endpoint."""
    return Request("POST", "/connect/token", "", {"content-type": content_type}, urlencode(form).encode())


def certificate_der() -> bytes:
    """The registered certificate, without its PEM clothes."""
    lines = credentials().certificate.decode().strip().splitlines()
    return base64.b64decode("".join(lines[1:-1]))


class Answer(msgspec.Struct, frozen=True):
    """A response with its body read."""

    status: int
    json: Json
    response: Response

    @property
    def rows(self) -> list[Row]:
        """The body as an array of objects."""
        assert isinstance(self.json, list)
        return [row for row in self.json if isinstance(row, dict)]

    @property
    def row(self) -> Row:
        """The body as an object."""
        assert isinstance(self.json, dict)
        return self.json


class Office:
    """An emulator and a client that holds a token for it. `now` is what the clock says at the next call."""

    def __init__(
        self,
        given: Settings | None = None,
        *,
        emulator: Emulator | None = None,
        company: str = KEY,
        signed_in: bool = True,
    ) -> None:
        self.emulator = emulator or Emulator(given or settings())
        self.company = company
        self.now = NOON
        self.token = ""
        if signed_in:
            self.sign_in()

    def sign_in(self) -> None:
        """Take a new token."""
        form = token_form(client_assertion=assertion({"jti": str(uuid4())}, now=self.now))
        answer = read(self.emulator.handle(token_request(form), self.now))
        self.token = str(answer.row["access_token"])

    def call(self, method: str, path: str, body: Json = None, *, query: str = "", **headers: str) -> Answer:
        """One call to `/api/biz`."""
        given = {"authorization": f"Bearer {self.token}", "companykey": self.company}
        if body is not None:
            given["content-type"] = "application/json"
        content = b"" if body is None else msgspec.json.encode(body)
        request = Request(method, f"/api/biz/{path}", query, given | headers, content)
        return read(self.emulator.handle(request, self.now))

    def raw(self, method: str, path: str, body: bytes, content_type: str) -> Answer:
        """A call whose body is sent as it is."""
        headers = {"authorization": f"Bearer {self.token}", "companykey": self.company, "content-type": content_type}
        return read(self.emulator.handle(Request(method, f"/api/biz/{path}", "", headers, body), self.now))

    def get(self, path: str, **parameters: str) -> Answer:
        """A GET with encoded parameters."""
        return self.call("GET", path, query=urlencode(parameters))

    def post(self, path: str, body: Json) -> Answer:
        """A POST of JSON."""
        return self.call("POST", path, body)

    def put(self, path: str, body: Json) -> Answer:
        """A PUT of JSON."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        """A DELETE."""
        return self.call("DELETE", path)

    def customer(self, number: int, name: str = "Havgard Eiendom AS", **columns: Json) -> Row:
        """A new customer, which must be accepted."""
        answer = self.post("customers", {"CustomerNumber": number, "Info": {"Name": name}, **columns})
        assert answer.status == 201, answer.json
        return answer.row

    @property
    def rules(self) -> list[str]:
        """The rules that were broken so far."""
        return [violation.rule for violation in self.emulator.history.violations]


def read(response: Response) -> Answer:
    """The response with its body read; an empty body is None."""
    return Answer(response.status, msgspec.json.decode(response.body) if response.body else None, response)


def inside(value: Json, *path: str | int) -> Json:
    """What lies at `path` inside a JSON value."""
    for step in path:
        if isinstance(value, dict):
            value = value[str(step)]
        else:
            assert isinstance(value, list)
            assert isinstance(step, int)
            value = value[step]
    return value
