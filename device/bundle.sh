#!/usr/bin/env bash
# Packs all that device/install.sh needs without a network into dist/bundle-VERSION-ARCH.tar: this
# package and every wheel it depends on, for the Pythons of Raspberry Pi OS Bookworm and Trixie.
#
#     make bundle              # for a Raspberry Pi
#     make bundle ARCH=x86_64  # for a PC with Debian
set -euo pipefail

python=${1:?usage: bundle.sh PYTHON [ARCH]}
arch=${2:-aarch64}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dist=$here/../dist
mkdir -p "$dist"
work=$(mktemp -d "$dist/.bundle-XXXXXX")
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

pip() { "$python" -m pip --quiet --disable-pip-version-check "$@"; }

# A copy, for a build leaves folders behind.
mkdir "$work/source"
(cd "$here/.." && cp -r pyproject.toml README.md LICENSE NOTICE edge_emotion train convert device \
    "$work/source")
pip wheel --no-deps --wheel-dir "$work/wheels" "$work/source"
rm -rf "$work/source"
wheel=$(echo "$work"/wheels/edge_emotion-*.whl)

# Every glibc up to Bookworm's 2.36.
platforms=(--platform "manylinux2014_$arch")
for minor in $(seq 17 36); do platforms+=(--platform "manylinux_2_${minor}_$arch"); done

download() { # PYTHON-VERSION REQUIREMENT...
    pip download --only-binary=:all: "${platforms[@]}" --implementation cp --python-version "$1" \
        --dest "$work/wheels" --find-links "$work/wheels" "$wheel" pip "${@:2}"
}
download 3.11 'numpy<2' 'opencv-python-headless<4.12' # see pip_install in install.sh
download 3.13

cp "$here"/{install.sh,edge-emotion.service,edge-emotion.toml,99-edge-emotion-coral.rules} "$work"
version=$(basename "$wheel" | cut -d- -f2)
name=bundle-$version-$arch
mv "$work" "$dist/$name"
trap - EXIT
tar --create --file "$dist/$name.tar.part" --directory "$dist" --owner=0 --group=0 "$name"
mv "$dist/$name.tar.part" "$dist/$name.tar"
rm -rf "${dist:?}/$name"
echo "dist/$name.tar: unpack it on the device and run: sudo $name/install.sh"
