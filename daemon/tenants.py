"""The tenant registry: `tenants.yaml`, or a folder with one YAML file for each tenant, re-read when it changes.

tenants:
  fjellvik:
    company_key: 6f1c2a0e-91f4-4b0c-8b2c-2d6a0f4a7e11
    kinds: [customer, project, invoice]
    notify: [regnskap@fjellvik.example]
    products: {hours: "100"}
    vat_codes: {"3000": "3"}
"""

import hashlib
import os
import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import yaml
from msgspec import Meta

from daemon.core.model import KINDS, Booking, Kind, Tenant
from daemon.errors import ConfigurationError
from daemon.moment.vat import PURCHASE_CODES

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
"""What a tenant may be called: the same in the event contract, in ledger keys and in metrics."""

HASH_LENGTH = 16
"""Hexadecimal digits of a company key's hash: 64 bits tell companies apart and give nothing of the key away."""

Rate = Annotated[float, Meta(gt=0, le=1_000_000)]
ProductNumber = Annotated[str, Meta(min_length=1, max_length=255, pattern=r"^\S(.*\S)?$")]
VatCode = Annotated[str, Meta(pattern=r"^[0-9]{1,10}$")]
Address = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._%+'-]+@[A-Za-z0-9.-]+$(?!\n)")]


class FromFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company key kept in a file of its own, as a mounted secret gives it."""

    file: Annotated[str, Meta(min_length=1)]


class FromVariable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A company key kept in an environment variable."""

    env: Annotated[str, Meta(min_length=1)]


class TenantSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the tenants file says of one tenant; everything but the company key has a default."""

    company_key: Any
    kinds: Annotated[tuple[Kind, ...], Meta(min_length=1)] = KINDS
    notify: tuple[Address, ...] = ()
    number_range: tuple[int, int] = (100_000, 199_999)
    quota: Rate | None = None
    weight: Annotated[float, Meta(ge=0.1, le=100)] = 1.0
    mode: Literal["live", "held"] = "live"
    flow: Literal["invoice", "voucher"] = "invoice"
    products: Mapping[Literal["hours", "expenses", "products"], ProductNumber] = {}
    vat_codes: Mapping[Annotated[str, Meta(pattern="^[0-9]{1,10}$")], VatCode] = {}

    def __repr__(self) -> str:
        """Return the settings without the company key."""
        shown = {name: getattr(self, name) for name in self.__struct_fields__ if name != "company_key"}
        return f"TenantSettings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class Registry(msgspec.Struct, frozen=True, kw_only=True):
    """The tenants as one reading of the file gives them; its representation shows no key.

    `keys` holds the company keys of those that can be served. `problems` has one line for every finding; a tenant with
    a finding is there, and held.
    """

    tenants: Mapping[str, Tenant]
    keys: Mapping[str, str]
    notify: Mapping[str, tuple[str, ...]]
    problems: tuple[str, ...]

    @property
    def keys_by_company(self) -> dict[str, str]:
        """Return the company keys by their hashes, by which everything but the HTTP edge names a company."""
        return {self.tenants[name].company: key for name, key in self.keys.items()}

    def __repr__(self) -> str:
        """Return the tenants' names only."""
        return f"Registry(tenants={sorted(self.tenants)!r})"


