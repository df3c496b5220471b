#!/usr/bin/env bash
# kernels_targets.sh SOURCE_DIR NVCL FILE.cl...: the kernels as a GPU builds them, all the way to instructions: by clang's AMD and NVIDIA targets, and by the compiler of an
# NVIDIA driver and the CUDA toolkit's assembler (registers may spill no more than some bytes) where they are found. HBY_NVIDIA_COMPILER names the former's library.
# What that compiler makes of floats is looked through: no instruction that rounds otherwise than IEEE 754 has it.
# With ALL=1 under every set of options; else under the first of each scheme, by clang for the two in turn. ARCH: sm_90.
top=$1 nvcl=$2
shift 2
# shellcheck source=kernel_options.sh
source "$(dirname "${BASH_SOURCE[0]}")/kernel_options.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
first=1 arch=${ARCH:-sm_90}
[ -z "$ALL" ] || first=''
common=(-x cl -cl-std=CL1.2 -cl-no-stdinc -include "$(clang -print-resource-dir 2>/dev/null)/include/opencl-c.h" -O2 -D__OPENCL_VERSION__=120 -DHBY_DEVICE_GPU=1 -DHBY_HAS_FP64=1 -I "$top" -I "$top/kernels_cl" -I "$top/partition")

echo 'kernel void k(global int *x) { *x = 1; }' >"$tmp/k.cl"
amd=(-target amdgcn-amd-amdhsa -mcpu=gfx90a -nogpulib "${common[@]}")
nv=(-target nvptx64-nvidia-nvcl -Dasm=__asm__ -Xclang -target-cpu -Xclang sm_80 -Xclang -target-feature -Xclang +ptx71 "${common[@]}")
has_amd='' has_nv='' driver=''
clang "${amd[@]}" -S -o "$tmp/o" "$tmp/k.cl" 2>/dev/null && has_amd=1
clang "${nv[@]}" -S -o "$tmp/o" "$tmp/k.cl" 2>/dev/null && has_nv=1
for library in $HBY_NVIDIA_COMPILER libnvidia-nvvm.so.4 libnvidia-compiler.so; do
    "$nvcl" "$library" select.cl "$tmp/o" -cl-nv-cstd=CL1.2 -nv-m64 -cl-nv-arch sm_80 -DHBY_SCHEME_i8=1 2>/dev/null
    [ $? = 77 ] || { driver=$library; break; }
done
[ -z "$HBY_NVIDIA_COMPILER" ] || [ "$driver" = "$HBY_NVIDIA_COMPILER" ] || { echo "HBY_NVIDIA_COMPILER=$HBY_NVIDIA_COMPILER cannot be used"; exit 1; }
[ -n "$has_amd$has_nv$driver" ] || { echo "neither clang with a GPU's target nor an NVIDIA driver's compiler is installed"; exit 77; }

