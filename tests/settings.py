"""The settings of the tests: the real ones, read from an environment that holds nothing of the machine's."""

import atexit
import os
import shutil
import tempfile

from chatsite.environment import variables

for _name, _field in variables():
    os.environ.pop(_name, None)
_folder = tempfile.mkdtemp(prefix="chatsite-tests-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)
os.environ["CHATSITE_DATA_DIR"] = _folder
if _postgresql := os.environ.get("TESTS_ON_POSTGRESQL"):
    os.environ["DATABASE_URL"] = _postgresql
os.environ["OLLAMA_HOST"] = "http://127.0.0.1:9"  # the discard port: an Ollama of the machine must not be found
os.environ["DJANGO_SETTINGS_MODULE"] = "chatsite.settings"  # for the processes that tests start

from chatsite.settings import *
