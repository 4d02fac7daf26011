"""One text of markdown as it grows: what a page has to change to show it. Knows no message and no socket."""

import re

from streaming.events import defined_text
from streaming.rendering import markup
from streaming.rendering.blocks import Document
from streaming.rendering.ops import Op, fill, merged
from streaming.rendering.parser import Parser

_ENDING = re.compile("(\r\n|\n|\r)")


def render_markdown(text: str) -> str:
    """`text` as a whole: what a `MarkdownStream` shows once it is closed, without its ids."""
    return _whole(defined_text(text), highlighted=True)


class MarkdownStream:
    """Renders `text` into an element with the id `prefix`. Its state is a function of the text fed so far."""

    def __init__(self, prefix: str) -> None:
        self._document = Document(prefix)
        self._parser = Parser(self._document)
        self._pieces: list[str] = []
        self._line = ""
        self._known = 0
        self._in_line = False
        self._return = False
        self._whole: str | None = None
        self._whole_is_sent = False

    def feed(self, text: str) -> None:
        """More text; any cutting of it gives the same state."""
        text = defined_text(text)
        self._pieces.append(text)
        if self._return:
            text = "\r" + text
        self._return = text.endswith("\r")  # perhaps half of a line ending
        if self._return:
            text = text[:-1]
        if "\r" in text:
            self._feed_lines(_ENDING.split(text))
            return
        start = 0
        while (end := text.find("\n", start)) >= 0:
            self._finish_line(text[start:end], "\n")
            start = end + 1
        if start < len(text):
            self._continue_line(text[start:])

    def close(self) -> None:
        """The text has ended: what was held back is shown, and the whole is compared with a rendering in one go."""
        if self._return:
            self._finish_line("", "\r")
            self._return = False
        self._parser.close(self._line)
        self._line = ""
        text = "".join(self._pieces)
        whole = _whole(text, highlighted=False)
        if _canonical(whole) != _canonical(self._document.bare()):
            self._whole = render_markdown(text)

    def patch(self) -> list[Op]:
        """What changed since the last `patch` or `html`."""
        if self._whole is None:
            return merged(self._document.patch()) if self._document.changed else []
        if self._whole_is_sent:
            return []
        self._whole_is_sent = True
        return [fill(self._document.prefix, self._whole)]

    def html(self) -> str:
        """The whole rendering so far, from which `patch` goes on."""
        if self._whole is None:
            return self._document.html()
        self._whole_is_sent = True
        return self._whole

    def _continue_line(self, text: str) -> None:
        if self._in_line:
            self._parser.more(text)
            return
        self._line += text
        if self._parser.is_undecided(self._line, self._known):
            self._known = len(self._line)
            return
        self._begin_line()

    def _begin_line(self) -> None:
        line, self._line, self._known = self._line, "", 0
        self._in_line = True
        self._parser.begin(line)

    def _feed_lines(self, parts: list[str]) -> None:
        """Lines and their endings by turns, an open line last."""
        for text, ending in zip(parts[::2], parts[1::2], strict=False):
            self._finish_line(text, ending)
        if parts[-1]:
            self._continue_line(parts[-1])

    def _finish_line(self, text: str, ending: str) -> None:
        if self._in_line:
            self._parser.more(text)
        else:
            self._line += text
            self._begin_line()
        self._parser.end(ending)
        self._in_line = False


def _whole(text: str, *, highlighted: bool) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return markup.directed(markup.Renderer().render(text, highlighted=highlighted))


def _canonical(html: str) -> str:
    """`html` without the line feeds that separate blocks, to compare two renderings."""
    html = html.replace("&nbsp;", "\u00a0").replace("&#13;\n", "\n").replace("&#13;", "\n")
    return html.replace(">\n", ">").replace("\n<", "<").rstrip("\n")
