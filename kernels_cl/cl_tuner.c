/* Measures the candidates for a class of shapes against each other, in turns, and remembers which was the fastest: in memory, and in serialization_dir with the
 * care that the program cache takes (cl_disk.h). */
#include "kernels_cl/cl_tuner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_disk.h"
#include "kernels_cl/cl_session.h"
#include "kernels_cl/hash.h"
#include "kernels_cl/source.h"

enum { ROUNDS = 7, MAX_CLASSES = 4096 };
#define SLICE_US 500.0 /* of a round, and of one candidate: launches back to back, one wait */
#define WORTH_IT 0.97  /* of the default's time: less would be noise */

struct hby_cl_tile hby_cl_tile_of(const struct hby_cl_device *dev, int i)
{
    static const struct hby_cl_tile tile[HBY_CL_TILES - 1][2] = {
#define HBY_TUNE(name, gpu, cpu_asm, cpu_wide, cpu, what)
#define HBY_TILE(gpu_rows, gpu_vectors, cpu_rows, cpu_vectors) {{gpu_rows, gpu_vectors}, {cpu_rows, cpu_vectors}},
#include "kernels_cl/tune.def"
#undef HBY_TUNE
    };
    return tile[i - 1][dev->info.kind == HBY_CL_CPU];
}

/* --- the text --- */

char *hby_cl_tuned_write(const struct hby_cl_tuned *t, int n)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    for (int i = 0; i < n; i++)
        fprintf(f, "%d %.3f %.3f %s\n", t[i].tile, t[i].default_us, t[i].us, t[i].shape);
    if (fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}

static bool read_line(const char *line, size_t chars, struct hby_cl_tuned *t)
{
    char copy[HBY_CL_CLASS_CHARS + 64], again[sizeof copy];
    if (chars == 0 || chars >= sizeof copy)
        return false;
    memcpy(copy, line, chars);
    copy[chars] = 0;
    memset(t, 0, sizeof *t);
    int shape = 0;
    if (sscanf(copy, "%d %lf %lf %n", &t->tile, &t->default_us, &t->us, &shape) != 3 || shape == 0 || strlen(copy + shape) >= sizeof t->shape || !copy[shape])
        return false;
    snprintf(t->shape, sizeof t->shape, "%s", copy + shape);
    if (t->tile < 0 || t->tile >= HBY_CL_TILES || !(t->default_us >= 0 && t->default_us < 1e9) || !(t->us >= 0 && t->us < 1e9))
        return false;
    return snprintf(again, sizeof again, "%d %.3f %.3f %s", t->tile, t->default_us, t->us, t->shape) == (int)chars && !strcmp(again, copy);
}

enum hby_status hby_cl_tuned_read(const char *text, size_t bytes, struct hby_cl_tuned **t, int *n)
{
    int lines = 0;
    for (size_t i = 0; i < bytes; i++)
        lines += text[i] == '\n';
    *t = NULL;
    *n = 0;
    if (lines == 0 || lines > MAX_CLASSES || text[bytes - 1] != '\n')
        return HBY_UNSUPPORTED;
    struct hby_cl_tuned *all = calloc((size_t)lines, sizeof *all);
    if (!all)
        return HBY_NO_MEMORY;
    for (int i = 0; i < lines; i++) {
        const char *end = memchr(text, '\n', bytes);
        if (!read_line(text, (size_t)(end - text), &all[i])) {
            free(all);
            return HBY_UNSUPPORTED;
        }
        bytes -= (size_t)(end + 1 - text);
        text = end + 1;
    }
    *t = all;
    *n = lines;
    return HBY_OK;
}

/* --- the file --- */

/* What the measurements depend on: sources and candidates, device, driver, features. NULL when out of memory. */
static char *file_key(const struct hby_cl_state *s)
{
    struct hby_hash h = {{0, 0}};
    const struct hby_cl_info *in = &s->dev.info;
    for (const struct hby_source *src = hby_sources; src->name; src++) {
        h.word[0] = hby_xxh64(src->text, strlen(src->text), h.word[0]);
        h.word[1] = hby_xxh64(src->name, strlen(src->name), h.word[1]);
    }
    for (int i = 1; i < HBY_CL_TILES; i++) {
        const struct hby_cl_tile tile = hby_cl_tile_of(&s->dev, i);
        h.word[1] = hby_xxh64(&tile, sizeof tile, h.word[1]);
    }
    char *key = NULL;
    if (asprintf(&key, "halfbyte tiles 1\n%016llx%016llx\n%s\n%s\n%s\n%s\n%s\n%s\n%d units\n", (unsigned long long)h.word[0], (unsigned long long)h.word[1],
                 s->features, in->platform, in->name, in->vendor, in->version, in->driver, in->compute_units) < 0)
        return NULL;
    return key;
}

void hby_cl_tuner_load(struct hby_cl_state *s)
{
    unsigned char *text;
    size_t bytes;
    char *key;
    if (s->tune != HBY_CL_TUNE_ON || !s->cache_dir || !(key = file_key(s)))
        return;
    if (!hby_cl_disk_load(s->cache_dir, key, &text, &bytes)) {
        const enum hby_status st = hby_cl_tuned_read((const char *)text, bytes, &s->tuned, &s->n_tuned);
        s->tuned_room = s->n_tuned;
        hby_cl_log(s, HBY_CL_LOG_BUILD, "tiles: %d classes of shapes from the file%s", s->n_tuned, st ? ", which is malformed" : "");
        free(text);
    }
    free(key);
}

