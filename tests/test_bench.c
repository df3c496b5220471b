/* The bench's own arithmetic: order statistics, differences, the report reader, the runtime's version, seeded inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* The bench is a program, not a library: its parts are compiled in. */
#include "bench/inputs.c"
#include "bench/litert_element.c"
#include "bench/memory.c"
#include "bench/noise.c"
#include "bench/report.c"
#include "bench/runtime.c"
#include "bench/stats.c"

static void order_statistics(void **state)
{
    (void)state;
    double odd[] = {5, 1, 4, 2, 3}, even[] = {4, 1, 3, 2}, one[] = {7}, twenty[20];
    struct bench_stats s = bench_stats_of(odd, 5);
    assert_true(s.min == 1 && s.median == 3 && s.p90 == 5 && fabs(s.mean - 3) < 1e-12);
    s = bench_stats_of(even, 4);
    assert_true(s.min == 1 && s.median == 2.5 && s.p90 == 4);
    s = bench_stats_of(one, 1);
    assert_true(s.min == 7 && s.median == 7 && s.p90 == 7);
    for (int i = 0; i < 20; i++) {
        twenty[i] = 20 - i;
    }
    assert_true(bench_stats_of(twenty, 20).p90 == 18); /* two runs in twenty were slower */
    assert_true(bench_stats_of(NULL, 0).min == 0);
}

static void ratios(void **state)
{
    (void)state;
    const double a[] = {2, 4, 0, 9, 5}, b[] = {1, 1, 3, 3, 0}; /* 2, 4 and 3: in two rounds one of them did not take part */
    struct bench_ratio r = bench_ratio_of(a, b, 5);
    assert_int_equal(r.n, 3);
    assert_true(fabs(r.median - 3) < 1e-12 && fabs(r.low - 2.5) < 1e-12 && fabs(r.high - 3.5) < 1e-12);
    r = bench_ratio_of(a, b, 1);
    assert_true(r.n == 1 && r.low == 2 && r.median == 2 && r.high == 2);
    assert_int_equal(bench_ratio_of(a, NULL, 5).n, 0);
    assert_int_equal(bench_ratio_of(a + 2, b + 2, 1).n, 0);
}

