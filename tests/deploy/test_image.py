"""The Dockerfile, as far as it can be checked without building it."""

import re

from tests.support.deploy_files import DEPLOY, ROOT, copied_into_image, instructions

INSTRUCTIONS = instructions()


def test_image_is_built_in_two_stages_and_keeps_no_compiler():
    stages = [index for index, (name, _) in enumerate(INSTRUCTIONS) if name == "FROM"]
    assert len(stages) == 2
    kept = " ".join(text for _, text in INSTRUCTIONS[stages[1] :])
    assert "gcc" not in kept
    assert "pip install" not in kept
    assert "--require-hashes" in " ".join(text for _, text in INSTRUCTIONS[: stages[1]])


def test_image_runs_as_somebody_without_rights_and_says_whether_it_lives():
    names = [name for name, _ in INSTRUCTIONS]
    [user] = [text for name, text in INSTRUCTIONS if name == "USER"]
    assert user == "chatsite"
    assert names.index("USER") < names.index("HEALTHCHECK") < names.index("CMD")
    assert not [text for name, text in INSTRUCTIONS[names.index("USER") :] if name == "RUN"]


def test_image_holds_all_of_the_product_and_nothing_else():
    sources = copied_into_image()
    assert all((ROOT / source).exists() for source in sources)
    assert set(sources) == {"requirements/run.txt", "manage.py", "chatsite", "streaming", "templates", "static"}
    allowed = {line[1:] for line in (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines() if line[:1] == "!"}
    assert allowed == set(sources)


def test_image_names_no_registry_and_no_secret():
    text = (DEPLOY / "Dockerfile").read_text()
    assert not re.search(r"https?://(?!127\.0\.0\.1)", text)
    assert not re.search(r"SECRET_KEY|PASSWORD|API_KEY", text)
