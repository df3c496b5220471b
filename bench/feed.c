/* The user's own samples, all of them. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/litert.h"

/* The next sample into the inputs. *end: there was none left. */
static bool read_sample(struct litert_model *m, FILE *f, bool *end, char *why, size_t size)
{
    for (int i = 0; i < litert_num_inputs(m); i++) {
        void *data;
        size_t bytes;
        uint32_t type;
        if (!litert_lock_input(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        size_t got = fread(data, 1, bytes, f);
        litert_unlock_input(m, i);
        *end = i == 0 && got == 0 && feof(f);
        if (*end) {
            return true;
        }
        if (got != bytes) {
            snprintf(why, size, "the samples end in the middle of input %d: %zu bytes of %zu", i, got, bytes);
            return false;
        }
    }
    return true;
}

static bool write_outputs(struct litert_model *m, FILE *f, char *why, size_t size)
{
    for (int i = 0; i < litert_num_outputs(m); i++) {
        void *data;
        size_t bytes;
        uint32_t type;
        if (!litert_lock_output(m, i, &data, &bytes, &type, why, size)) {
            return false;
        }
        bool written = fwrite(data, 1, bytes, f) == bytes;
        litert_unlock_output(m, i);
        if (!written) {
            snprintf(why, size, "cannot write the outputs: %s", strerror(errno));
            return false;
        }
    }
    return true;
}

bool bench_feed(struct litert_model *m, const char *in, const char *out, char *why, size_t size)
{
    FILE *from = fopen(in, "rb"), *to = from ? fopen(out, "wb") : NULL;
    bool ok = to != NULL, end = false;
    if (!ok) {
        snprintf(why, size, "%s: %s", from ? out : in, strerror(errno));
    }
    while (ok && !end) {
        ok = read_sample(m, from, &end, why, size) && (end || (litert_run(m, why, size) && write_outputs(m, to, why, size)));
    }
    if (from) {
        fclose(from);
    }
    if (to && fclose(to) && ok) {
        snprintf(why, size, "cannot write %s: %s", out, strerror(errno));
        ok = false;
    }
    return ok;
}
