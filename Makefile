# Every command of the project; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo demo-two up down status test campaign check lint crds crds-check deny advisories fuzz fuzz-keep bench bench-quick image image-check clean chart-readme chart-golden gitops dashboards-check dashboard-picture reference docs docs-serve

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## the main job by itself: control plane, simulator, operator, examples/, all steps, tear down
	@cargo build --quiet --locked --bin livestream-operator
	@cargo run --quiet --locked --example demo

demo-two: ## one manifest on two providers: control plane, both simulators, operator, examples/two-providers/
	@cargo build --quiet --locked --bin livestream-operator
	@cargo run --quiet --locked --example demo-two

gitops: ## a real Argo CD brings examples/gitops out of git, and tells the truth about it
	@cargo test --quiet --locked --test argo_cd -- --nocapture

up: ## the same parts, left running, with a kubeconfig to play with
	@hack/up.sh

down: ## end what `make up` started
	@hack/down.sh

status: ## what `make up` started, and what it holds
	@hack/status.sh

# The operator tests mostly wait, so more of them than there are cores run side by side.
test: lint ## everything that CI checks
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-6} cargo test --workspace --locked

check: ## compile everything, quickly
	cargo check --workspace --all-targets --locked

lint: ## formatting and lints
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	gofmt -l tests | (! grep .)
	cd tests/control-plane && go vet ./...
	cd tests/image/proxy && go vet ./...

crds: ## generate crds/, and the chart's, from the Rust types
	cargo run --quiet --locked -- crds --out crds
	cargo run --quiet --locked -- crds --out charts/livestream-operator/files/crds

chart-readme: ## write the table of values in the chart's README
	CHART_WRITE=readme cargo test --quiet --locked --test chart readme::

chart-golden: ## write what the chart renders for tests/chart/golden/*/values.yaml
	CHART_WRITE=golden cargo test --quiet --locked --test chart golden::

crds-check: ## fail if crds/ is not what the types say
	cargo test --quiet --locked --test crds

reference: ## write docs/reference/ from the types and the command line
	WRITE_REFERENCE=1 cargo test --quiet --locked --test reference

docs: ## build the book into target/book (needs Python); dead links fail
	@hack/book/build.sh

docs-serve: ## show the book at http://127.0.0.1:8000 while it is written
	@hack/book/build.sh serve

deny: ## licences, bans and sources of dependencies (needs cargo-deny)
	cargo deny --locked --log-level error check licenses bans sources

advisories: ## known weaknesses of dependencies (needs cargo-deny, and the network for its database)
	cargo deny --locked check advisories

# FUZZ_SECONDS for each target; FUZZ_TARGETS, such as `mark error`, are all unless named.
fuzz: ## fuzz everything that reads foreign bytes, a minute each (needs cargo-fuzz and a nightly toolchain)
	@fuzz/run.sh $${FUZZ_SECONDS:-60} $(FUZZ_TARGETS)

fuzz-keep: ## put a small part of what `make fuzz` found into the tree, where tests run it
	@fuzz/keep.sh $(FUZZ_TARGETS)

campaign: ## everything that was done to break it, all of it; more than an hour; writes docs/reliability.md
	cargo test --locked --test campaign -- everything --all --docs --json target/campaign.json

# The operator and the simulator are processes of their own, as they are shipped.
bench: ## measure all that docs/performance.md says, and write it; about forty minutes on a quiet machine
	cargo build --release --locked --workspace --bins
	cargo bench --locked --bench performance -- --docs

bench-quick: ## the same with up to 1,000 objects, in some minutes, without writing anything
	cargo build --release --locked --workspace --bins
	cargo bench --locked --bench performance -- --quick

# ARCHITECTURE=arm64, BUILD_IMAGE=local and the like: see hack/image.sh.
image: ## build the images of operator and simulator, all stages
	@hack/image.sh

image-check: ## what CI checks of the images: lint, size, user, and one stream through them as Kubernetes runs them
	@hack/image-check.sh

# Builds Prometheus the first time, which takes some minutes.
dashboards-check: ## every query of the dashboard and of the alerts gives rows; promtool tests the alerts
	cargo test --locked --test alerts --test operator -- alert promtool metrics::dashboard --nocapture

dashboard-picture: ## draw docs/pictures/dashboard.svg from what a real Prometheus scraped
	LIVESTREAM_OPERATOR_PICTURE=docs/pictures/dashboard.svg cargo test --locked --test operator -- metrics::dashboard

clean: ## remove what cargo built; the control plane stays in the user's cache
	cargo clean
