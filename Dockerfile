# The bridge in a container: `docker build -t gxv2mqtt .`
#
#   docker run -v ./gxv2mqtt.toml:/etc/gxv2mqtt/gxv2mqtt.toml:ro gxv2mqtt          # user 65532 must be able to read it
#   docker run -e GXV2MQTT_MQTT__URL=… -e GXV2MQTT_PHONES__KITCHEN__URL=… gxv2mqtt  # or without a file
#   docker run --no-healthcheck -p 127.0.0.1:8080:8080 gxv2mqtt simulate --listen 0.0.0.0:8080

FROM rust:1-slim-trixie AS build
WORKDIR /build
# The dependencies by themselves: a layer that stays until Cargo.toml or Cargo.lock change.
COPY Cargo.toml Cargo.lock ./
RUN sed -i '/^\[\[\(bench\|test\)\]\]/,/^$/d' Cargo.toml \
    && mkdir src && echo 'fn main() {}' >src/main.rs && touch src/lib.rs \
    && cargo build --locked --release
COPY . .
RUN sed -i '/^\[\[\(bench\|test\)\]\]/,/^$/d' Cargo.toml \
    && touch src/main.rs src/lib.rs \
    && cargo build --locked --release && mv target/release/gxv2mqtt /gxv2mqtt

FROM debian:trixie-slim
LABEL org.opencontainers.image.title="gxv2mqtt" \
      org.opencontainers.image.description="Grandstream GXV32xx/33xx phones on MQTT, with Home Assistant discovery" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# The public certificate authorities, for mqtts:// and https://.
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /gxv2mqtt /usr/local/bin/
# Any number does: nothing is written, and no port below 1024 is opened.
USER 65532:65532
STOPSIGNAL SIGTERM
# Whether the broker holds this bridge to be online. It asks the broker only: a phone would have to be logged in to.
HEALTHCHECK --interval=1m --timeout=15s --start-period=30s --retries=3 CMD ["/usr/local/bin/gxv2mqtt", "health"]
ENTRYPOINT ["/usr/local/bin/gxv2mqtt"]
CMD ["run"]
