/* The tuner: its file, and that every candidate tile gives the same bits. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "host_ref/ref.h"
#include "kernels_cl/cl_disk.h"
#include "kernels_cl/cl_tuner.h"
#include "partition/execute.h"
#include "tests/build_graph.h"
#include "tests/need_device.h"
#include "tests/scratch.h"

enum { SIDE = 9, IN = 20, OUT = 40, TAPS = 9, INPUTS = SIDE * SIDE * IN, OUTPUTS = SIDE * SIDE * OUT };

static void text_goes_round(void **state)
{
    (void)state;
    const struct hby_cl_tuned t[2] = {{"conv i8*int8 rows 2^5", 0, 12.5, 12.5}, {"conv f32*float32 rows 2^9", HBY_CL_TILES - 1, 99.125, 42}};
    struct hby_cl_tuned *again;
    int n;
    char *text = hby_cl_tuned_write(t, 2);
    assert_non_null(text);
    assert_int_equal(hby_cl_tuned_read(text, strlen(text), &again, &n), HBY_OK);
    assert_int_equal(n, 2);
    for (int i = 0; i < 2; i++) {
        assert_string_equal(again[i].shape, t[i].shape);
        assert_int_equal(again[i].tile, t[i].tile);
        assert_true(again[i].default_us == t[i].default_us && again[i].us == t[i].us);
    }
    free(again);
    free(text);
}

static void malformed_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "\n",
        "1 2.000 1.000 conv", /* cut off */
        "8 2.000 1.000 conv\n",
        "-1 2.000 1.000 conv\n",
        "1 2.000 1.000\n",
        "1 2.000 1.000 \n",
        "1 2.000 nan conv\n",
        "1 -2.000 1.000 conv\n",
        "1 2.0 1.000 conv\n", /* not as it is written */
        "99999999999 2.000 1.000 conv\n",
        "1 2.000 1.000 conv\n1 2.000 1.000\n",
        "1 2.000 1.000 "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct hby_cl_tuned *t;
        int n;
        assert_int_equal(hby_cl_tuned_read(bad[i], strlen(bad[i]), &t, &n), HBY_UNSUPPORTED);
        assert_null(t);
        assert_int_equal(n, 0);
    }
    struct hby_cl_tuned *t;
    int n;
    assert_int_equal(hby_cl_tuned_read("1 2.000 1.000 co\0v\n", 19, &t, &n), HBY_UNSUPPORTED);
}

/* --- on the device --- */

static char dir[SCRATCH_SIZE];
static int n_measured, n_dropped;

static void count_log(void *ctx, int level, const char *text)
{
    (void)ctx;
    (void)level;
    n_measured += !strncmp(text, "tile for ", 9);
    n_dropped += !strncmp(text, "tile ", 5) && strncmp(text, "tile for ", 9);
}

static struct hby_backend *open_device(int tune)
{
    const struct hby_cl_options opt = {.choice = {.device_id = -1, .device_type = -1}, .serialization_dir = dir, .tune = tune, .log = count_log};
    struct hby_backend *be = NULL;
    struct hby_reason why = {""};
    assert_int_equal(hby_cl_backend_create(&opt, &be, &why), HBY_OK);
    n_measured = n_dropped = 0;
    return be;
}

static uint32_t next(uint32_t *seed)
{
    return (*seed = *seed * 1664525u + 1013904223u) >> 24;
}

/* A 3x3 convolution whose channels do not fill its last vector. */
static struct hby_graph *graph(bool is_float)
{
    static int8_t w8[OUT * TAPS * IN];
    static float wf[OUT * TAPS * IN];
    static int32_t bias8[OUT];
    static float bias_f[OUT];
    struct hby_graph *g = NULL;
    uint32_t seed = 5;
    for (int i = 0; i < OUT * TAPS * IN; i++) {
        w8[i] = (int8_t)(next(&seed) % 255 - 127);
        wf[i] = (float)w8[i] / 64.0f;
    }
    for (int i = 0; i < OUT; i++)
        bias_f[i] = (float)(bias8[i] = 100 * i - 2000);
    assert_int_equal(hby_graph_create(&g), HBY_OK);
    const enum hby_type t = is_float ? HBY_F32 : HBY_I8;
    const int in = add_tensor(g, t, NULL, 4, 1, SIDE, SIDE, IN), w = add_tensor(g, t, is_float ? (const void *)wf : w8, 4, OUT, 3, 3, IN);
    const int bias = add_tensor(g, is_float ? HBY_F32 : HBY_I32, is_float ? (const void *)bias_f : bias8, 1, OUT),
              out = add_tensor(g, t, NULL, 4, 1, SIDE, SIDE, OUT);
    if (!is_float) {
        set_quant(g, in, 0.5f, 3);
        set_quant(g, w, 0.01f, 0);
        set_quant(g, bias, 0.005f, 0);
        set_quant(g, out, 0.8f, -5);
    }
    struct hby_node *n = add_node(g, HBY_OP_conv_2d, out, 3, in, w, bias);
    n->params.window = (struct hby_window_params){.stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .padding = HBY_PAD_SAME};
    set_border(g, in, out);
    return g;
}