bad=0 turn=0 amd_builds=0 nv_builds=0 driver_builds=0 assembled=0
# fail WHAT FILE SCHEME OPTIONS: with the log
fail() {
    printf '%s: %s as %s with %s\n%s\n' "$1" "$2" "$3" "$4" "$(grep -m 6 -E 'error|fatal|warning|spill' "$tmp/log" || head -n 6 "$tmp/log")"
    bad=1
}
# rounds_alike STEM SCHEME OPTIONS: does all of o.ptx round as the source says? Else the log has the instructions. mul without .rn may be fused with an addition
# by the assembler, as only the compiler's own functions may. Allowed: what is corrected (kernels_compile.sh), and the source's own fma.
rounds_alike() {
    local bad='div\.full|\.approx|cvt\.r[zmp]\.f16|mul\.f(32|64)' allowed='^$'
    if is_exact "$2" "$3"; then
        bad="$bad|\.ftz|fma\.|mad\.f|(div|rcp|sqrt)\.rn\.f32" # of doubles they are exact
        case $1 in
        pool.cl | resize.cl) allowed='^rcp\.rn' ;;
        hybrid.cl) allowed='^(rcp|div)\.rn\.f32' ;; # quotients in double that become floats: the compiler divides floats, which is the same where it is .rn
        lstm.cl | rnn.cl | svdf.cl) allowed='^(rcp|div|sqrt|fma)\.rn\.f32' ;;
        unary.cl) allowed='^fma\.rn\.f32' ;;
        peak.cl) allowed='^(rcp|fma)\.rn' ;;
        esac
    else
        case $1 in # exp, log, tanh, pow, fmod and their like
        norm.cl | softmax.cl | light.cl | unary.cl) allowed='^(mul\.f|(ex2|lg2|rcp)\.approx)' ;;
        pairs.cl) allowed='^(mul\.f|(ex2|lg2|rcp|div)\.approx)' ;;
        esac
    fi
    sed -nE 's/^[[:space:]]+(@!?%p[0-9]+ )?([a-z][a-z0-9._]+)[[:space:]].*/\2/p' "$tmp/o.ptx" | grep -E "$bad" | grep -vE "$allowed" | sort | uniq -c >"$tmp/log"
    [ ! -s "$tmp/log" ]
}
# shellcheck disable=SC2086
build() {
    local path=$1 stem scheme=$2 option=$3
    stem=$(basename "$path")
    [ "$stem" != chain.cl ] || return 0 # CPUs only
    turn=$((1 - turn))
    if [ -n "$has_amd" ] && [ $turn = 0 -o -z "$first" ]; then
        amd_builds=$((amd_builds + 1))
        clang "${amd[@]}" -DHBY_DOT_AMD_SDOT4=1 -DHBY_SCHEME_"$scheme"=1 $option -S -o "$tmp/o" "$path" >"$tmp/log" 2>&1 || fail amdgcn "$stem" "$scheme" "$option"
    fi
    option=${option//-DHBY_MMA=3/}
    option=${option//-DHBY_HALF_MATH=3/-DHBY_HALF_MATH=2}
    [[ $option == *HBY_SPREAD=1* ]] || option="$option -DHBY_IN_WHOLES=1" # CPUs have no such builds
    if [ -n "$has_nv" ] && [ $turn = 1 -o -z "$first" ]; then
        nv_builds=$((nv_builds + 1))
        clang "${nv[@]}" -DHBY_DOT_NV_DP4A=1 -DHBY_SCHEME_"$scheme"=1 $option -S -o "$tmp/o" "$path" >"$tmp/log" 2>&1 || fail nvptx "$stem" "$scheme" "$option"
    fi
    if [ -n "$driver" ]; then
        driver_builds=$((driver_builds + 1))
        if ! "$nvcl" "$driver" "$stem" "$tmp/o.ptx" -cl-nv-cstd=CL1.2 -cl-std=CL1.2 -nv-m64 -cl-nv-arch "$arch" -cl-fp32-correctly-rounded-divide-sqrt -DHBY_DEVICE_GPU=1 \
            -DHBY_CORRECT_DIVIDE=1 -DHBY_HAS_FP64=1 -DHBY_DOT_NV_DP4A=1 -DHBY_SCHEME_"$scheme"=1 $option 2>"$tmp/log" || grep -q 'error' "$tmp/log"; then
            fail "NVIDIA's compiler" "$stem" "$scheme" "$option"
        elif ! rounds_alike "$stem" "$scheme" "$option"; then
            fail "rounded otherwise by NVIDIA's compiler" "$stem" "$scheme" "$option"
        elif [ "$stem" = hybrid.cl ] && # as for a device that does not divide floats correctly: there are no quotients of floats
            { ! "$nvcl" "$driver" "$stem" "$tmp/p.ptx" -cl-nv-cstd=CL1.2 -cl-std=CL1.2 -nv-m64 -cl-nv-arch "$arch" -DHBY_DEVICE_GPU=1 -DHBY_HAS_FP64=1 -DHBY_DOT_NV_DP4A=1 \
                -DHBY_SCHEME_"$scheme"=1 $option 2>"$tmp/log" || grep -E '(div|rcp)\.[a-z.]*f32' "$tmp/p.ptx" >"$tmp/log"; }; then
            fail "a quotient of floats by NVIDIA's compiler" "$stem" "$scheme" "$option"
        elif command -v ptxas >/dev/null; then
            assembled=$((assembled + 1))
            if ! ptxas -v -arch="$arch" "$tmp/o.ptx" -o "$tmp/o.cubin" >"$tmp/log" 2>&1 || grep -qE '[1-9][0-9]+ bytes spill stores' "$tmp/log"; then
                fail ptxas "$stem" "$scheme" "$option"
            fi
        fi
    fi
}
each_build "$@" || bad=1
echo "amdgcn: $([ -n "$has_amd" ] && echo "$amd_builds builds" || echo "not here")"
echo "nvptx: $([ -n "$has_nv" ] && echo "$nv_builds builds" || echo "not here")"
echo "NVIDIA's compiler: ${driver:-not here} $driver_builds builds, $assembled assembled for $arch"
exit $bad
