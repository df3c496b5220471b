# Sourced: with which options each kernel file is built, for scripts that compile them all. A file without a row here is an error there.

# file: schemes, then one set of options a line
sets() {
    case $1 in
    conv_i8) echo "i8 u8"; for t in 0 1; do for s in 0 1; do echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_GATHER=0 -DHBY_TRANSPOSED=$t -DHBY_ROUNDING=$((2 * t + s)) -DHBY_NARROW=$s -DHBY_ROW_SUM=$s -DHBY_ALIGNED=$s"; done; done; echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_GATHER=128 -DHBY_TRANSPOSED=0 -DHBY_ROUNDING=1 -DHBY_NARROW=0 -DHBY_ROW_SUM=0 -DHBY_ALIGNED=0" ;;
    conv_mma) echo "i8 u8 f16 f32w8"; for s in 0 1; do echo "-DHBY_MMA=3 -DHBY_ROUNDING=0 -DHBY_WHOLE_LINES=$s -DHBY_OUT_ALIGNED=$s"; done ;; # ptx.sh has it as NVIDIA builds it
    peak_mma) echo "i8 f16"; echo "-DHBY_MMA=3" ;;
    conv_mma_i16) echo "i16"; for r in 0 2 3 4 5; do echo "-DHBY_MMA=3 -DHBY_ROUNDING=$r -DHBY_WIDE=$((r / 4)) -DHBY_WHOLE_LINES=$((r % 2)) -DHBY_OUT_ALIGNED=$((r % 2))"; done ;;
    mma_test) echo "i8 u8 f16 i16"; echo "-DHBY_MMA=3" ;;
    half_test) echo "f16"; echo "-DHBY_HALF_MATH=3" ;;
    conv_f_half) echo "f16"; for t in 0 1; do echo "-DHBY_HALF_MATH=3 -DHBY_MR=$((4 + 4 * t)) -DHBY_NR=$((2 - t)) -DHBY_TRANSPOSED=$t -DHBY_WEIGHT_KIND=1 -DHBY_ALIGNED=$t"; done ;;
    conv_i16) echo "i16"; for w in 0 1; do for r in 0 2 3 4; do echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_GATHER=0 -DHBY_TRANSPOSED=$w -DHBY_ROUNDING=$r -DHBY_WIDE=$w -DHBY_ALIGNED=$w"; done; done; echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_GATHER=128 -DHBY_TRANSPOSED=0 -DHBY_ROUNDING=5 -DHBY_WIDE=1 -DHBY_ALIGNED=0" ;;
    conv_f) echo "f32 f16"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_GATHER=0 -DHBY_TRANSPOSED=$t -DHBY_WEIGHT_KIND=$t"; done; for k in 2 3; do for z in 0 1; do echo "-DHBY_WEIGHT_KIND=$k -DHBY_WEIGHT_ZERO=$z -DHBY_SEPARATE=$z"; done; done ;;
    depthwise_dot) echo "i8 u8"; for k in 3 5; do echo "-DHBY_MR=7 -DHBY_KH=$k -DHBY_KW=$k -DHBY_ROUNDING=0 -DHBY_NARROW=1"; done ;;
    depthwise) echo "i8 u8"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_KH=3 -DHBY_KW=$((3 * t)) -DHBY_SW=1 -DHBY_SPREAD=$t -DHBY_ROUNDING=$((2 * t)) -DHBY_NARROW=$t"; done ;;
    depthwise_i16) echo "i16"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_KH=3 -DHBY_KW=$((3 * t)) -DHBY_SW=1 -DHBY_SPREAD=$t -DHBY_ROUNDING=4"; done ;;
    depthwise_f) echo "f32 f16"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_KH=3 -DHBY_KW=$((3 * t)) -DHBY_SW=1 -DHBY_SPREAD=$t -DHBY_WEIGHT_KIND=$((2 * t))"; done; echo "-DHBY_WEIGHT_KIND=1" ;;
    hybrid) echo "f32w8"; for t in 0 1; do echo "-DHBY_IN_TYPE=$t -DHBY_JOINS=$t"; done ;;
    conv_hybrid) echo "f32w8"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_ALIGNED=$t -DHBY_HALF_OUT=$t"; done ;;
    transpose_hybrid) echo "f32w8"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_NR=2 -DHBY_HALF_OUT=$t"; done ;;
    depthwise_hybrid) echo "f32w8"; for t in 0 1; do echo "-DHBY_MR=4 -DHBY_KH=3 -DHBY_KW=$((3 * t)) -DHBY_SW=1 -DHBY_SPREAD=$t -DHBY_HALF_OUT=$t"; done ;;
    window) echo "i8 u8 i16 f32 f16"; for k in 0 1 2 3; do echo "-DHBY_KIND=$((k % 3)) -DHBY_WEIGHT_KIND=$k -DHBY_ROUNDING=$((k % 3 + 1)) -DHBY_WIDE=0"; done ;;
    matmul) echo "f32 f16"; for t in 0 1; do echo "-DHBY_B_TYPE=$t"; done ;;
    matmul_int) echo "i8 i16"; echo "-DHBY_PLAIN=1"; echo "-DHBY_B_TYPE=2" ;;
    nibbles) echo "i8"; for r in 0 1 2 3; do echo "-DHBY_ROUNDING=$r -DHBY_NARROW=$((r % 2)) -DHBY_ALIGNED=$((r % 2))"; done ;;
    nibbles_hybrid) echo "f32w8"; for t in 0 1; do echo "-DHBY_RUNS=$t -DHBY_HALF_OUT=$t -DHBY_ALIGNED=$t"; done ;;
    gather) echo "i8 i16 f32 i32"; for i in 2 4 8; do echo "-DHBY_INDEX=$i"; done ;;
    cast) echo "i32"; for i in 0 1 2 3 4 5 6 7; do for o in 0 5 7; do echo "-DHBY_IN_TYPE=$i -DHBY_OUT_TYPE=$o"; done; done; for i in 0 6; do for o in 1 2 3 4 6; do echo "-DHBY_IN_TYPE=$i -DHBY_OUT_TYPE=$o"; done; done; echo "-DHBY_FN=10 -DHBY_IN_TYPE=6 -DHBY_OUT_TYPE=6" ;;
    pairs) echo "i32"; for t in 0 1 2 3 4 5 6 7; do for f in 8 9 10 11 12 13; do echo "-DHBY_PAIR_FN=$f -DHBY_A_TYPE=$t -DHBY_B_TYPE=$t"; done; done
        for t in 0 2 4 5 6; do for f in 14 15; do for d in 0 1; do echo "-DHBY_PAIR_FN=$f -DHBY_A_TYPE=$t -DHBY_B_TYPE=$t -DHBY_OUT_TYPE=$t -DHBY_HAS_FP64=$d"; done; done; done
        for t in 0 1 5; do echo "-DHBY_PAIR_FN=16 -DHBY_A_TYPE=$t -DHBY_B_TYPE=$t -DHBY_OUT_TYPE=$t"; done; for f in 0 1 2 4 5; do echo "-DHBY_PAIR_FN=$f -DHBY_A_TYPE=6 -DHBY_B_TYPE=6 -DHBY_OUT_TYPE=6"; done ;;
    select) echo "f32 i8 i16"; echo "-DHBY_PLAIN=1"; echo "-DHBY_ELEM=8" ;;
    conv3d) echo "f32 f16"; for t in 0 1; do echo "-DHBY_WEIGHT_TYPE=$t"; done ;;
    norm) echo "f32 f16 i8 u8"; for f in 0 1; do echo "-DHBY_NORM_FN=$f"; done ;;
    norm_local) echo "f32 f16"; echo "-DHBY_NORM_FN=2" ;;
    cumsum) echo "i32"; for t in 0 1 5 6; do echo "-DHBY_IN_TYPE=$t"; done ;;
    topk) echo "i32"; for t in 0 1 2 3 4 5 6; do for i in 2 4; do echo "-DHBY_IN_TYPE=$t -DHBY_INDEX=$i"; done; done ;;
    scatter) echo "i32"; for t in 0 1 2 3 5 6 7; do echo "-DHBY_IN_TYPE=$t"; done ;;
    index) echo "f32 i8 i16"; for i in 4 8; do echo "-DHBY_INDEX=$i"; done; echo "-DHBY_IN_TYPE=8 -DHBY_OUT_TYPE=1 -DHBY_ELEM=8" ;;
    bias) echo "f32 f16"; echo "-DHBY_HALF_BIAS=0" ;;
    peak) echo "i8"; echo "-DHBY_ROUNDING=0"; echo "-DHBY_ROUNDING=0 -DHBY_HALF_MATH=3"; echo "-DHBY_ROUNDING=0 -DHBY_DOT_PORTABLE=1" ;;
    self_test) echo "i8"; echo "-DHBY_PLAIN=1" ;;
    chain) echo "i8"; echo "-cl-std=CL2.0" ;; # its atomics are newer
    unary) echo "f32 f16 i16"; echo "-DHBY_FN=0 -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=0"; echo "-DHBY_FN=6 -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=2"; echo "-DHBY_FN=7 -DHBY_IN_TYPE=2 -DHBY_OUT_TYPE=0"; for f in 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 27; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=0"; done; for f in 24 25; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=4 -DHBY_OUT_TYPE=4"; done; for f in 9 10 27; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=5 -DHBY_OUT_TYPE=5"; done
        for f in 1 2 3 4; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=0"; done; for f in 1 2; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=4 -DHBY_OUT_TYPE=4"; done; for f in 0 4 8; do echo "-DHBY_FN=$f -DHBY_IN_TYPE=2 -DHBY_OUT_TYPE=4"; done; echo "-DHBY_FN=5 -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=1"; echo "-DHBY_FN=28 -DHBY_IN_TYPE=0 -DHBY_OUT_TYPE=3" ;;
    mean) echo "i8 u8 i16 f32 f16 i32"; echo "-DHBY_PLAIN=1"; for f in 1 2 3 4; do echo "-DHBY_REDUCE_FN=$f"; done ;;
    binary) echo "i8 u8 i16 f32 f16 i32"; echo "-DHBY_PLAIN=1"; for f in 4 5 6 7; do echo "-DHBY_BINARY_FN=$f"; done ;;
    arg) echo "i8 u8 i32 f32 f16"; for w in 0 1; do echo "-DHBY_WIDE_OUT=$w"; done ;;
    resize) echo "i8 u8 i16 f32 f16"; echo "-DHBY_PLAIN=1" ;;
    resize_q11) echo "i8 u8"; echo "-DHBY_BLEND=2" ;;
    resize_opt) echo "u8"; echo "-DHBY_BLEND=1" ;;
    pool | softmax | move | pad | light) echo "i8 u8 i16 f32 f16"; echo "-DHBY_PLAIN=1" ;;
    lstm | svdf) echo "f32 f32w8 i8"; echo "-DHBY_PLAIN=1" ;;
    rnn) echo "f32 f32w8"; echo "-DHBY_PLAIN=1" ;;
    table) echo "i8 u8"; echo "-DHBY_PLAIN=1" ;;
    *) return 1 ;;
    esac
}

