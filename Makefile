# Two commands do everything: `make demo` and `make test`.

.PHONY: demo test lint docs kill replicas bench screenshots a11y release clean

# The whole product on this machine: emulated tenant, portal, SQLite.
demo:
	cargo build --locked --quiet -p passback
	./target/debug/passback demo

# Installs what is missing (and says what), starts PostgreSQL on a free port, runs every test, stops it again.
test:
	tests/run.sh

lint:
	cargo fmt --check
	cargo clippy --locked --workspace --all-targets --features test-hooks -- -D warnings
	cargo clippy --locked -p passback --no-default-features -- -D warnings

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items

# The long form of a test that `make test` runs with 20 kills an engine: SIGKILL anywhere between form and last word.
kill:
	PASSBACK_KILLS=200 tests/long.sh 1 fleet::kill

# Three portals on one PostgreSQL, killed, stopped, cut off, upgraded; three times over.
replicas:
	tests/long.sh 3 fleet::replicas

# What the portal costs, each figure with a control in the same run. Start and idle memory are those of what the image holds.
bench:
	cargo build --locked -p passback --release --no-default-features --target-dir target/image
	PASSBACK_IMAGE_BINARY="$(CURDIR)/target/image/release/passback" cargo bench --locked -p passback --bench portal

# Every page and state, phone and desktop, light and dark, into screenshots/ (ignored by git).
screenshots:
	PASSBACK_SCREENSHOTS="$(CURDIR)/screenshots" tests/run.sh browser::screenshots
	@echo "RESULT screenshots=$$(ls screenshots | wc -l)"

# WCAG 2.2 AA: axe on every page and state, both themes, every language.
a11y:
	tests/long.sh 1 browser::a11y

# What the image holds: without the demo and the tenant emulator.
release:
	cargo build --locked -p passback --release --no-default-features

clean:
	cargo clean
