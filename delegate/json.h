/* Writing JSON, with commas and escapes in one place. */
#ifndef HBY_DELEGATE_JSON_H
#define HBY_DELEGATE_JSON_H

#include <stdbool.h>
#include <stdio.h>

struct hby_json {
    FILE *file;
    int depth;
    bool has_item; /* of the innermost open object or array */
};

/* `key` is NULL inside an array. */
void hby_json_open(struct hby_json *j, const char *key, char bracket);
void hby_json_close(struct hby_json *j, char bracket);
void hby_json_text(struct hby_json *j, const char *key, const char *value); /* null when value is NULL */
void hby_json_int(struct hby_json *j, const char *key, long long value);
void hby_json_bool(struct hby_json *j, const char *key, bool value);
void hby_json_real(struct hby_json *j, const char *key, double value); /* null unless finite */

#endif
