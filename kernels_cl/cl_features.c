/* Which body of dot.clh and of the half conversions a device gets: never by its name alone, always by building self_test.cl and looking at what it computes.
 * Inline assembly that the CPU cannot run would kill the process, so CPUID and XGETBV are read before anything is tried, and only on this host's own CPU. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_state.h"
#include "kernels_cl/hash.h"
#include "partition/half.h"

/* Measured: float and int8 convolutions of MobileNet v2 on one processor whose compiler was told that it has less, against AVX-512 with VNNI. A dot product
 * that is none of these counts as the median of them. */
struct hby_cost_cpu hby_cl_cpu_parts(enum hby_cl_dot dot, int lanes)
{
    const bool wide = lanes >= 16;
    const float floats = wide ? 1 : lanes >= 8 ? 0.43f : 0.22f;
    switch (dot) {
    case HBY_DOT_X86_VNNI:
        return (struct hby_cost_cpu){floats, wide ? 1 : 0.5f};
    case HBY_DOT_X86_MADD:
        return (struct hby_cost_cpu){floats, wide ? 0.53f : lanes >= 8 ? 0.21f : 0.1f};
    case HBY_DOT_PORTABLE:
        return (struct hby_cost_cpu){floats, wide ? 0.3f : 0.1f};
    default:
        return (struct hby_cost_cpu){floats, 0.4f};
    }
}

/* The runtime's kernels are taken to gain from an instruction as ours do. What is not x86 is taken to have vectors of four, and a dot product. */
struct hby_cost_cpu hby_cl_host_cpu(void)
{
    struct hby_cl_host host;
    hby_cl_host_read(&host);
#if !defined(__x86_64__) && !defined(__i386__)
    return hby_cl_cpu_parts(HBY_DOT_COUNT, 4);
#else
    return hby_cl_cpu_parts(host.avx512_vnni || host.avx_vnni ? HBY_DOT_X86_VNNI : HBY_DOT_X86_MADD, host.avx512 ? 16 : host.avx2 ? 8 : 4);
#endif
}

/* One way to build. */
struct config {
    enum hby_cl_dot dot;
    bool avx512, f16c;
};

/* What a variant needs to be tried at all. */
static const struct {
    const char *name;      /* macro HBY_DOT_<name>; in lower case also the word in HALFBYTE_DEVICE_FEATURES=dot=... */
    const char *extension; /* of the device; NULL: see candidates() */
    const char *std;       /* the language version it needs */
} variants[HBY_DOT_COUNT] = {
    [HBY_DOT_PORTABLE] = {"PORTABLE", NULL, "CL1.2"},
    [HBY_DOT_KHR] = {"KHR", "cl_khr_integer_dot_product", "CL3.0"},
    [HBY_DOT_X86_VNNI] = {"X86_VNNI", NULL, "CL1.2"},
    [HBY_DOT_X86_MADD] = {"X86_MADD", NULL, "CL1.2"},
    [HBY_DOT_ARM_ACC] = {"ARM_ACC", "cl_arm_integer_dot_product_accumulate_int8", "CL1.2"},
    [HBY_DOT_QCOM] = {"QCOM", "cl_qcom_dot_product8", "CL1.2"},
    [HBY_DOT_NV_DP4A] = {"NV_DP4A", "cl_nv_device_attribute_query", "CL1.2"},
    [HBY_DOT_AMD_SDOT4] = {"AMD_SDOT4", "cl_amd_device_attribute_query", "CL1.2"},
};

enum { MAX_CONFIGS = 16 };

