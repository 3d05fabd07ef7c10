#!/usr/bin/env bash
# Installs Edge Emotion on Raspberry Pi OS or Debian (12 Bookworm, 13 Trixie), as a service.
set -euo pipefail

usage() {
    cat <<'END'
Usage: sudo device/install.sh [--bundle DIR] [--no-service] [--dry-run]
       sudo device/install.sh --remove [--dry-run]

Installs or updates Edge Emotion in /opt/edge-emotion, from this repository with a network, or from
a bundle (make bundle) without one, and starts it as the service edge-emotion.

  --bundle DIR   take every package from this folder; the default where wheels/ lies beside the script
  --no-service   only the program: no service, no user for it, no settings
  --dry-run      print what would be done
  --remove       take everything away but the settings, what the service has written and its user

EDGE_EMOTION_ROOT    install below this folder and leave the machine itself alone, for tests
EDGE_EMOTION_PYTHON  the Python to use, default /usr/bin/python3, which sees apt's picamera2
END
}

fail() {
    printf 'install.sh: %s\n' "$*" >&2
    exit 1
}

say() { printf '%s\n' "$*"; }

run() {
    if [ -n "$dry_run" ]; then say "would run: $*"; else "$@"; fi
}

# What changes the machine beyond files.
machine() {
    if [ -n "$root" ]; then say "left out: $*"; else run "$@"; fi
}

umask 022 # the service reads what root installs
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=${EDGE_EMOTION_ROOT:+$(realpath "$EDGE_EMOTION_ROOT")}
python=${EDGE_EMOTION_PYTHON:-/usr/bin/python3}
opt=$root/opt/edge-emotion
program=$root/usr/local/bin/edge-emotion
unit=$root/etc/systemd/system/edge-emotion.service
rule=$root/etc/udev/rules.d/99-edge-emotion-coral.rules
settings=$root/etc/edge-emotion.toml
state=$root/var/lib/edge-emotion
account=edge-emotion

bundle='' service=yes dry_run='' remove=''
while [ $# -gt 0 ]; do
    case $1 in
        --bundle) bundle=${2:?--bundle needs a folder} && shift ;;
        --no-service) service='' ;;
        --dry-run) dry_run=yes ;;
        --remove) remove=yes ;;
        -h | --help) usage && exit ;;
        *) fail "unknown option $1; see install.sh --help" ;;
    esac
    shift
done

check_root() {
    [ -n "$root$dry_run" ] || [ "$(id -u)" = 0 ] || fail "this needs root; run: sudo $0"
}

check_system() {
    local userland version release=$root/etc/os-release
    # A 64-bit kernel may run a 32-bit userland, so uname does not tell.
    userland=$(dpkg --print-architecture 2>/dev/null) ||
        fail "this is not Debian or Raspberry Pi OS; install the wheel with pip (docs/device.md)"
    case $userland in
        arm64 | amd64) ;;
        *) fail "the system is $userland; the TFLite runtime needs the 64-bit Raspberry Pi OS" ;;
    esac
    version=$("$python" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null) ||
        fail "$python does not run; install it with: apt-get install python3"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 10))' ||
        fail "$python is Python $version; 3.10 or newer is needed, as on Raspberry Pi OS Bookworm"
    [ -e "$release" ] || release=/etc/os-release
    codename=$(sed -n 's/^VERSION_CODENAME=//p' "$release")
    case $codename in
        bookworm | trixie) ;;
        *) say "note: tried on bookworm and trixie, and this is ${codename:-neither}" ;;
    esac
}

find_source() {
    [ -n "$bundle" ] || [ ! -d "$here/wheels" ] || bundle=$here
    if [ -n "$bundle" ]; then
        local wheel
        for wheel in edge_emotion pip; do
            compgen -G "$bundle/wheels/$wheel-*.whl" >/dev/null ||
                fail "there is no wheels/$wheel-*.whl in $bundle; make a bundle with: make bundle"
        done
        bundle=$(cd "$bundle" && pwd)
        check_bundle
    elif [ ! -f "$here/../pyproject.toml" ]; then
        fail "there is neither a bundle nor the repository beside $here; name one with --bundle"
    fi
}

# Against a copy that was cut short, not against anybody: who changes a wheel can change the sums.
check_bundle() {
    local damaged
    [ -f "$bundle/SHA256SUMS" ] || fail "there is no SHA256SUMS in $bundle; make a bundle with: make bundle"
    damaged=$(cd "$bundle" && sha256sum --check --quiet SHA256SUMS 2>/dev/null) ||
        fail "${damaged%%:*} is not as it was packed; copy and unpack the bundle again"
}

