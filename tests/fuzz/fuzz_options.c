/* The options, as the environment variable and as keys and values: any text is parsed, or refused with a message. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/options.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { PAIRS = 8 };
    const char *part[2 * PAIRS + 1] = {0};
    char *text = malloc(size + 1);
    size_t n = 0;
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    for (char *p = text; n < 2 * PAIRS + 1; n++) { /* lines: the environment, key, value, key, ... */
        part[n] = p;
        p = strchr(p, '\n');
        if (!p) {
            n++;
            break;
        }
        *p++ = '\0';
    }
    const char *keys[PAIRS], *values[PAIRS];
    size_t pairs = 0;
    for (size_t i = 1; i + 1 < n; i += 2, pairs++) {
        keys[pairs] = part[i];
        values[pairs] = part[i + 1];
    }
    struct hby_options *opt = NULL;
    struct hby_option_error error;
    memset(&error, 'x', sizeof error);
    const enum hby_status st = hby_options_create(keys, values, pairs, part[0], &opt, &error);
    if (st != HBY_OK && (opt || !memchr(error.text, 0, sizeof error.text)))
        abort();
    if (st == HBY_UNSUPPORTED && !error.text[0])
        abort();
    if (st == HBY_OK && (!opt || opt->verbose < 0 || opt->verbose > 3 || opt->device_id < -1 || opt->timeout_ms < 0))
        abort();
    for (int id = 0; opt && id < HBY_OPTION_COUNT; id++)
        (void)hby_option_note(opt, (enum hby_option_id)id);
    hby_options_destroy(&opt);
    free(text);
    return 0;
}
