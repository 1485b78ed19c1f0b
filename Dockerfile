# The portal alone: no demo, no tenant emulator. Needs no writable file system but for SQLite, if that is used
# (mount a volume at /var/lib/passback).
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential && rm -rf /var/lib/apt/lists/*
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY crates/foundation/Cargo.toml crates/foundation/
COPY crates/emulator/Cargo.toml crates/emulator/
# Dependencies first, so that a change of ours does not build them again.
RUN mkdir -p src crates/foundation/src crates/emulator/src && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs crates/foundation/src/lib.rs crates/emulator/src/lib.rs \
    && cargo build --locked -p passback --release --no-default-features && rm -r src crates/*/src
COPY . .
RUN touch src/main.rs src/lib.rs crates/*/src/lib.rs \
    && cargo build --locked -p passback --release --no-default-features

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates curl && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/passback --create-home --shell /usr/sbin/nologin passback
COPY --from=build /build/target/release/passback /usr/local/bin/passback
USER 10001
WORKDIR /var/lib/passback
VOLUME /var/lib/passback
ENV PASSBACK_CONFIG=/etc/passback/passback.toml PASSBACK__SERVER__LISTEN=0.0.0.0:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8080/readyz"]
ENTRYPOINT ["passback"]
CMD ["serve"]
