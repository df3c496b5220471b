/* Words of PTX, and what parse.c and decode.c know of the kernel that they read. */
#ifndef HBY_TESTS_PTX_TEXT_H
#define HBY_TESTS_PTX_TEXT_H

#include "tests/ptx/ptx.h"

struct hby_ptx_word {
    const char *at;
    int length, line;
};

/* A register (size: bytes of a lane, 1 for a predicate; %r<9> are count registers), or the address of a variable (size 0). */
struct hby_ptx_symbol {
    struct hby_ptx_word name;
    int count, size, depth;
    uint64_t value; /* of registers the offset of the first */
};

struct hby_ptx_label {
    struct hby_ptx_word name;
    int insn;
};

struct hby_ptx_text {
    const char *at;
    int line, statement, depth; /* depth: of braces; statement: the line where it begins */
    struct hby_ptx_word word;
    char error[200]; /* the first; from then on the text is at its end */
    struct hby_ptx_module *module;
    struct hby_ptx_kernel *kernel;
    struct hby_ptx_symbol *symbol;
    struct hby_ptx_label *label, *jump; /* jump: which instruction goes to which name */
    struct {
        uint64_t value;
        int size;
        uint32_t offset;
    } * constant;
    int n_symbols, n_labels, n_jumps, n_constants;
};

/* words.c: goes to the next word. */
void hby_ptx_next(struct hby_ptx_text *t);
bool hby_ptx_is(const struct hby_ptx_text *t, const char *word);
/* Goes past the word, which must be this one; or past it if it is. */
void hby_ptx_expect(struct hby_ptx_text *t, const char *word);
bool hby_ptx_take(struct hby_ptx_text *t, const char *word);
struct hby_ptx_word hby_ptx_name(struct hby_ptx_text *t);
long long hby_ptx_number(struct hby_ptx_text *t);
void hby_ptx_refuse(struct hby_ptx_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool hby_ptx_word_is(struct hby_ptx_word w, const char *text);
bool hby_ptx_same(struct hby_ptx_word a, struct hby_ptx_word b);
/* Room for one more in an array of n; NULL (and an error) where there is no memory. */
void *hby_ptx_more(struct hby_ptx_text *t, void *array, int n, size_t size);

/* decode.c: the instruction that begins at the word; to its ';'. */
void hby_ptx_decode(struct hby_ptx_text *t);

#endif