static int candidates(const struct hby_cl_state *s, const char *ext, struct config *c)
{
    int n = 0;
    struct hby_cl_host host;
    hby_cl_host_read(&host);
    const struct hby_cl_info *in = &s->dev.info;
    const bool own_cpu = in->kind == HBY_CL_CPU && host.brand[0] && strstr(in->name, host.brand) && !hby_cl_feature_denied("asm");
    if (own_cpu) {
        const bool avx512 = host.avx512 && !hby_cl_feature_denied("avx512"), f16c = host.f16c && !hby_cl_feature_denied("f16c");
        const bool vnni = !hby_cl_feature_denied("vnni"), madd = !hby_cl_feature_denied("madd");
        if (avx512 && host.avx512_vnni && vnni)
            c[n++] = (struct config){HBY_DOT_X86_VNNI, true, f16c};
        if (host.avx_vnni && vnni)
            c[n++] = (struct config){HBY_DOT_X86_VNNI, false, f16c};
        if (madd && avx512)
            c[n++] = (struct config){HBY_DOT_X86_MADD, true, f16c};
        if (madd && f16c)
            c[n++] = (struct config){HBY_DOT_X86_MADD, false, true};
        if (madd)
            c[n++] = (struct config){HBY_DOT_X86_MADD, false, false};
    }
    static const enum hby_cl_dot by_extension[] = {HBY_DOT_KHR, HBY_DOT_ARM_ACC, HBY_DOT_QCOM, HBY_DOT_NV_DP4A, HBY_DOT_AMD_SDOT4};
    const bool plain_is_better = in->kind == HBY_CL_CPU; /* sixteen lanes of plain C are vectorized there, sixteen scalar dot products are not */
    if (plain_is_better)
        c[n++] = (struct config){HBY_DOT_PORTABLE, false, false};
    for (size_t i = 0; i < sizeof by_extension / sizeof *by_extension; i++)
        if (hby_cl_has_word(ext, variants[by_extension[i]].extension) && !hby_cl_feature_denied("dot"))
            c[n++] = (struct config){by_extension[i], false, false};
    if (!plain_is_better)
        c[n++] = (struct config){HBY_DOT_PORTABLE, false, false};
    return n;
}

/* HALFBYTE_DEVICE_FEATURES=dot=khr leaves the variants of that name only, so that a test can force one. */
static bool forced_out(enum hby_cl_dot dot)
{
    size_t len;
    const char *word = hby_cl_feature_value("dot=", &len);
    return word && (strlen(variants[dot].name) != len || strncasecmp(word, variants[dot].name, len) != 0);
}

/* -w: PoCL's compiler writes of vectors that are wider than the processor's, once for each use, to the standard error of the process that we are guests of. */
static void write_options(struct hby_cl_state *s, const struct config *c)
{
    const struct hby_cl_info *in = &s->dev.info;
    const char *kind = in->kind == HBY_CL_CPU ? "CPU" : in->kind == HBY_CL_GPU ? "GPU" : "OTHER";
    const bool check = hby_cl_feature_given("kind=gpu"), loose = hby_cl_feature_given("loose"); /* no GPU, and the least that OpenCL asks for: types.clh */
    const char *const exact = s->correct_divide ? " -cl-fp32-correctly-rounded-divide-sqrt -DHBY_CORRECT_DIVIDE=1" : "";
    snprintf(s->features, sizeof s->features, "-cl-std=%s%s%s -w -DHBY_DEVICE_%s=1 -DHBY_DOT_%s=1%s%s%s%s%s",
             in->version_major < 3 ? "CL1.2" : variants[c->dot].std, loose ? " -cl-denorms-are-zero -DHBY_LOOSE=1" : exact,
             check ? " -DHBY_CHECK_PLACES=1" : "", kind, variants[c->dot].name, in->has_fp16 ? " -DHBY_HAS_FP16=1" : "",
             in->has_fp64 ? " -DHBY_HAS_FP64=1" : "", in->has_sub_groups ? " -DHBY_HAS_SUB_GROUPS=1" : "", c->avx512 ? " -DHBY_X86_AVX512=1" : "",
             c->f16c ? " -DHBY_X86_F16C=1" : "");
}

static const char self_test[] = "self_test.cl", self_test_options[] = "-DHBY_SCHEME_i8=1";
enum { WORDS = 32, LANES = 16, HALVES = 65536 };

/* Everything that the test reads and writes, in one block. */
struct test {
    int32_t a[WORDS], w[WORDS * LANES], dots[WORDS * (LANES + 1)];
    uint16_t half_in[HALVES], half_out[HALVES];
    float floats[HALVES];
};

