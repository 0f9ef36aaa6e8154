"""The filter language of DnB's API: text in, a syntax tree out, or why the text is no filter."""

import enum
import re
from typing import Final, TypeAlias

import msgspec

OPERATORS: Final = frozenset({"eq", "ne", "gt", "lt", "ge", "le", "like", "notlike"})
FUNCTIONS: Final = frozenset({"contains", "startswith", "endswith"})
DEEPEST_NESTING: Final = 50  # parentheses and `not` in one another; protects the parser's own stack

Value: TypeAlias = str | int | float | bool | None


class Comparison(msgspec.Struct, frozen=True):
    """`path operator value`, or `function(path,value)` with the function as the operator."""

    path: tuple[str, ...]
    operator: str
    value: Value


class Not(msgspec.Struct, frozen=True):
    """The opposite of an expression."""

    inner: "Expression"


class All(msgspec.Struct, frozen=True):
    """Every term holds."""

    terms: "tuple[Expression, ...]"


class Either(msgspec.Struct, frozen=True):
    """At least one term holds."""

    terms: "tuple[Expression, ...]"


Expression: TypeAlias = Comparison | Not | All | Either


class NotAFilter(msgspec.Struct, frozen=True):
    """Text outside the language. DnB ignores such a filter without a word."""

    reason: str


class _Mark(enum.Enum):
    STRING = "string"
    NUMBER = "number"
    WORD = "word"
    OPEN = "("
    CLOSE = ")"
    COMMA = ","
    END = "end"


class _Token(msgspec.Struct, frozen=True):
    mark: _Mark
    text: str


_TOKEN: Final = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<number>-?\d{1,30}(?:\.\d{1,30})?(?![\w.]))"
    r"|(?P<word>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)|(?P<open>\()|(?P<close>\))|(?P<comma>,))"
)
_CONSTANTS: Final[dict[str, Value]] = {"true": True, "false": False, "null": None}
_MARKS: Final = {"string": _Mark.STRING, "number": _Mark.NUMBER, "word": _Mark.WORD,
                 "open": _Mark.OPEN, "close": _Mark.CLOSE, "comma": _Mark.COMMA}  # fmt: skip


class _Unreadable(Exception):  # noqa: N818 -- a signal inside this module: it never leaves `parsed`
    """The text stops being a filter here."""


def parsed(text: str) -> Expression | NotAFilter:
    """The syntax tree of a filter, decoded from its percent-encoding before."""
    try:
        return _Parser(_tokens(text)).whole()
    except _Unreadable as problem:
        return NotAFilter(str(problem))


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _Unreadable(f"unexpected text at {position}")
        tokens.append(_Token(_MARKS[match.lastgroup], match.group(match.lastgroup)))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent; `or` binds weakest, then `and`, then `not`."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = [*tokens, _Token(_Mark.END, "")]
        self._position = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._either()
        self._expect(_Mark.END)
        return expression

    def _either(self) -> Expression:
        terms = [self._all()]
        while self._accept("or"):
            terms.append(self._all())
        return terms[0] if len(terms) == 1 else Either(tuple(terms))

    def _all(self) -> Expression:
        terms = [self._term()]
        while self._accept("and"):
            terms.append(self._term())
        return terms[0] if len(terms) == 1 else All(tuple(terms))

    def _term(self) -> Expression:
        self._depth += 1
        if self._depth > DEEPEST_NESTING:
            raise _Unreadable("nested too deep")
        term = self._unguarded_term()
        self._depth -= 1
        return term

    def _unguarded_term(self) -> Expression:
        if self._accept("not"):
            return Not(self._term())
        if self._peek().mark is _Mark.OPEN:
            self._take()
            inner = self._either()
            self._expect(_Mark.CLOSE)
            return inner
        return self._comparison()

    def _comparison(self) -> Expression:
        word = self._expect(_Mark.WORD).text
        if word in FUNCTIONS and self._peek().mark is _Mark.OPEN:
            return self._function(word)
        operator = self._expect(_Mark.WORD).text
        if operator not in OPERATORS:
            raise _Unreadable(f"no operator: {operator}")
        return Comparison(tuple(word.split(".")), operator, self._value())

    def _function(self, name: str) -> Expression:
        self._expect(_Mark.OPEN)
        path = self._expect(_Mark.WORD).text
        self._expect(_Mark.COMMA)
        value = self._value()
        self._expect(_Mark.CLOSE)
        return Comparison(tuple(path.split(".")), name, value)

    def _value(self) -> Value:
        token = self._take()
        if token.mark is _Mark.STRING:
            return token.text[1:-1].replace("''", "'")
        if token.mark is _Mark.NUMBER:
            return float(token.text) if "." in token.text else int(token.text)
        if token.mark is _Mark.WORD and token.text in _CONSTANTS:
            return _CONSTANTS[token.text]
        raise _Unreadable(f"no value: {token.text or 'the end'}")

    def _peek(self) -> _Token:
        return self._tokens[self._position]

    def _take(self) -> _Token:
        token = self._peek()
        if token.mark is not _Mark.END:
            self._position += 1
        return token

    def _accept(self, word: str) -> bool:
        found = self._peek() == _Token(_Mark.WORD, word)
        self._position += found
        return found

    def _expect(self, mark: _Mark) -> _Token:
        token = self._take()
        if token.mark is not mark:
            raise _Unreadable(f"expected {mark.value}, found {token.text or 'the end'}")
        return token
