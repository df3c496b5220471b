/* The process that runs the same operators in TFLite. Lines go to it and come back:
 *   open OP SCHEME SIZE CHANNELS OUTPUTS OUT K STRIDE THREADS    ready, or: none REASON
 *   run MICROSECONDS                                             microseconds per call
 * It ends at the end of its input. */
#include "bench/roofline/roofline.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

bool roof_peer_start(const char *command, struct roof_peer *p)
{
    int to[2] = {-1, -1}, from[2] = {-1, -1};
    *p = (struct roof_peer){0};
    if (pipe(to) || pipe(from) || (p->pid = fork()) < 0) {
        perror("error: cannot start the peer");
        p->pid = 0;
        return false;
    }
    if (p->pid == 0) {
        dup2(to[0], STDIN_FILENO);
        dup2(from[1], STDOUT_FILENO);
        closefrom(STDERR_FILENO + 1);
        execl("/bin/sh", "sh", "-c", command, (char *)NULL);
        _exit(127);
    }
    close(to[0]);
    close(from[1]);
    signal(SIGPIPE, SIG_IGN); /* a peer that is gone shows when its answer is read */
    p->to = fdopen(to[1], "w");
    p->from = fdopen(from[0], "r");
    return p->to && p->from;
}

static bool ask(struct roof_peer *p, char *answer, size_t size)
{
    if (!p->to || fflush(p->to) || !fgets(answer, (int)size, p->from))
        return false;
    answer[strcspn(answer, "\n")] = 0;
    return true;
}

bool roof_peer_open(struct roof_peer *p, const struct roof_layer *l, enum hby_scheme scheme, int threads, char *why, size_t size)
{
    char answer[256] = "";
    if (p->to)
        fprintf(p->to, "open %s %s %d %d %d %d %d %d %d\n", hby_ops[l->op].name, hby_scheme_names[scheme], l->size, l->channels, l->outputs, roof_layer_out(l),
                l->k, l->stride, threads);
    if (!ask(p, answer, sizeof answer)) {
        snprintf(why, size, "the process is gone");
        return false;
    }
    if (strcmp(answer, "ready") == 0)
        return true;
    snprintf(why, size, "%s", strncmp(answer, "none ", 5) == 0 ? answer + 5 : answer);
    return false;
}

double roof_peer_run(struct roof_peer *p, double slice_us)
{
    char answer[64];
    if (p->to)
        fprintf(p->to, "run %.0f\n", slice_us);
    return ask(p, answer, sizeof answer) ? atof(answer) : 0;
}

void roof_peer_stop(struct roof_peer *p)
{
    if (p->to)
        fclose(p->to);
    if (p->from)
        fclose(p->from);
    if (p->pid > 0)
        waitpid(p->pid, NULL, 0);
    *p = (struct roof_peer){0};
}
