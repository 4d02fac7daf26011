"""Plans and sizes of a big database. Only on PostgreSQL: tests/project/test_on_postgresql.py starts them there."""

import os

collect_ignore_glob = [] if os.environ.get("TESTS_ON_POSTGRESQL") else ["test_*.py"]