static void fill(struct test *t)
{
    uint32_t seed = 12345;
    unsigned char *a = (unsigned char *)t->a, *w = (unsigned char *)t->w;
    for (int i = 0; i < WORDS * 4; i++)
        a[i] = i < 16 ? (const unsigned char[]){0, 255, 128, 127}[i % 4] : (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
    for (int i = 0; i < WORDS * LANES * 4; i++)
        w[i] = i < 256 ? (const unsigned char[]){128, 127, 129, 0, 255}[i % 5] : (unsigned char)((seed = seed * 1664525u + 1013904223u) >> 24);
    for (int i = 0; i < HALVES; i++)
        t->half_in[i] = (uint16_t)i;
}

static bool dots_right(const struct test *t, bool is_unsigned)
{
    for (int i = 0; i < WORDS; i++)
        for (int lane = 0; lane <= LANES; lane++) {
            const int at = lane < LANES ? i * LANES + lane : i * LANES;
            int sum = lane < LANES ? i - 7 : 1000003;
            for (int j = 0; j < 4; j++) {
                const int x = (int)((uint32_t)t->a[i] >> 8 * j & 255), y = (int8_t)((uint32_t)t->w[at] >> 8 * j & 255);
                sum += (is_unsigned ? x : (int8_t)x) * y;
            }
            if (t->dots[i * (LANES + 1) + lane] != sum)
                return false;
        }
    return true;
}

static bool halves_right(const struct test *t)
{
    for (int i = 0; i < HALVES; i++) {
        const float want = hby_half_to_float(t->half_in[i]);
        if (isnan(want) ? !isnan(t->floats[i]) : memcmp(&want, &t->floats[i], sizeof want) || t->half_out[i] != t->half_in[i])
            return false;
    }
    return true;
}

static bool has_assembly(const struct config *c)
{
    return c->avx512 || c->f16c || c->dot == HBY_DOT_X86_VNNI || c->dot == HBY_DOT_X86_MADD;
}

/* May the driver be asked for binaries of programs with inline assembly? It then compiles their kernels for work-groups of any size: self_test.cl says what may
 * come of that. */
static bool leaves_assembly_alone(struct hby_cl_state *s)
{
    enum { ITEMS = 64, GROUP = 16 };
    cl_int out[ITEMS] = {0};
    int right = 0;
    const struct hby_cl_trial arg = {HBY_CL_TRIAL_OUT, out, sizeof out};
    const enum hby_status st = hby_cl_try(s, self_test, self_test_options, "asm_test", ITEMS, GROUP, &arg, 1, NULL);
    for (int i = 0; i < ITEMS; i++)
        right += out[i] == 1;
    return !st && right == ITEMS;
}

/* What is on disk already was written after this had been asked. */
static void find_binaries(struct hby_cl_state *s, struct hby_cl_program *p)
{
    s->dev.info.has_binaries = p->from_disk || leaves_assembly_alone(s);
    if (!s->dev.info.has_binaries)
        hby_cl_log(s, HBY_CL_LOG_FAULT, "serialization_dir: no programs are kept there, for this driver may end the process when it is asked for them");
    else if (!p->from_disk)
        hby_cl_program_keep(s, p);
}

/* Does self_test.cl build, run and compute right under s->features? */
static enum hby_status try_config(struct hby_cl_state *s, const struct config *c, struct test *t, struct hby_reason *why)
{
    struct hby_cl_program *p;
    cl_int n_words = WORDS, n_half = HALVES / 16;
    fill(t);
    write_options(s, c);
    s->dev.info.has_binaries = !has_assembly(c); /* until more is known */
    const struct hby_cl_trial arg[] = {{HBY_CL_TRIAL_IN, t->a, sizeof t->a},
                                       {HBY_CL_TRIAL_IN, t->w, sizeof t->w},
                                       {HBY_CL_TRIAL_OUT, t->dots, sizeof t->dots},
                                       {HBY_CL_TRIAL_VALUE, &n_words, sizeof n_words},
                                       {HBY_CL_TRIAL_IN, t->half_in, sizeof t->half_in},
                                       {HBY_CL_TRIAL_OUT, t->floats, sizeof t->floats},
                                       {HBY_CL_TRIAL_OUT, t->half_out, sizeof t->half_out},
                                       {HBY_CL_TRIAL_VALUE, &n_half, sizeof n_half}};
    enum hby_status st = hby_cl_program_get(s, self_test, self_test_options, &p, why);
    if (!st)
        st = hby_cl_try(s, self_test, self_test_options, "self_test", 1, 1, arg, sizeof arg / sizeof *arg, why);
    if (!st && !dots_right(t, c->dot == HBY_DOT_X86_VNNI || c->dot == HBY_DOT_QCOM))
        st = hby_say(HBY_DEVICE, why, "self-test: the int8 dot product is wrong");
    if (!st && !halves_right(t))
        st = hby_say(HBY_DEVICE, why, "self-test: half conversion is wrong");
    if (!st && s->cache_dir && has_assembly(c))
        find_binaries(s, p);
    return st;
}

/* What worked for a device is tried first for the next backend of this process. */
static pthread_mutex_t memo_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    cl_device_id id;
    uint64_t environment; /* hash of HALFBYTE_DEVICE_FEATURES */
    struct config config;
} memo[8];
static int n_memo;

