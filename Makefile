# The commands of this repository. `make` alone lists them.

.DEFAULT_GOAL := help
.PHONY: help run test check fast interop fuzz bench clean needs format format-fix compose build

# An import of a module that the target does not declare is an error, not luck.
BUILD := --explicit-target-dependency-import-check error
TEST := swift test $(BUILD) --disable-xctest
# More options for a single call: make test OPTIONS='--filter Migration', make run OPTIONS='--listen 127.0.0.1:7421'
OPTIONS :=
# Tests that use no database, no built binary and no socket beyond loopback.
FAST := ^(WorkflowKit|WorkflowCore|WorkflowEngine|HoldingTenant|SellThrough|HPUniversity|SupportCases|RPCServer|Repository)Tests
SWIFT_FOLDERS := Package.swift Sources Plugins Tests Benchmarks

help: ## list these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-12s %s\n", $$1, $$2 }'

run: needs ## install what is missing, build, serve on 127.0.0.1:7420 with a PostgreSQL of its own, and play the story
	swift build $(BUILD) --product holdfast
	exec "$$(swift build --show-bin-path)/holdfast" serve --canary --demo $(OPTIONS)

# One group after the other: tests that start processes and wait for them would starve those beside them.
test: needs ## all tests
	swift build $(BUILD) --build-tests
	$(TEST) --skip-build --filter '^(Embedded|EndToEnd)Tests' $(OPTIONS)
	$(TEST) --skip-build --filter '^(Postgres|Migration)Tests' $(OPTIONS)
	$(TEST) --skip-build --filter '^(PostgresStore|EngineMethods|Business)Tests' $(OPTIONS)
	$(TEST) --skip-build --filter '$(FAST)' $(OPTIONS)

check: needs format compose test ## format, compose file, and all tests (imports and documents are among them)

fast: needs ## the tests that need no database
	$(TEST) --filter '$(FAST)' $(OPTIONS)

interop: needs ## checks against other people's programs, in a Python environment of its own
	Tests/Interop/run.sh

fuzz: ## feeds mutated lines to the wire, for FUZZ_SECONDS (60)
	Tests/Fuzz/run.sh

bench: needs ## the PostgreSQL client against pgbench on one throw-away cluster
	swift build -c release $(BUILD) --product PostgresBench
	Benchmarks/PostgresBench/with-cluster.sh "$$(swift build -c release --show-bin-path)/PostgresBench"

clean: ## remove what was built and this folder's database
	rm -rf .build .holdfast

needs:
	@scripts/install-missing.sh

format:
	swift format lint --strict --recursive --parallel $(SWIFT_FOLDERS)

format-fix: ## rewrite the Swift files in the repository's style
	swift format --in-place --recursive --parallel $(SWIFT_FOLDERS)

compose:
	@scripts/check-compose.sh
