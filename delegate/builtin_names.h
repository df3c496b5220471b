/* Names of TFLite's operators, also of those that Halfbyte does not know. */
#ifndef HBY_DELEGATE_BUILTIN_NAMES_H
#define HBY_DELEGATE_BUILTIN_NAMES_H

#include <stdbool.h>
#include <stddef.h>

/* "CONV_2D"; NULL for a code that nobody has given out yet. */
const char *hby_builtin_name(int code);
/* The code of a name of `length` bytes, in either case, - equal to _; or -1. */
int hby_builtin_from_name(const char *name, size_t length);
/* Is text[0, length) the word, ignoring case and taking - for _? */
bool hby_same_word(const char *word, const char *text, size_t length);

#endif
