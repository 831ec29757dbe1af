#!/bin/sh
# Builds both images without a daemon, runs them as they are meant to run, and ends with a line of what passed.
#
# Needs root, buildah, podman, and runc or crun; base-images.sh comes before it where no registry of images is reached. What
# this machine's package registries need comes in from outside, and stays outside:
#   BUILD_FLAGS   further flags of `buildah build`: a --volume or a --secret with settings or certificates
#   BATCH_DATA    a directory that examples/batch-scoring/make.ts has made: its file is scored too
#   ABSENT        words that must stand nowhere in the images, as a host's name
# shellcheck disable=SC2086 # several flags in one variable
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
name=synjax-try-$$
passed=0 failed=0

end() {
  [ "$failed" = 0 ] || for each in worker app caller alone; do podman logs "$name-$each" 2>&1 | sed "s/^/$each: /" | tail -n 20; done
  for each in app caller alone worker; do # the worker last: the others may use its network
    podman rm --force --volumes "$name-$each" >/dev/null 2>&1 || :
  done
  podman pod rm --force synjax-try-pod >/dev/null 2>&1 || :
  podman volume rm --force "$name-keys" "$name-client" >/dev/null 2>&1 || :
  rm -rf "$work"
}
trap end EXIT
trap 'exit 1' INT TERM HUP

if [ -z "${CONTAINERS_CONF:-}" ] && [ ! -d /run/systemd/system ]; then
  # What runc and podman need where no systemd runs
  cat >"$work/containers.conf" <<'CONF'
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
  export CONTAINERS_CONF="$work/containers.conf"
fi

check() { # what must hold, and the command that tells
  what=$1
  shift
  if "$@" >"$work/said" 2>&1; then
    passed=$((passed + 1))
    echo "ok      $what"
  else
    failed=$((failed + 1))
    echo "FAILED  $what"
    sed 's/^/        /' "$work/said" | tail -n 20
  fi
}

