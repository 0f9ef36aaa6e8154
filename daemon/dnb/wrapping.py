"""Texts that are longer than DnB's fields: continued, never cut."""


def wrapped(text: str, width: int) -> list[str]:
    """Return a text in pieces of at most `width` characters, broken at blanks where there are any.

    Line breaks begin a new piece, since DnB shows a line's text in one line. No piece is empty, and nothing but blanks
    at the breaks is left out; a text without content gives no piece.
    """
    pieces: list[str] = []
    for paragraph in text.splitlines():
        rest = paragraph.strip()
        while len(rest) > width:
            place = rest.rfind(" ", 1, width + 1)
            place = place if place > 0 else width
            pieces.append(rest[:place].rstrip())
            rest = rest[place:].lstrip()
        pieces += [rest] if rest else []
    return pieces
