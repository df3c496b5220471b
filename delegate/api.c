/* The public C interface: include/halfbyte.h. */
#include "halfbyte.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "delegate/delegate.h"

HBY_EXPORT HalfbyteDelegateOptions HalfbyteDelegateOptionsDefault(void)
{
    return (HalfbyteDelegateOptions){.struct_size = sizeof(HalfbyteDelegateOptions)};
}

static void tell(const HalfbyteDelegateOptions *options, const char *message)
{
    if (options && options->report_error)
        options->report_error(message);
    else
        hby_log(0, HBY_LOG_WARNING, "%s", message);
}

HBY_EXPORT struct TfLiteDelegate *HalfbyteDelegateCreate(const HalfbyteDelegateOptions *options)
{
    if (options && options->struct_size < sizeof *options) {
        hby_log(0, HBY_LOG_WARNING, "HalfbyteDelegateCreate: struct_size is %zu, at least %zu is needed; start from HalfbyteDelegateOptionsDefault()",
                options->struct_size, sizeof *options);
        return NULL;
    }
    size_t n = options ? options->num_options : 0;
    struct hby_delegate *d = NULL;
    struct hby_option_error error = {"out of memory"};
    const char **keys = calloc(n + 1, sizeof *keys), **values = calloc(n + 1, sizeof *values);
    bool ok = keys && values;
    for (size_t i = 0; ok && i < n; i++) {
        keys[i] = options->option[i].key;
        values[i] = options->option[i].value;
    }
    ok = ok && hby_delegate_create(keys, values, n, &d, &error) == HBY_OK;
    free(keys);
    free(values);
    if (!ok)
        tell(options, error.text);
    return ok ? &d->tfl : NULL;
}

HBY_EXPORT void HalfbyteDelegateDelete(struct TfLiteDelegate *delegate)
{
    struct hby_delegate *d = delegate ? delegate->data_ : NULL;
    hby_delegate_unref(&d);
}

/* Appends to text[*used..size), counting on past the end. */
static void __attribute__((format(printf, 4, 5))) append(char *text, size_t size, size_t *used, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(*used < size ? text + *used : NULL, *used < size ? size - *used : 0, fmt, ap);
    va_end(ap);
    *used += n > 0 ? (size_t)n : 0;
}

HBY_EXPORT int HalfbyteListDevices(char *buffer, size_t size)
{
    struct hby_cl_info *info = NULL;
    struct hby_reason why = {""};
    int n = 0;
    size_t used = 0;
    if (!buffer)
        size = 0;
    else if (size)
        buffer[0] = '\0';
    if (hby_cl_list(&info, &n, &why)) {
        append(buffer, size, &used, "%s\n", why.text[0] ? why.text : "out of memory");
        n = 0;
    }
    for (int i = 0; i < n; i++) {
        const struct hby_cl_info *d = &info[i];
        append(buffer, size, &used, "%d: %s / %s (%s, %s, driver %s, %d compute units, %d MHz, %llu MiB%s%s)\n", i, d->platform, d->name,
               hby_cl_kind_names[d->kind], d->version, d->driver, d->compute_units, d->clock_mhz, (unsigned long long)(d->global_bytes >> 20),
               d->has_fp16 ? ", float16" : "", d->has_int_dot ? ", integer dot product" : "");
    }
    free(info);
    return n;
}
