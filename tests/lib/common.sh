# What ./quickstart and ./check share: numbered steps, Debian packages, node, builds.  Sourced by bash, at the top of the tree.
# Nothing here starts a service or leaves a process behind.

export LC_ALL=C.UTF-8
LOGS=var/log
STEP=0
STEPS=0
LAST_LOG=

say() { printf '%s\n' "$*"; }
die() { printf '\n%s\n' "$*" >&2; exit 1; }

# step TITLE HINT COMMAND...: run it with its output in a log; on failure show the end of the log and what to do.
# Returns the command's status; sets LAST_LOG.
step() {
    local title=$1 hint=$2 started=$SECONDS status=0
    shift 2
    STEP=$((STEP + 1))
    mkdir -p "$LOGS"
    LAST_LOG=$LOGS/$(printf '%02d' "$STEP")-$(printf '%s' "$title" | tr -cs 'a-zA-Z0-9\n' - | tr 'A-Z' 'a-z').log
    printf '[%2d/%2d] %-58s ' "$STEP" "$STEPS" "$title"
    "$@" >"$LAST_LOG" 2>&1 </dev/null || status=$?
    if [ "$status" = 0 ]; then
        printf 'ok      %4d s\n' $((SECONDS - started))
    else
        printf 'FAILED  %4d s\n' $((SECONDS - started))
        grep -E -A3 ' error: |undefined reference|CMake Error|FAILED  |^E: |BROKEN: .*seed|^BROKEN|NOT NOTICED|[*][*][*]Failed' "$LAST_LOG" | head -n 40 >"$LAST_LOG.why"
        [ -s "$LAST_LOG.why" ] || tail -n 25 "$LAST_LOG" >"$LAST_LOG.why"
        cut -c1-200 "$LAST_LOG.why" | sed 's/^/      | /'
        rm -f "$LAST_LOG.why"
        say "      What to do: $hint"
        say "      All of its output: $LAST_LOG"
    fi
    return "$status"
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# ---------------------------------------------------------------- Debian packages, each with its reason

PACKAGES_BUILD=(
    gcc libc6-dev cmake ninja-build pkg-config # the build itself
    python3                    # layers.py, the test harness, the demo's set-up
    openssl ca-certificates    # the private CA's certificates
    dpkg-dev debian-archive-keyring xz-utils bzip2 patch # source packages: mbedTLS, lwIP, libsodium, BearSSL
)
PACKAGES_SERVER=(
    libmicrohttpd-dev libgnutls28-dev # HTTP and TLS
    libpq-dev postgresql       # the database and its client
    libjansson-dev             # JSON
    libargon2-dev              # password hashes
    libsodium-dev              # BLAKE2b, Ed25519
    libjsmn-dev                # JSON on devices, and on the host that plays one
    libssl-dev                 # SHA-256, P-256
    libcurl4-openssl-dev       # signer publish
    libp11-kit-dev             # the header of PKCS#11, for keys in tokens
    brotli                     # precompressed pages
)
PACKAGES_DEVICE=(
    gcc-arm-none-eabi binutils-arm-none-eabi libnewlib-arm-none-eabi # the cross compiler
    qemu-system-arm            # the emulated board
)
PACKAGES_CHECK=(
    clang clang-format clang-tidy libclang-rt-14-dev # gates and fuzzing
    libcmocka-dev              # unit tests
    softhsm2 opensc            # a token without hardware, and how others speak to it
    minisign signify-openbsd   # releases must verify with other people's tools
    curl                       # the API as CI would call it
    groff-base                 # the manual pages are read without a warning
    swupdate cpio              # a client of others: it must update from otad, and how its files are packed
    nginx-light systemd        # otad/contrib: the one before otad, and what understands its unit
    chromium fonts-dejavu-core # the browser tests
    python3-unicorn            # a processor that does one instruction wrong
)
PACKAGES_BENCH=(nginx-light wrk) # to compare with, in ./check --full alone

packages_missing() {
    local p
    for p in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || printf '%s\n' "$p"
    done
}

# Ask for the password now, where the user sees the question, not in the middle of a step.
packages_may_install() {
    [ -n "$(packages_missing "$@")" ] || return 0
    [ "$(id -u)" = 0 ] && return 0
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }
}

# Debian's postgresql makes and starts a cluster when it is installed; we use a private one.  Undone afterwards.
packages_quiet_begin() {
    printf '#!/bin/sh\n# otad is installing packages: start nothing\nexit 101\n' >var/policy-rc.d
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        as_root install -m 755 var/policy-rc.d /usr/sbin/policy-rc.d
        QUIET_POLICY=1
    fi
    printf 'create_main_cluster = false\n' >var/createcluster.conf
    if [ ! -e /etc/postgresql-common/createcluster.d/zz-otad.conf ]; then
        as_root mkdir -p /etc/postgresql-common/createcluster.d
        as_root install -m 644 var/createcluster.conf /etc/postgresql-common/createcluster.d/zz-otad.conf
        QUIET_CLUSTER=1
    fi
}