# is_exact SCHEME OPTIONS: has the program integer results? By the output's type where it is given, else by the scheme; dynamic range counts, for its sums are exact.
is_exact() {
    case $2 in
    *HBY_OUT_TYPE=[01]*) return 1 ;;
    *HBY_OUT_TYPE=*) return 0 ;;
    esac
    [ "$1" != f32 ] && [ "$1" != f16 ]
}

# Calls `build FILE SCHEME OPTIONS` for every set of options of the files; the first one of each scheme only where the variable `first` is not empty. False where a file
# has no row.
each_build() {
    local path stem list lists text schemes options scheme option missing=0
    for path in "$@"; do
        stem=$(basename "$path" .cl)
        lists=("$stem")
        [ "$stem" = nibbles ] && lists=(nibbles nibbles_hybrid)
        [ "$stem" = depthwise ] && lists=(depthwise depthwise_i16 depthwise_f)
        [ "$stem" = conv_mma ] && lists=(conv_mma conv_mma_i16)
        [ "$stem" = conv_f ] && lists=(conv_f conv_f_half)
        [ "$stem" = resize ] && lists=(resize resize_q11 resize_opt)
        [ "$stem" = norm ] && lists=(norm norm_local)
        [ "$stem" = matmul ] && lists=(matmul matmul_int)
        for list in "${lists[@]}"; do
            if ! text=$(sets "$list"); then
                echo "$stem.cl: no row in kernel_options.sh"
                missing=1
                continue
            fi
            { read -r schemes; mapfile -t options; } <<<"$text"
            for scheme in $schemes; do
                for option in "${options[@]}"; do
                    build "$path" "$scheme" "$option"
                    [ -z "$first" ] || break
                done
            done
        done
    done
    return $missing
}
