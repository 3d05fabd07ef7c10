#!/usr/bin/env bash
# Packs all that device/install.sh needs without a network into dist/bundle-VERSION-ARCH.tar: this
# package and every wheel it depends on, for the Pythons of Raspberry Pi OS Bookworm and Trixie.
#
#     make bundle              # for a Raspberry Pi
#     make bundle ARCH=x86_64  # for a PC with Debian
set -euo pipefail
umask 022

python=${1:?usage: bundle.sh PYTHON [ARCH]}
arch=${2:-aarch64}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
dist=$here/../dist
mkdir -p "$dist"
work=$(mktemp -d "$dist/.bundle-XXXXXX") # all is made in here, so that nothing half done is left
trap 'rm -rf "$work"' EXIT
bundle=$work/bundle
mkdir "$bundle"

pip() { "$python" -m pip --quiet --disable-pip-version-check "$@"; }

# A copy, for a build leaves folders behind.
mkdir "$work/source"
(cd "$here/.." && cp -r pyproject.toml README.md LICENSE NOTICE edge_emotion train convert device \
    "$work/source")
pip wheel --no-deps --wheel-dir "$bundle/wheels" "$work/source"
rm -rf "$work/source"
wheel=$(echo "$bundle"/wheels/edge_emotion-*.whl)

# Every glibc up to Bookworm's 2.36.
platforms=(--platform "manylinux2014_$arch")
for minor in $(seq 17 36); do platforms+=(--platform "manylinux_2_${minor}_$arch"); done

download() { # PYTHON-VERSION REQUIREMENT...
    pip download --only-binary=:all: "${platforms[@]}" --implementation cp --python-version "$1" \
        --dest "$bundle/wheels" --find-links "$bundle/wheels" "${wheel}[web,mqtt]" pip "${@:2}"
}
download 3.11 'numpy<2' 'opencv-python-headless<4.12' # see pip_install in install.sh
download 3.13

cp "$here"/{install.sh,edge-emotion.service,edge-emotion.toml,99-edge-emotion-coral.rules} "$bundle"
(cd "$bundle" && find . -type f -printf '%P\0' | sort -z | xargs -0 sha256sum) >"$work/SHA256SUMS"
mv "$work/SHA256SUMS" "$bundle"

version=$(basename "$wheel" | cut -d- -f2)
name=bundle-$version-$arch
mv -T "$bundle" "$work/$name"
tar --create --file "$work/$name.tar" --directory "$work" --owner=0 --group=0 "$name"
mv -T "$work/$name.tar" "$dist/$name.tar"
echo "dist/$name.tar: unpack it on the device and run: sudo $name/install.sh"
