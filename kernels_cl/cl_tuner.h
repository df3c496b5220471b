/* The tuner: tiles of the convolutions, measured on the device at hand. Only kernels_cl/cl_*.c and launch_tiles.c include this.
 *
 * A tile decides how many sums a work-item keeps and in which order they are stored, never what a sum is: every candidate gives the same bits, and one whose
 * result differed from that of the default is dropped. */
#ifndef HBY_KERNELS_CL_CL_TUNER_H
#define HBY_KERNELS_CL_CL_TUNER_H

#include "kernels_cl/kernel.h"

enum hby_cl_tune_mode { HBY_CL_TUNE_OFF, HBY_CL_TUNE_ON, HBY_CL_TUNE_FORCE }; /* the option: tune.def's; those measured, now where need be; measured anew */

/* Candidates for a class of shapes: 0 is what tune.def's rows say, the others are its tiles. */
enum { HBY_CL_TILES = 8, HBY_CL_TILE_TUNED = -1, HBY_CL_CLASS_CHARS = 96 };
struct hby_cl_tile {
    int rows, vectors;
};
/* Candidate i, 1 <= i < HBY_CL_TILES. */
struct hby_cl_tile hby_cl_tile_of(const struct hby_cl_device *dev, int i);

/* One class of shapes. Times are 0 where they are not known. */
struct hby_cl_tuned {
    char shape[HBY_CL_CLASS_CHARS];
    int tile;
    double default_us, us;
};

/* Which candidate the step of this class takes: what `l` is told to, or what was or is now measured; 0 without the option. Thread-safe. */
int hby_cl_tile_choice(const struct hby_cl_site *site, const struct hby_cl_launch *l, const char *shape);

/* The tunings as the text of a file, one class a line, and back. Free with free(); NULL when out of memory. Nothing is taken of a text that is not exactly of
 * this form. */
char *hby_cl_tuned_write(const struct hby_cl_tuned *t, int n);
enum hby_status hby_cl_tuned_read(const char *text, size_t bytes, struct hby_cl_tuned **t, int *n);

struct hby_cl_state;
/* With the option: what a file of serialization_dir knows of this device, driver and these sources. */
void hby_cl_tuner_load(struct hby_cl_state *s);
void hby_cl_tuner_free(struct hby_cl_state *s);

#endif