/* Its result; on host_ref where there is no device. */
static void run(struct hby_backend *be, bool is_float, void *out)
{
    static int8_t in8[INPUTS];
    static float in_f[INPUTS];
    uint32_t seed = 9;
    for (int i = 0; i < INPUTS; i++)
        in_f[i] = (float)(in8[i] = (int8_t)(next(&seed) - 128)) / 32.0f;
    const struct hby_plan_options opt = {.precision = HBY_PRECISION_EXACT, .host_ref = be ? HBY_HOST_REF_OFF : HBY_HOST_REF_ONLY};
    struct hby_plan *plan = NULL;
    struct hby_executor *ex = NULL;
    struct hby_reason why = {""};
    assert_int_equal(hby_plan_create(graph(is_float), &opt, be, hby_host_ref_backend(), &plan, &why), HBY_OK);
    assert_int_equal(plan->n_nodes_runnable, 1);
    assert_int_equal(hby_executor_create(plan, be, hby_host_ref_backend(), &ex, &why), HBY_OK);
    assert_int_equal(hby_executor_run(ex, (const void *const[]){is_float ? (const void *)in_f : in8}, (void *const[]){out}, &why), HBY_OK);
    assert_int_equal(hby_executor_stats(ex)->device_failures, 0);
    hby_executor_destroy(&ex);
}

/* The key and the path of the one file of tunings in `dir`. */
static void find_file(char *key, size_t key_room, char *path, size_t path_room)
{
    DIR *d = opendir(dir);
    bool found = false;
    assert_non_null(d);
    for (struct dirent *e; !found && (e = readdir(d));) {
        uint64_t head[7]; /* magic, bytes of the key, of the rest, hash */
        snprintf(path, path_room, "%s/%s", dir, e->d_name);
        FILE *f = fopen(path, "rb");
        if (!f)
            continue;
        if (fread(head, sizeof head, 1, f) == 1 && head[1] < key_room && fread(key, (size_t)head[1], 1, f) == 1) {
            key[head[1]] = 0;
            found = !strncmp(key, "halfbyte tiles", 14);
        }
        fclose(f);
    }
    closedir(d);
    assert_true(found);
}

static void a_device_is_measured_once(void **state)
{
    (void)state;
    static int8_t first[OUTPUTS], second[OUTPUTS];
    struct hby_cl_tuning t[4];
    struct stat info;
    char key[2048], path[4096];
    struct hby_backend *be = open_device(HBY_CL_TUNE_ON);
    run(be, false, first);
    assert_int_equal(n_measured, 1);
    assert_int_equal(n_dropped, 0);
    assert_int_equal(hby_cl_backend_tunings(be, t, 4), 1);
    assert_true(t[0].default_us > 0 && t[0].us > 0 && t[0].us <= t[0].default_us);
    hby_cl_backend_destroy(&be);
    find_file(key, sizeof key, path, sizeof path);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 077, 0);

    be = open_device(HBY_CL_TUNE_ON); /* knows it from the file */
    run(be, false, second);
    assert_int_equal(n_measured, 0);
    assert_int_equal(hby_cl_backend_tunings(be, t, 4), 1);
    assert_memory_equal(first, second, sizeof first);
    hby_cl_backend_destroy(&be);

    be = open_device(HBY_CL_TUNE_FORCE);
    run(be, false, second);
    assert_int_equal(n_measured, 1);
    hby_cl_backend_destroy(&be);

    be = open_device(HBY_CL_TUNE_OFF);
    run(be, false, second);
    assert_int_equal(n_measured, 0);
    assert_int_equal(hby_cl_backend_tunings(be, t, 4), 0);
    assert_memory_equal(first, second, sizeof first);
    hby_cl_backend_destroy(&be);
}

