# Any Debian-like base with python3 (3.11 or newer) and its venv module; pin it further with
# --build-arg BASE=python:3.12-slim-bookworm@sha256:…
ARG BASE=python:3.12-slim-bookworm

# --- wheels of what the lock names, by their hashes, and of the daemon; then what the daemon needs of them -----------
FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python3 -m venv tools && python3 -m venv --without-pip /opt/moment-dnb && mkdir data
COPY requirements/run.txt ./
RUN tools/bin/pip wheel --quiet --require-hashes --only-binary :all: --wheel-dir wheels -r run.txt
COPY LICENSE README.md pyproject.toml ./
COPY daemon daemon
RUN tools/bin/pip install --quiet --no-index --find-links wheels hatchling \
 && tools/bin/pip wheel --quiet --no-deps --no-build-isolation --wheel-dir wheels . \
 && tools/bin/pip --python /opt/moment-dnb/bin/python install --quiet --no-index --find-links wheels moment-dnb

# --- the daemon: no pip, no compiler, no shell script; one folder can be written ---------------------------------
FROM ${BASE}
ARG BASE
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="moment-dnb" \
      org.opencontainers.image.description="Keeps each tenant's company in DnB Regnskap equal to Moment." \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.base.name="${BASE}"
COPY --from=build /opt/moment-dnb /opt/moment-dnb
COPY --from=build --chown=65532:65532 /build/data /var/lib/moment-dnb
# SQLite's passing files go where the ledger's copies lie: everything else may be read-only.
ENV PATH=/opt/moment-dnb/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MOMENT_DNB_DATA_DIR=/var/lib/moment-dnb \
    TMPDIR=/var/lib/moment-dnb
VOLUME /var/lib/moment-dnb
WORKDIR /var/lib/moment-dnb
USER 65532:65532
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "import os, sys; from http.client import HTTPConnection; ops = HTTPConnection('127.0.0.1', int(os.environ.get('MOMENT_DNB_OPS_PORT', '9464')), timeout=4); ops.request('GET', '/livez'); sys.exit(ops.getresponse().status != 200)"]
ENTRYPOINT ["moment-dnb"]
CMD ["run"]
