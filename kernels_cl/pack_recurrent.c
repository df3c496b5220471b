#include "kernels_cl/pack_recurrent.h"

#include <stdlib.h>
#include <string.h>

#include "partition/element.h"

enum { BLOCK = 16 };

int hby_recurrent_padded(int features)
{
    return (features + BLOCK - 1) / BLOCK * BLOCK;
}

int hby_recurrent_input(const struct hby_cl_site *site, int input)
{
    return input >= 0 && input < site->step->n_in ? site->step->in[input] : -1;
}

static const struct hby_tensor *tensor_of(const struct hby_cl_site *site, int tensor)
{
    return tensor < 0 ? NULL : &site->plan->graph->tensor[tensor];
}

float hby_recurrent_float(const struct hby_cl_site *site, int tensor, int i)
{
    const struct hby_tensor *t = tensor_of(site, tensor);
    return t ? hby_load_float(t->data, site->plan->storage[tensor], (size_t)i) : 0.0f;
}

int32_t hby_recurrent_int(const struct hby_cl_site *site, int tensor, int i)
{
    const struct hby_tensor *t = tensor_of(site, tensor);
    return t ? hby_load_int(t->data, t->type, (size_t)i) : 0;
}

bool hby_recurrent_in_half(const struct hby_cl_site *site, const struct hby_matrices *m)
{
    for (int g = 0; g < m->count; g++)
        if (m->tensor[g] >= 0 && site->plan->storage[m->tensor[g]] != HBY_F16)
            return false;
    return true;
}

/* The size of one element (four bytes together count as one), and how many there are per feature. */
static size_t element_size(const struct hby_cl_site *site, bool half)
{
    return site->step->scheme == HBY_SCHEME_f32 && half ? 2 : 4;
}

static int words(const struct hby_cl_site *site, int depth)
{
    return site->step->scheme == HBY_SCHEME_f32 ? depth : (depth + 3) / 4;
}

static void pack_feature(const struct hby_cl_site *site, int tensor, int feature, int depth, bool half, char *to)
{
    const struct hby_tensor *t = tensor_of(site, tensor);
    const bool diagonal = t->rank == 1;
    const size_t size = element_size(site, half);
    for (int k = 0; k < (diagonal ? 1 : depth); k++) {
        const size_t from = diagonal ? (size_t)feature : (size_t)feature * (size_t)depth + (size_t)k;
        if (site->step->scheme != HBY_SCHEME_f32) {
            to[(size_t)(k / 4) * BLOCK * size + (size_t)(k % 4)] = ((const char *)t->data)[from];
        } else if (half) {
            memcpy(to + (size_t)k * BLOCK * size, (const char *)t->data + from * size, size);
        } else {
            const float v = hby_load_float(t->data, site->plan->storage[tensor], from);
            memcpy(to + (size_t)k * BLOCK * size, &v, sizeof v);
        }
    }
}

enum hby_status hby_pack_matrices(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_matrices *m, bool half)
{
    if (hby_cl_is_dry(l)) {
        hby_cl_arg_const(l, NULL, 0);
        return HBY_OK;
    }
    const size_t size = element_size(site, half), per_feature = (size_t)words(site, m->depth), padded = (size_t)hby_recurrent_padded(m->features);
    const size_t bytes = (size_t)m->count * padded * per_feature * size;
    char *packed = calloc(bytes, 1);
    if (!packed)
        return HBY_NO_MEMORY;
    for (int g = 0; g < m->count; g++)
        for (int i = 0; i < m->features && m->tensor[g] >= 0; i++) {
            const size_t at = (size_t)g * padded + (size_t)i;
            pack_feature(site, m->tensor[g], i, m->depth, half, packed + (at / BLOCK * per_feature * BLOCK + at % BLOCK) * size);
        }
    hby_cl_arg_const(l, packed, bytes);
    free(packed);
    return HBY_OK;
}

void hby_sum_rows(const struct hby_cl_site *site, const struct hby_matrices *m, int32_t *sums)
{
    for (int g = 0; g < m->count; g++)
        for (int i = 0; i < m->features && m->tensor[g] >= 0; i++) {
            const int8_t *w = (const int8_t *)tensor_of(site, m->tensor[g])->data + (size_t)i * (size_t)m->depth;
            int32_t *sum = &sums[g * hby_recurrent_padded(m->features) + i];
            for (int k = 0; k < m->depth; k++)
                *sum += w[k];
        }
}
