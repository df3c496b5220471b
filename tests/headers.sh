#!/bin/sh
# headers.sh CC SOURCE_DIR HEADER...: every header compiles alone.
cc=$1 top=$2
shift 2
bad=0
for h in "$@"; do
    printf '#include "%s"\n' "$h" | "$cc" -std=gnu11 -D_GNU_SOURCE -DCL_TARGET_OPENCL_VERSION=300 -I"$top" -I"$top/include" -Wall -Wextra -Werror -fsyntax-only -x c - || bad=1
done
exit $bad
