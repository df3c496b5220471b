#!/bin/sh
# ptx_device.sh CHECKS FOLDER OP...: the checks of these operators (none: all) on the interpreter of NVIDIA's instructions whose driver, libOpenCL.so.1, is in FOLDER: see tests/ptx/ptx.h.
# Its programs are made by the compiler of an NVIDIA driver, named by HBY_NVIDIA_COMPILER or found by its name. HBY_PTX_CAPABILITY: 9.0; 7.5; 6.0. HBY_PTX_FEATURES: mma_tile=3 and other
# words of HALFBYTE_DEVICE_FEATURES.
checks=$1 folder=$2
shift 2
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
unset HBY_CHECK_DEVICE HBY_CHECK_DEVICE_ID
export HALFBYTE_DEVICE_FEATURES="$HBY_PTX_FEATURES"
export HBY_REQUIRE_DEVICE=1 HBY_PTX_CHECK="${HBY_PTX_CHECK:-races,count}" HBY_CHECK_CASES="${HBY_CHECK_CASES:-2}"
LD_LIBRARY_PATH=$folder${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH} "$checks" "$@" >"$tmp/out" 2>"$tmp/err"
status=$?
cat "$tmp/out"
head -n 40 "$tmp/err"
if grep -q '^ptx: no NVIDIA compiler' "$tmp/err"; then
    [ -z "$HBY_NVIDIA_COMPILER" ] || exit 1
    exit 77
fi
grep -q '^device: PTX interpreter' "$tmp/out" || { echo "the checks did not run on the interpreter"; exit 1; }
grep -Eq ' [1-9][0-9]* kernel runs' "$tmp/out" || { echo "no kernel ran"; exit 1; }
case "${HBY_PTX_CAPABILITY:-9.0} $*" in # where all operators run, or this one: more products than the self-test's, on GPUs that have them
7.5" " | 7.5*" conv_2d:i8"* | [89].?" " | [89].?*" conv_2d:i8"*) grep -Eq ' [1-9][0-9]{2,} products of matrices' "$tmp/err" || { echo "no kernel used the matrix units"; exit 1; } ;;
esac
! grep '^ptx:' "$tmp/err" >/dev/null || { echo "the device met faults"; exit 1; }
exit $status
