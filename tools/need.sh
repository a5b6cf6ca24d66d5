# shellcheck shell=bash
# What building, showing and testing need: one row a thing, how it is recognised, and its package. Sourced by run, test, .ci/run.
#
# A check is cmd:NAME (on the PATH), pc:NAME (pkg-config), py:MODULE (the system's python3) or postgres (a server's programs).

#     for    check              apt                  dnf                     brew
NEEDS='
build  cmd:cc             gcc                  gcc                     -
build  cmd:pkg-config     pkg-config           pkgconf-pkg-config      pkgconf
build  cmd:meson          meson                meson                   meson
build  cmd:ninja          ninja-build          ninja-build             ninja
build  pc:libpq           libpq-dev            libpq-devel             libpq
build  pc:sqlite3         libsqlite3-dev       sqlite-devel            sqlite
build  pc:libuv           libuv1-dev           libuv-devel             libuv
build  pc:ncursesw        libncurses-dev       ncurses-devel           ncurses
build  pc:libmicrohttpd    libmicrohttpd-dev    libmicrohttpd-devel     libmicrohttpd
build  pc:termkey         libtermkey-dev       libtermkey-devel        libtermkey
build  pc:libcurl         libcurl4-openssl-dev libcurl-devel           curl
build  pc:libcrypto       libssl-dev           openssl-devel           openssl@3
build  pc:hiredis         libhiredis-dev       hiredis-devel           hiredis
run    postgres           postgresql           postgresql-server       postgresql@17
test   pc:cmocka          libcmocka-dev        libcmocka-devel         cmocka
test   cmd:redis-check-rdb redis-tools         redis                   redis
test   cmd:psql           postgresql-client    postgresql              postgresql@17
test   py:pytest          python3-pytest       python3-pytest          -
test   py:xdist           python3-pytest-xdist python3-pytest-xdist    -
test   py:pyte            python3-pyte         python3-pyte            -
test   py:prometheus_client python3-prometheus-client python3-prometheus_client -
test   py:psycopg2        python3-psycopg2     python3-psycopg2        -
test   py:sqlalchemy      python3-sqlalchemy   python3-sqlalchemy      -
test   cmd:zstd           zstd                 zstd                    zstd
test   cmd:alembic        alembic              python3-alembic         alembic
ci     cmd:clang          clang                clang                   llvm
ci     cmd:clang-tidy     clang-tidy           clang-tools-extra       llvm
ci     cmd:cppcheck       cppcheck             cppcheck                cppcheck
ci     cmd:valgrind       valgrind             valgrind                -
ci     cmd:shellcheck     shellcheck           ShellCheck              shellcheck
'

# The python3 that apt and dnf install modules for, whatever another one stands first in the PATH.
SYSTEM_PYTHON=/usr/bin/python3

has_postgres() {
    command -v initdb >/dev/null && command -v postgres >/dev/null && return
    local p
    for p in /usr/lib/postgresql/*/bin/initdb /usr/pgsql-*/bin/initdb /opt/homebrew/opt/postgresql*/bin/initdb \
        /usr/local/opt/postgresql*/bin/initdb /home/linuxbrew/.linuxbrew/opt/postgresql*/bin/initdb; do
        [ -x "$p" ] && [ -x "${p%/initdb}/postgres" ] && return
    done
    return 1
}

is_there() { # CHECK
    case $1 in
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
    py:*) "$SYSTEM_PYTHON" -c "import ${1#py:}" 2>/dev/null ;;
    postgres) has_postgres ;;
    esac
}

# The packages that are missing for the purposes named, as the manager in column $1 (3 apt, 4 dnf, 5 brew) calls them.
missing_packages() { # COLUMN PURPOSE...
    local column=$1 purpose check apt dnf brew row
    shift
    while read -r purpose check apt dnf brew; do
        [ -n "$purpose" ] || continue
        case " $* " in *" $purpose "*) ;; *) continue ;; esac
        is_there "$check" && continue
        row=("$purpose" "$check" "$apt" "$dnf" "$brew")
        [ "${row[column - 1]}" = - ] || printf '%s\n' "${row[column - 1]}"
    done <<<"$NEEDS" | sort -u
}

say() { printf '%s\n' "$*" >&2; }

# Installs what is missing for the purposes named, and says what. Quick when nothing is.
need() { # PURPOSE...
    local packages
    packages=$(missing_packages 3 "$@" | tr '\n' ' ')
    [ -n "${packages// /}" ] || return 0
    if ! command -v apt-get >/dev/null; then
        say "Missing here. Install it and come again:"
        say "  Fedora:   sudo dnf install $(missing_packages 4 "$@" | tr '\n' ' ')"
        say "  Homebrew: brew install $(missing_packages 5 "$@" | tr '\n' ' ')"
        return 1
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            say "Missing here, and there is no sudo. As root: apt-get install $packages"
            return 1
        fi
        as_root=(sudo)
    fi
    say "Installing with apt: $packages"
    # apt's chatter goes to the error output: what the program prints may be piped somewhere.
    "${as_root[@]}" bash -s -- "$packages" <<<"$APT_INSTALL" >&2
}

# Runs as root. Installing a PostgreSQL server on Debian creates and starts a cluster unless a configuration says no:
# one is put there for this while and taken away again, so that the machine stays as it was.
# shellcheck disable=SC2016
APT_INSTALL='
set -eu
export DEBIAN_FRONTEND=noninteractive
folder=/etc/postgresql-common/createcluster.d
drop_in=$folder/dbvitals-no-cluster.conf
undo() {
    rm -f "$drop_in"
    if [ -n "$made" ]; then rmdir "$folder" 2>/dev/null || true; fi
}
made=
[ -d "$folder" ] || made=yes
trap undo EXIT
trap "exit 130" INT TERM HUP
mkdir -p "$folder"
echo "create_main_cluster = false" >"$drop_in"
apt-get update -qq || echo "apt-get update failed; trying with the lists that are here"
names=
for name in $1; do
    case $name in
    postgresql) # the server alone: the metapackage would bring a new major version with each release of Debian
        name=$(apt-cache depends postgresql | sed -n "s/^ *Depends: \(postgresql-[0-9]*\)$/\1/p" | head -n 1) ;;
    esac
    names="$names ${name:-postgresql}"
done
apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $names </dev/null
'

# A server for the tests, in FOLDER. Its package would start a service now and at each boot, so it is unpacked, not installed.
need_unpacked() { # PACKAGE PROGRAM FOLDER
    command -v "$2" >/dev/null || [ -x "/usr/sbin/$2" ] || [ -x "$3/usr/sbin/$2" ] || [ -x "$3/usr/bin/$2" ] && return
    command -v apt-get >/dev/null || { say "$1 is missing: its tests are skipped"; return 0; }
    say "Unpacking $1 into $3"
    local libraries as_root=()
    mkdir -p "$3/.new"
    (cd "$3/.new" && apt-get download -qq "$1" >&2 && dpkg-deb -x ./"$1"_*.deb .)
    libraries=$(dpkg-deb -f "$3"/.new/"$1"_*.deb Depends | tr ',' '\n' | sed -n 's/^ *\(lib[^ |]*\).*/\1/p' | grep -v '^libjs-' | tr '\n' ' ')
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    "${as_root[@]}" bash -s -- "$libraries" <<<"$APT_INSTALL" >&2
    cp -a "$3/.new/usr" "$3/" && rm -r "$3/.new"
}
