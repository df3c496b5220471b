/* SPACE_TO_DEPTH, DEPTH_TO_SPACE, SPACE_TO_BATCH_ND and BATCH_TO_SPACE_ND: blocks of pixels that become channels or batches, and back. Strided copies. */
#include "partition/lower_move.h"

static void add_dim(struct hby_walk *w, int64_t dim, int64_t in_stride, int64_t out_stride)
{
    w->dim[w->rank] = dim;
    w->stride[0][w->rank] = in_stride;
    w->stride[1][w->rank++] = out_stride;
}

enum hby_status hby_lower_space_depth(struct hby_lowering *lo, const struct hby_node *node)
{
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = hby_check_same_count(lo, node->in[0], node->out[0]);
    if (st)
        return st;
    const bool to_depth = node->op == HBY_OP_space_to_depth;
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    const struct hby_tensor *space = to_depth ? in : out, *deep = to_depth ? out : in;
    const int64_t s = node->params.block.size;
    if (in->rank != 4 || out->rank != 4 || s < 1 || space->dim[0] != deep->dim[0] || deep->dim[1] * s != space->dim[1] || deep->dim[2] * s != space->dim[2] ||
        space->dim[3] * s * s != deep->dim[3])
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s with blocks of %lld does not take its input's shape to its output's", hby_ops[node->op].name,
                       (long long)s);
    const int64_t c = space->dim[3], row = space->dim[2] * c, pixel = s * s * c; /* a row of the image, a pixel of the deep one */
    const int64_t dim[5] = {(int64_t)deep->dim[0] * deep->dim[1], s, deep->dim[2], s, c};
    const int64_t in_space[5] = {s * row, row, s * c, c, 1}, in_deep[5] = {deep->dim[2] * pixel, s * c, pixel, c, 1};
    struct hby_walk w = {.rank = 0};
    for (int i = 0; i < 5; i++)
        add_dim(&w, dim[i], to_depth ? in_space[i] : in_deep[i], to_depth ? in_deep[i] : in_space[i]);
    return hby_lower_one_move(lo, node, node->in[0], node->out[0], &w, 0, 0);
}

/* --- batches --- */

/* [batch, height, width, depth] of both sides; 3 dimensions have a width of 1. `edge` pads the image (to batch) or is cropped from it: top, bottom, left,
 * right. */
struct blocks {
    int64_t batch, h, w, c; /* of the padded image */
    int64_t block_h, block_w, edge[4];
};

