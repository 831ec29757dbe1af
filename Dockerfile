# Two images, docs/containers.md: `--target worker` serves; `--target app` is Node with the package, and a worker inside.
# For a release, name these with their digests: --build-arg PYTHON_IMAGE=python:3.13-slim-trixie@sha256:…
# A mirror, or a proxy's certificates, come in by --build-arg too, as pip and npm name them; no image keeps them.
ARG PYTHON_IMAGE=python:3.13-slim-trixie
ARG NODE_IMAGE=node:24-trixie-slim

# The locked packages of a device, as wheels only: nothing is built, so no compiler is here either.
FROM ${PYTHON_IMAGE} AS environment
ARG DEVICE=cpu
# batch: with pyarrow, for scoring files
ARG EXTRA=
ARG PIP_INDEX_URL
ARG PIP_CERT
COPY python/requirements/${DEVICE}.txt python/requirements/batch.txt python/requirements/ray.txt /requirements/
RUN python -m venv --without-pip /opt/synjax \
 && python -m pip --python /opt/synjax/bin/python --no-cache-dir --disable-pip-version-check \
      install --no-deps --only-binary :all: --require-hashes -r "/requirements/${DEVICE}.txt" \
      ${EXTRA:+-r /requirements/batch.txt} $([ "${EXTRA}" != ray ] || echo -r /requirements/ray.txt) \
 && find /opt/synjax -type d -name tests -prune -exec rm -r {} +
# Compiled here, because nothing can be written where it runs.
COPY python/synjax_worker /opt/worker/synjax_worker
RUN python -m compileall -q --invalidation-mode unchecked-hash /opt/worker

# The package as it is published, with the dependencies of the lock file beside it.
FROM ${NODE_IMAGE} AS package
ARG NPM_CONFIG_REGISTRY
ARG NODE_EXTRA_CA_CERTS
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY scripts/build.mjs scripts/
COPY bridge bridge
COPY src src
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
 && find node_modules -name '*.map' -delete \
 && mv "node_modules/zeromq/build/linux/$(node -p process.arch)" kept \
 && find node_modules/zeromq/build -mindepth 1 -maxdepth 1 -type d -exec rm -r {} + \
 && mkdir node_modules/zeromq/build/linux && mv kept "node_modules/zeromq/build/linux/$(node -p process.arch)" \
 && chmod +x dist/bridge/cli/cli.js \
 && ln -s ../synjax-ts/dist/bridge/cli/cli.js node_modules/.bin/synjax \
 && mkdir -p node_modules/synjax-ts/python \
 && mv dist package.json node_modules/synjax-ts/
COPY python/requirements node_modules/synjax-ts/python/requirements

# What both run on: Python without what installs packages, the locked environment, and a user that owns a cache only.
FROM ${PYTHON_IMAGE} AS runtime
RUN python -m pip uninstall --yes --quiet --root-user-action=ignore pip \
 && useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin synjax \
 && install --directory --owner synjax --group synjax --mode 0700 /var/cache/synjax
COPY --from=environment /opt/synjax /opt/synjax
COPY --chmod=755 docker/health.py /usr/local/bin/synjax-health
ENV PATH=/opt/synjax/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1
VOLUME /var/cache/synjax

FROM runtime AS app
ARG DEVICE=cpu
COPY --from=package /usr/local/bin/node /usr/local/bin/node
COPY --from=package /build/node_modules /srv/node_modules
COPY --from=environment /opt/worker/synjax_worker /srv/node_modules/synjax-ts/python/synjax_worker
COPY docker/service.mjs /srv/app/
ENV PATH=/srv/node_modules/.bin:$PATH \
    NODE_ENV=production \
    PORT=8080 \
    SYNJAX_DEVICE=${DEVICE} \
    SYNJAX_HOME=/var/cache/synjax \
    SYNJAX_PYTHON=/opt/synjax/bin/python
WORKDIR /srv/app
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD synjax-health "$PORT" /readyz
CMD ["node", "service.mjs"]

FROM runtime AS worker
ARG DEVICE=cpu
RUN install --directory --owner synjax --group synjax --mode 0700 /keys /client-keys
COPY --from=environment /opt/worker /opt/worker
COPY --chmod=755 docker/serve.sh /usr/local/bin/synjax-serve
COPY --chmod=755 docker/synjax.sh /usr/local/bin/synjax
ENV PYTHONPATH=/opt/worker \
    SYNJAX_DEVICE=${DEVICE} \
    SYNJAX_PORT=5555 \
    SYNJAX_KEYS=/keys \
    SYNJAX_METRICS=127.0.0.1:9100 \
    SYNJAX_COMPILATION_CACHE=/var/cache/synjax/compiled
USER 10001:10001
EXPOSE 5555
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD synjax-health "$SYNJAX_METRICS" /healthz
ENTRYPOINT ["synjax-serve"]