/* The file is made to say each tile in turn: the result is the same, and host_ref's. */
static void every_tile_gives_the_same_bits(void **state)
{
    (void)state;
    static int8_t want8[OUTPUTS], got8[OUTPUTS];
    static float want[OUTPUTS], got[OUTPUTS];
    char key[2048], path[4096];
    struct hby_reason why = {""};
    struct hby_backend *be = open_device(HBY_CL_TUNE_ON);
    run(NULL, false, want8);
    run(be, false, got8);
    run(be, true, want);
    hby_cl_backend_destroy(&be);
    assert_memory_equal(want8, got8, sizeof want8);
    find_file(key, sizeof key, path, sizeof path);
    for (int tile = 0; tile < HBY_CL_TILES; tile++) {
        unsigned char *text;
        size_t bytes;
        struct hby_cl_tuned *t;
        struct hby_cl_tuning told[4];
        int n;
        assert_int_equal(hby_cl_disk_load(dir, key, &text, &bytes), HBY_OK);
        assert_int_equal(hby_cl_tuned_read((const char *)text, bytes, &t, &n), HBY_OK);
        free(text);
        assert_int_equal(n, 2);
        t[0].tile = t[1].tile = tile;
        char *changed = hby_cl_tuned_write(t, n);
        free(t);
        assert_non_null(changed);
        assert_int_equal(hby_cl_disk_store(dir, key, (const unsigned char *)changed, strlen(changed), &why), HBY_OK);
        free(changed);
        be = open_device(HBY_CL_TUNE_ON);
        assert_int_equal(hby_cl_backend_tunings(be, told, 4), 2);
        const struct hby_cl_tile want_tile =
            tile ? hby_cl_tile_of(&(struct hby_cl_device){.info = *hby_cl_backend_info(be)}, tile) : (struct hby_cl_tile){0, 0};
        assert_int_equal(told[0].rows, want_tile.rows);
        assert_int_equal(told[1].vectors, want_tile.vectors);
        run(be, false, got8);
        run(be, true, got);
        assert_int_equal(n_measured, 0);
        hby_cl_backend_destroy(&be);
        assert_memory_equal(got8, want8, sizeof want8);
        assert_memory_equal(got, want, sizeof want);
    }
}

static void a_malformed_file_is_not_trusted(void **state)
{
    (void)state;
    static int8_t out[OUTPUTS];
    static const char bad[] = "99 1.000 1.000 conv\n";
    char key[2048], path[4096];
    struct hby_reason why = {""};
    struct hby_cl_tuning t[4];
    find_file(key, sizeof key, path, sizeof path);
    assert_int_equal(hby_cl_disk_store(dir, key, (const unsigned char *)bad, sizeof bad - 1, &why), HBY_OK); /* whole, and wrong */
    struct hby_backend *be = open_device(HBY_CL_TUNE_ON);
    assert_int_equal(hby_cl_backend_tunings(be, t, 4), 0);
    run(be, false, out);
    assert_int_equal(n_measured, 1);
    hby_cl_backend_destroy(&be);
    FILE *f = fopen(path, "r+b"); /* damaged */
    assert_non_null(f);
    fseek(f, -3, SEEK_END);
    fputc('#', f);
    fclose(f);
    be = open_device(HBY_CL_TUNE_ON);
    assert_int_equal(hby_cl_backend_tunings(be, t, 4), 0);
    hby_cl_backend_destroy(&be);
    assert_int_equal(access(path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest units[] = {cmocka_unit_test(text_goes_round), cmocka_unit_test(malformed_text_is_refused)};
    const struct CMUnitTest on_device[] = {cmocka_unit_test(a_device_is_measured_once), cmocka_unit_test(every_tile_gives_the_same_bits),
                                           cmocka_unit_test(a_malformed_file_is_not_trusted)};
    int failed = cmocka_run_group_tests_name("text", units, NULL, NULL);
    const int skip = without_device();
    if (skip)
        return failed ? 1 : skip;
    if (!scratch_make(dir))
        return 1;
    setenv("HALFBYTE_DEVICE_FEATURES", "-mma", 0); /* what matrix units take is not tuned */
    failed += cmocka_run_group_tests_name("device", on_device, NULL, NULL);
    return scratch_drop(dir) || failed;
}