static uint64_t environment(void)
{
    const char *text = getenv("HALFBYTE_DEVICE_FEATURES");
    return text ? hby_xxh64(text, strlen(text), 1) : 0;
}

static void remember(cl_device_id id, const struct config *c)
{
    pthread_mutex_lock(&memo_lock);
    memo[n_memo % 8].id = id;
    memo[n_memo % 8].environment = environment();
    memo[n_memo++ % 8].config = *c;
    n_memo = n_memo < 8 ? n_memo : 8 + n_memo % 8;
    pthread_mutex_unlock(&memo_lock);
}

/* Moves the remembered one to the front, if it is still among the candidates. */
static void recall(cl_device_id id, struct config *c, int n)
{
    pthread_mutex_lock(&memo_lock);
    for (int m = 0; m < n_memo && m < 8; m++)
        for (int i = 1; i < n && memo[m].id == id && memo[m].environment == environment(); i++)
            if (c[i].dot == memo[m].config.dot && c[i].avx512 == memo[m].config.avx512 && c[i].f16c == memo[m].config.f16c) {
                c[i] = c[0];
                c[0] = memo[m].config;
            }
    pthread_mutex_unlock(&memo_lock);
}

enum hby_status hby_cl_features(struct hby_cl_state *s, struct hby_reason *why)
{
    struct hby_cl_info *in = &s->dev.info;
    size_t size = 0;
    s->cl->clGetDeviceInfo(s->id, CL_DEVICE_EXTENSIONS, 0, NULL, &size);
    char *ext = calloc(size + 1, 1);
    struct test *t = malloc(sizeof *t);
    enum hby_status st = HBY_NO_MEMORY;
    if (!ext || !t) {
        hby_say(st, why, "out of memory testing the device");
    } else {
        s->cl->clGetDeviceInfo(s->id, CL_DEVICE_EXTENSIONS, size, ext, NULL);
        hby_cl_feature_check(s);
        if (hby_cl_feature_given("kind=gpu")) /* the programs and the grids of a GPU, on whatever the device is */
            in->kind = HBY_CL_GPU;
        in->has_fp16 = in->has_fp16 && !hby_cl_feature_denied("fp16");
        in->has_fp64 = in->has_fp64 && !hby_cl_feature_denied("fp64");
        in->has_sub_groups = in->has_sub_groups && !hby_cl_feature_denied("sub_groups");
        in->has_int_dot = in->has_int_dot && !hby_cl_feature_denied("dot");
        in->has_command_buffer = in->has_command_buffer && !hby_cl_feature_denied("command_buffer");
        struct config c[MAX_CONFIGS];
        const int n = candidates(s, ext, c);
        recall(s->id, c, n);
        st = hby_say(HBY_UNSUPPORTED, why, "HALFBYTE_DEVICE_FEATURES leaves no form of the dot product");
        for (int i = 0; i < n && st; i++) {
            if (forced_out(c[i].dot))
                continue;
            st = try_config(s, &c[i], t, why);
            hby_cl_log(s, HBY_CL_LOG_BUILD, "%s / %s: dot product %s%s%s: %s", in->platform, in->name, variants[c[i].dot].name, c[i].avx512 ? ", avx512" : "",
                       c[i].f16c ? ", f16c" : "", st ? why->text : "chosen");
            in->dot = c[i].dot;
            in->x86_avx512 = c[i].avx512;
            in->x86_f16c = c[i].f16c;
            in->is_host_cpu = c[i].avx512 || c[i].f16c || c[i].dot == HBY_DOT_X86_VNNI;
        }
        if (!st) {
            remember(s->id, &(struct config){in->dot, in->x86_avx512, in->x86_f16c});
            const bool is_nvidia = hby_cl_has_word(ext, "cl_nv_device_attribute_query");
            in->mma = hby_cl_find_mma(s, is_nvidia);
            in->half_math = hby_cl_find_half_math(s, is_nvidia);
        }
        in->mma_tile = hby_cl_feature_number("mma_tile=");
        if (!st && why)
            why->text[0] = 0;
    }
    free(ext);
    free(t);
    return st;
}

int hby_cl_act_bias(const struct hby_cl_device *dev, enum hby_scheme scheme)
{
    const bool wants_unsigned = dev->info.dot == HBY_DOT_X86_VNNI || dev->info.dot == HBY_DOT_QCOM;
    return scheme == HBY_SCHEME_u8 ? (wants_unsigned ? 0 : -128) : (wants_unsigned ? 128 : 0);
}
