"""Pieces that hostile and ordinary markdown is made of, for generated texts."""

from itertools import pairwise

PIECES = [
    *"abc \t\n*_~`#>-+=|:.)([]!<&;\\\"'0123é\u0300👩‍👧א",
    *("\n\n", "\r\n", "\r", "- ", "* ", "+ ", "1. ", "2) ", "> ", ">", "# ", "## ", "    ", "  ", "   ", "\t"),
    *("```", "```py\n", "~~~\n", "\n```\n", "---", "***", "===", "\n---\n", "\n===\n", "- [ ] ", "- [x] "),
    *("**bold**", "*em*", "`code`", "~~gone~~", "**", "word ", "some more words ", "x = 1\n", "text.\n", "3.14159"),
    *("| a | b |\n", "|---|--:|\n", "| 1 | 2 |\n", "a | b\n", "-|-\n", "|", "\n- a\n- b\n", "\n1. a\n2. b\n"),
    *("[foo]", "[foo]: http://x.y/z\n", "[foo]: <http://x.y/z> 't'\n", "[^1]", "[^1]: note\n", "[a](http://x.y)"),
    *("[b](javascript:alert(1))", "![i](http://x.y/i.png)", "<http://x.y>", "<me@x.y>", "<script>", "</div>"),
    *("<hx-partial hx-target='#x'>", "</template>", "&amp;", "&lt;", "&#0;", "\x00", "\ufdd0", "\ufdd1", "\u202e"),
    *(
        "  \n",
        "\\\n",
        "\\",
        "\\<",
        "http://x.y/a_b",
        "https://",
        "h",
        "://x",
        "https://x.y/(z)?a&b. ",
        "a_b_c",
        "snake_case_name",
        "\u00a0",
        "\x0b",
        "\x0c",
        "<!--",
    ),
    *("$", "$$", "$x$", "$5", "\\(", "\\)", "\\[", "\\]", "\\(x+1\\)", "\n$$\na\n- b\n$$\n", "$`y`$", "\\$"),
    *("> [!NOTE]\n", "> [!tip]", "[!", "\n> text\n"),
]


def cut(text: str, places: list[int]) -> list[str]:
    """`text` in pieces, cut at `places`."""
    ends = sorted({0, len(text), *(place % (len(text) + 1) for place in places)})
    return [text[start:end] for start, end in pairwise(ends)]