class Reading:
    """Reads the tenants file, now and whenever its content changes."""

    def __init__(self, path: Path, *, default_quota: float, environment: Mapping[str, str] = os.environ) -> None:
        """Take the file or folder, the quota of tenants that name none, and where `env` company keys are."""
        self._path = path
        self._default_quota = default_quota
        self._environment = environment
        self._last: Mapping[str, bytes] = {}
        self._unreadable: str | None = None

    def read(self) -> Registry:
        """Return the registry; raises `ConfigurationError` if the file as a whole cannot be used."""
        self._last = self._contents()
        return self._registry(self._last)

    def reread(self) -> Registry | None:
        """Return the registry if the file has changed; None if not. Raises like `read`, once for each bad content."""
        try:
            contents = self._contents()
        except ConfigurationError as error:
            if str(error) == self._unreadable:
                return None
            self._unreadable = str(error)
            raise
        self._unreadable = None
        if contents == self._last:
            return None
        self._last = contents
        return self._registry(contents)

    def _contents(self) -> Mapping[str, bytes]:
        """Return the bytes of the file, or of every YAML file of the folder, by name."""
        try:
            if not self._path.is_dir():
                return {str(self._path): self._path.read_bytes()}
            files = sorted(file for file in self._path.iterdir() if file.suffix in {".yaml", ".yml"})
            return {str(file): file.read_bytes() for file in files}
        except OSError as error:
            text = f"the tenants file {self._path} cannot be read: {error.strerror}"
            raise ConfigurationError(text) from None

    def _registry(self, contents: Mapping[str, bytes]) -> Registry:
        raw, findings = self._files(contents)
        settings = {name: _converted(name, value, findings[name]) for name, value in raw.items() if not findings[name]}
        keys = {name: self._key(name, one, findings[name]) for name, one in settings.items() if one is not None}
        _refuse_shared_keys(keys, findings)
        tenants = {name: self._tenant(name, settings.get(name), keys.get(name), findings[name]) for name in raw}
        return Registry(
            tenants=tenants,
            keys={name: key for name, key in keys.items() if key and tenants[name].held is None},
            notify={name: one.notify for name, one in settings.items() if one is not None},
            problems=tuple(finding for name in raw for finding in findings[name]),
        )

    def _files(self, contents: Mapping[str, bytes]) -> tuple[dict[str, Any], dict[str, list[str]]]:
        """Return the tenants of all files, not yet checked, and what is wrong with files of a folder, by tenant.

        In a folder a file that cannot be used concerns the tenant it is named after, and nobody else.
        """
        raw: dict[str, Any] = {}
        findings: defaultdict[str, list[str]] = defaultdict(list)
        is_folder = self._path.is_dir()
        for name, content in contents.items():
            try:
                parsed = _parsed(name, content, is_folder=is_folder)
            except ConfigurationError as error:
                if not is_folder:
                    raise
                parsed = {Path(name).stem: None}
                findings[Path(name).stem].append(f"tenant {Path(name).stem}: {error}")
            for twice in raw.keys() & parsed.keys():
                findings[twice].append(f"tenant {twice}: stands in several files, {name} one of them")
            raw |= parsed
        return raw, {name: findings[name] for name in raw}

    def _tenant(self, name: str, one: TenantSettings | None, key: str | None, findings: list[str]) -> Tenant:
        if one is None or findings:
            return Tenant(name=name, company=company_of(key) if key else "", held="its configuration is invalid")
        return Tenant(
            name=name,
            company=company_of(key or ""),
            kinds=frozenset(one.kinds),
            quota=one.quota or self._default_quota,
            weight=one.weight,
            first_number=one.number_range[0],
            last_number=one.number_range[1],
            held="the tenants file says so" if one.mode == "held" else None,
            booking=Booking(
                flow=one.flow, products=dict[str, str](one.products.items()), vat_codes=dict(one.vat_codes)
            ),
        )

    def _key(self, name: str, one: TenantSettings, findings: list[str]) -> str | None:
        """Return the company key, wherever it is kept; a finding never shows it."""
        try:
            text = self._text(one.company_key).strip()
            return str(uuid.UUID(text))
        except msgspec.ValidationError:
            findings.append(f"tenant {name}: company_key: must be a GUID, {{file: path}} or {{env: variable}}")
        except KeyError as error:
            findings.append(f"tenant {name}: company_key: the environment variable {error.args[0]} is not set")
        except OSError as error:
            findings.append(f"tenant {name}: company_key: the file {error.filename} cannot be read: {error.strerror}")
        except ValueError:
            findings.append(
                f"tenant {name}: company_key: not a GUID (value not shown); copy it from DnB Regnskap, "
                "'?' and then 'Systeminformasjon'"
            )
        return None

    def _text(self, key: Any) -> str:  # noqa: ANN401 - whatever YAML gives
        if isinstance(key, str):
            return key
        fields = msgspec.convert(key, dict[str, str])
        if "file" in fields:
            return Path(msgspec.convert(fields, FromFile).file).read_text(encoding="utf-8")
        return self._environment[msgspec.convert(fields, FromVariable).env]


class _UniqueKeys(yaml.SafeLoader):
    """YAML without its silence about keys that stand twice: the second tenant would have replaced the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return the mapping; raises `ConstructorError` naming where a key stands again."""
        keys = [key.value for key, _ in node.value]
        twice = next((key for place, (key, _) in enumerate(node.value) if key.value in keys[:place]), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", twice.start_mark)
        return super().construct_mapping(node, deep)


def _parsed(name: str, content: bytes, *, is_folder: bool) -> dict[str, Any]:
    """Return the tenants of one file, not yet checked; raises `ConfigurationError`."""
    try:
        document = yaml.load(content, Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise ConfigurationError(f"the tenants file {name} is not YAML{_place(error)}") from None
    try:
        fields = msgspec.convert(document, dict[str, Any])
        if is_folder and set(fields) != {"tenants"}:
            return {Path(name).stem: fields}
        return msgspec.convert(fields["tenants"], dict[str, Any])
    except (msgspec.ValidationError, KeyError):
        text = f"the tenants file {name} must be a mapping `tenants:` from tenant names to their settings"
        raise ConfigurationError(text) from None


def _place(error: Exception) -> str:
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ""
    mark = error.problem_mark
    return f": {error.problem} at line {mark.line + 1}, column {mark.column + 1}"


def _converted(name: str, value: Any, findings: list[str]) -> TenantSettings | None:  # noqa: ANN401 - from YAML
    if not NAME.fullmatch(name):
        findings.append(f"tenant {name!r}: a name is {NAME.pattern}")
    try:
        one = msgspec.convert(value, TenantSettings)
    except msgspec.ValidationError as error:
        findings.append(f"tenant {name}: {error}")
        return None
    findings.extend(_range_findings(name, one))
    findings.extend(_vat_findings(name, one))
    return one


def _range_findings(name: str, one: TenantSettings) -> Iterator[str]:
    first, last = one.number_range
    if not 0 < first <= last:
        yield f"tenant {name}: number_range [{first}, {last}]: must be two positive numbers, the lower first"


def _vat_findings(name: str, one: TenantSettings) -> Iterator[str]:
    for account, code in one.vat_codes.items():
        if code in PURCHASE_CODES:
            yield f"tenant {name}: vat_codes: account {account}: {code} is a code of purchases, not of sales"


def _refuse_shared_keys(keys: Mapping[str, str | None], findings: Mapping[str, list[str]]) -> None:
    """Refuse all tenants that name the same company: their invoices would meet in one set of books."""
    for name, key in keys.items():
        others = [other for other, same in keys.items() if key and same == key and other != name]
        if others:
            findings[name].append(f"tenant {name}: company_key: the same as that of {', '.join(others)}")


def company_of(key: str) -> str:
    """Return what everything but the HTTP edge calls the company that a key opens: a hash of the key."""
    return hashlib.sha256(key.encode()).hexdigest()[:HASH_LENGTH]
