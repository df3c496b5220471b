/* The entry points of TFLite's external delegates: what load_delegate and TfLiteExternalDelegateCreate look for. */
#include "delegate/delegate.h"

HBY_EXPORT struct TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t n,
                                                                void (*report_error)(const char *));
HBY_EXPORT void tflite_plugin_destroy_delegate(struct TfLiteDelegate *delegate);

struct TfLiteDelegate *tflite_plugin_create_delegate(const char *const *keys, const char *const *values, size_t n, void (*report_error)(const char *))
{
    struct hby_delegate *d;
    struct hby_option_error error;
    /* Python passes n as a C int: the upper half of the register is not ours to trust. */
    if (hby_delegate_create(keys, values, (uint32_t)n, &d, &error)) {
        if (report_error)
            report_error(error.text);
        else
            hby_log(0, HBY_LOG_WARNING, "%s", error.text);
        return NULL;
    }
    return &d->tfl;
}

void tflite_plugin_destroy_delegate(struct TfLiteDelegate *delegate)
{
    struct hby_delegate *d = delegate ? delegate->data_ : NULL;
    hby_delegate_unref(&d);
}
