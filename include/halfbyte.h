/* Halfbyte: an OpenCL delegate for TensorFlow Lite / LiteRT. This is the whole public interface besides the plugin symbols
 * (tflite_plugin_create_delegate, tflite_plugin_destroy_delegate) and LiteRtAcceleratorImpl. */
#ifndef HALFBYTE_H
#define HALFBYTE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct TfLiteDelegate;

/* One option by key and value, as in README's table ("precision", "exact"). */
typedef struct HalfbyteOption {
    const char *key, *value;
} HalfbyteOption;

typedef struct HalfbyteDelegateOptions {
    size_t struct_size; /* set by HalfbyteDelegateOptionsDefault: lets the struct grow */
    const HalfbyteOption *option;
    size_t num_options;
    void (*report_error)(const char *message); /* may be NULL: then messages go to stderr */
} HalfbyteDelegateOptions;

/* Options with nothing set. */
HalfbyteDelegateOptions HalfbyteDelegateOptionsDefault(void);

/* A delegate for TfLiteInterpreterOptionsAddDelegate or Interpreter::ModifyGraphWithDelegate. `options` may be NULL. NULL is returned, and the
 * reason reported, when an option is wrong or memory is short; without an OpenCL device create succeeds and nothing is claimed. */
struct TfLiteDelegate *HalfbyteDelegateCreate(const HalfbyteDelegateOptions *options);

/* May be called before or after the interpreter is destroyed. NULL is ignored. */
void HalfbyteDelegateDelete(struct TfLiteDelegate *delegate);

/* Writes one line per OpenCL device, in the order that the option device_id indexes, as NUL-terminated text into buffer (cut at size), and returns the number
 * of devices. Without a device the text says why. buffer may be NULL. */
int HalfbyteListDevices(char *buffer, size_t size);

#ifdef __cplusplus
}
#endif
#endif
