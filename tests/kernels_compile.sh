#!/usr/bin/env bash
# kernels_compile.sh SOURCE_DIR FILE.cl...: every kernel file is valid OpenCL C 1.2 for clang's own front end, under each scheme that uses it, as a CPU and as a GPU
# would build it.
top=$1
shift
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
# shellcheck source=kernel_options.sh
source "$(dirname "${BASH_SOURCE[0]}")/kernel_options.sh"

bad=0 builds=0
build() {
    local path=$1 scheme=$2 option=$3 stem kind out
    stem=$(basename "$path" .cl)
    for kind in $([[ $stem = conv_mma || $option = *HBY_HALF_MATH* ]] || echo CPU) GPU; do
        # shellcheck disable=SC2086
        if ! out=$(clang -x cl -cl-std=CL1.2 -target spir64 -Xclang -finclude-default-header -Xclang -fdeclare-opencl-builtins -fsyntax-only -Werror -Wno-unused-function \
            -D__OPENCL_VERSION__=120 -I "$top" -I "$top/kernels_cl" -I "$top/partition" -DHBY_SCHEME_"$scheme"=1 -DHBY_DEVICE_$kind=1 $option "$path" 2>&1); then
            printf '%s as %s on a %s with %s\n%s\n' "$stem.cl" "$scheme" "$kind" "$option" "$(head -n 12 <<<"$out")"
            bad=1
        fi
        builds=$((builds + 1))
    done
}
each_build "$@" || bad=1
echo "$builds builds"
exit $bad
