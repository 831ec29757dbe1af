ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS environment
ARG DEVICE=cpu
COPY python/requirements/${DEVICE}.txt /requirements.txt
RUN python -m venv /opt/synjax \
 && /opt/synjax/bin/pip install --no-cache-dir --no-deps --require-hashes -r /requirements.txt

FROM python:${PYTHON}-slim
ARG DEVICE=cpu
RUN useradd --uid 10001 --no-create-home synjax \
 && install --directory --owner synjax /var/cache/synjax
COPY --from=environment /opt/synjax /opt/synjax
COPY python/synjax_worker /opt/worker/synjax_worker
COPY docker/serve.sh /usr/local/bin/synjax-serve
ENV PATH=/opt/synjax/bin:$PATH \
    PYTHONPATH=/opt/worker \
    PYTHONDONTWRITEBYTECODE=1 \
    SYNJAX_DEVICE=${DEVICE} \
    SYNJAX_PORT=5555 \
    SYNJAX_COMPILATION_CACHE=/var/cache/synjax
USER synjax
EXPOSE 5555
VOLUME /var/cache/synjax
ENTRYPOINT ["synjax-serve"]
