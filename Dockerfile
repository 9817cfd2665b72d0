# docker build -t dragoman . && docker run -p 127.0.0.1:8045:8045 -v "$PWD/data:/app/data" --env-file .env dragoman
FROM python:3.13-slim AS builder
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
RUN python -m venv /opt/venv
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.lock deploy/fast.lock /build/
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /build/requirements.lock
RUN /opt/venv/bin/pip install --require-hashes --no-deps -r /build/fast.lock
COPY pyproject.toml README.md app.py /build/
COPY gateway /build/gateway
COPY schemas /build/schemas
RUN /opt/venv/bin/pip install --no-deps /build

FROM python:3.13-slim
# The demonstration model's engine links against OpenMP.
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
# 1000 is the first user of most machines, so a folder of theirs mounted at /app/data can be written.
RUN groupadd --gid 1000 dragoman && useradd --uid 1000 --gid 1000 --no-create-home --home-dir /app dragoman
COPY --from=builder /opt/venv /opt/venv
WORKDIR /app
RUN install -d -o dragoman -g dragoman -m 0700 /app/data
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8045
USER dragoman
EXPOSE 8045
HEALTHCHECK --interval=30s --timeout=10s --start-period=20s --retries=3 CMD ["dragoman", "health"]
CMD ["dragoman", "serve"]
