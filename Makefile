# Two commands are enough: `make run` serves the site, `make test` tests it.
# Needs git, make, a C compiler and Python 3.12 or newer; everything else is fetched into this folder.

PYTHON_IN_VENV := .venv/bin/python
# As many processes as there are processors, each with a browser and stores of its own. None takes the place of one
# that crashed: the test it was at has failed, and xdist would wait for the others of that file for ever.
PARALLEL := -n auto --maxprocesses 4 --max-worker-restart 0
.PHONY: run cluster test test-long soak check bench docs requirements format help

run: ## Serve the site on http://localhost:8000 (PORT=… for another port)
	@.ci/install run
	@exec $(PYTHON_IN_VENV) manage.py serve

cluster: ## Serve a whole hosted site: PostgreSQL, Redis, nginx, 2 web processes, 3 workers, beat
	@.ci/install run
	@.ci/system-packages redis postgresql nginx
	@exec $(PYTHON_IN_VENV) -m deploy.cluster

test: ## Run the tests, with a real browser, database and Redis
	@.ci/install test
	@.ci/system-packages redis postgresql nginx chromium
	@.ci/system-packages systemd || [ "$$CI" != true ] # without it its tests are skipped; not in CI
	@$(PYTHON_IN_VENV) -m pytest $(PARALLEL) -m "not long and not alone" $(ARGS)

test-long: ## Run the tests that take long
	@.ci/install test
	@.ci/system-packages redis postgresql nginx caddy chromium iproute2 pgbouncer rabbitmq
	@$(PYTHON_IN_VENV) -m pytest $(PARALLEL) -m "long and not alone" $(ARGS)
	@$(PYTHON_IN_VENV) -m pytest -m alone $(ARGS) || [ $$? -eq 5 ] # 5: this machine allows none

soak: ## Break a whole site at random under 100 conversations for 20 minutes (SOAK_SECONDS, SOAK_CHATS, SOAK_SEED)
	@.ci/install test
	@.ci/system-packages redis postgresql nginx
	@SOAK_SECONDS=$${SOAK_SECONDS:-1200} SOAK_CHATS=$${SOAK_CHATS:-100} \
		$(PYTHON_IN_VENV) -m pytest tests/faults/test_soak.py -s $(ARGS)

check: ## Check style, types, imports, templates, migrations, JavaScript
	@.ci/install test
	@.ci/check

bench: ## Measure, print, and write docs/benchmarks.md
	@.ci/install test
	@.ci/system-packages redis postgresql nginx chromium
	@$(PYTHON_IN_VENV) -m benchmarks $(ARGS)

docs: ## Write the generated pages of docs/
	@.ci/install run
	@$(PYTHON_IN_VENV) -m chatsite.settings_table docs/configuring.md

format: ## Format Python and templates
	@.ci/install test
	$(PYTHON_IN_VENV) -m ruff format .
	@git ls-files -z -- 'templates/*.html' | xargs -0 -r .venv/bin/djade --target-version 6.1

requirements: ## Pin the packages anew, with hashes
	@.ci/install run
	@.ci/pin

help: ## Say what there is
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 14