packages_quiet_end() {
    [ -z "${QUIET_POLICY:-}" ] || as_root rm -f /usr/sbin/policy-rc.d
    [ -z "${QUIET_CLUSTER:-}" ] || as_root rm -f /etc/postgresql-common/createcluster.d/zz-otad.conf
    QUIET_POLICY='' QUIET_CLUSTER=''
    rm -f var/policy-rc.d var/createcluster.conf
}

packages_install() {
    local missing status=0
    mapfile -t missing < <(packages_missing "$@")
    [ "${#missing[@]}" -gt 0 ] || { say "all installed"; return 0; }
    say "missing: ${missing[*]}"
    packages_quiet_begin
    trap packages_quiet_end EXIT
    {
        as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install "${missing[@]}"
    } || status=$?
    packages_quiet_end
    return "$status"
}

packages_step() {
    packages_may_install "$@" || die "These Debian packages are missing and this user can't install them:
  $(packages_missing "$@" | tr '\n' ' ')
What to do: run as root:  apt-get install --no-install-recommends $(packages_missing "$@" | tr '\n' ' ')
or run this command as root or as a user with sudo."
    step "Debian packages" "look at the apt-get lines above; is there a network, is the apt configuration right (apt-get update)?" \
        packages_install "$@"
}

# ---------------------------------------------------------------- node: for the web pages and the browser tests only

# Vite 8 wants Node 20.19 or later and Debian 12 has 18.  Then the npm registry's own package of the Node
# binary serves (node-linux-*), fetched by Debian's npm into var/node.
NODE_PACKAGE_MAJOR=22

node_is_new_enough() {
    command -v node >/dev/null && command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 12) || (a === 20 && b >= 19) ? 0 : 1)'
}

node_use() { # like Debian's own Node, trust the certificates that the system trusts
    [ -x var/node/bin/node ] || return 0
    export PATH=$PWD/var/node/bin:$PATH NODE_EXTRA_CA_CERTS=${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}
}

node_install() {
    local arch
    node_use
    if node_is_new_enough; then
        say "node $(node --version), npm $(npm --version)"
        return 0
    fi
    command -v npm >/dev/null || packages_install nodejs npm || return 1
    case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) say "no Node package for $(uname -m)"; return 1 ;;
    esac
    mkdir -p var/node/bin
    npm install --prefix var/node --no-audit --no-fund --no-save "node-linux-$arch@$NODE_PACKAGE_MAJOR" npm@11 || return 1
    ln -sfn "../node_modules/node-linux-$arch/bin/node" var/node/bin/node
    ln -sfn ../node_modules/npm/bin/npm-cli.js var/node/bin/npm
    ln -sfn ../node_modules/npm/bin/npx-cli.js var/node/bin/npx
    node_use
    hash -r
    node_is_new_enough
}

# ---------------------------------------------------------------- builds

build_preset() { # PRESET [TARGETS...]
    local preset=$1
    shift
    cmake --preset "$preset" || return 1
    cmake --build --preset "$preset" ${1:+--target "$@"}
}

# The bootloader trusts the three boot roots it was built with: those of the demo keys in var/keys, made once by signer.
demo_keys() { python3 tests/lib/demo.py --keys-only; }

build_device() {
    demo_keys || return 1
    cmake --preset device -DBOOT_ROOTS="$PWD/var/keys/roots.c" || return 1
    cmake --build --preset device
}

# node_modules belongs to one package-lock.json; npm ci only when that changed.
npm_ci_once() {
    if [ ! -e node_modules/.otad-lock ] || ! cmp -s package-lock.json node_modules/.otad-lock; then
        npm ci --ignore-scripts --no-audit --no-fund || return 1
        cp package-lock.json node_modules/.otad-lock
    fi
}

web_install() {
    node_use
    (cd web && npm_ci_once)
}

web_build() {
    web_install || return 1
    (cd web && npm run build)
}

fetch_sources() { firmware/fetch-sources; }

HINT_BUILD="the compiler's message above names file and line; after a git pull, removing build/ and running again helps"
HINT_WEB="npm needs its registry (npm config get registry); the network or a proxy may be the reason"
HINT_FETCH="the Debian mirror of this machine's apt configuration must be reachable and offer source packages; run firmware/fetch-sources to see more"
