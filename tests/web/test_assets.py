"""What lies under static/ is what its manifest says, and what templates name is there."""

import hashlib
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "static" / "vendor"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def manifest() -> list[dict]:
    return json.loads((VENDOR / "manifest.json").read_text())["files"]


def test_vendored_files_are_the_ones_recorded():
    files = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}
    found = {name for name in files if not name.startswith("LICENCE")} - {"manifest.json"}
    assert found == {entry["file"] for entry in manifest()}
    for entry in manifest():
        assert hashlib.sha256((VENDOR / entry["file"]).read_bytes()).hexdigest() == entry["sha256"], entry["file"]
        assert entry.keys() >= {"name", "version", "licence", "source"}


def test_sprite_has_the_icons_in_use_and_no_other():
    sprite = set(re.findall(r'<symbol id="([^"]+)"', (VENDOR / "lucide.svg").read_text()))
    used = {name for path in TEMPLATES for name in re.findall(r'{% icon "([^"]+)" %}', path.read_text())}
    [recorded] = [set(entry["icons"]) for entry in manifest() if "icons" in entry]
    assert sprite == used == recorded


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT / "templates")))
def test_templates_hold_no_inline_code(path: Path):
    text = re.sub(r"{%.*?%}|{{.*?}}", "", path.read_text(), flags=re.DOTALL)
    assert re.findall(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=|\shx-on|\bjs:", text) == []
    assert len(text.splitlines()) <= 120


def test_static_files_that_templates_name_are_there():
    named = {name for path in TEMPLATES for name in re.findall(r"{% static ['\"]([^'\"]+)", path.read_text())}
    assert {name for name in named if not (ROOT / "static" / name).is_file()} == set()


def test_scripts_import_what_is_there_and_stay_small():
    for path in (ROOT / "static" / "js").glob("*.js"):
        text = path.read_text()
        assert len(text.splitlines()) <= 200, path.name
        for name in re.findall(r'from "\./([^"]+)"|import "\./([^"]+)"', text):
            assert (path.parent / "".join(name)).is_file()
        assert not re.search(r"\beval\(|new Function|\.innerHTML|document\.write", text), path.name


def test_styles_take_their_colours_from_tokens():
    for path in (ROOT / "static" / "css").glob("*.css"):
        outside = re.sub(r"@layer tokens \{.*?\n\}", "", path.read_text(), flags=re.DOTALL)
        outside = outside.replace("light-dark(oklch(88% 0.05 165), oklch(42% 0.06 165))", "")
        assert re.findall(r"#[0-9a-f]{3,8}\b|rgba?\(|hsl\(|oklch\(", outside) == [], path.name
