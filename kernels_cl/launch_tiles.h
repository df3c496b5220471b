/* What the launch rules of the tiled convolutions share; the device's side of it is conv_tile.clh. */
#ifndef HBY_KERNELS_CL_LAUNCH_TILES_H
#define HBY_KERNELS_CL_LAUNCH_TILES_H

#include "kernels_cl/conv_tiles.clh"
#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack.h"

/* A tile: rows x vectors of channels. */
struct hby_conv_tile {
    int rows, vectors;
};

/* One launch: tiles of one size over part of every group's channels. */
struct hby_conv_part {
    struct hby_conv_tile tile;
    int first_channel, tiles_per_group;
};

/* The longest sum whose taps a tile may gather; HBY_GATHER of the kernels. */
enum { HBY_CONV_GATHER = 176 };

/* Are activations and output stored as the scheme says, and the weights a constant? */
bool hby_conv_fits(const struct hby_cl_site *site, struct hby_reason *why);
/* 1x1, stride 1, no padding, one group: row m reads pixel m. */
bool hby_conv_is_dense(const struct hby_args_conv *p);
/* Should the tiles gather their windows (conv_rows.clh)? */
bool hby_conv_gathers(const struct hby_cl_site *site);
/* Rows of the implicit GEMM: conv_rows.clh. */
int hby_conv_rows(const struct hby_step *s);
/* What a tile multiplies: rows of tune.def. */
enum hby_product { HBY_PRODUCT_BYTES, HBY_PRODUCT_PAIRS, HBY_PRODUCT_FLOATS };
/* Cuts the channels into one or two launches; returns how many. */
int hby_conv_split(const struct hby_cl_site *site, const struct hby_cl_launch *l, const struct hby_conv_shape *s, int rows, enum hby_product product,
                   struct hby_conv_part part[2]);
struct hby_conv_tiles hby_conv_tiles_of(const struct hby_cl_site *site, const struct hby_conv_shape *s, const struct hby_conv_part *part, size_t weight_bytes);
/* Work-items along rows and channels, for the kernel used last. */
void hby_conv_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_part *p, struct hby_conv_tiles *t, int groups);
void hby_conv_cost(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_conv_shape *s, size_t weight_bytes);

#endif