/* What another process takes of the processors is seen; what our own children take is not held against us. */
static double others_while(bool waited_for)
{
    bench_noise_start();
    const pid_t pid = fork();
    if (pid == 0) {
        volatile unsigned turns = 0;
        for (;;)
            turns = turns + 1;
    }
    assert_true(pid > 0);
    usleep(400000);
    if (waited_for) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    const struct bench_noise n = bench_noise_end();
    if (!waited_for) {
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    assert_true(n.slowdown >= 0);
    return n.others;
}

static void busy_machines(void **state)
{
    (void)state;
    char text[320];
    assert_false(bench_noise_text(&(struct bench_noise){.others = 0.01, .slowdown = 0.02}, text, sizeof text));
    assert_false(bench_noise_text(&(struct bench_noise){.others = -1}, text, sizeof text));
    assert_true(bench_noise_text(&(struct bench_noise){.others = 0.43}, text, sizeof text) && strstr(text, "43 %") && !strstr(text, "arithmetic"));
    assert_true(bench_noise_text(&(struct bench_noise){.others = 0.5, .slowdown = 0.3}, text, sizeof text) && strstr(text, "50 %") && strstr(text, "30 %"));
    const double stranger = others_while(false);
    if (stranger >= 0) { /* the system says it; a child that is not waited for is a stranger, one of at least some of our processors for most of the time */
        int processors;
        assert_true(busy_seconds(&processors) > 0 && processors > 0);
        assert_true(stranger * processors > 0.1);
    }
    const double own = others_while(true);
    assert_true(own <= 1.05);
}

static struct bench_output output(uint32_t type, void *data, size_t bytes)
{
    return (struct bench_output){.type = type, .bytes = (uint32_t)bytes, .data = data};
}

static void differences(void **state)
{
    (void)state;
    int8_t a[] = {-128, 0, 127}, b[] = {127, 0, 127};
    float x[] = {1, -4, 0}, y[] = {1, -4, 0.002f}, bad[] = {1, NAN, 0};
    char text[64];
    struct bench_output ref[] = {output(LITERT_INT8, a, sizeof a), output(LITERT_FLOAT32, x, sizeof x)};
    struct bench_output got[] = {output(LITERT_INT8, b, sizeof b), output(LITERT_FLOAT32, y, sizeof y)};
    struct bench_diff d = bench_diff_of(ref, got, 2);
    assert_true(d.known && d.has_int && d.has_float && !d.not_finite);
    assert_true(d.steps == 255 && fabs(d.fraction - 0.0005) < 1e-9);
    bench_diff_text(&d, text, sizeof text);
    assert_string_equal(text, "255 LSB, 5.0e-04");

    d = bench_diff_of(ref, ref, 1);
    bench_diff_text(&d, text, sizeof text);
    assert_string_equal(text, "0 LSB");

    got[1].data = bad;
    assert_true(bench_diff_of(ref, got, 2).not_finite);
    assert_false(bench_diff_of(&got[1], &got[1], 1).not_finite); /* NaN where the reference has it */
    got[0].bytes = 2;
    assert_true(bench_diff_of(ref, got, 1).not_finite); /* another shape is never a small difference */
}

static void write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static void report(void **state)
{
    const char *folder = *state;
    char path[256];
    struct bench_report r;
    snprintf(path, sizeof path, "%s/report.json", folder);
    write_file(
        path,
        "{\"schema_version\": 1, \"options\": {\"device\": \"pocl\"}, \"device\": {\"name\": \"a \\\"cpu\\\"\", \"platform\": \"P\"},\n"
        " \"partitions\": 2, \"nodes\": [{\"op\": \"where\", \"where\": \"device\"}, {\"where\": \"runtime\", \"reason\": \"it is \\\"where\\\": device\"},\n"
        " {\"where\": \"host_ref\"}, {\"where\" : \"device\"}]}\n");
    bench_report_read(path, &r);
    assert_true(r.known && r.device == 2 && r.host_ref == 1 && r.runtime == 1 && r.partitions == 2);
    assert_string_equal(r.device_name, "P / a \"cpu\"");
    write_file(path, "{\"device\": {\"name\": null, \"reason\": \"no driver\"}, \"partitions\": 0, \"nodes\": []}");
    bench_report_read(path, &r);
    assert_true(r.known && r.device == 0 && r.partitions == 0);
    assert_string_equal(r.device_name, "none: no driver");
    write_file(path, "{\"partitions\": 3, \"nodes\": [{\"where"); /* cut off */
    bench_report_read(path, &r);
    assert_int_equal(r.device + r.host_ref + r.runtime, 0);
    unlink(path);
    bench_report_read(path, &r);
    assert_false(r.known);
}

static void buffers_of_the_log(void **state)
{
    char path[256];
    snprintf(path, sizeof path, "%s/log", (const char *)*state);
    struct bench_buffers b = bench_report_buffers(path);
    assert_true(b.activations == 0 && b.weights == 0 && b.scratch == 0);
    write_file(path, "halfbyte: memory: 100 bytes of activations, 20 of weights and tables in 3 buffers, 4 of scratch\nhalfbyte: memory: none\n"
                     "halfbyte: memory: 5000000000 bytes of activations, 1 of weights and tables in 1 buffers, 0 of scratch\n");
    b = bench_report_buffers(path);
    assert_true(b.activations == 5000000100 && b.weights == 21 && b.scratch == 4);
    unlink(path);
}

static void memory(void **state)
{
    (void)state;
    enum { BYTES = 64 << 20 };
    struct bench_memory before = bench_memory_read();
    assert_true(before.now > 0 && before.peak >= before.now);
    bench_memory_reset_peak();
    volatile char *p = malloc(BYTES);
    assert_non_null(p);
    for (size_t i = 0; i < BYTES; i += 4096) {
        p[i] = 1;
    }
    free((void *)p);
    struct bench_memory after = bench_memory_read();
    assert_true(after.peak >= before.now + BYTES / 2 && after.now < before.now + BYTES / 2);
}

static void runtime_versions(void **state)
{
    const char *folder = *state;
    char init[256], library[256], version[32], why[512];
    snprintf(init, sizeof init, "%s/__init__.py", folder);
    snprintf(library, sizeof library, "%s/libLiteRt.so", folder);
    assert_false(bench_runtime_version(library, version, sizeof version, why, sizeof why));
    assert_non_null(strstr(why, "2.3.0"));
    write_file(init, "# package\n__version__ = \"2.3.0\"\n");
    assert_true(bench_runtime_version(library, version, sizeof version, why, sizeof why));
    assert_string_equal(version, "2.3.0");
    write_file(init, "__version__ = \"2.9.1\"\n");
    assert_false(bench_runtime_version(library, version, sizeof version, why, sizeof why));
    assert_true(strstr(why, "2.9.1") && strstr(why, "2.3.0"));
    unlink(init);
}

static void seeded_inputs(void **state)
{
    (void)state;
    static const uint32_t types[] = {LITERT_FLOAT32, LITERT_FLOAT64, LITERT_INT8, LITERT_UINT8, LITERT_INT16, LITERT_INT32, LITERT_INT64, LITERT_BOOL};
    unsigned char a[4096], b[4096];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        assert_true(bench_fill(0, types[i], a, sizeof a) && bench_fill(0, types[i], b, sizeof b));
        assert_memory_equal(a, b, sizeof a);
        assert_true(bench_fill(1, types[i], b, sizeof b));
        assert_memory_not_equal(a, b, sizeof a);
    }
    assert_true(bench_fill(0, LITERT_FLOAT32, a, sizeof a));
    for (size_t i = 0; i < sizeof a / 4; i++) {
        float v;
        memcpy(&v, a + 4 * i, 4);
        assert_true(v >= 0 && v <= 1);
    }
    assert_false(bench_fill(0, LITERT_STRING, a, sizeof a));
}

static int make_folder(void **state)
{
    static char folder[] = "/tmp/halfbyte-test-bench.XXXXXX";
    *state = mkdtemp(folder);
    return *state ? 0 : -1;
}

static int remove_folder(void **state)
{
    return rmdir(*state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order_statistics), cmocka_unit_test(differences),      cmocka_unit_test(report),
                                       cmocka_unit_test(ratios),           cmocka_unit_test(busy_machines),    cmocka_unit_test(buffers_of_the_log),
                                       cmocka_unit_test(memory),           cmocka_unit_test(runtime_versions), cmocka_unit_test(seeded_inputs)};
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
