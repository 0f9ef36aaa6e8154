"""How a line's quantity and total are told to DnB, which reckons totals itself, from quantity and price.

DnB keeps prices with four places and takes no total. A quantity goes out with its price where the two give Moment's
total exactly. Where no such price exists the line is one piece at the total, and the quantity stands in the text: the
amount that is booked is what must be right.
"""

from decimal import Decimal, localcontext

import msgspec

PRICE_PLACES = 4  # DnB's scale for amounts
PRECISION_DIGITS = 60  # wide enough that no product of two contract decimals is rounded on the way


class Priced(msgspec.Struct, frozen=True):
    """A number of items, the price of one, and whether the quantity has to stand in the text."""

    quantity: Decimal
    price: Decimal
    is_lump: bool = False


def priced(quantity: Decimal, total: Decimal) -> Priced:
    """Return quantity and price whose product is the total, exactly."""
    with localcontext() as context:
        context.prec = PRECISION_DIGITS
        price = round(total / quantity, PRICE_PLACES) if quantity and _places(quantity) <= PRICE_PLACES else None
        if price is not None and price * quantity == total:
            return Priced(quantity, price)
    return Priced(Decimal(1), total, is_lump=quantity != 1)


def quantity_note(quantity: Decimal) -> str:
    """Return how a quantity is told in a line's text, with a decimal comma as Norwegian accountants read it."""
    return f"(antall: {f'{quantity.normalize():f}'.replace('.', ',')})"


def _places(value: Decimal) -> int:
    exponent = value.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
