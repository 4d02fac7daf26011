from chatsite.environment import PROJECT_ROOT, Environment
from chatsite.settings_table import settings_page


def test_settings_table_in_docs_is_current() -> None:
    assert (PROJECT_ROOT / "docs" / "configuring.md").read_text("utf-8") == settings_page(), "run: make docs"


def test_settings_table_has_a_row_for_every_variable_and_says_what_it_is() -> None:
    rows = [line for line in settings_page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(Environment.model_fields)
    assert all(row.split("|")[2].strip().endswith(".") for row in rows)
