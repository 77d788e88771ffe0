# The images of livestream-operator and of the simulator: `--target operator` (the default) and
# `--target simulator`. docs/image.md says how they are built and checked.

# A Debian with Rust as rust-toolchain.toml pins it. Another one is given by --build-arg.
ARG BUILD_IMAGE=docker.io/library/rust:1.95.0-bookworm

# It runs on the machine that builds, whatever the image is for: a compiler under emulation takes hours.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
ARG TARGETARCH
WORKDIR /source
COPY hack/image-compiler.sh hack/image-binaries.sh hack/
RUN hack/image-compiler.sh "${TARGETARCH:-amd64}"
COPY Cargo.toml Cargo.lock ./
COPY simulator/Cargo.toml simulator/
COPY simulator/src simulator/src
COPY src src
# What cargo fetched and what it compiled stay in caches, so that a change of our source compiles our
# source. A machine behind a proxy with a CA of its own gives that as a secret: it enters no layer.
RUN --mount=type=cache,id=livestream-operator-cargo,target=/cache/cargo \
    --mount=type=cache,id=livestream-operator-target,target=/cache/target \
    --mount=type=secret,id=ca,target=/run/secrets/ca.crt \
    CARGO_HOME=/cache/cargo CARGO_TARGET_DIR=/cache/target \
    hack/image-binaries.sh "${TARGETARCH:-amd64}" /out

# One stage for each image. Nothing in them is run while they are built, so they can be built for any
# architecture, and alone: `--build-context build=FOLDER` takes what the stage above makes from FOLDER/out.
FROM scratch AS simulator
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="gcore-simulator" \
      org.opencontainers.image.description="Gcore's streaming API as its documents describe it, to try livestream-operator with" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build --chmod=0555 /out/gcore-simulator /gcore-simulator
USER 65532:65532
ENTRYPOINT ["/gcore-simulator"]

FROM scratch AS operator
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="livestream-operator" \
      org.opencontainers.image.description="Live streams, broadcasts and recordings at a streaming provider as Kubernetes resources" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build --chmod=0444 /out/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chmod=0555 /out/livestream-operator /livestream-operator
# A number, so that Kubernetes can see that it is not root; named nowhere in the image.
USER 65532:65532
ENTRYPOINT ["/livestream-operator"]
CMD ["run"]
