/* Starting, reading and ending workers. */
#include "bench/process.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/protocol.h"
#include "bench/threads.h"

/* The option --device as the delegate's options: an index, a type, or a part of a name. */
static void add_device(const char *device, char *text, size_t size)
{
    size_t n = strlen(text);
    if (strspn(device, "0123456789") == strlen(device)) {
        snprintf(text + n, size - n, "device_id:%s;", device);
    } else if (!strcasecmp(device, "gpu") || !strcasecmp(device, "cpu") || !strcasecmp(device, "accelerator")) {
        snprintf(text + n, size - n, "device_type:%s;", device);
    } else {
        snprintf(text + n, size - n, "device:%s;", device);
    }
}

/* HALFBYTE_OPTIONS for a worker. The user's own options come last and win; those of the variable itself, which the user may have set, come first. */
static void delegate_options(const struct bench_options *o, enum bench_where where, const char *report, char *text, size_t size)
{
    const char *outer = getenv("HALFBYTE_OPTIONS");
    snprintf(text, size, "%s%sclaim:all;report_path:%s;", outer ? outer : "", outer && *outer ? ";" : "", report);
    if (o->together) { /* for the memory that the log tells */
        size_t n = strlen(text);
        snprintf(text + n, size - n, "verbose:3;");
    }
    if (o->device) {
        add_device(o->device, text, size);
    }
    for (int i = 0; i < o->num_options; i++) {
        const char *eq = strchr(o->option[i], '=');
        size_t n = strlen(text);
        snprintf(text + n, size - n, "%.*s:%s;", (int)(eq - o->option[i]), o->option[i], eq + 1);
    }
    if (where == BENCH_HOST_REF) {
        size_t n = strlen(text);
        snprintf(text + n, size - n, "host_ref:only;");
    }
}

/* In the new process: never returns. */
static void become_worker(const struct bench_options *o, const char *model, enum bench_where where, const char *options, int command, int reply, int log)
{
    char threads[32], runtime[4200], delegate[4200], litert_gpu[4200], place[32], shape[96], before[4200];
    const char *argv[14] = {"halfbyte-bench", place, threads, runtime, delegate, litert_gpu};
    int n = 6;
    snprintf(threads, sizeof threads, "--threads=%d", o->threads);
    snprintf(runtime, sizeof runtime, "--runtime=%s", o->runtime);
    snprintf(delegate, sizeof delegate, "--delegate=%s", o->delegate);
    snprintf(litert_gpu, sizeof litert_gpu, "--litert-gpu=%s", o->litert_gpu);
    snprintf(place, sizeof place, "--worker=%s", bench_where_key[where]);
    if (log >= 0) {
        dup2(log, STDERR_FILENO);
    }
    /* Out of the way of the fixed numbers first. */
    command = fcntl(command, F_DUPFD, 10);
    reply = fcntl(reply, F_DUPFD, 10);
    if (dup2(command, BENCH_COMMAND_FD) < 0 || dup2(reply, BENCH_REPLY_FD) < 0) {
        _exit(126);
    }
    dup2(STDERR_FILENO, STDOUT_FILENO); /* stdout is the table's */
    closefrom(BENCH_REPLY_FD + 1);
    setenv("HALFBYTE_OPTIONS", options, 1);
    bench_threads_limit(o->threads);
    if (where == BENCH_REF) {
        snprintf(before, sizeof before, "%s \"$@\"", o->reference);
        execl("/bin/sh", "sh", "-c", before, "sh", model, threads + strlen("--threads="), o->shape, (char *)NULL);
        _exit(127);
    }
    if (o->shape) {
        snprintf(shape, sizeof shape, "--shape=%s", o->shape);
        argv[n++] = shape;
    }
    if (o->verbose) {
        argv[n++] = "--verbose";
    }
    if (o->feed) {
        argv[n++] = "--feed";
    }
    if (o->before) {
        snprintf(before, sizeof before, "--before=%s", o->before);
        argv[n++] = before;
    }
    argv[n++] = "--";
    argv[n++] = model;
    execv("/proc/self/exe", (char **)argv);
    _exit(127);
}

