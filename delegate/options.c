#include "delegate/options.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "delegate/builtin_names.h"
#include "partition/ops.h"

const struct hby_option_row hby_option_rows[HBY_OPTION_COUNT] = {
#define HBY_OPTION(n, k, d, v, h)                                                                                                                              \
    [HBY_OPTION_##n] = {.name = #n, .kind = HBY_KIND_##k, .default_value = d, .valid = v, .help = h, .offset = offsetof(struct hby_options, n)},
#include "delegate/options.def"
#undef HBY_OPTION
};

static enum hby_status complain(struct hby_option_error *error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static enum hby_status complain(struct hby_option_error *error, const char *fmt, ...)
{
    if (error) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(error->text, sizeof error->text, fmt, ap);
        va_end(ap);
    }
    return HBY_UNSUPPORTED;
}

static int *int_field(struct hby_options *opt, enum hby_option_id id)
{
    return (int *)(void *)((char *)opt + hby_option_rows[id].offset);
}

static char **text_field(struct hby_options *opt, enum hby_option_id id)
{
    return (char **)(void *)((char *)opt + hby_option_rows[id].offset);
}

static bool is_text(enum hby_option_id id)
{
    return hby_option_rows[id].kind == HBY_KIND_TEXT || hby_option_rows[id].kind == HBY_KIND_OPS;
}

/* A whole number that fills the text. */
static bool parse_int(const char *text, long long *value)
{
    char *end;
    errno = 0;
    *value = strtoll(text, &end, 10);
    return end != text && *end == '\0' && errno == 0;
}

static enum hby_status parse_range(enum hby_option_id id, const char *value, int *out, struct hby_option_error *error)
{
    const struct hby_option_row *row = &hby_option_rows[id];
    long long lo, hi, v;
    sscanf(row->valid, "%lld..%lld", &lo, &hi);
    if (!parse_int(value, &v) || v < lo || v > hi)
        return complain(error, "option %s: '%s' is not a whole number in the range %s (%s)", row->name, value, row->valid, row->help);
    *out = (int)v;
    return HBY_OK;
}

static enum hby_status parse_flag(enum hby_option_id id, const char *value, int *out, struct hby_option_error *error)
{
    static const char *const words[] = {"off", "on", "false", "true", "0", "1", "no", "yes"};
    for (int i = 0; i < 8; i++)
        if (hby_same_word(words[i], value, strlen(value))) {
            *out = i & 1;
            return HBY_OK;
        }
    return complain(error, "option %s: '%s' is not one of on, off, true, false, 1, 0 (%s)", hby_option_rows[id].name, value, hby_option_rows[id].help);
}

static enum hby_status parse_enum(enum hby_option_id id, const char *value, int *out, struct hby_option_error *error)
{
    const struct hby_option_row *row = &hby_option_rows[id];
    int index = 0;
    for (const char *word = row->valid;; index++) {
        size_t length = strcspn(word, "|");
        if (strlen(value) == length && strncmp(word, value, length) == 0) {
            *out = index;
            return HBY_OK;
        }
        if (word[length] == '\0')
            break;
        word += length + 1;
    }
    return complain(error, "option %s: '%s' is not one of %s (%s)", row->name, value, row->valid, row->help);
}

/* The names of our operators, for a message. */
static void append_operators(char *text, size_t size)
{
    size_t used = strlen(text);
    for (int op = 0; op < HBY_OP_COUNT; op++) {
        const char *name = hby_builtin_name(hby_ops[op].builtin);
        if (!name || used >= size)
            continue;
        int n = snprintf(text + used, size - used, " %s", name);
        used += n > 0 ? (size_t)n : 0;
    }
}

static enum hby_status check_operators(enum hby_option_id id, const char *value, struct hby_option_error *error)
{
    for (const char *item = value;;) {
        size_t length = strcspn(item, ",");
        if (length == 0 || hby_builtin_from_name(item, length) < 0) {
            complain(error, "option %s: '%.*s' is not the name of a TFLite operator; names are comma-separated; Halfbyte has:", hby_option_rows[id].name,
                     (int)(length > 200 ? 200 : length), item);
            if (error)
                append_operators(error->text, sizeof error->text);
            return HBY_UNSUPPORTED;
        }
        if (item[length] == '\0')
            return HBY_OK;
        item += length + 1;
    }
}

static enum hby_status set_text(struct hby_options *opt, enum hby_option_id id, const char *value)
{
    char *copy = *value ? strdup(value) : NULL;
    if (*value && !copy)
        return HBY_NO_MEMORY;
    free(*text_field(opt, id));
    *text_field(opt, id) = copy;
    return HBY_OK;
}

static enum hby_status set_value(struct hby_options *opt, enum hby_option_id id, const char *value, struct hby_option_error *error)
{
    enum hby_status st;
    switch (hby_option_rows[id].kind) {
    case HBY_KIND_INT:
        return parse_range(id, value, int_field(opt, id), error);
    case HBY_KIND_FLAG:
        return parse_flag(id, value, int_field(opt, id), error);
    case HBY_KIND_ENUM:
        return parse_enum(id, value, int_field(opt, id), error);
    case HBY_KIND_OPS:
        st = *value ? check_operators(id, value, error) : HBY_OK;
        return st ? st : set_text(opt, id, value);
    default:
        return set_text(opt, id, value);
    }
}

static enum hby_option_id find_option(const char *key, size_t length)
{
    int id = 0;
    if (hby_same_word("wait_limit_ms", key, length)) /* its first name */
        return HBY_OPTION_timeout_ms;
    while (id < HBY_OPTION_COUNT && !hby_same_word(hby_option_rows[id].name, key, length))
        id++;
    return (enum hby_option_id)id;
}

static enum hby_status unknown_key(const char *key, size_t length, struct hby_option_error *error)
{
    complain(error, "unknown option '%.*s'; the options are:", (int)(length > 200 ? 200 : length), key);
    if (error) {
        size_t used = strlen(error->text);
        for (int id = 0; id < HBY_OPTION_COUNT && used < sizeof error->text; id++)
            used += (size_t)snprintf(error->text + used, sizeof error->text - used, " %s", hby_option_rows[id].name);
    }
    return HBY_UNSUPPORTED;
}

static enum hby_status apply(struct hby_options *opt, const char *key, size_t length, const char *value, enum hby_option_source source,
                             struct hby_option_error *error)
{
    enum hby_option_id id = find_option(key, length);
    if (id == HBY_OPTION_COUNT)
        return unknown_key(key, length, error);
    enum hby_status st = set_value(opt, id, value, error);
    if (!st)
        opt->source[id] = (unsigned char)source;
    return st;
}

/* One "key:value" of the environment variable; a value may hold further colons. */
static enum hby_status apply_item(struct hby_options *opt, const char *item, size_t length, struct hby_option_error *error)
{
    const char *colon = memchr(item, ':', length);
    if (!colon)
        return complain(error, "HALFBYTE_OPTIONS: '%.*s' has no colon; the rule is key:value;key:value", (int)(length > 200 ? 200 : length), item);
    size_t key = (size_t)(colon - item);
    char *value = strndup(colon + 1, length - key - 1);
    if (!value)
        return HBY_NO_MEMORY;
    struct hby_option_error inner = {""};
    enum hby_status st = apply(opt, item, key, value, HBY_FROM_ENVIRONMENT, &inner);
    free(value);
    if (st == HBY_UNSUPPORTED)
        complain(error, "HALFBYTE_OPTIONS: %s", inner.text);
    return st;
}

static enum hby_status apply_environment(struct hby_options *opt, const char *text, struct hby_option_error *error)
{
    enum hby_status st = HBY_OK;
    while (!st && text && *text) {
        size_t length = strcspn(text, ";");
        if (length)
            st = apply_item(opt, text, length, error);
        text += length + (text[length] == ';');
    }
    return st;
}

/* TFLite's names, where they say something that `precision` says and that one was not set by the same or a stronger source. */
static void map_tflite_names(struct hby_options *opt)
{
    enum { AUTO, EXACT, FAST }; /* the index of precision's values */
    const unsigned char *source = opt->source;
    int wish = AUTO, by = HBY_FROM_DEFAULT;
    if (source[HBY_OPTION_inference_priority1] && opt->inference_priority1 > 0) {
        wish = opt->inference_priority1 == 1 ? EXACT : FAST;
        by = source[HBY_OPTION_inference_priority1];
    }
    if (source[HBY_OPTION_is_precision_loss_allowed] >= by && opt->is_precision_loss_allowed >= 0) {
        wish = opt->is_precision_loss_allowed ? FAST : EXACT;
        by = source[HBY_OPTION_is_precision_loss_allowed];
    }
    if (wish != AUTO && by > source[HBY_OPTION_precision])
        opt->precision = wish;
}

enum hby_status hby_options_create(const char *const *keys, const char *const *values, size_t n, const char *environment, struct hby_options **out,
                                   struct hby_option_error *error)
{
    *out = NULL;
    if (error)
        error->text[0] = '\0';
    enum hby_status st = HBY_OK;
    struct hby_options *opt = calloc(1, sizeof *opt);
    if (!opt)
        return HBY_NO_MEMORY;
    for (int id = 0; id < HBY_OPTION_COUNT && !st; id++)
        st = set_value(opt, (enum hby_option_id)id, hby_option_rows[id].default_value, error);
    if (!st)
        st = apply_environment(opt, environment, error);
    for (size_t i = 0; i < n && !st; i++)
        st = keys && values && keys[i] && values[i] ? apply(opt, keys[i], strlen(keys[i]), values[i], HBY_FROM_CALLER, error)
                                                    : complain(error, "option %zu has no key or no value (a NULL pointer)", i);
    if (!st && opt->first_delegate_node_index > opt->last_delegate_node_index)
        st = complain(error, "option first_delegate_node_index: %d is above last_delegate_node_index, %d", opt->first_delegate_node_index,
                      opt->last_delegate_node_index);
    if (st) {
        hby_options_destroy(&opt);
        return st;
    }
    map_tflite_names(opt);
    *out = opt;
    return HBY_OK;
}

void hby_options_destroy(struct hby_options **opt)
{
    if (!*opt)
        return;
    for (int id = 0; id < HBY_OPTION_COUNT; id++)
        if (is_text((enum hby_option_id)id))
            free(*text_field(*opt, (enum hby_option_id)id));
    free(*opt);
    *opt = NULL;
}

void hby_option_text(const struct hby_options *opt, enum hby_option_id id, char *text, size_t size)
{
    const struct hby_option_row *row = &hby_option_rows[id];
    const char *field = (const char *)opt + row->offset;
    if (is_text(id)) {
        const char *value = *(char *const *)(const void *)field;
        snprintf(text, size, "%s", value ? value : "");
        return;
    }
    int value = *(const int *)(const void *)field;
    if (row->kind == HBY_KIND_INT) {
        snprintf(text, size, "%d", value);
    } else if (row->kind == HBY_KIND_FLAG) {
        snprintf(text, size, "%s", value ? "on" : "off");
    } else {
        const char *word = row->valid;
        for (; value > 0; value--)
            word += strcspn(word, "|") + 1;
        snprintf(text, size, "%.*s", (int)strcspn(word, "|"), word);
    }
}

const char *hby_option_note(const struct hby_options *opt, enum hby_option_id id)
{
    if (opt->source[id] == HBY_FROM_DEFAULT)
        return NULL;
    switch (id) {
    case HBY_OPTION_inference_preference:
    case HBY_OPTION_inference_priority2:
    case HBY_OPTION_inference_priority3:
    case HBY_OPTION_experimental_flags:
        return "accepted for compatibility with TFLite's GPU delegate, it has no effect";
    case HBY_OPTION_is_precision_loss_allowed:
    case HBY_OPTION_inference_priority1:
        return opt->source[HBY_OPTION_precision] >= opt->source[id] ? "precision was set too and decides; this has no effect" : NULL;
    case HBY_OPTION_model_token:
        return opt->serialization_dir ? NULL : "it has no effect without serialization_dir";
    default:
        return NULL;
    }
}

bool hby_list_has(const char *list, const char *name)
{
    while (list && *list) {
        size_t length = strcspn(list, ",");
        if (hby_same_word(name, list, length))
            return true;
        list += length + (list[length] == ',');
    }
    return false;
}