# Of two at a time the one would take away what the other is building.
lock() {
    [ -z "$dry_run" ] && command -v flock >/dev/null || return 0
    exec 9<"$opt"
    flock --nonblock 9 || fail "another install.sh is at work in $opt; wait for its end"
}

installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# picamera2 and libcamera come from apt: they belong to the system's kernel and firmware.
install_packages() {
    local wanted=()
    if [ -z "$bundle" ] && ! { installed python3-venv && installed python3-picamera2; }; then
        # First of all: a system fresh from its image knows no packages.
        machine apt-get update -q || say "note: apt-get update failed; going on with the lists at hand"
        installed python3-venv || wanted+=(python3-venv)
        if ! installed python3-picamera2 && apt-cache show python3-picamera2 >/dev/null 2>&1; then
            wanted+=(python3-picamera2)
        fi
        [ ${#wanted[@]} = 0 ] ||
            machine env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${wanted[@]}" ||
            fail "apt-get could not install ${wanted[*]}; without a network use a bundle (make bundle)"
    fi
    case " ${wanted[*]} $(installed python3-picamera2 && echo python3-picamera2) " in
        *" python3-picamera2 "*) ;;
        *) say "note: without python3-picamera2 only USB and network cameras will work" ;;
    esac
}

make_account() {
    local group
    for group in video plugdev; do
        getent group $group >/dev/null || machine groupadd --system $group ||
            fail "groupadd could not make the group $group, see above"
    done
    id -u $account >/dev/null 2>&1 ||
        machine useradd --system --user-group --home-dir /var/lib/edge-emotion --no-create-home \
            --shell /usr/sbin/nologin $account ||
        fail "useradd could not make the user $account, see above"
    machine usermod --append --groups video,plugdev $account ||
        fail "usermod could not put $account into the groups video and plugdev, see above"
}

as_account() {
    if [ -n "$root" ] || [ -z "$service" ]; then
        "$@"
    else
        setpriv --reuid=$account --regid=$account --init-groups env HOME=/var/lib/edge-emotion "$@"
    fi
}

# The new environment lies beside the current one until it has shown that it works; `venv` is a link
# to it, so the change is one rename.
build() {
    if [ -n "$dry_run" ]; then
        say "would run: $python -m venv --system-site-packages $opt/venv-XXXXXX"
        say "would run: pip install edge-emotion[web,mqtt] from ${bundle:-$(dirname "$here")}"
        say "would run: ln -sfn venv-XXXXXX $opt/venv"
        say "would run: ln -sfn /opt/edge-emotion/venv/bin/edge-emotion $program"
        return
    fi
    new=$(mktemp -d "$opt/venv-XXXXXX")
    trap 'rm -rf "$new"; say "install.sh: stopped; what was installed before is as it was" >&2' EXIT
    chmod 755 "$new"
    say "building $new (a few minutes on a small Pi)"
    pip_install || fail "pip could not install the packages, see above${bundle:+; is the bundle for this system?}"
    check_new
}

pip_install() {
    local limits=$new/limits.txt options=(--quiet --disable-pip-version-check --prefer-binary)
    local pip_wheel=("$bundle"/wheels/pip-*.whl)
    : >"$limits"
    # What Bookworm's apt has for picamera2 was built for NumPy 1.
    [ "$codename" != bookworm ] || printf '%s\n' 'numpy<2' 'opencv-python-headless<4.12' >"$limits"
    options+=(--constraint "$limits")
    if [ -z "$bundle" ]; then
        "$python" -m venv --system-site-packages "$new" || return
        # A copy, for a build leaves folders behind, root's here.
        mkdir "$new/source"
        (cd "$here/.." && cp -r pyproject.toml README.md LICENSE NOTICE edge_emotion train convert \
            device "$new/source") || return
        "$new/bin/python" -m pip install "${options[@]}" "$new/source[web,mqtt]" || return
        rm -rf "$new/source"
    else
        # Without python3-venv too: pip runs from its own wheel.
        "$python" -m venv --system-site-packages --without-pip "$new" || return
        "$new/bin/python" "${pip_wheel[0]}/pip" install "${options[@]}" --no-index \
            --find-links "$bundle/wheels" 'edge-emotion[web,mqtt]' || return
    fi
}

