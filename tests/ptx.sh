#!/usr/bin/env bash
# ptx.sh SOURCE_DIR: the kernels with NVIDIA instructions, through clang's NVIDIA target to PTX, and, where the CUDA toolkit is installed, through its assembler for each
# architecture: the instructions exist, their operands are right, and the tiles fit the registers. `asm` is no word of clang's OpenCL C; it is of NVIDIA's.
top=$1
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
options=(-x cl -cl-std=CL1.2 -target nvptx64-nvidia-nvcl -cl-no-stdinc -include "$(clang -print-resource-dir)/include/opencl-c.h" -Xclang -target-feature -Xclang +ptx71
    -Dasm=__asm__ -O3 -D__OPENCL_VERSION__=120 -DHBY_DEVICE_GPU=1 -include "$top/tests/nv_builtins.clh" -I "$top" -I "$top/kernels_cl" -I "$top/partition")
echo 'kernel void k(global int *x) { *x = 1; }' >"$tmp/k.cl"
clang "${options[@]}" -S -o "$tmp/k.ptx" "$tmp/k.cl" >"$tmp/log" 2>&1 || { echo "this clang has no NVIDIA target: $(head -n 1 "$tmp/log")"; exit 77; }

bad=0 builds=0
# ptx ARCHITECTURES INSTRUCTION FILE OPTION...: compiled for the first of them
ptx() {
    local archs=$1 want=$2 file=$3 arch
    shift 3
    builds=$((builds + 1))
    if ! clang "${options[@]}" -Xclang -target-cpu -Xclang "${archs%% *}" "$@" -S -o "$tmp/o.ptx" "$file" >"$tmp/log" 2>&1 || ! grep -qF "$want" "$tmp/o.ptx"; then
        echo "$file $*: $(grep -m 3 error "$tmp/log" || echo "no $want in its PTX")"
        bad=1
        return
    fi
    command -v ptxas >/dev/null || return
    for arch in $archs; do
        if ! ptxas -v -arch=$arch "$tmp/o.ptx" -o "$tmp/o.cubin" >"$tmp/log" 2>&1; then
            echo "$file $* for $arch: $(grep -m 3 -E 'error|fatal' "$tmp/log")"
            bad=1
        elif ! grep -q ' 0 bytes spill stores' "$tmp/log"; then
            echo "$file $* for $arch: $(grep spill "$tmp/log")"
            bad=1
        else
            [ -n "$VERBOSE" ] && echo "$file $* for $arch: $(grep -oE 'Used .*' "$tmp/log")"
        fi
    done
}

printf '#include "types.clh"\n#include "dot.clh"\nkernel void k(global int *x) { *x = hby_dot4(x[1], x[2], x[3]); }\n' >"$tmp/dot.cl"
ptx "sm_75 sm_80 sm_90" dp4a.s32.s32 "$tmp/dot.cl" -DHBY_SCHEME_i8=1 -DHBY_DOT_NV_DP4A=1
printf '#include "types.clh"\n#include "half.clh"\nkernel void k(global uint *x) { *x = hby_h_fma2(x[1], hby_h_mul2(x[2], x[3]), x[4]); }\n' >"$tmp/half.cl"
ptx "sm_75 sm_80 sm_90" fma.rn.f16x2 "$tmp/half.cl" -DHBY_SCHEME_f16=1 -DHBY_HALF_MATH=2
# Matrix units: the scheme, the types of its products, the shapes of mma.clh's form 1 and of form 2.
for scheme in "i8 s32.s8.s8.s32" "u8 s32.u8.s8.s32" "f16 f32.f16.f16.f32" "f32w8 s32.s8.s8.s32" "i16 s32.u8.s8.s32"; do
    read -r name types <<<"$scheme"
    for form in 1 2; do
        if [ $form = 1 ]; then archs="sm_80 sm_90" want=m16n8k32.row.col.$types; else archs=sm_75 want=m8n8k16.row.col.$types; fi
        [ "$name" != f16 ] || want=m16n8k$((form == 1 ? 16 : 8)).row.col.$types
        ptx "$archs" "$want" "$top/kernels_cl/mma_test.cl" -DHBY_MMA=$form -DHBY_SCHEME_"$name"=1
        # the tiles of launch_mma.c
        for cut in "2 2 1 4 4" "2 2 1 2 4" "2 1 2 2 4" "2 1 4 1 4" "1 1 4 1 4" "1 1 8 1 2" "1 1 8 1 1"; do
            read -r m n k tiles_m tiles_n <<<"$cut"
            [[ $form = 1 || $cut = "2 2 1"* || $cut = "1 1 8 1 1" ]] || continue # of form 2 the largest and the smallest
            [ "$name $cut" != "i16 2 2 1 4 4" ] || continue # its sums fill more than 48 KB of local memory
            for align in 16 1; do
                row_sum=$([ "$name$align" = u81 ] && echo 1 || echo 0) rounding=0 wide=0
                [ "$name$align" != i1616 ] || rounding=4 wide=1 # HBY_ROUND_WIDE16
                ptx "$archs" "$want" "$top/kernels_cl/conv_mma.cl" -DHBY_MMA=$form -DHBY_SCHEME_"$name"=1 -DHBY_WARPS_M="$m" -DHBY_WARPS_N="$n" -DHBY_WARPS_K="$k" -DHBY_TILES_M="$tiles_m" \
                    -DHBY_TILES_N="$tiles_n" -DHBY_IN_ALIGN=$align -DHBY_OUT_ALIGNED=$((align / 16)) -DHBY_WHOLE_LINES=$((align % 16)) -DHBY_ROW_SUM="$row_sum" -DHBY_ROUNDING=$rounding -DHBY_WIDE=$wide
            done
        done
    done
done
echo "$builds builds$(command -v ptxas >/dev/null || echo ', not assembled: no ptxas')"
exit $bad