/* Under the lock. */
static void save(struct hby_cl_state *s)
{
    char *key, *text;
    struct hby_reason why = {""};
    if (!s->cache_dir || !(key = file_key(s)))
        return;
    text = hby_cl_tuned_write(s->tuned, s->n_tuned);
    if (text && hby_cl_disk_store(s->cache_dir, key, (const unsigned char *)text, strlen(text), &why))
        hby_cl_log(s, HBY_CL_LOG_BUILD, "tiles: %s", why.text);
    free(text);
    free(key);
}

void hby_cl_tuner_free(struct hby_cl_state *s)
{
    free(s->tuned);
    s->tuned = NULL;
    s->n_tuned = s->tuned_room = 0;
}

/* --- the measurement --- */

/* One candidate at work. */
struct trial {
    struct hby_session *session;
    double us; /* of one run, the best so far */
};

/* `calls` runs, one wait; false when the device fails. */
static bool time_trial(struct trial *t, int calls, double *us)
{
    const int64_t start = hby_cl_now_ns();
    for (int i = 0; i < calls; i++)
        if (t->session->ops->run(t->session, 0, 1))
            return false;
    if (t->session->ops->finish(t->session))
        return false;
    *us = (double)(hby_cl_now_ns() - start) * 1e-3 / calls;
    t->us = fmin(t->us, *us);
    return true;
}

static void close_trial(struct trial *t)
{
    if (t->session)
        t->session->ops->destroy(&t->session);
}

/* The candidates in turns. Any that fails, or whose result is another, is out; without the default nothing is measured. */
static void race(struct hby_cl_state *st, const struct hby_cl_rig *rig, struct hby_cl_tuned *best)
{
    struct trial trial[HBY_CL_TILES] = {{NULL, 0}};
    struct hby_reason why = {""};
    for (int i = 0; i < HBY_CL_TILES; i++) {
        const bool failed = hby_cl_rig_session(st, rig, &(struct hby_cl_force){HBY_CL_GEMM_OWN, i}, i > 0, &trial[i].session, &why) != HBY_OK;
        trial[i].us = INFINITY;
        if (!failed && (i == 0 || !memcmp(rig->out[0], rig->out[1], rig->out_bytes)))
            continue;
        hby_cl_log(st, HBY_CL_LOG_BUILD, "tile %d for %s: %s", i, best->shape, failed ? why.text : "another result");
        close_trial(&trial[i]);
        if (i == 0)
            return;
    }
    double us;
    int calls = 1;
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < HBY_CL_TILES; i++) {
            if (trial[i].session && !time_trial(&trial[i], calls, &us))
                close_trial(&trial[i]);
            if (calls == 1 && i == 0 && trial[0].us > 0 && trial[0].us < SLICE_US)
                calls = (int)fmin(1000.0, ceil(SLICE_US / trial[0].us));
        }
    best->default_us = best->us = trial[0].session ? trial[0].us : 0;
    for (int i = 1; i < HBY_CL_TILES && best->default_us > 0; i++)
        if (trial[i].session && trial[i].us < best->us && trial[i].us < WORTH_IT * best->default_us) {
            best->tile = i;
            best->us = trial[i].us;
        }
    for (int i = 0; i < HBY_CL_TILES; i++)
        close_trial(&trial[i]);
}

static void measure(const struct hby_cl_site *site, struct hby_cl_tuned *best)
{
    struct hby_cl_rig rig;
    if (hby_cl_rig_open(site, &rig))
        race(site->dev->state, &rig, best);
    hby_cl_rig_close(&rig);
}

int hby_cl_tile_choice(const struct hby_cl_site *site, const struct hby_cl_launch *l, const char *shape)
{
    struct hby_cl_state *st = site->dev->state;
    if (l->force.tile != HBY_CL_TILE_TUNED)
        return l->force.tile;
    if (st->tune == HBY_CL_TUNE_OFF)
        return 0;
    int tile = 0, i = 0;
    pthread_mutex_lock(&st->tune_lock);
    while (i < st->n_tuned && strcmp(st->tuned[i].shape, shape))
        i++;
    if (i < st->n_tuned) {
        tile = st->tuned[i].tile;
    } else if (i < MAX_CLASSES && hby_cl_grow((void **)&st->tuned, st->n_tuned, &st->tuned_room, sizeof *st->tuned)) {
        struct hby_cl_tuned t = {.tile = 0};
        snprintf(t.shape, sizeof t.shape, "%s", shape);
        measure(site, &t);
        st->tuned[st->n_tuned++] = t;
        tile = t.tile;
        save(st);
        const struct hby_cl_tile size = tile ? hby_cl_tile_of(site->dev, tile) : (struct hby_cl_tile){0, 0};
        hby_cl_log(st, HBY_CL_LOG_BUILD, "tile for %s: %d (%d x %d), %.1f us, default %.1f us", shape, tile, size.rows, size.vectors, t.us, t.default_us);
    }
    pthread_mutex_unlock(&st->tune_lock);
    return tile;
}

int hby_cl_backend_tunings(struct hby_backend *be, struct hby_cl_tuning *out, int room)
{
    struct hby_cl_state *st = hby_cl_state_of(be);
    pthread_mutex_lock(&st->tune_lock);
    const int n = st->n_tuned;
    for (int i = 0; i < n && i < room; i++) {
        const struct hby_cl_tuned *t = &st->tuned[i];
        const struct hby_cl_tile tile = t->tile ? hby_cl_tile_of(&st->dev, t->tile) : (struct hby_cl_tile){0, 0};
        out[i] = (struct hby_cl_tuning){.rows = tile.rows, .vectors = tile.vectors, .default_us = t->default_us, .us = t->us};
        snprintf(out[i].shape, sizeof out[i].shape, "%s", t->shape);
    }
    pthread_mutex_unlock(&st->tune_lock);
    return n;
}
