"""Tokens for signed assertions."""

import base64
import hashlib
from urllib.parse import urlencode

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from daemon.sandbox.emulator import Emulator
from daemon.sandbox.exchange import Request
from daemon.sandbox.settings import Client, Company, Settings, Switches
from tests.sandbox.office import (
    BASE_URL,
    CLIENT_ID,
    KEY,
    NOON,
    OTHER_KEY,
    Answer,
    Office,
    assertion,
    certificate_der,
    credentials,
    foreign_credentials,
    read,
    settings,
    token_form,
    token_request,
)  # fmt: skip


def _asked(emulator: Emulator, given: str, **changes: str) -> Answer:
    return read(emulator.handle(token_request(token_form(client_assertion=given, **changes)), NOON))


def _thumbprint(der: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).rstrip(b"=").decode()


def test_token() -> None:
    """A valid assertion is worth a bearer token of an hour."""
    answer = _asked(Emulator(settings()), assertion())
    assert (200, 3600, "Bearer", "AppFramework") == (
        answer.status, answer.row["expires_in"], answer.row["token_type"], answer.row["scope"],
    )  # fmt: skip


def test_token_ends() -> None:
    """A token is good until its last second, then the API denies it."""
    office = Office(settings(switches=Switches(token_lifetime_seconds=60)))
    statuses: list[int] = []
    for office.now in (NOON + 59.9, NOON + 60):
        statuses.append(office.get("companysettings/1").status)
    assert [200, 401] == statuses


@pytest.mark.parametrize("headers", [
    {},
    {"kid": "whatever"},
    {"x5t": _thumbprint(certificate_der())},
    {"x5c": [base64.b64encode(certificate_der()).decode()]},
])  # fmt: skip
def test_headers_that_are_not_asked_for(headers: dict[str, object]) -> None:
    """Nothing but the signature is demanded of the header; the client's own certificate may be named."""
    assert 200 == _asked(Emulator(settings()), assertion(headers=headers)).status


@pytest.mark.parametrize("headers", [
    {"x5t": "AAAA"},
    {"x5t": 5},
    {"x5c": ["AAAA"]},
    {"x5c": []},
    {"x5c": "text"},
    {"x5c": ["not base64!"]},
])  # fmt: skip
def test_another_certificate(headers: dict[str, object]) -> None:
    """A certificate that is named must be the registered one."""
    answer = _asked(Emulator(settings()), assertion(headers=headers))
    assert (400, "invalid_client") == (answer.status, answer.row["error"])


@pytest.mark.parametrize("claims", [
    {"iss": "another"},
    {"iss": None},
    {"sub": "another"},
    {"sub": None},
    {"aud": BASE_URL},
    {"aud": None},
    {"aud": [f"{BASE_URL}/connect/token", "more"]},
    {"exp": int(NOON) - 6},
    {"exp": None},
    {"exp": "soon"},
    {"nbf": int(NOON) + 6},
    {"iat": int(NOON) + 6},
    {"jti": None},
    {"jti": ""},
    {"jti": 5},
])  # fmt: skip
def test_wrong_claims(claims: dict[str, object]) -> None:
    """Each claim is checked: a wrong one is an invalid client."""
    answer = _asked(Emulator(settings()), assertion(claims))
    assert (400, "invalid_client") == (answer.status, answer.row["error"])


@pytest.mark.parametrize("claims", [
    {"iat": None},
    {"exp": int(NOON) - 4},
    {"nbf": int(NOON) + 4},
    {"aud": [f"{BASE_URL}/connect/token"]},
    {"exp": NOON + 30.5},
])  # fmt: skip
def test_tolerated_claims(claims: dict[str, object]) -> None:
    """Clocks may differ by the skew, and only what matters is required."""
    assert 200 == _asked(Emulator(settings()), assertion(claims)).status


def test_replay() -> None:
    """An assertion is worth one token."""
    emulator = Emulator(settings())
    assert [200, 400] == [_asked(emulator, assertion()).status for _ in range(2)]


def test_refused_assertion_does_not_use_up_its_jti() -> None:
    """A jti of an assertion with a wrong audience can still be used."""
    emulator = Emulator(settings())
    assert [400, 200] == [_asked(emulator, assertion(claims)).status for claims in ({"aud": "x"}, {})]


def test_another_key() -> None:
    """A signature by a key that is not registered proves nothing."""
    answer = _asked(Emulator(settings()), assertion(key=foreign_credentials().private_key))
    assert (400, "invalid_client") == (answer.status, answer.row["error"])


def test_other_algorithms() -> None:
    """Only RS256 is accepted, not even RS384, and certainly not none."""
    claims = {"iss": CLIENT_ID, "sub": CLIENT_ID, "aud": f"{BASE_URL}/connect/token", "jti": "1", "exp": NOON + 60}
    stronger = jwt.encode(claims, credentials().private_key, algorithm="RS384")
    unsigned = jwt.encode(claims, "", algorithm="none")
    assert [400, 400] == [_asked(Emulator(settings()), given).status for given in (stronger, unsigned)]


