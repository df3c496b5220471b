/* What the user asked for. Rows and their meaning: options.def. */
#ifndef HBY_DELEGATE_OPTIONS_H
#define HBY_DELEGATE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "partition/status.h"

enum hby_option_id {
#define HBY_OPTION(name, kind, default_, valid, help) HBY_OPTION_##name,
#include "delegate/options.def"
#undef HBY_OPTION
    HBY_OPTION_COUNT
};

enum hby_option_kind { HBY_KIND_INT, HBY_KIND_FLAG, HBY_KIND_ENUM, HBY_KIND_TEXT, HBY_KIND_OPS };

struct hby_option_row {
    const char *name;
    enum hby_option_kind kind;
    const char *default_value, *valid, *help;
    size_t offset; /* of the field in struct hby_options */
};

extern const struct hby_option_row hby_option_rows[HBY_OPTION_COUNT];

#define HBY_FIELD_INT int
#define HBY_FIELD_FLAG int
#define HBY_FIELD_ENUM int
#define HBY_FIELD_TEXT char *
#define HBY_FIELD_OPS char *

/* Who set an option, weakest first. */
enum hby_option_source { HBY_FROM_DEFAULT, HBY_FROM_ENVIRONMENT, HBY_FROM_CALLER };

struct hby_options {
#define HBY_OPTION(name, kind, default_, valid, help) HBY_FIELD_##kind name;
#include "delegate/options.def"
#undef HBY_OPTION
    unsigned char source[HBY_OPTION_COUNT]; /* enum hby_option_source */
};

/* A complete message: what was wrong, the rule, the valid values. */
struct hby_option_error {
    char text[3072];
};

/* Defaults, then `environment` ("key:value;key:value", may be NULL), then the caller's n pairs, then TFLite's names mapped onto ours.
 * HBY_UNSUPPORTED with a message, or HBY_NO_MEMORY. Destroy *out with hby_options_destroy. */
enum hby_status hby_options_create(const char *const *keys, const char *const *values, size_t n, const char *environment, struct hby_options **out,
                                   struct hby_option_error *error);
void hby_options_destroy(struct hby_options **opt);

/* The value as the user would write it. */
void hby_option_text(const struct hby_options *opt, enum hby_option_id id, char *text, size_t size);
/* Why an option that was set has no effect, or NULL. */
const char *hby_option_note(const struct hby_options *opt, enum hby_option_id id);
/* Is the operator in a comma-separated list of names? `list` may be NULL. */
bool hby_list_has(const char *list, const char *name);

#endif
