"""The command `sandbox` as a process of its own."""

import argparse
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from daemon.cli.sandbox import add_arguments
from tests.sandbox.office import token_form

_CODE = """
import argparse, sys
from daemon.cli import sandbox
parser = argparse.ArgumentParser()
sandbox.add_arguments(parser)
sys.exit(sandbox.run(parser.parse_args()))
"""
_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 30.0


@contextmanager
def _running(*arguments: str) -> Generator[subprocess.Popen[str]]:
    """The command, ended at the end of the block if it has not ended by itself."""
    command = [sys.executable, "-c", _CODE, *arguments]
    process = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    with process:
        try:
            yield process
        finally:
            process.kill()


def _ready(process: subprocess.Popen[str], directory: Path) -> dict[str, Any]:
    """What `sandbox.json` says, once it is there."""
    path, deadline = directory / "sandbox.json", time.monotonic() + _PATIENCE_SECONDS
    while not path.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)
    document: dict[str, Any] = json.loads(path.read_bytes())
    return document


def _token(described: dict[str, Any]) -> str:
    """A token for the written key."""
    client, now = described["client_id"], time.time()
    key = load_pem_private_key(Path(described["private_key"]).read_bytes(), None)
    assert isinstance(key, RSAPrivateKey)
    endpoint = f"{described['issuer']}/connect/token"
    claims = {"iss": client, "sub": client, "aud": endpoint, "jti": str(uuid4()), "exp": now + 60}
    form = token_form(client_id=client, client_assertion=jwt.encode(claims, key, algorithm="RS256"))
    return str(httpx.post(endpoint, data=form).json()["access_token"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_files_lead_to_a_working_company(tmp_path: Path, number: signal.Signals) -> None:
    """With nothing but the written files a client signs in and reads; a signal ends the command with 0."""
    with _running("--port", "0", "--dir", str(tmp_path / "new"), "--companies", "2") as process:
        described = _ready(process, tmp_path / "new")
        company = described["companies"][0]
        headers = {"Authorization": f"Bearer {_token(described)}", "CompanyKey": company["key"]}
        accounts = httpx.get(f"{described['base_url']}/api/biz/accounts?filter=AccountNumber eq 3000", headers=headers)
        tenants = yaml.safe_load((tmp_path / "new" / "tenants.yaml").read_text())["tenants"]
        process.send_signal(number)
        assert 0 == process.wait(_PATIENCE_SECONDS)
    assert (200, 1) == (accounts.status_code, len(accounts.json()))
    assert {"fjellvik": {"company_key": company["key"], "notify": []}} == {
        name: tenant for name, tenant in tenants.items() if name == "fjellvik"
    }
    assert [company["key"] for company in described["companies"]] == [
        tenant["company_key"] for tenant in tenants.values()
    ]


def test_files(tmp_path: Path) -> None:
    """Three files and nothing half-written beside them, for the owner's eyes only; the key's path is absolute."""
    with _running("--port", "0", "--dir", str(tmp_path)) as process:
        described = _ready(process, tmp_path)
    assert {"private_key.pem", "tenants.yaml", "sandbox.json"} == {path.name for path in tmp_path.iterdir()}
    assert {0o600} == {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert {"base_url", "issuer", "client_id", "private_key", "companies"} == set(described)
    assert str(tmp_path / "private_key.pem") == described["private_key"]


def _statuses(described: dict[str, Any], calls: int) -> list[int]:
    """What so many calls were answered; 0 for a connection that was cut."""
    headers = {"Authorization": f"Bearer {_token(described)}", "CompanyKey": described["companies"][0]["key"]}
    statuses: list[int] = []
    with httpx.Client(base_url=described["base_url"], headers=headers, timeout=_PATIENCE_SECONDS) as client:
        for _ in range(calls):
            try:
                statuses.append(client.get("/api/biz/customers").status_code)
            except httpx.TransportError:
                statuses.append(0)
    return statuses


def test_quota(tmp_path: Path) -> None:
    """Asked for a quota, the sandbox enforces it: at one call in a hundred seconds the second is refused."""
    with _running("--port", "0", "--dir", str(tmp_path), "--quota", "0.01") as process:
        assert [200, 429] == _statuses(_ready(process, tmp_path), 2)


def test_faults(tmp_path: Path) -> None:
    """Asked for faults, the sandbox makes them, the same ones for the same seed."""
    seen: list[list[int]] = []
    for directory in (tmp_path / "first", tmp_path / "second"):
        with _running("--port", "0", "--dir", str(directory), "--faults", "0.9", "--seed", "3") as process:
            seen.append(_statuses(_ready(process, directory), 6))
    assert seen[0] == seen[1]
    assert {200} != set(seen[0])


def test_port_in_use(tmp_path: Path) -> None:
    """A port that is taken is one clear line and exit code 1, and no file is written."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with _running("--port", str(port), "--dir", str(tmp_path)) as process:
            _, errors = process.communicate(timeout=_PATIENCE_SECONDS)
    assert (1, 1, True) == (process.returncode, len(errors.splitlines()), "address already in use" in errors)
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("path", ["file/below", "file"])
def test_unwritable_directory(tmp_path: Path, path: str) -> None:
    """A directory that cannot be had is one clear line that names it, and exit code 1."""
    (tmp_path / "file").write_text("in the way")
    with _running("--port", "0", "--dir", str(tmp_path / path)) as process:
        _, errors = process.communicate(timeout=_PATIENCE_SECONDS)
    assert (1, 1, True) == (process.returncode, len(errors.splitlines()), path in errors)


@pytest.mark.parametrize("arguments", [
    ("--port", "70000"), ("--companies", "0"), ("--quota", "0"), ("--quota", "nan"), ("--faults", "2"), ("--port", "x"),
])  # fmt: skip
def test_wrong_arguments(arguments: tuple[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    """An argument out of its range is refused before anything starts."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["--port", "0", "--dir", "x", *arguments])
    assert arguments[0] in capsys.readouterr().err