@pytest.mark.parametrize(("changes", "error"), [
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": ""}, "invalid_request"),
    ({"client_id": "unknown"}, "invalid_client"),
    ({"client_id": ""}, "invalid_request"),
    ({"client_assertion_type": "secret"}, "invalid_client"),
    ({"scope": "Sales.Admin"}, "invalid_scope"),
    ({"scope": "AppFramework Sales.Admin"}, "invalid_scope"),
    ({"scope": ""}, "invalid_request"),
])  # fmt: skip
def test_wrong_forms(changes: dict[str, str], error: str) -> None:
    """Each field of the form has its standard OAuth2 error."""
    answer = _asked(Emulator(settings()), assertion(), **changes)
    assert (400, error) == (answer.status, answer.row["error"])


@pytest.mark.parametrize("given", ["", "x", "a.b.c", "é"])
def test_no_assertion(given: str) -> None:
    """What is no assertion is refused, not a fault of the server."""
    assert 400 == _asked(Emulator(settings()), given).status


def test_form_only() -> None:
    """The token endpoint reads forms and nothing else."""
    request = token_request(token_form(client_assertion=assertion()), "application/json")
    assert "invalid_request" == read(Emulator(settings()).handle(request, NOON)).row["error"]


def test_public_key_client() -> None:
    """A client may be registered with its bare public key; a certificate of that key is its own."""
    key = load_pem_private_key(credentials().private_key, None).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    given = Settings(companies=(), clients=(Client(CLIENT_ID, pem),), base_url=BASE_URL)
    own = {"x5c": [base64.b64encode(certificate_der()).decode()]}
    wrong = {"x5c": [base64.b64encode(b"nonsense").decode()]}
    assert [200, 200, 400] == [
        _asked(Emulator(given), assertion(headers=headers)).status for headers in ({}, own, wrong)
    ]


def test_discovery() -> None:
    """The discovery document names the token endpoint, below the issuer."""
    emulator = Emulator(Settings(companies=(), clients=(), base_url=BASE_URL, issuer="https://login.example/id"))
    answer = read(emulator.handle(Request("GET", "/id/.well-known/openid-configuration"), NOON))
    assert ("https://login.example/id", "https://login.example/id/connect/token") == (
        answer.row["issuer"], answer.row["token_endpoint"],
    )  # fmt: skip
    form = token_form(client_assertion="x")
    request = Request("POST", "/id/connect/token", "", {"content-type": "application/x-www-form-urlencoded"},
                      urlencode(form).encode())  # fmt: skip
    assert "invalid_client" == read(emulator.handle(request, NOON)).row["error"]


def test_endpoints_need_no_token() -> None:
    """The service map is open to all and names the identity provider."""
    answer = read(Emulator(settings()).handle(Request("GET", "/api/endpoints"), NOON))
    assert (BASE_URL, BASE_URL) == (answer.row["Identity"], answer.row["AppFramework"])


def _companies(emulator: Emulator, token: str) -> Answer:
    return read(emulator.handle(Request("GET", "/api/init/companies", "", {"authorization": f"Bearer {token}"}), NOON))


def test_companies() -> None:
    """The companies open to a client need a token and no company key."""
    office = Office()
    rows = _companies(office.emulator, office.token).rows
    assert [("Fjellvik AS", KEY), ("Havgard AS", OTHER_KEY)] == [(row["Name"], row["Key"]) for row in rows]
    assert 401 == _companies(office.emulator, "x").status


def test_companies_under_other_names() -> None:
    """Rows may carry CompanyKey and CompanyName instead."""
    office = Office(settings(switches=Switches(prefixed_company_fields=True)))
    row = _companies(office.emulator, office.token).rows[0]
    assert ("Fjellvik AS", KEY) == (row["CompanyName"], row["CompanyKey"])


@pytest.mark.parametrize(("switches", "status"), [(Switches(), 401), (Switches(unknown_company_status=403), 403)])
def test_unknown_company(switches: Switches, status: int) -> None:
    """An unknown, missing or not activated company key is denied; leaving it out is blamed."""
    office = Office(settings(switches=switches))
    statuses: list[int] = []
    for office.company in ("00000000-0000-0000-0000-000000000000", ""):
        statuses.append(office.get("customers").status)
    assert ([status, status], ["missing_company_key"]) == (statuses, office.rules)


def test_company_that_has_not_activated() -> None:
    """A company is open only to clients whose integration it has activated."""
    closed = Company("Fjellvik AS", KEY, activated_by=("another",))
    office = Office(Settings(companies=(closed,), clients=settings().clients, base_url=BASE_URL))
    assert (401, []) == (office.get("customers").status, _companies(office.emulator, office.token).rows)


def test_company_key_in_any_case() -> None:
    """A company key is a guid, in any case."""
    office = Office()
    office.company = KEY.upper()
    assert 200 == office.get("customers").status


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic x"])
def test_bearer(header: str) -> None:
    """A call without a living token is denied with the documented message."""
    answer = Office().call("GET", "customers", authorization=header)
    assert (401, {"Message": "Authorization has been denied for this request."}) == (answer.status, answer.json)


def test_outside_the_api() -> None:
    """What lies outside the API is denied rather than not found."""
    emulator = Emulator(settings())
    requests = (
        Request("GET", "/"),
        Request("GET", "/api/metadata/x"),
        Request("POST", "/x"),
        Request("GET", "/api/biz"),
    )
    assert [401] * 4 == [emulator.handle(request, NOON).status for request in requests]
