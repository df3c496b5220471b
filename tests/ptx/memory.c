/* Loads and stores: each address is looked up and must be aligned to all that is moved at once, as GPUs want it. Where the launch is watched, every byte
 * remembers who wrote it and who read it last: two work-items that meet at one, one of them to write, without a barrier between them, race. */
#include <string.h>

#include "tests/ptx/ptx.h"

/* --- from registers to memory and back --- */

#define LANES_ON                                                                                                                                               \
    uint32_t on = mask, l;                                                                                                                                     \
    on && (l = (uint32_t)__builtin_ctz(on), true);                                                                                                             \
    on &= on - 1
#define MOVES(reg, mem)                                                                                                                                        \
    static void load_##reg##_##mem(unsigned char *r, unsigned char *const *at, size_t offset, uint32_t mask)                                                   \
    {                                                                                                                                                          \
        reg *to = (reg *)(void *)r;                                                                                                                            \
        for (LANES_ON) {                                                                                                                                       \
            mem value;                                                                                                                                         \
            memcpy(&value, at[l] + offset, sizeof value);                                                                                                      \
            to[l] = (reg)value;                                                                                                                                \
        }                                                                                                                                                      \
    }
#define STORES(reg, mem)                                                                                                                                       \
    static void store_##reg##_##mem(unsigned char *r, unsigned char *const *at, size_t offset, uint32_t mask)                                                  \
    {                                                                                                                                                          \
        const reg *from = (const reg *)(void *)r;                                                                                                              \
        for (LANES_ON) {                                                                                                                                       \
            const mem value = (mem)from[l];                                                                                                                    \
            memcpy(at[l] + offset, &value, sizeof value);                                                                                                      \
        }                                                                                                                                                      \
    }
/* HBY_MOVE(register, memory, is_signed) */
#define HBY_MOVES(HBY_MOVE)                                                                                                                                    \
    HBY_MOVE(uint16_t, uint8_t, false)                                                                                                                         \
    HBY_MOVE(uint16_t, int8_t, true)                                                                                                                           \
    HBY_MOVE(uint16_t, uint16_t, false)                                                                                                                        \
    HBY_MOVE(uint32_t, uint8_t, false)                                                                                                                         \
    HBY_MOVE(uint32_t, int8_t, true)                                                                                                                           \
    HBY_MOVE(uint32_t, uint16_t, false)                                                                                                                        \
    HBY_MOVE(uint32_t, int16_t, true)                                                                                                                          \
    HBY_MOVE(uint32_t, uint32_t, false)                                                                                                                        \
    HBY_MOVE(uint64_t, uint8_t, false)                                                                                                                         \
    HBY_MOVE(uint64_t, int8_t, true)                                                                                                                           \
    HBY_MOVE(uint64_t, uint16_t, false)                                                                                                                        \
    HBY_MOVE(uint64_t, int16_t, true)                                                                                                                          \
    HBY_MOVE(uint64_t, uint32_t, false)                                                                                                                        \
    HBY_MOVE(uint64_t, int32_t, true)                                                                                                                          \
    HBY_MOVE(uint64_t, uint64_t, false)
#define HBY_MOVE(reg, mem, is_signed) MOVES(reg, mem) STORES(reg, mem)
HBY_MOVES(HBY_MOVE)
#undef HBY_MOVE

static const struct {
    size_t reg, mem;
    bool is_signed;
    hby_ptx_move *load, *store;
} moves[] = {
#define HBY_MOVE(reg, mem, is_signed) {sizeof(reg), sizeof(mem), is_signed, load_##reg##_##mem, store_##reg##_##mem},
    HBY_MOVES(HBY_MOVE)
#undef HBY_MOVE
};

static hby_ptx_move *find(int reg, int mem, bool is_signed, bool store)
{
    for (size_t k = 0; k < sizeof moves / sizeof *moves; k++)
        if (moves[k].reg == (size_t)reg && moves[k].mem == (size_t)mem && moves[k].is_signed == (is_signed && reg > mem))
            return store ? moves[k].store : moves[k].load;
    return NULL;
}

hby_ptx_move *hby_ptx_find_load(int to, int bytes, bool is_signed)
{
    return find(to, bytes, is_signed, false);
}