static enum hby_status read_blocks(const struct hby_lowering *lo, const struct hby_node *node, struct blocks *b)
{
    const struct hby_tensor *in = hby_tensor_of(lo, node->in[0]), *out = hby_tensor_of(lo, node->out[0]);
    const bool to_batch = node->op == HBY_OP_space_to_batch_nd;
    const struct hby_tensor *image = to_batch ? in : out, *parts = to_batch ? out : in;
    int64_t block[2] = {1, 1}, edge[4] = {0};
    int n = 0, n_edges = 0;
    if (in->rank < 3 || in->rank > 4 || out->rank != in->rank)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s of %d dimensions; 3 and 4 are supported", hby_ops[node->op].name, in->rank);
    enum hby_status st = hby_constant_ints(lo, node->in[1], 2, block, &n);
    if (!st)
        st = hby_constant_ints(lo, node->in[2], 4, edge, &n_edges);
    if (st)
        return st;
    const bool flat = in->rank == 3;
    if (n != in->rank - 2 || n_edges != 2 * n)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s has %d block sizes and %d edges for %d dimensions", hby_ops[node->op].name, n, n_edges, in->rank);
    for (int i = 0; i < 4; i++)
        if (edge[i] < 0 || edge[i] > INT32_MAX || block[i / 2] < 1 || block[i / 2] > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s has a negative edge or a block that is not positive", hby_ops[node->op].name);
    *b = (struct blocks){.batch = image->dim[0],
                         .h = image->dim[1] + edge[0] + edge[1],
                         .w = flat ? 1 : image->dim[2] + edge[2] + edge[3],
                         .c = image->dim[in->rank - 1],
                         .block_h = block[0],
                         .block_w = block[1],
                         .edge = {edge[0], edge[1], edge[2], edge[3]}};
    if (parts->dim[0] % (b->block_h * b->block_w) || parts->dim[0] / (b->block_h * b->block_w) != b->batch || parts->dim[1] * b->block_h != b->h ||
        (!flat && parts->dim[2] * b->block_w != b->w) || parts->dim[in->rank - 1] != b->c)
        return hby_say(HBY_UNSUPPORTED, lo->why, "%s does not take its input's shape to its output's", hby_ops[node->op].name);
    return HBY_OK;
}

static bool has_edges(const struct blocks *b)
{
    return b->edge[0] || b->edge[1] || b->edge[2] || b->edge[3];
}

/* The padded image as a tensor of its own. */
static enum hby_status image_tensor(struct hby_lowering *lo, const struct hby_node *node, const struct blocks *b, int *id)
{
    struct hby_tensor like = *hby_tensor_of(lo, node->out[0]);
    const int64_t dim[4] = {b->batch, b->h, b->w, b->c};
    int64_t count = 1;
    like.rank = 4;
    for (int i = 0; i < 4; i++) {
        count *= dim[i];
        if (dim[i] > INT32_MAX || count > INT32_MAX)
            return hby_say(HBY_UNSUPPORTED, lo->why, "%s makes more than 2^31 - 1 elements in between", hby_ops[node->op].name);
        like.dim[i] = (int32_t)dim[i];
    }
    like.bytes = (size_t)count * hby_type_size(like.type);
    enum hby_status st = hby_step_tensor(lo, &like, lo->plan->storage[node->out[0]], id);
    return st ? hby_say(st, lo->why, "out of memory") : HBY_OK;
}

/* The whole padded image to batches, or back. */
static enum hby_status move_blocks(struct hby_lowering *lo, const struct hby_node *node, const struct blocks *b, int in, int out)
{
    const bool to_batch = node->op == HBY_OP_space_to_batch_nd;
    const int64_t h = b->h / b->block_h, w = b->w / b->block_w, part = h * w * b->c; /* one batch of the output of SPACE_TO_BATCH_ND */
    const int64_t dim[6] = {b->block_h, b->block_w, b->batch, h, w, b->c};
    const int64_t image[6] = {b->w * b->c, b->c, b->h * b->w * b->c, b->block_h * b->w * b->c, b->block_w * b->c, 1};
    const int64_t parts[6] = {b->block_w * b->batch * part, b->batch * part, part, w * b->c, b->c, 1};
    struct hby_walk walk = {.rank = 0};
    for (int i = 0; i < 6; i++)
        add_dim(&walk, dim[i], to_batch ? image[i] : parts[i], to_batch ? parts[i] : image[i]);
    return hby_lower_one_move(lo, node, in, out, &walk, 0, 0);
}

/* The input with its edges, filled with zero. */
static enum hby_status pad_image(struct hby_lowering *lo, const struct hby_node *node, const struct blocks *b, int out)
{
    struct hby_step *s = hby_step_add(lo, node, HBY_NEST_pad, hby_scheme_of(lo, out));
    if (!s)
        return HBY_UNSUPPORTED;
    s->n_in = 1;
    for (int i = 1; i < HBY_STEP_INPUTS; i++)
        s->in[i] = -1;
    s->out[0] = out;
    struct hby_args_pad *a = &s->args.pad;
    const int64_t dim[4] = {b->batch, b->h, b->w, b->c};
    a->count = (hby_i32)(b->batch * b->h * b->w * b->c);
    a->elem_size = (hby_i32)hby_type_size(lo->plan->storage[out]);
    if (a->elem_size == 1 && hby_tensor_of(lo, out)->type != HBY_BOOL)
        a->value_lo = hby_zero_point_of(lo, node->out[0]) & 0xff;
    for (int i = 0; i < HBY_MOVE_RANK; i++) {
        const int k = i - (HBY_MOVE_RANK - 4);
        a->dim[i] = k < 0 ? 1 : (hby_i32)dim[k];
        a->before[i] = k == 1 ? (hby_i32)b->edge[0] : k == 2 ? (hby_i32)b->edge[2] : 0;
        a->in_dim[i] = a->dim[i] - (k == 1 ? (hby_i32)(b->edge[0] + b->edge[1]) : k == 2 ? (hby_i32)(b->edge[2] + b->edge[3]) : 0);
    }
    return HBY_OK;
}

static enum hby_status crop_image(struct hby_lowering *lo, const struct hby_node *node, const struct blocks *b, int in)
{
    const int64_t h = b->h - b->edge[0] - b->edge[1], w = b->w - b->edge[2] - b->edge[3];
    struct hby_walk walk = {.rank = 0};
    add_dim(&walk, b->batch, b->h * b->w * b->c, h * w * b->c);
    add_dim(&walk, h, b->w * b->c, w * b->c);
    add_dim(&walk, w * b->c, 1, 1);
    return hby_lower_one_move(lo, node, in, node->out[0], &walk, (b->edge[0] * b->w + b->edge[2]) * b->c, 0);
}

enum hby_status hby_lower_space_batch(struct hby_lowering *lo, const struct hby_node *node)
{
    struct blocks b;
    int image = -1;
    enum hby_status st = hby_check_movable(lo, node->in[0], node->out[0]);
    if (!st)
        st = read_blocks(lo, node, &b);
    if (!st && (hby_scale_of(lo, node->in[0]) != hby_scale_of(lo, node->out[0]) || hby_zero_point_of(lo, node->in[0]) != hby_zero_point_of(lo, node->out[0])))
        st = hby_say(HBY_UNSUPPORTED, lo->why, "%s needs one scale and zero point for input and output", hby_ops[node->op].name);
    if (!st && !has_edges(&b))
        return move_blocks(lo, node, &b, node->in[0], node->out[0]);
    if (!st)
        st = image_tensor(lo, node, &b, &image);
    if (st)
        return st;
    if (node->op == HBY_OP_space_to_batch_nd) {
        st = pad_image(lo, node, &b, image);
        return st ? st : move_blocks(lo, node, &b, image, node->out[0]);
    }
    st = move_blocks(lo, node, &b, node->in[0], image);
    return st ? st : crop_image(lo, node, &b, image);
}
