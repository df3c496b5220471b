/* A growing set of allocations that is freed as one: each has a header of one cache line and hangs in a list. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "partition/graph.h"

enum { HBY_POOL_ALIGN = 64 };

struct hby_pool {
    struct hby_pool *next;
};

static_assert(sizeof(struct hby_pool) <= HBY_POOL_ALIGN, "the header takes one line");

void *hby_pool_alloc(struct hby_pool **pool, size_t bytes)
{
    if (bytes > SIZE_MAX / 2)
        return NULL;
    size_t total = HBY_POOL_ALIGN + (bytes + HBY_POOL_ALIGN - 1) / HBY_POOL_ALIGN * HBY_POOL_ALIGN;
    struct hby_pool *p = aligned_alloc(HBY_POOL_ALIGN, total);
    if (!p)
        return NULL;
    memset(p, 0, total);
    p->next = *pool;
    *pool = p;
    return (char *)p + HBY_POOL_ALIGN;
}

void hby_pool_destroy(struct hby_pool **pool)
{
    if (!pool)
        return;
    while (*pool) {
        struct hby_pool *next = (*pool)->next;
        free(*pool);
        *pool = next;
    }
}