build() { # a target; another name for it, and further flags
  target=$1 image=${2:-synjax-$1}
  [ $# -lt 2 ] || shift
  shift
  buildah build --layers --format docker --isolation chroot --network host ${BUILD_FLAGS:-} "$@" \
    --target "$target" --tag "localhost/$image" . >"$work/build" 2>&1 || { cat "$work/build"; exit 1; }
  echo "built   $image, $(buildah images --format '{{.Size}}' "localhost/$image")"
}

# Nothing may be written but /tmp and the volumes; no rights; bounds on memory and processes; no network but loopback.
confined="--read-only --read-only-tmpfs=false --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges
  --memory 4g --pids-limit 1024 --health-interval disable"
run() { podman --log-level fatal run $confined "$@"; }
inside() { podman exec "$@"; }
until_true() {
  tries=0
  until "$@" >"$work/tried" 2>&1; do
    tries=$((tries + 1))
    if [ "$tries" = 240 ] || grep -q "container state improper" "$work/tried"; then
      cat "$work/tried"
      return 1
    fi
    sleep 0.5
  done
}
status_of() { podman inspect --format '{{.State.ExitCode}}' "$1"; }
ends_with_0() { # a container that is told to end, and does
  podman --log-level fatal stop --time 60 "$1" && [ "$(status_of "$1")" = 0 ]
}
ask() { # a container, a path, a body: what the service in it answers, after its status
  inside "$1" node -e 'fetch(`http://127.0.0.1:8080${process.argv[1]}`, process.argv[2] && { method: "POST", body: process.argv[2] })
    .then(async (answer) => console.log(answer.status, await answer.text()))' "$2" "${3:-}"
}
answers() {
  found=$(ask "$1" "$2" "$3")
  echo "$found"
  [ "$found" = "$4" ]
}
refuses() { ask "$1" "$2" "$3" | tee /dev/stderr | grep -q "^$4 "; }
said_by() { podman logs "$1" 2>&1 | tee /dev/stderr | grep -qF -- "$2"; }
sentences='[[[2,0],[0.5,0],[0,1],[0,3],[0,0.2]],[[0,1]]]'
tags='200 [[0,0,1,1,1],[1]]'

no_build_tools() {
  run --rm --network none --entrypoint sh "localhost/synjax-$1" -c '
    for tool in pip pip3 npm npx corepack cc gcc g++ make git curl wget; do
      if command -v "$tool"; then exit 1; fi
    done
    ! python -c "import pip" 2>/dev/null'
}
confined_in() {
  inside "$1" sh -c '
    set -e
    [ "$(id -u):$(id -g)" = 10001:10001 ]
    grep -q "^CapEff:.0*$" /proc/self/status && grep -q "^CapBnd:.0*$" /proc/self/status
    grep -q "^NoNewPrivs:.1" /proc/self/status
    cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null | grep -qx 4294967296
    cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null | grep -qx 1024
    for path in / /srv /opt /opt/synjax /usr/local/bin /run /var/tmp "$HOME/.."; do
      if touch "$path/written" 2>/dev/null; then echo "$path can be written"; exit 1; fi
    done'
}
absent() { # words that are nowhere in an image: in its files, its history and its settings
  root=$(podman image mount "$1")
  found=0
  for word in $ABSENT; do
    if grep -rIlF --devices=skip -- "$word" "$root/etc" "$root/root" "$root/srv/app" "$root/opt" "$root/tmp" "$root/usr/local" 2>/dev/null; then found=1; fi
    if podman image inspect "$1" | grep -F -- "$word"; then found=1; fi
    if podman history --no-trunc "$1" | grep -F -- "$word"; then found=1; fi
  done
  podman image unmount "$1" >/dev/null
  [ "$found" = 0 ]
}

build worker
build app
for target in worker app; do
  check "$target: nothing in it that builds or downloads" no_build_tools "$target"
  if [ -n "${ABSENT:-}" ]; then check "$target: nothing of this machine's settings" absent "localhost/synjax-$target"; fi
done

check "keys are made in a volume, and a client's copied to its own" run --rm --network none \
  -v "$name-keys:/keys" -v "$name-client:/client-keys" --entrypoint sh localhost/synjax-worker \
  -c '[ -e /keys/app.json ] || synjax keys /keys --client app; cp /keys/app.json /client-keys/'

# As a secret is mounted where a pod has a group: root's, and readable by the group.
secret="$work/secret"
made=$(podman volume inspect --format '{{.Mountpoint}}' "$name-keys")
install -D -o 0 -g 10001 -m 0440 -t "$secret" "$made/worker.json" "$made/clients.toml"
check "worker: starts" run --detach --name "$name-worker" --network none \
  -v "$secret:/keys:ro" localhost/synjax-worker
check "worker: /readyz is 200 in the end" until_true inside "$name-worker" synjax-health 127.0.0.1:9100 /readyz
check "worker: /healthz is 200" inside "$name-worker" synjax-health 127.0.0.1:9100 /healthz
check "worker: its health check passes" podman healthcheck run "$name-worker"
check "worker: not root, no rights, bounded, and writes nowhere" confined_in "$name-worker"

near_worker="--network container:$name-worker -v $name-client:/keys:ro -e SYNJAX_ADDRESS=tcp://127.0.0.1:5555 -e SYNJAX_KEYS=/keys/app.json"
check "app: starts" run --detach --name "$name-app" $near_worker localhost/synjax-app
check "app: /readyz is 200 when the worker answers it, over CURVE" until_true inside "$name-app" synjax-health 8080 /readyz
check "app: its health check passes" podman healthcheck run "$name-app"
check "app: not root, no rights, bounded, and writes nowhere" confined_in "$name-app"
check "app: answers tags" until_true answers "$name-app" /tag "$sentences" "$tags"
check "app: a body that cannot be meant is a 400" refuses "$name-app" /tag '[[["a"]]]' 400
check "app: strangers are told that they are" run --rm $near_worker -v "$PWD/docker/try:/srv/try:ro" \
  localhost/synjax-app node /srv/try/caller.mjs stranger

run --detach --name "$name-caller" $near_worker -v "$PWD/docker/try:/srv/try:ro" \
  localhost/synjax-app node /srv/try/caller.mjs long >/dev/null
check "a call is on the worker" until_true said_by "$name-caller" "the call is on the worker"
check "worker: told to end, it answers what it has, and ends with 0" ends_with_0 "$name-worker"
check "the call was answered" until_true said_by "$name-caller" "answered:"
check "app: told to end, it ends with 0" ends_with_0 "$name-app"

check "app: starts with a worker inside" run --detach --name "$name-alone" --network none localhost/synjax-app
check "app: /readyz is 200 in the end" until_true inside "$name-alone" synjax-health 8080 /readyz
check "app: answers the same tags" until_true answers "$name-alone" /tag "$sentences" "$tags"
check "app: told to end, both end, with 0" ends_with_0 "$name-alone"

# podman makes a pod with the help of catatonit.
if command -v catatonit >/dev/null && node docker/try/pod.mjs "$work" >"$work/pod.yaml"; then
  install -d -o 10001 -g 10001 "$work/socket" "$work/compiled" "$work/worker-tmp" "$work/app-cache" "$work/app-tmp"
  check "pod: starts" podman --log-level error kube play --network none "$work/pod.yaml"
  check "pod: /readyz is 200 when the worker answers through the socket" \
    until_true inside synjax-try-pod-app synjax-health 8080 /readyz
  check "pod: answers the same tags" until_true answers synjax-try-pod-app /tag "$sentences" "$tags"
  check "pod: the service is told to end, and ends with 0" ends_with_0 synjax-try-pod-app
  check "pod: then the worker, with 0" ends_with_0 synjax-try-pod-worker
else
  echo "skipped: the pod (catatonit is not here, or npm ci has not run)"
fi

if [ -n "${BATCH_DATA:-}" ]; then
  build worker synjax-batch --build-arg EXTRA=batch
  install -d -o 10001 -g 10001 "$work/batch"
  install -m 0444 -t "$work/batch" "$BATCH_DATA/tagger.synjax" "$BATCH_DATA/sentences.parquet"
  check "batch: a file is scored, in 1 GiB" run --rm --network none --memory 1g -v "$work/batch:/data" \
    -v "$PWD/examples/batch-scoring/figures.py:/srv/figures.py:ro" --entrypoint python localhost/synjax-batch \
    /srv/figures.py synjax score /data/tagger.synjax /data/sentences.parquet /data/tags.parquet --longest 256
  grep "rows a second" "$work/said" || :
  check "batch: the output is there, and nothing else" \
    sh -c 'ls "$1" | tr "\n" " " | tee /dev/stderr | grep -qx "sentences.parquet tagger.synjax tags.parquet "' - "$work/batch"
else
  echo "skipped: scoring a file (BATCH_DATA)"
fi

echo
echo "containers: $passed passed, $failed failed"
[ "$failed" = 0 ]