hby_ptx_move *hby_ptx_find_store(int from, int bytes)
{
    return find(from, bytes, false, true);
}

/* --- addresses --- */

static const char *const space_names[] = {
    [HBY_PTX_GENERIC] = "generic", [HBY_PTX_GLOBAL] = "global", [HBY_PTX_SHARED] = "shared", [HBY_PTX_LOCAL] = "local", [HBY_PTX_PARAM] = "parameter"};

/* Where an address of one lane lies. `at` NULL: nowhere. */
struct place {
    unsigned char *at;
    struct hby_ptx_shadow *shadow;
};

static struct place find_place(const struct hby_ptx_warp *w, enum hby_ptx_space space, uint64_t address, uint64_t bytes, uint32_t lane)
{
    const struct hby_ptx_launch *launch = w->group->launch;
    struct place p = {NULL, NULL};
    if (space == HBY_PTX_GENERIC) {
        space = address >= HBY_PTX_SHARED_WINDOW ? HBY_PTX_SHARED : address >= HBY_PTX_LOCAL_WINDOW ? HBY_PTX_LOCAL : HBY_PTX_GLOBAL;
        address -= space == HBY_PTX_SHARED ? HBY_PTX_SHARED_WINDOW : space == HBY_PTX_LOCAL ? HBY_PTX_LOCAL_WINDOW : 0;
    }
    if (space == HBY_PTX_GLOBAL) {
        for (int r = 0; r < launch->n_ranges; r++) {
            const struct hby_ptx_range *range = &launch->range[r];
            if (address >= range->from && address + bytes <= range->to && address <= address + bytes) {
                p.at = (unsigned char *)(uintptr_t)address;
                p.shadow = range->shadow ? range->shadow + (address - range->from) : NULL;
                break;
            }
        }
        return p;
    }
    const uint64_t size = space == HBY_PTX_SHARED ? w->kernel->shared_bytes : space == HBY_PTX_LOCAL ? w->kernel->local_bytes : w->kernel->param_bytes;
    if (address < HBY_PTX_WINDOW || address + bytes > size || address > address + bytes)
        return p;
    if (space == HBY_PTX_SHARED) {
        p.at = w->group->shared + address;
        p.shadow = w->group->shared_shadow ? w->group->shared_shadow + address : NULL;
    } else if (space == HBY_PTX_LOCAL) {
        p.at = w->group->local + ((size_t)w->number * HBY_PTX_LANES + lane) * size + address;
    } else {
        p.at = launch->params + (address - HBY_PTX_WINDOW);
    }
    return p;
}

/* --- who was here --- */

/* Has another work-item been here, and nothing made the two wait for each other? Shared memory is each group's own. */
static bool conflict(const struct hby_ptx_group *g, uint64_t stamp, uint64_t me, bool shared)
{
    const uint64_t epoch = stamp >> 32;
    if ((uint32_t)stamp == (uint32_t)me)
        return false;
    return epoch == g->epoch || (!shared && epoch >= g->launch_epoch && epoch < g->first_epoch);
}

static uint32_t item_of(const struct hby_ptx_warp *w, uint32_t lane)
{
    const unsigned *items = w->group->launch->items;
    return w->group->number * (items[0] * items[1] * items[2]) + (uint32_t)w->number * HBY_PTX_LANES + lane;
}

