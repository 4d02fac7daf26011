"""What a rendering asks of a page: append to an element, replace it, or fill it. Knows htmx's partials, no content."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

Swap = Literal["beforeend", "outerHTML", "innerHTML", "outerMorph"]


class Op(NamedTuple):
    """Change the element with the id `target`.

    The targets of one patch all exist before its first op is applied, and no op reaches into what
    another of the same patch puts there: htmx 4 looks up every target of a frame before it swaps.
    """

    target: str
    swap: Swap
    html: str


def append(target: str, html: str) -> Op:
    """`html`, or escaped text, at the end of `target`."""
    return Op(target, "beforeend", html)


def replace(target: str, html: str) -> Op:
    """`html` in the place of `target`; "" removes it."""
    return Op(target, "outerHTML", html)


def fill(target: str, html: str) -> Op:
    """`html` as the whole content of `target`."""
    return Op(target, "innerHTML", html)


def relabel(target: str, element: str) -> Op:
    """The attributes of `element`, an empty one, for `target`, whose children stay.

    `element` and `target` carry `hx-morph-skip-children`, which makes htmx leave the children alone.
    """
    return Op(target, "outerMorph", element)


def merged(ops: Iterable[Op]) -> list[Op]:
    """`ops` with neighbouring appends to one target as one."""
    result: list[Op] = []
    for op in ops:
        last = result[-1] if result else None
        if last is not None and op.swap == "beforeend" and last.swap == "beforeend" and op.target == last.target:
            result[-1] = Op(op.target, op.swap, last.html + op.html)
        else:
            result.append(op)
    return result


def as_partials(ops: Iterable[Op]) -> str:
    """`ops` in the words of htmx 4. Whitespace inside a partial survives the swap."""
    return "".join(
        f'<hx-partial hx-target="#{target}" hx-swap="{swap}">{html}</hx-partial>' for target, swap, html in ops
    )
