/* What the launch rules of the recurrent operators share. */
#ifndef HBY_KERNELS_CL_LAUNCH_RECURRENT_H
#define HBY_KERNELS_CL_LAUNCH_RECURRENT_H

#include "kernels_cl/launch_nest.h"
#include "kernels_cl/pack_recurrent.h"

/* Scratch memory: BYTES and ROWS hold quantized inputs. */
enum { HBY_RECURRENT_BYTES, HBY_RECURRENT_ROWS, HBY_RECURRENT_SUMS, HBY_RECURRENT_WORK };

/* Rows of `width` floats that dynamic range steps read quantized. */
struct hby_recurrent_rows {
    int tensor, rows, width;
    bool asymmetric;
};
/* The launch that quantizes them, and the arguments of one that reads them: the bytes, then the rows. */
enum hby_status hby_recurrent_quantize(const struct hby_cl_site *site, struct hby_cl_launch *l, const struct hby_recurrent_rows *r);
void hby_recurrent_row_args(struct hby_cl_launch *l, const struct hby_recurrent_rows *r);
/* Bytes from one quantized row to the next. */
int hby_recurrent_pitch(const struct hby_recurrent_rows *r);

/* A grid for rows of `units` features (padded to 16): as many as a work-item takes at once, times pieces of `rows_each` rows. */
int hby_recurrent_rows_each(const struct hby_cl_site *site, int rows);
void hby_recurrent_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, int units, int rows, int rows_each);
/* A work-group for each batch, of which all share `units` features. */
void hby_recurrent_steps_grid(const struct hby_cl_site *site, struct hby_cl_launch *l, int batch, int units);

/* `words` words of 4 bytes, filled by `fill`; a dummy where not `wanted`. */
enum hby_status hby_recurrent_words(struct hby_cl_launch *l, bool wanted, size_t words, void (*fill)(const void *context, int32_t *to), const void *context);

#endif
