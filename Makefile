# `make demo` and `make test` are all a newcomer needs; both do their own set-up and say what they
# install. What they do is in .ci/, one script a command.

SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help demo test plugins languages bench bench-rules bench-clients bless fuzz audit

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1\t\2/p' Makefile | expand -t 22

demo: ## build zaraba and run the demonstration; it says where to look
	@bash .ci/demo

test: ## every check; some only: make test STEPS="fmt tidy" PACKAGES="-p zaraba-sql"
	@bash .ci/test $(STEPS)

plugins: ## build the rules of plugins/ as WebAssembly, and say where they are
	@bash .ci/plugins

languages: ## build the rule of sdk/examples in JavaScript and Python
	@bash .ci/languages

bench: ## ticks through a window, beside a bare loop and DataFusion's batch; then each construct, the prices of options, and rows through a rule
	@source .ci/setup.sh && cargo bench --workspace --bench tumble && cargo bench --workspace --bench constructs --bench prices
	@$(MAKE) --no-print-directory bench-rules

bench-rules: ## one condition as a rule in wasm, natively, as a declared alert and as a loop; then a rule beside a hostile one
	@bash .ci/plugins && source .ci/setup.sh && export ZARABA_PLUGINS="$$CARGO_TARGET_DIR/plugins" ZARABA_NATIVE="$$CARGO_TARGET_DIR/rules/release/examples/native" \
	  && (cd plugins && CARGO_TARGET_DIR="$$CARGO_TARGET_DIR/rules" cargo build --quiet --release --example native) \
	  && cargo bench --workspace --bench rules --bench beside

bench-clients: ## 2,000 WebSocket clients beside uWebSockets, and what a client costs that stops reading
	@bash .ci/bench-clients

bless: ## run the tests and write what came over what was expected; read the diff before a commit
	@ZARABA_BLESS=1 INSTA_UPDATE=always bash .ci/test tests

fuzz: ## what strangers send, made up: SECONDS=60 for each target; only some: TARGETS="json csv"
	@bash .ci/fuzz $(or $(SECONDS),60) $(TARGETS)

audit: ## licences and sources of the dependencies, and dependencies nobody uses
	@bash .ci/audit
