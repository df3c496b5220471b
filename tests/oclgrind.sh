#!/bin/sh
# oclgrind.sh CHECKS [--need=KERNEL,...] OP...: the checks of these operators inside oclgrind's simulator: out-of-bounds accesses, data races and uninitialised reads in the kernels.
# Each kernel three times for an operator in a scheme, on small shapes (HBY_CHECK_*: check.c).
# oclgrind exits 0 even when it found something, so its log decides. Kernels are built without optimisation, or reads of uninitialised values are optimised away.
checks=$1
shift
command -v oclgrind >/dev/null || { echo "oclgrind is not installed"; exit 77; }
icd=/usr/lib/oclgrind/liboclgrind-rt-icd.so
[ -e "$icd" ] || { echo "oclgrind's driver is not at $icd"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "$icd" >"$tmp/oclgrind.icd"
unset OCL_ICD_FILENAMES LD_LIBRARY_PATH
export HBY_CHECK_OCLGRIND=1 HBY_CHECK_EACH="${HBY_CHECK_EACH:-3}" HBY_CHECK_WORK="${HBY_CHECK_WORK:-30000}" HBY_CHECK_CASES="${HBY_CHECK_CASES:-16}"
OCL_ICD_VENDORS=$tmp oclgrind --build-options -cl-opt-disable --max-errors 20 --data-races --uninitialized --log "$tmp/log" "$checks" "$@" >"$tmp/out" 2>&1
status=$?
tail -n 40 "$tmp/out"
grep -q 'device: Oclgrind' "$tmp/out" || { echo "the checks did not run on oclgrind"; exit 1; }
grep -Eq '[1-9][0-9]* kernel runs' "$tmp/out" || { echo "no kernel ran"; exit 1; }
if [ -s "$tmp/log" ]; then
    head -n 60 "$tmp/log"
    exit 1
fi
exit $status
