#!/usr/bin/env bash
# kernels_compile.sh SOURCE_DIR FILE.cl...: every kernel file is valid OpenCL C 1.2 for clang's own front end, under each scheme that uses it, as a CPU and as a
# GPU would build it. And in what clang makes of it nothing rounds as the device likes: no contraction, no relaxed arithmetic; and where results are integers, or
# floats become bytes, no quotient, root or function but those below.
top=$1
shift
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
# shellcheck source=kernel_options.sh
source "$(dirname "${BASH_SOURCE[0]}")/kernel_options.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# FUNCTION OPERATION: what OpenCL lets be some ulps off (2.5 for a quotient, 3 for a root), and what follows there sets right. Each of these goes through HBY_ROUGHLY
# (types.clh), so that the checks with HALFBYTE_DEVICE_FEATURES=loose show that it does.
corrected='hby_average fdiv
hby_resize_bilinear_narrow fdiv
hby_r_divide fdiv
hby_quotient fdiv
hby_statistics sqrt
hby_peak_f32 fdiv' # the last is a measurement: nobody sees its results

# scan FILE.ll EXACT: "FUNCTION OPERATION" of all that is not allowed
scan() {
    awk -v exact="$2" -v corrected="$corrected" '
    BEGIN {
        n = split(corrected, row, "\n")
        for (i = 1; i <= n; i++) allowed[row[i]] = 1
        ulps = "^(a?(sin|cos|tan)(h|pi)?|atan2(pi)?|sincos|r?sqrt|cbrt|exp(2|10|m1)?|log(2|10|1p|b)?|pow(n|r)?|rootn|erfc?|[lt]gamma(_r)?|hypot|ldexp|mad|mix|step|smoothstep|degrees|radians|dot|cross|length|distance|normalize|fast_.*|native_.*|half_.*)$"
        own = "^((native|half|fast)_.*|mad)$" # of any precision at all
    }
    function found(op, always) {
        if ((always || exact) && !((name " " op) in allowed)) print name " " op
    }
    /^define / { match($0, /@[A-Za-z_0-9]+/); name = substr($0, RSTART + 1, RLENGTH - 1) }
    / = (fneg|fadd|fsub|fmul|fdiv|frem|fcmp|select|phi|call) (fast|nnan|ninf|nsz|arcp|contract|afn|reassoc) / { found("relaxed", 1) }
    /@llvm\.fmuladd/ && !/^declare/ { found("contraction", 1) }
    / fdiv / && !/double/ { found("fdiv", 0) }
    / frem / { found("frem", 0) }
    /call .*@_Z[0-9]+/ {
        match($0, /@_Z[0-9]+/)
        n = substr($0, RSTART + 3, RLENGTH - 3) + 0
        op = substr($0, RSTART + RLENGTH, n)
        rest = substr($0, RSTART + RLENGTH + n, 8)
        if (op ~ ulps && !(op == "mad" && rest !~ /[fh]/)) found(op, op ~ own)
    }' "$1" | sort -u
}

bad=0 builds=0
build() {
    local path=$1 scheme=$2 option=$3 stem kind out exact
    stem=$(basename "$path" .cl)
    is_exact "$scheme" "$option" && exact=1 || exact=0
    for kind in $([[ $stem = conv_mma || $option = *HBY_HALF_MATH* ]] || echo CPU) GPU; do
        # shellcheck disable=SC2086
        if ! out=$(clang -x cl -cl-std=CL1.2 -target spir64 -Xclang -finclude-default-header -Xclang -fdeclare-opencl-builtins -S -emit-llvm -O0 -o "$tmp/o.ll" -Werror -Wno-unused-function \
            -D__OPENCL_VERSION__=120 -I "$top" -I "$top/kernels_cl" -I "$top/partition" -DHBY_SCHEME_"$scheme"=1 -DHBY_DEVICE_$kind=1 $option "$path" 2>&1); then
            printf '%s as %s on a %s with %s\n%s\n' "$stem.cl" "$scheme" "$kind" "$option" "$(head -n 12 <<<"$out")"
            bad=1
        elif out=$(scan "$tmp/o.ll" "$exact"); [ -n "$out" ]; then
            printf '%s as %s on a %s with %s: not rounded alike on all devices:\n%s\n' "$stem.cl" "$scheme" "$kind" "$option" "$out"
            bad=1
        fi
        builds=$((builds + 1))
    done
}
each_build "$@" || bad=1
echo "$builds builds"
exit $bad
