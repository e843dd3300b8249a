# The server alone, linked with its Swift runtime. Build: docker build --tag holdfast .
FROM swift:6.3-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libpq-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
RUN swift build --configuration release --static-swift-stdlib --product holdfast \
    && install -D .build/release/holdfast /out/holdfast

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libpq5 netcat-openbsd \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/holdfast --create-home holdfast
COPY --from=build /out/holdfast /usr/local/bin/holdfast
USER holdfast
WORKDIR /var/lib/holdfast
EXPOSE 7420
ENTRYPOINT ["holdfast"]
CMD ["serve"]
