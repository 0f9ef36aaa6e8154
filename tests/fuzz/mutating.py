"""Making inputs that nobody would send: valid ones cut, doubled, flipped, and with strange values in strange places."""

from random import Random

STRANGE = (
    b"null", b"true", b"-1", b"0", b"1e999999999", b"NaN", b"Infinity", b"-0.0", b"9223372036854775807",
    b"9223372036854775808", b"18446744073709551616", b"1" * 400, b'""', b'"\\ud800"', b'"\\u0000"', b"[]", b"{}",
    b"[" * 600, b'{"a":' * 300, b"\xff\xfe", b"\x00", b"\xc3", b'"2026-02-30"', b'"0001-01-01"',
    b'"9999-12-31T23:59:60Z"', b'"100042"', b"0.1e1", b"\xc1", b"\xdf\xff\xff\xff\xff", b"\xc6\xff\xff\xff\xff",
    b"\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00",
)  # fmt: skip
"""Values and bytes that decoders stumble over: in JSON, in msgpack, and in texts."""


def mutated(chance: Random, seeds: tuple[bytes, ...]) -> bytes:
    """Return one of the seeds, changed in one to four places."""
    value = bytearray(chance.choice(seeds))
    for _ in range(chance.choice((1, 1, 2, 4))):
        _change(chance, value, seeds)
    return bytes(value)


def _change(chance: Random, value: bytearray, seeds: tuple[bytes, ...]) -> None:
    at = chance.randrange(len(value) + 1)
    length = chance.choice((1, 1, 2, 5, 20))
    match chance.randrange(8):
        case 0:
            del value[at : at + length]
        case 1:
            del value[at:]
        case 2 if value:
            value[min(at, len(value) - 1)] ^= 1 << chance.randrange(8)
        case 3:
            value[at:at] = value[at : at + length] * chance.choice((1, 2, 50))
        case 4:
            value[at:at] = chance.randbytes(length)
        case 5:
            other = chance.choice(seeds)
            begin = chance.randrange(len(other) + 1)
            value[at:at] = other[begin : begin + 30]
        case _:
            _replace_value(chance, value, at)


def _replace_value(chance: Random, value: bytearray, at: int) -> None:
    """Put something strange where a JSON value, or a word, stands behind the place."""
    begin = value.find(b":", at)
    begin = at if begin < 0 else begin + 1
    ends = [end for end in (value.find(mark, begin) for mark in (b",", b"}", b"]", b"\n")) if end >= 0]
    value[begin : min(ends, default=len(value))] = chance.choice(STRANGE)
