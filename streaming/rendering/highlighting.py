"""Source code to classed spans: the only door to pygments. The text of the result is the text given, exactly."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

from pygments.lexer import ExtendedRegexLexer, Lexer, RegexLexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.data import JsonLexer
from pygments.token import STANDARD_TYPES, Error, Token, Whitespace
from pygments.util import ClassNotFound

from streaming.rendering.escaping import escape
from streaming.rendering.shared import Shared

# Lexers backtrack: 10,000 characters of `/` or `\\"` cost pygments 3 s and more in half of these languages, and
# the loop that renders also serves sockets. So no rule sees more than a window, and a block has a budget of
# matches: 0.4 s for the worst text found. Both are counts, not times: every process colours the same.
LONGEST = 16_000  # characters
WINDOW = 600  # characters; longer comments and strings than that lose their colour
BUDGET = 6_000  # matches; code has one for each 3 to 4 characters
LONGEST_SLOW = 5_000  # characters of the languages in `SLOW`, whose rules backtrack most within a window
LONGEST_UNBOUNDED = 1_500  # characters, for the few lexers that are not tables of rules

# fmt: off
LANGUAGES = frozenset(
    {
        "asm", "awk", "bash", "bat", "batch", "c", "c#", "c++", "clojure", "cmake", "console", "cpp", "cs", "csharp",
        "css", "dart", "diff", "django", "docker", "dockerfile", "elixir", "elm", "erlang", "fish", "fortran",
        "fsharp", "gdscript", "go", "golang", "graphql", "groovy", "haskell", "hcl", "hs", "html",
        "http", "ini", "java", "javascript", "jinja", "js", "json", "json5", "jsx", "julia",
        "kotlin", "latex", "less", "lisp", "lua", "make", "makefile", "matlab", "mysql", "nasm", "nginx", "nim",
        "nix", "objc", "objective-c", "ocaml", "octave", "pascal", "perl", "php", "plpgsql", "postgres", "postgresql",
        "powershell", "prolog", "properties", "proto", "protobuf", "ps1", "py", "py3", "pycon", "python", "python3",
        "r", "racket", "rb", "rs", "ruby", "rust", "sass", "scala", "scheme", "scss", "sh", "shell", "sql",
        "swift", "systemverilog", "tcl", "terraform", "tex", "tf", "toml", "ts", "tsx", "typescript", "verilog",
        "vhdl", "vim", "vue", "xml", "yaml", "yml", "zig", "zsh",
    }
)
# fmt: on
ALSO = {"gradle": "groovy", "jinja2": "jinja", "jsonc": "json5", "kt": "kotlin", "sqlite": "sql", "node": "js"}

SLOW = frozenset({"c#", "cs", "csharp"})

_FILE_NAME = re.compile(r"[\w.+-]+")
_ENDING = re.compile("(\r\n|\n|\r)")


_highlighted = Shared(2 << 20)  # the answers that are being looked at; 2 Mi characters are some 40 of the longest


def highlight(code: str, language: str) -> str:
    """`code` as HTML with pygments' short class names; only escaped where the language or length does not fit."""
    return _highlighted.get((code, language), lambda: _highlight(code, language))


def _highlight(code: str, language: str) -> str:
    if "\r" in code:
        return _with_returns(code, language)
    name = language.lower()
    name = ALSO.get(name, name)
    if name not in LANGUAGES or len(code) > (LONGEST_SLOW if name in SLOW else LONGEST):
        return escape(code)
    lexer = _lexer(name)
    if lexer is None:
        return escape(code)
    try:
        html, text = _spans(_tokens(lexer, code))
    except Exception:  # noqa: BLE001  # a lexer's failure on odd text must not cost the text
        return escape(code)
    return html if text == code else escape(code)


def _with_returns(code: str, language: str) -> str:
    """Lexers know line feeds only: highlight with those and put the text's own line endings back."""
    lines = _ENDING.split(code)
    html = highlight("\n".join(lines[::2]), language).split("\n")
    endings = [ending.replace("\r", "&#13;") for ending in lines[1::2]]
    return "".join(line + ending for line, ending in zip(html, [*endings, ""], strict=True))


@lru_cache(maxsize=128)
def _lexer(name: str) -> Any:
    try:
        return get_lexer_by_name(name, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=128)
def file_name(language: str) -> str:
    """What a file with code in `language` is called when somebody saves it."""
    name = language.lower()
    lexer = _lexer(ALSO.get(name, name)) if ALSO.get(name, name) in LANGUAGES else None
    for pattern in lexer.filenames if lexer else ():
        found = pattern.replace("*", "code", 1)
        if _FILE_NAME.fullmatch(found):
            return str(found)
    return "code.txt"


class _TooMuchError(Exception):
    """A block costs more than colours are worth."""


def _tokens(lexer: Lexer, code: str) -> Iterator[tuple[Any, str]]:
    if isinstance(lexer, RegexLexer) and not isinstance(lexer, ExtendedRegexLexer):
        yield from _bounded(lexer, code)
        return
    if len(code) > LONGEST_UNBOUNDED and not isinstance(lexer, JsonLexer):  # that one walks once
        raise _TooMuchError
    for _, kind, text in lexer.get_tokens_unprocessed(code):
        yield kind, text


def _bounded(lexer: Any, code: str) -> Iterator[tuple[Any, str]]:
    """The tokens by the lexer's rules, as `RegexLexer` describes them, each match within `WINDOW`."""
    rules = lexer._tokens  # noqa: SLF001 - the compiled rules have no other name
    stack = ["root"]
    at = 0
    for _ in range(BUDGET):
        end = min(len(code), at + WINDOW)
        for match_at, action, change in rules[stack[-1]]:
            match = match_at(code, at, end)
            if match is None:
                continue
            yield from _acted(lexer, action, match)
            at = match.end()
            if change is not None:
                _move(stack, change)
            break
        else:
            if at >= len(code):
                return
            if code[at] == "\n":
                stack = ["root"]
            yield (Whitespace if code[at] == "\n" else Error), code[at]
            at += 1
    raise _TooMuchError


def _acted(lexer: Any, action: Any, match: re.Match[str]) -> Iterator[tuple[Any, str]]:
    if action is None:
        return
    if isinstance(action, type(Token)):
        yield action, match.group()
        return
    for _, kind, text in action(lexer, match):
        yield kind, text


def _move(stack: list[str], change: Any) -> None:
    """Follow a rule's change of state: names to push, "#push", "#pop", or a negative number of states to leave."""
    if isinstance(change, int):
        del stack[max(len(stack) + change, 1) :]
        return
    for step in change if isinstance(change, tuple) else (change,):
        if step == "#pop":
            del stack[max(len(stack) - 1, 1) :]
        else:
            stack.append(stack[-1] if step == "#push" else step)


def _spans(tokens: Iterable[tuple[Any, str]]) -> tuple[str, str]:
    pieces: list[str] = []
    texts: list[str] = []
    last, run = "", ""
    for kind, text in tokens:
        texts.append(text)
        name = _class_of(kind)
        if name == last:
            run += text
            continue
        pieces.append(_span(last, run))
        last, run = name, text
    pieces.append(_span(last, run))
    return "".join(pieces), "".join(texts)


def _span(name: str, text: str) -> str:
    if not text:
        return ""
    return f'<span class="{name}">{escape(text)}</span>' if name else escape(text)


@lru_cache(maxsize=1024)
def _class_of(kind: Any) -> str:
    while kind is not Token and kind is not None:
        name = STANDARD_TYPES.get(kind)
        if name is not None:
            return "" if name in ("w", "err") else name
        kind = kind.parent
    return ""
