# Sets up a fresh machine: packages, Python environments, the build. Sourced by bench/run, tests/run and .ci/run, which define nothing of it again.
# What is installed stands in apt.txt and requirements*.txt beside this file. Repeating it is cheap: what is there already is left alone.
# shellcheck shell=bash

hby_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
hby_lists=$hby_root/cmake
hby_cache=$hby_root/.cache
hby_venv=$hby_root/.venv
hby_python=$hby_venv/bin/python

hby_say() { printf '[%3ds] %s\n' "$SECONDS" "$*" >&2; }
hby_die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Installed already, as one of the alternatives of a line of apt.txt?
hby_has_package() {
    local name
    for name in ${1//[|?]/ }; do
        [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$name" 2>/dev/null)" = "ii " ] && return 0
    done
    return 1
}

# The first alternative that this release offers.
hby_pick_package() {
    local name
    for name in ${1//[|?]/ }; do
        [ -n "$(apt-cache show --no-all-versions "$name" 2>/dev/null)" ] && echo "$name" && return 0
    done
    return 1
}

# Lines of apt.txt that are still to be installed. What this release was found not to have is noted, and not looked for each time.
hby_missing_packages() {
    local line
    while read -r line; do
        hby_has_package "$line" || grep -qsxF "$(hby_release) $line" "$hby_cache/setup/not-in-release" || echo "$line"
    done < <(grep -v '^#' "$hby_lists/apt.txt")
}

hby_release() { sed -n 's/^VERSION_ID=//p; s/^ID=//p' /etc/os-release | tr -d '"\n'; }

# Machines without apt: say what is missing, install nothing.
hby_check_tools() {
    local tool missing=""
    for tool in cmake gcc ninja python3; do
        command -v "$tool" >/dev/null || missing="$missing $tool"
    done
    echo '#include <CL/cl.h>' | ${CC:-gcc} -E - >/dev/null 2>&1 || missing="$missing OpenCL-headers(CL/cl.h)"
    [ -z "$missing" ] || hby_die "this machine has no apt-get, so nothing is installed here. Missing:$missing. The full list: cmake/apt.txt"
}

hby_setup_apt() {
    command -v apt-get >/dev/null || { hby_check_tools; return; }
    local lines line name names="" as_root=() log=$hby_cache/setup/apt.log
    mapfile -t lines < <(hby_missing_packages)
    [ ${#lines[@]} -gt 0 ] || return 0
    if [ "$(id -u)" != 0 ]; then
        if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
            as_root=(sudo)
        elif ! printf '%s\n' "${lines[@]}" | grep -qv '^?'; then
            hby_say "not installed, and not needed for more than a few tests: ${lines[*]#? }"
            return 0
        else
            hby_die "these packages are missing, and installing them needs root: ${lines[*]#? }
Run this once as root, then start again:
    apt-get update && apt-get install -y $(printf '%s\n' "${lines[@]%% |*}" | grep -v '^?' | tr '\n' ' ')"
        fi
    fi
    hby_say "apt: reading the package lists"
    "${as_root[@]}" apt-get update -qq >"$log" 2>&1 || hby_say "apt-get update reported problems (in $log); going on with the lists that are there"
    for line in "${lines[@]}"; do
        if name=$(hby_pick_package "$line"); then
            names="$names $name"
        elif [ "${line:0:1}" = "?" ]; then
            hby_say "apt: this release has no ${line#? }; what needs it is skipped"
            echo "$(hby_release) $line" >>"$hby_cache/setup/not-in-release"
        else
            hby_die "apt knows no package '$line'. Is a component missing from its sources (Ubuntu: universe)? See $log"
        fi
    done
    [ -n "$names" ] || return 0
    hby_say "apt: installing$names"
    # shellcheck disable=SC2086
    if ! "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive LC_ALL=C apt-get install -y --no-install-recommends $names 2>&1 | tee -a "$log" |
        sed -un 's/^Need to get\|^Setting up /        &/p' >&2; then
        tail -n 15 "$log" >&2
        hby_die "apt-get install failed; its last lines are above, all of it is in $log"
    fi
    mapfile -t lines < <(hby_missing_packages)
    [ ${#lines[@]} -eq 0 ] || hby_die "still missing after apt-get install: ${lines[*]}"
}

# A Python environment from a pinned list: $1 folder, $2 list, $3 interpreter. Made anew when the list or the interpreter changed.
hby_setup_venv() {
    local dir=$1 list=$2 python=$3 want log=$hby_cache/setup/pip.log
    want=$({ cat "$list"; "$python" -V; } 2>&1 | sha256sum | cut -c1-16)
    [ "$(cat "$dir/.halfbyte-stamp" 2>/dev/null)" = "$want" ] && "$dir/bin/python" -c '' 2>/dev/null && return 0
    rm -rf "$dir"
    hby_say "python: making ${dir#"$hby_root"/}"
    "$python" -m venv "$dir" >"$log" 2>&1 || { cat "$log" >&2; hby_die "python3 -m venv failed (Debian and Ubuntu: package python3-venv)"; }
    hby_say "pip: installing $(grep -vc '^#' "$list") packages of ${list#"$hby_root"/}"
    if ! "$dir/bin/python" -m pip install --disable-pip-version-check --progress-bar off --only-binary=:all: -r "$list" 2>&1 | tee "$log" |
        sed -un '/^ *Downloading\|^Installing/s/^ *\(.\{0,110\}\).*/        \1/p' >&2; then
        grep -iE 'error|no matching|could not' "$log" | tail -n 8 >&2
        hby_die "pip could not install ${list#"$hby_root"/} (log: $log)"
    fi
    echo "$want" >"$dir/.halfbyte-stamp"
}

# The first Python that the pinned packages have wheels for.
hby_setup_python() {
    local python
    for python in python3 python3.14 python3.13 python3.12 python3.11; do
        if "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null; then
            hby_setup_venv "$hby_venv" "$hby_lists/requirements.txt" "$python"
            return 0
        fi
    done
    hby_die "Python 3.11, 3.12, 3.13 or 3.14 is needed (this is $(python3 -V 2>&1)): the pinned packages have wheels for those"
}

# Optional: tflite-runtime 2.14, where a Python that it has wheels for is at hand. Prints why not elsewhere.
hby_setup_tflite_runtime() {
    local python
    for python in python3 python3.11 python3.10 python3.9; do
        "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 9) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null || continue
        hby_setup_venv "$hby_cache/venv-tflite-runtime" "$hby_lists/requirements-tflite-runtime.txt" "$python"
        export HBY_TFLITE_RUNTIME_PYTHON=$hby_cache/venv-tflite-runtime/bin/python
        return 0
    done
    hby_say "tflite-runtime 2.14 is left out: it has no wheel for $(python3 -V 2>&1), only for Python 3.9 to 3.11"
}

# On request: Intel's OpenCL runtime for CPUs, in an environment of its own.
hby_setup_intel() {
    [ "$(uname -m)" = x86_64 ] || { hby_say "Intel's OpenCL runtime is left out: it exists for x86-64 only"; return 1; }
    hby_setup_venv "$hby_cache/venv-intel" "$hby_lists/requirements-intel.txt" python3
    hby_intel_lib=$hby_cache/venv-intel/lib
    [ -e "$hby_intel_lib/libintelocl.so" ] || hby_die "libintelocl.so is not in $hby_intel_lib"
}

# Runs a command with Intel's runtime as the only OpenCL platform.
hby_with_intel() {
    OCL_ICD_FILENAMES=$hby_intel_lib/libintelocl.so OCL_ICD_VENDORS=$hby_cache/no-vendors LD_LIBRARY_PATH=$hby_intel_lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$@"
}

# Configures and builds into build/. Arguments are the targets; none means all.
hby_build() {
    local dir=$hby_root/build log=$hby_cache/setup/build.log
    # A build folder that was made elsewhere (a copied tree) cannot be used.
    if [ -f "$dir/CMakeCache.txt" ] && ! grep -qxF "CMAKE_HOME_DIRECTORY:INTERNAL=$hby_root" "$dir/CMakeCache.txt"; then
        rm -rf "$dir"
    fi
    hby_say "build: configuring"
    cmake -S "$hby_root" -B "$dir" -G Ninja -DCMAKE_BUILD_TYPE=Release -DHBY_BENCH=ON -DHBY_TESTS=ON -DHBY_SANITIZE= >"$log" 2>&1 || { tail -n 25 "$log" >&2; hby_die "cmake failed (log: $log)"; }
    hby_say "build: compiling"
    if ! ninja -C "$dir" "$@" 2>&1 | tee "$log" | sed -un '/^\[[0-9]*[02468]0\//s/^\(.\{0,100\}\).*/        \1/p' >&2; then
        grep -A 12 -E '^FAILED|error:' "$log" | head -n 40 >&2
        hby_die "the build failed (log: $log)"
    fi
}

# Path of the runtime's shared library in the Python environment.
hby_runtime_library() {
    echo "$hby_venv"/lib/python3*/site-packages/ai_edge_litert/libLiteRt.so
}

# Everything that both commands need. One at a time: a second command started meanwhile waits.
hby_setup() {
    mkdir -p "$hby_cache/setup" || hby_die "cannot write to $hby_cache"
    exec 9>"$hby_cache/setup/lock"
    if ! flock -n 9; then
        hby_say "waiting for another set-up in this folder"
        flock 9
    fi
    hby_setup_apt
    hby_setup_python
    exec 9>&-
}
