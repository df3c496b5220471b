#include "delegate/json.h"

#include <math.h>

static void put_string(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20 || c > 0x7e) /* names may be cut in the middle of a character: keep the file ASCII */
            fprintf(f, "\\u%04x", c);
        else
            fputc(c, f);
    }
    fputc('"', f);
}

static void begin(struct hby_json *j, const char *key)
{
    if (j->has_item)
        fputc(',', j->file);
    if (j->depth)
        fprintf(j->file, j->depth <= 2 ? "\n%*s" : " ", j->depth * 2, "");
    j->has_item = true;
    if (key) {
        put_string(j->file, key);
        fputs(": ", j->file);
    }
}

void hby_json_open(struct hby_json *j, const char *key, char bracket)
{
    begin(j, key);
    fputc(bracket, j->file);
    j->depth++;
    j->has_item = false;
}

void hby_json_close(struct hby_json *j, char bracket)
{
    j->depth--;
    if (j->has_item && j->depth < 2)
        fprintf(j->file, "\n%*s", j->depth * 2, "");
    fputc(bracket, j->file);
    j->has_item = true;
    if (j->depth == 0)
        fputc('\n', j->file);
}

void hby_json_text(struct hby_json *j, const char *key, const char *value)
{
    begin(j, key);
    if (value)
        put_string(j->file, value);
    else
        fputs("null", j->file);
}

void hby_json_int(struct hby_json *j, const char *key, long long value)
{
    begin(j, key);
    fprintf(j->file, "%lld", value);
}

void hby_json_bool(struct hby_json *j, const char *key, bool value)
{
    begin(j, key);
    fputs(value ? "true" : "false", j->file);
}

void hby_json_real(struct hby_json *j, const char *key, double value)
{
    begin(j, key);
    if (!isfinite(value)) {
        fputs("null", j->file);
        return;
    }
    fprintf(j->file, "%.6g", value);
}
