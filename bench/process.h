/* A worker process and the pipes to it. */
#ifndef HBY_BENCH_PROCESS_H
#define HBY_BENCH_PROCESS_H

#include <sys/types.h>

#include "bench/bench.h"

struct bench_process {
    pid_t pid; /* 0: none */
    int command, reply;
    char log[512]; /* what the worker writes to stderr; empty if it goes through */
};

/* Starts a worker. `report` is where the delegate is told to write its report. False with the reason. */
bool bench_process_start(const struct bench_options *o, const char *model, enum bench_where where, const char *folder, const char *report,
                         struct bench_process *p, char *why, size_t size);
/* Reads exactly `bytes`. False, with what became of the worker, if it ends, fails or says nothing for `seconds`. */
bool bench_process_read(struct bench_process *p, void *data, size_t bytes, int seconds, char *why, size_t size);
/* The last line that the worker wrote to its log which says something; empty if none. */
void bench_process_last_words(const struct bench_process *p, char *text, size_t size);
/* What follows `mark` in the first line of its log that contains it; empty if none does. */
void bench_process_find(const struct bench_process *p, const char *mark, char *text, size_t size);
/* Asks for `runs` more runs; 0: to end. */
void bench_process_ask(struct bench_process *p, uint32_t runs);
/* Waits a little, then kills. */
void bench_process_stop(struct bench_process *p);

#endif
