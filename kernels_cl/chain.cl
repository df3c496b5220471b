/* The walk over a chain's steps: see chain.clh. hby_chain_task is made for each chain, of the kernels that it needs. */
#include "kernels_cl/chain.clh"

#if HBY_LINUX_X86_64
#define HBY_PAUSE() __asm__ volatile("pause")
#else
#define HBY_PAUSE()
#endif

/* Lets another thread have the processor. A work-group that waits for tasks of one that is not running would else wait for the end of its own time slice. */
static inline void hby_yield(void)
{
#if HBY_LINUX_X86_64
    long result = 24; /* sched_yield */
    __asm__ volatile("syscall" : "+a"(result) : : "rcx", "r11", "memory");
#endif
}

/* Rounds of looking, some microseconds, after which the processor is offered to others. */
#define HBY_PATIENCE 128

void hby_chain_task(int kind, int x, int y, int z, const __global ulong *word, const __global uchar *bytes);

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void hby_chain(const __global struct hby_chain_op *op, int first, int last, const __global ulong *word,
                                                                       const __global uchar *bytes, __global atomic_int *count, int n_ops)
{
    const int groups = (int)get_num_groups(0), shares = min(groups, HBY_CHAIN_SHARES), own = (int)get_group_id(0) * shares / groups, counters = shares + 1;
    for (int s = first; s < last; s++) {
        const struct hby_chain_op o = op[s];
        __global atomic_int *claimed = count + s * counters * HBY_CHAIN_PITCH, *done = claimed + shares * HBY_CHAIN_PITCH;
        int mine = 0;
        for (int turn = 0; turn < shares; turn++) { /* our own share first, then what is left of the others' */
            const int share = own + turn < shares ? own + turn : own + turn - shares;
            const int start = (int)((long)o.tasks * share / shares), end = (int)((long)o.tasks * (share + 1) / shares);
            while (start < end) {
                const int from = start + atomic_fetch_add_explicit(claimed + share * HBY_CHAIN_PITCH, o.each, memory_order_relaxed, memory_scope_device);
                if (from >= end)
                    break;
                const int to = min(from + o.each, end);
                for (int t = from; t < to; t++) {
                    const int line = t / o.size_0;
                    hby_chain_task(o.kind, t - line * o.size_0, line % o.size_1, line / o.size_1, word + o.word, bytes);
                }
                mine += to - from;
            }
        }
        if (mine)
            atomic_fetch_add_explicit(done, mine, memory_order_acq_rel, memory_scope_device);
        for (int round = 0; atomic_load_explicit(done, memory_order_acquire, memory_scope_device) < o.tasks; round++)
            if (round < HBY_PATIENCE)
                HBY_PAUSE();
            else
                hby_yield();
    }
    /* whoever is through last leaves the counters as they were found */
    __global atomic_int *through = count + n_ops * counters * HBY_CHAIN_PITCH;
    if (atomic_fetch_add_explicit(through, 1, memory_order_acq_rel, memory_scope_device) != groups - 1)
        return;
    for (int s = first * counters; s < last * counters; s++)
        atomic_store_explicit(count + s * HBY_CHAIN_PITCH, 0, memory_order_relaxed, memory_scope_device);
    atomic_store_explicit(through, 0, memory_order_release, memory_scope_device);
}
