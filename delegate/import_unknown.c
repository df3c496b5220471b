/* What is known of the shapes behind a node that Halfbyte does not have. The runtime computes them when it prepares the node, unless they depend
 * on data: then nothing behind the node can be planned. */
#include "delegate/import.h"

enum { BY_DATA = -1 }; /* the values of its inputs decide, whatever they are */

/* Operators of TFLite whose output shape depends on the values of an input, by their codes. */
static const struct {
    int builtin, input;
} shaped_by[] = {
    {37, 1},  {37, 2},  {38, 1},  {38, 2},  {102, 1}, {94, 0},       {69, 1},        {130, 1},       {68, 1},        {85, 1},        {48, 1},
    {74, 1},  {81, 1},  {82, 1},  {89, 1},  {91, 1},  {140, 1},      {56, 1},        {79, 1},        {100, 1},       {122, 2},       {131, 1},
    {141, 0}, {146, 0}, {148, 0}, {149, 1}, {120, 2}, {121, 2},      {96, BY_DATA},  {109, BY_DATA}, {103, BY_DATA}, {118, BY_DATA}, {119, BY_DATA},
    {125, 1}, {153, 2}, {154, 2}, {155, 2}, {157, 2}, {32, BY_DATA}, {145, BY_DATA}, {206, BY_DATA},
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