static void watch(struct hby_ptx_warp *w, const struct hby_ptx_insn *i, struct place p, uint32_t lane, uint64_t address)
{
    enum { MANY = 0 }; /* in place of a reader: more than one since the last barrier */
    const struct hby_ptx_group *g = w->group;
    const uint32_t item = item_of(w, lane) + 1;
    const uint64_t me = g->epoch << 32 | item, bytes = (uint64_t)i->size * i->count;
    const bool shared = p.shadow >= g->shared_shadow && p.shadow < g->shared_shadow + w->kernel->shared_bytes;
    unsigned char new[32];
    if (i->writes) /* the same value once more is no harm */
        for (int e = 0; e < i->count; e++)
            memcpy(new + e * i->size, hby_ptx_operand(w, i, 1 + e) + (size_t)i->register_bytes * lane, i->size);
    for (uint64_t b = 0; b < bytes; b++) {
        struct hby_ptx_shadow *s = &p.shadow[b];
        if (!i->writes) {
            if (i->constant && s->written >> 32 >= g->launch_epoch)
                hby_ptx_warn(w, i, "work-item %u reads byte 0x%llx as a constant, which %u has written", item - 1, (unsigned long long)(address + b),
                             (uint32_t)s->written - 1);
            if (shared && s->written >> 32 < g->first_epoch)
                hby_ptx_warn(w, i, "byte 0x%llx of shared memory is read, and was never written", (unsigned long long)(address + b));
            else if (conflict(g, s->written, me, shared))
                hby_ptx_warn(w, i, "race: work-item %u reads byte 0x%llx, which %u writes", item - 1, (unsigned long long)(address + b),
                             (uint32_t)s->written - 1);
            s->constant = i->constant ? g->epoch : s->constant;
            if (s->read >> 32 < g->launch_epoch || s->read >> 32 >= g->first_epoch) /* a reader of another group is kept */
                s->read = s->read >> 32 == g->epoch && (uint32_t)s->read != item ? g->epoch << 32 | MANY : me;
        } else {
            if (conflict(g, s->written, me, shared) && new[b] != p.at[b])
                hby_ptx_warn(w, i, "race: work-items %u and %u write byte 0x%llx", item - 1, (uint32_t)s->written - 1, (unsigned long long)(address + b));
            else if (conflict(g, s->read, me, shared) && new[b] != p.at[b])
                hby_ptx_warn(w, i, "race: work-item %u writes byte 0x%llx, which another reads", item - 1, (unsigned long long)(address + b));
            if (s->constant >= g->launch_epoch && new[b] != p.at[b])
                hby_ptx_warn(w, i, "work-item %u writes byte 0x%llx, which is read as a constant", item - 1, (unsigned long long)(address + b));
            s->written = me;
        }
    }
}

/* --- the instruction --- */

/* All lanes at once, where they are in one piece of global memory: most are. */
static bool find_all(const struct hby_ptx_warp *w, const uint64_t *base, uint64_t offset, uint64_t bytes, unsigned char **at)
{
    const struct hby_ptx_launch *launch = w->group->launch;
    uint64_t least = UINT64_MAX, most = 0, any = 0;
    for (int l = 0; l < HBY_PTX_LANES; l++) {
        const uint64_t address = base[l] + offset;
        at[l] = (unsigned char *)(uintptr_t)address;
        least = address < least ? address : least;
        most = address > most ? address : most;
        any |= address;
    }
    if (any & (bytes - 1))
        return false;
    for (int r = 0; r < launch->n_ranges; r++)
        if (least >= launch->range[r].from && most < launch->range[r].to && most + bytes <= launch->range[r].to)
            return true;
    return false;
}

void hby_ptx_access(struct hby_ptx_warp *w, const struct hby_ptx_insn *i)
{
    const uint64_t *base = (const uint64_t *)(const void *)hby_ptx_operand(w, i, 0), bytes = (uint64_t)i->size * i->count;
    const uint32_t mask = w->mask;
    unsigned char *at[HBY_PTX_LANES];
    const bool quick = i->space == HBY_PTX_GLOBAL && mask == HBY_PTX_ALL && !w->group->launch->watch && find_all(w, base, (uint64_t)i->offset, bytes, at);
    if (!quick)
        for (LANES_ON) {
            const uint64_t address = base[l] + (uint64_t)i->offset;
            const struct place p = find_place(w, (enum hby_ptx_space)i->space, address, bytes, l);
            if (!p.at || address & (bytes - 1)) {
                hby_ptx_fail(w, i, "%s of %llu bytes at %s address 0x%llx %s", i->writes ? "store" : "load", (unsigned long long)bytes, space_names[i->space],
                             (unsigned long long)address, p.at ? "is not aligned" : "is outside of what the kernel was given");
                return;
            }
            at[l] = p.at;
            if (p.shadow) { /* one lane behind the other: what the first one wrote is there when the next one comes */
                watch(w, i, p, l, address);
                for (int e = 0; e < i->count; e++)
                    i->move(hby_ptx_operand(w, i, 1 + e), at, (size_t)e * i->size, 1u << l);
            }
        }
    for (int e = 0; e < i->count; e++)
        i->move(hby_ptx_operand(w, i, 1 + e), at, (size_t)e * i->size, mask);
}
