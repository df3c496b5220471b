#!/bin/sh
# headers.sh CC SOURCE_DIR HEADER...: every header compiles alone, and includes go one way (docs/design.md).
cc=$1 top=$2
shift 2
bad=0
for h in "$@"; do
    printf '#include "%s"\n' "$h" | "$cc" -std=gnu11 -D_GNU_SOURCE -DCL_TARGET_OPENCL_VERSION=300 -I"$top" -I"$top/include" -Wall -Wextra -Werror -fsyntax-only -x c - || bad=1
done
for rule in 'partition delegate|kernels_cl|host_ref' 'host_ref delegate|kernels_cl' 'kernels_cl delegate|host_ref'; do
    grep -En "#include \"(${rule#* })/" "$top/${rule%% *}"/*.[ch] && { echo "${rule%% *} must not include these"; bad=1; }
done
exit $bad
