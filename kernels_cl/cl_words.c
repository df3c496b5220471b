/* What HALFBYTE_DEVICE_FEATURES says: words between commas, for tests and measurements (docs/devices.md). A misspelt one must not pass for a result without the
 * feature. */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kernels_cl/cl_state.h"
#include "kernels_cl/hash.h"

static const char variable[] = "HALFBYTE_DEVICE_FEATURES";

/* Every word that is read, here or elsewhere; "#" stands for a number. */
static const char *const known[] = {
    "-asm",          "-avx512",  "-vnni",   "-madd",        "-f16c",      "-fp16",         "-fp64",        "-dot",        "-sub_groups", "-command_buffer",
    "-mma",          "-f16x2",   "-pinned", "dot=portable", "dot=khr",    "dot=x86_vnni",  "dot=x86_madd", "dot=arm_acc", "dot=qcom",    "dot=nv_dp4a",
    "dot=amd_sdot4", "kind=gpu", "loose",   "mma=emulate",  "mma_tile=#", "f16x2=emulate", "pinned=1",
};

/* The next word at *at, which moves past it; NULL at the end. */
static const char *next(const char **at, size_t *len)
{
    const char *word = *at;
    if (!word || !*word)
        return NULL;
    *len = strcspn(word, ",");
    *at = word + *len + (word[*len] == ',');
    return word;
}

const char *hby_cl_feature_value(const char *prefix, size_t *len)
{
    const char *at = getenv(variable), *word;
    const size_t n = strlen(prefix);
    while ((word = next(&at, len)))
        if (*len >= n && !memcmp(word, prefix, n)) {
            *len -= n;
            return word + n;
        }
    return NULL;
}

bool hby_cl_feature_given(const char *want)
{
    const char *at = getenv(variable), *word;
    size_t len;
    while ((word = next(&at, &len)))
        if (len == strlen(want) && !memcmp(word, want, len))
            return true;
    return false;
}

bool hby_cl_feature_denied(const char *feature)
{
    char word[32];
    const int n = snprintf(word, sizeof word, "-%s", feature);
    return n > 0 && (size_t)n < sizeof word && hby_cl_feature_given(word);
}

int hby_cl_feature_number(const char *prefix)
{
    size_t len;
    const char *word = hby_cl_feature_value(prefix, &len);
    return word && len > 0 && *word >= '0' && *word <= '9' ? atoi(word) : -1;
}

static bool is_known(const char *word, size_t len)
{
    for (size_t k = 0; k < sizeof known / sizeof *known; k++) {
        const size_t n = strcspn(known[k], "#");
        if (known[k][n] ? len > n && !memcmp(word, known[k], n) && strspn(word + n, "0123456789") == len - n
                        : len == n && !strncasecmp(word, known[k], n) && (strncmp(word, "dot=", 4) == 0 || !memcmp(word, known[k], n)))
            return true;
    }
    return false;
}

/* Appends to a text, as much as fits, with a comma between. */
static void append(char *text, size_t size, const char *word, size_t len)
{
    const size_t used = strlen(text);
    snprintf(text + used, size - used, "%s%.*s", used ? ", " : "", (int)(len < 64 ? len : 64), word);
}

void hby_cl_feature_check(const struct hby_cl_state *s)
{
    static _Atomic uint64_t said; /* hash of the text */
    const char *text = getenv(variable), *at = text, *word;
    char unknown[256] = "", all[512] = "";
    size_t len;
    while ((word = next(&at, &len)))
        if (len > 0 && !is_known(word, len))
            append(unknown, sizeof unknown, word, len);
    for (size_t k = 0; k < sizeof known / sizeof *known; k++)
        append(all, sizeof all, known[k], strlen(known[k]));
    if (!unknown[0])
        return;
    const uint64_t hash = hby_xxh64(text, strlen(text), 1);
    if (atomic_exchange(&said, hash) != hash)
        hby_cl_log(s, HBY_CL_LOG_FAULT, "%s: unknown: %s; known are %s (#: a number)", variable, unknown, all);
}
