/* In which widths a model computes. */
#include "bench/litert_api.h"

/* What the heavy operators read as data and as weights, in words. */
static const char *width_name(uint32_t data, uint32_t weights, bool half)
{
    bool int4 = weights == LITERT_INT4;
    switch (data) {
    case LITERT_INT8:
        return int4 ? "int8 x int4" : "int8";
    case LITERT_UINT8:
        return "uint8";
    case LITERT_INT16:
        return "int16 x int8";
    case LITERT_FLOAT32:
        return int4 ? "float x int4" : weights == LITERT_INT8 ? "float x int8" : half ? "float16" : "float32";
    default:
        return half ? "float16" : "-";
    }
}

/* The first convolution's or matrix product's types, and whether any constant is float16. */
const char *litert_find_width(const struct litert *lib, void *signature)
{
    enum { OP_CONV_2D = 3, OP_DEPTHWISE_CONV_2D = 4, OP_FULLY_CONNECTED = 9, OP_TRANSPOSE_CONV = 67, OP_BATCH_MATMUL = 126 };
    void *graph, *op, *tensor;
    size_t ops = 0, inputs;
    uint32_t data = 0, weights = 0;
    bool half = false;
    if (lib->GetSignatureSubgraph(signature, &graph) || lib->GetNumSubgraphOps(graph, &ops)) {
        return "-";
    }
    for (size_t i = 0; i < ops; i++) {
        int code = -1;
        if (lib->GetSubgraphOp(graph, i, &op) || lib->GetNumOpInputs(op, &inputs) || lib->GetOpCode(op, &code)) {
            continue;
        }
        bool heavy = code == OP_CONV_2D || code == OP_DEPTHWISE_CONV_2D || code == OP_FULLY_CONNECTED || code == OP_TRANSPOSE_CONV || code == OP_BATCH_MATMUL;
        bool first = heavy && !data;
        for (size_t k = 0; k < inputs; k++) {
            struct tensor_type type;
            if (lib->GetOpInput(op, k, &tensor) || !tensor || lib->GetRankedTensorType(tensor, &type)) {
                continue;
            }
            half |= type.element == LITERT_FLOAT16;
            if (first && k == (code == OP_TRANSPOSE_CONV ? 2 : 0)) {
                data = type.element;
            } else if (first && k == 1) {
                weights = type.element;
            }
        }
    }
    return width_name(data, weights, half);
}