# The new one is refused if its models do not run, or if its doctor fails where the former's does not.
check_new() {
    local doctor task told
    for task in emotion keypoints; do
        told=$(as_account "$new/bin/edge-emotion" models verify $task 2>&1) || {
            say "$told" >&2
            fail "the new installation does not run its models, see above"
        }
    done
    if ! doctor=$(as_account "$new/bin/edge-emotion" doctor 2>&1); then
        say "$doctor"
        if [ -x "$opt/venv/bin/edge-emotion" ] &&
            as_account "$opt/venv/bin/edge-emotion" doctor >/dev/null 2>&1; then
            fail "doctor fails with the new version and not with the one before"
        fi
        say "note: doctor found what keeps it from working yet, see above; installed all the same"
    fi
}

switch() {
    local former old
    [ -z "$dry_run" ] || return 0
    former=$(readlink "$opt/venv" || true)
    ln -sfn "$(basename "$new")" "$opt/venv.next"
    mv -T "$opt/venv.next" "$opt/venv"
    trap - EXIT
    for old in "$opt"/venv-*; do # the former one stays, to go back to
        case $(basename "$old") in
            "$(basename "$new")" | "$former") ;;
            *) rm -rf "$old" ;;
        esac
    done
    mkdir -p "$(dirname "$program")"
    ln -sfn /opt/edge-emotion/venv/bin/edge-emotion "$program"
    [ "$here" = "$opt" ] || install -m 755 "$here/install.sh" "$opt/install.sh"
}

install_file() { # FROM TO [MODE]; a power cut leaves the former file or this one
    { run install -D -m "${3:-644}" "$1" "$2.part" && run mv -f "$2.part" "$2"; } ||
        fail "could not write $2, see above"
}

# As dpkg does it: settings that nobody has changed follow the new defaults, and changed ones stay.
# They may hold a camera's password, so only root and the service read them.
install_settings() {
    local shipped=$opt/edge-emotion.toml
    if [ ! -e "$settings" ] || cmp -s "$settings" "$shipped"; then
        install_file "$here/edge-emotion.toml" "$settings" 640
        machine chgrp $account "$settings" || fail "could not give $settings to the group $account"
    elif ! cmp -s "$here/edge-emotion.toml" "$shipped" &&
        ! cmp -s "$here/edge-emotion.toml" "$settings"; then
        install_file "$here/edge-emotion.toml" "$settings.new"
        say "note: $settings was changed and stays; the new defaults are in $settings.new"
    fi
    install_file "$here/edge-emotion.toml" "$shipped"
}

install_rule() {
    install_file "$here/99-edge-emotion-coral.rules" "$rule"
    if [ -d /run/udev ]; then
        { machine udevadm control --reload &&
            machine udevadm trigger --action=change --subsystem-match=usb --subsystem-match=apex; } ||
            say "note: udev did not take the rule for the Coral; it counts after a restart"
    fi
}

install_service() {
    install_file "$here/edge-emotion.service" "$unit"
    machine systemctl enable --quiet edge-emotion.service ||
        say "note: the service is not enabled; once systemd runs: systemctl enable --now edge-emotion"
    if [ -d /run/systemd/system ]; then
        machine systemctl daemon-reload || say "note: systemd did not read the service again"
        machine timeout 30 systemctl restart edge-emotion.service ||
            say "note: the service does not run yet; journalctl -u edge-emotion -n 20 says why"
    fi
    if grep -qs 'cgroup_disable=memory' /proc/cmdline; then
        say "note: this kernel keeps no account of memory; docs/device.md says how to limit the service"
    fi
}

# The user stays, as Debian does it: what is left is readable to its group alone, and another user
# could be given its number.
remove() {
    if [ -e "$unit" ]; then
        machine systemctl disable --now --quiet edge-emotion.service ||
            say "note: systemctl could not stop and disable the service"
    fi
    run rm -rf "$unit" "$rule" "$program" "$opt" || fail "could not take everything away, see above"
    if [ -d /run/systemd/system ]; then
        machine systemctl daemon-reload || say "note: systemd did not notice; it will after a restart"
    fi
    if [ -d /run/udev ]; then
        machine udevadm control --reload || say "note: udev did not notice; it will after a restart"
    fi
    say "removed; left are $settings, $state and the user $account, where they exist"
}

check_root
if [ -n "$remove" ]; then
    [ ! -d "$opt" ] || lock
    remove
    exit
fi
check_system
find_source
[ -n "$dry_run" ] || mkdir -p "$opt"
lock
cd /
install_packages
[ -z "$service" ] || make_account
build
switch
install_rule
if [ -n "$service" ]; then
    install_settings
    install_service
fi
[ -n "$dry_run" ] || say "edge-emotion is installed; try: edge-emotion doctor"