bool bench_process_start(const struct bench_options *o, const char *model, enum bench_where where, const char *folder, const char *report,
                         struct bench_process *p, char *why, size_t size)
{
    int command[2] = {-1, -1}, reply[2] = {-1, -1}, log = -1;
    char options[8192];
    memset(p, 0, sizeof *p);
    delegate_options(o, where, report, options, sizeof options);
    if (!o->verbose) {
        snprintf(p->log, sizeof p->log, "%s/%s.log", folder, bench_where_key[where]);
        log = open(p->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    }
    if (pipe2(command, O_CLOEXEC) || pipe2(reply, O_CLOEXEC) || (p->pid = fork()) < 0) {
        snprintf(why, size, "cannot start a process: %s", strerror(errno));
        p->pid = 0;
    } else if (p->pid == 0) {
        become_worker(o, model, where, options, command[0], reply[1], log);
    }
    close(command[0]);
    close(reply[1]);
    if (log >= 0) {
        close(log);
    }
    p->command = command[1];
    p->reply = reply[0];
    return p->pid > 0;
}

/* Without what is blank at its end. */
static size_t trim(char *line)
{
    size_t n = strlen(line);
    while (n && isspace((unsigned char)line[n - 1])) {
        line[--n] = 0;
    }
    return n;
}

void bench_process_find(const struct bench_process *p, const char *mark, char *text, size_t size)
{
    char *line = NULL;
    const char *at = NULL;
    size_t room = 0;
    FILE *f = *p->log ? fopen(p->log, "r") : NULL;
    *text = 0;
    while (f && !at && getline(&line, &room, f) > 0) {
        trim(line);
        at = strstr(line, mark);
    }
    if (at) {
        snprintf(text, size, "%s", at + strlen(mark));
    }
    free(line);
    if (f) {
        fclose(f);
    }
}

void bench_process_last_words(const struct bench_process *p, char *text, size_t size)
{
    char *line = NULL;
    size_t room = 0;
    FILE *f = *p->log ? fopen(p->log, "r") : NULL;
    *text = 0;
    while (f && getline(&line, &room, f) > 0) {
        if (trim(line)) {
            snprintf(text, size, "%s", line);
        }
    }
    free(line);
    if (f) {
        fclose(f);
    }
}

/* What became of a worker that stopped answering. */
static void post_mortem(struct bench_process *p, bool late, int seconds, char *why, size_t size)
{
    int status = 0;
    char words[160];
    if (late) {
        kill(p->pid, SIGKILL);
    }
    waitpid(p->pid, &status, 0);
    p->pid = 0;
    bench_process_last_words(p, words, sizeof words);
    const char *colon = *words ? ": " : "";
    if (late) {
        snprintf(why, size, "no answer for %d s%s%s", seconds, colon, words);
    } else if (WIFSIGNALED(status)) {
        snprintf(why, size, "crashed, signal %d (%s)%s%s", WTERMSIG(status), strsignal(WTERMSIG(status)), colon, words);
    } else {
        snprintf(why, size, "ended early, status %d%s%s", WEXITSTATUS(status), colon, words);
    }
}

bool bench_process_read(struct bench_process *p, void *data, size_t bytes, int seconds, char *why, size_t size)
{
    char *at = data;
    while (bytes) {
        struct pollfd wait = {.fd = p->reply, .events = POLLIN};
        int ready = poll(&wait, 1, seconds * 1000);
        if (ready < 0 && errno == EINTR) {
            continue;
        }
        ssize_t n = ready > 0 ? read(p->reply, at, bytes) : 0;
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            post_mortem(p, ready == 0, seconds, why, size);
            return false;
        }
        at += n;
        bytes -= (size_t)n;
    }
    return true;
}

void bench_process_ask(struct bench_process *p, uint32_t runs)
{
    /* A worker that is gone shows when its answer is read; SIGPIPE is ignored. */
    ssize_t n = write(p->command, &runs, sizeof runs);
    (void)n;
}

void bench_process_stop(struct bench_process *p)
{
    if (p->pid > 0) {
        bench_process_ask(p, 0);
        for (int tenth = 0; tenth < 100 && p->pid > 0; tenth++) {
            if (waitpid(p->pid, NULL, WNOHANG) == p->pid) {
                p->pid = 0;
            } else {
                nanosleep(&(struct timespec){.tv_nsec = tenth ? 100000000 : 10000000}, NULL);
            }
        }
        if (p->pid > 0) {
            kill(p->pid, SIGKILL);
            waitpid(p->pid, NULL, 0);
            p->pid = 0;
        }
    }
    if (p->command > 0) {
        close(p->command);
        close(p->reply);
    }
    p->command = p->reply = 0;
}
