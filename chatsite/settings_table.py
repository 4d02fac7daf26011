"""Write the page on configuration from the environment's own declarations: `python -m chatsite.settings_table FILE`."""

import sys
from pathlib import Path

from pydantic.fields import FieldInfo

from chatsite import environment_checks as checks
from chatsite.environment import PROJECT_ROOT, variables

INTRODUCTION = """\
# Configuring

Everything is set by environment variables, and everything has a default: with none of them set, one process on this
machine does it all. A value that cannot be used stops the start with a line that names the variable and says what
would be right. An empty value counts as unset.

With `REDIS_URL` set, several processes work together (hosted mode); see [operating](operating.md).

This page is generated: `make docs` writes it from `chatsite/environment.py`.

| variable | what it is | value | default |
|---|---|---|---|
"""


def settings_page() -> str:
    """The page, as Markdown."""
    return INTRODUCTION + "".join(f"{_row(name, field)}\n" for name, field in variables())


def _row(name: str, field: FieldInfo) -> str:
    kind = "secret" if checks.is_secret(field) else checks.kind(field)
    return f"| `{name}` | {field.description} | {kind} | {_default(field.default)} |"


def _default(value: object) -> str:
    if value is None or value in {"", ()}:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return f"`{','.join(value)}`"
    if isinstance(value, Path) and value.is_absolute():
        return f"`{value.relative_to(PROJECT_ROOT)}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(settings_page(), "utf-8")
