/* What is known of the shapes behind a node that Halfbyte does not have. The runtime computes them when it prepares the node, unless they depend
 * on data: then nothing behind the node can be planned. */
#include "delegate/import.h"

enum { BY_DATA = -1 }; /* the values of its inputs decide, whatever they are */

/* Operators of TFLite whose output shape depends on the values of an input. Those that Halfbyte has are here, too: a node of a newer version stays unknown. */
static const struct {
    int builtin, input;
} shaped_by[] = {
    {22, 1},                           /* RESHAPE */
    {23, 1},                           /* RESIZE_BILINEAR */
    {97, 1},                           /* RESIZE_NEAREST_NEIGHBOR */
    {34, 1},                           /* PAD */
    {60, 1},                           /* PADV2 */
    {39, 1},                           /* TRANSPOSE */
    {40, 1},                           /* MEAN */
    {45, 1},        {45, 2},  {45, 3}, /* STRIDED_SLICE */
    {65, 1},        {65, 2},           /* SLICE */
    {67, 0},                           /* TRANSPOSE_CONV */
    {70, 1},                           /* EXPAND_DIMS */
    {49, 0},                           /* SPLIT */
    {37, 1},        {37, 2},           /* BATCH_TO_SPACE_ND */
    {38, 1},        {38, 2},           /* SPACE_TO_BATCH_ND */
    {102, 1},       {102, 2},          /* SPLIT_V */
    {94, 0},                           /* FILL */
    {69, 1},                           /* TILE */
    {130, 1},                          /* BROADCAST_TO */
    {68, 1},                           /* SPARSE_TO_DENSE */
    {85, 1},                           /* ONE_HOT */
    {48, 1},                           /* TOPK_V2 */
    {74, 1},                           /* SUM */
    {81, 1},                           /* REDUCE_PROD */
    {82, 1},                           /* REDUCE_MAX */
    {89, 1},                           /* REDUCE_MIN */
    {91, 1},                           /* REDUCE_ANY */
    {140, 1},                          /* REDUCE_ALL */
    {56, 1},                           /* ARG_MAX */
    {79, 1},                           /* ARG_MIN */
    {100, 1},                          /* MIRROR_PAD */
    {122, 2},                          /* SCATTER_ND */
    {131, 1},                          /* RFFT2D */
    {141, 0},                          /* CONV_3D_TRANSPOSE */
    {146, 0},                          /* RANDOM_STANDARD_NORMAL */
    {148, 0},                          /* RANDOM_UNIFORM */
    {149, 1},                          /* MULTINOMIAL */
    {120, 2},                          /* NON_MAX_SUPPRESSION_V4 */
    {121, 2},                          /* NON_MAX_SUPPRESSION_V5 */
    {96, BY_DATA},                     /* RANGE */
    {109, BY_DATA},                    /* WHERE */
    {103, BY_DATA},                    /* UNIQUE */
    {118, BY_DATA},                    /* IF */
    {119, BY_DATA},                    /* WHILE */
    {125, 1},                          /* SEGMENT_SUM */
    {153, 2},                          /* UNSORTED_SEGMENT_PROD */
    {154, 2},                          /* UNSORTED_SEGMENT_MAX */
    {155, 2},                          /* UNSORTED_SEGMENT_SUM */
    {157, 2},                          /* UNSORTED_SEGMENT_MIN */
    {32, BY_DATA},                     /* CUSTOM */
    {145, BY_DATA},                    /* BROADCAST_ARGS */
    {206, BY_DATA},                    /* STABLEHLO_COMPOSITE */
};

bool hby_import_shape_is_fixed(const struct hby_tfl_tensor *t)
{
    if (!t->dims || t->dims->size < 1 || t->dims->size > HBY_MAX_RANK)
        return false;
    for (int i = 0; i < t->dims->size; i++)
        if (t->dims->data[i] < 1)
            return false;
    for (int i = 0; t->dims_signature && i < t->dims_signature->size; i++)
        if (t->dims_signature->data[i] < 0)
            return false;
    return true;
}

static bool in_range(const struct hby_tfl_context *ctx, int id)
{
    return id >= 0 && (size_t)id < ctx->tensors_size;
}

static bool depends_on_data(const struct hby_shapes *in, const struct hby_tfl_context *ctx, const struct hby_tfl_node *node, int builtin)
{
    for (size_t i = 0; i < sizeof shaped_by / sizeof shaped_by[0]; i++) {
        if (shaped_by[i].builtin != builtin)
            continue;
        if (shaped_by[i].input == BY_DATA)
            return true;
        if (node->inputs && shaped_by[i].input < node->inputs->size) {
            int id = node->inputs->data[shaped_by[i].input];
            if (in_range(ctx, id) && !hby_shapes_is_static(in, id))
                return true;
        }
    }
    return false;
}

void hby_import_follow_unknown(struct hby_shapes *in, const struct hby_tfl_context *ctx, const struct hby_tfl_node *node, int builtin)
{
    bool tainted = false, by_data = depends_on_data(in, ctx, node, builtin);
    for (int i = 0; node->inputs && i < node->inputs->size; i++)
        tainted = tainted || (in_range(ctx, node->inputs->data[i]) && in->unknown[node->inputs->data[i]]);
    for (int i = 0; node->outputs && i < node->outputs->size; i++) {
        int id = node->outputs->data[i];
        if (!in_range(ctx, id))
            continue;
        const struct hby_tfl_tensor *t = &ctx->tensors[id];
        bool no_shape = !t->dims || t->dims->size == 0; /* also how a file says that it does not know */
        if (tainted || no_shape || t->allocation_type == HBY_TFL_MEM_DYNAMIC || (by_data && !hby_import_shape_is_fixed(t)))
            in->unknown[id] = true;
    }
}
