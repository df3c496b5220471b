/* What launch rules call. In a query programs are built and limits checked; with a session arguments are bound as well. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kernels_cl/cl_session.h"

static void fail(struct hby_cl_launch *l, enum hby_status st, const struct hby_reason *why)
{
    if (l->status)
        return;
    l->status = st;
    l->why = *why;
}

static void refuse(struct hby_cl_launch *l, const char *what)
{
    struct hby_reason why;
    fail(l, hby_say(HBY_UNSUPPORTED, &why, "launch rule: %s", what), &why);
}

bool hby_cl_is_dry(const struct hby_cl_launch *l)
{
    return !l->session;
}

void hby_cl_define(struct hby_cl_launch *l, const char *name, int value)
{
    for (const char *p = name; *p; p++)
        if (!isalnum((unsigned char)*p) && *p != '_') {
            refuse(l, "a macro's name has letters, digits and _ only");
            return;
        }
    const size_t room = sizeof l->options - l->options_used;
    const int n = snprintf(l->options + l->options_used, room, " -D%s=%d", name, value);
    if (n < 0 || (size_t)n >= room)
        refuse(l, "too many options");
    else
        l->options_used += (size_t)n;
}

void hby_cl_any_bytes(struct hby_cl_launch *l)
{
    l->any_bytes = true;
}

static bool want(struct hby_cl_wanted *w, const struct hby_cl_function *f, bool chained)
{
    const struct hby_cl_function ***list = chained ? &w->chained : &w->alone;
    int *n = chained ? &w->n_chained : &w->n_alone;
    for (int i = 0; i < *n; i++)
        if ((*list)[i] == f)
            return true;
    if (!hby_cl_grow((void **)list, *n, chained ? &w->chained_room : &w->alone_room, sizeof **list))
        return false;
    (*list)[(*n)++] = f;
    return true;
}

/* Ends the launch in the making: all of its parts must be there. */
static void close_launch(struct hby_cl_launch *l)
{
    if (!l->open)
        return;
    l->open = false;
    if (!l->has_grid)
        refuse(l, "a launch without a grid");
    else if (l->n_args != l->limits.n_args)
        refuse(l, "as many arguments as the kernel has");
    else if (l->arg_bytes > l->st->dev.info.max_parameter_bytes)
        refuse(l, "more bytes of arguments than the device takes");
    else if (l->wanted && l->function && !want(l->wanted, l->function, l->group == 1))
        fail(l, HBY_NO_MEMORY, &(struct hby_reason){"out of memory"});
    l->n_launches++;
}

static enum hby_status add_op(struct hby_cl_launch *l, const struct hby_cl_function *function, const char *entry, struct hby_reason *why)
{
    struct hby_cl_session *s = l->session;
    if (!hby_cl_grow((void **)&s->op, s->n_ops, &s->op_room, sizeof *s->op))
        return hby_say(HBY_NO_MEMORY, why, "out of memory");
    s->op[s->n_ops] = (struct hby_cl_op){.kernel = l->kernel, .function = function, .first_value = s->n_values, .step = l->step_index};
    snprintf(s->op[s->n_ops++].name, sizeof s->op->name, "%s", entry);
    return HBY_OK;
}

/* Is the launch to be described by a function, whose program is built when it is known what it is launched with? A step by itself has a program of its own,
 * which serves other models as well. */
static enum hby_status find_function(struct hby_cl_launch *l, const char *file, const char *options, const char *entry, const struct hby_cl_function **function,
                                     struct hby_reason *why)
{
    *function = NULL;
    if (!l->st->chains)
        return HBY_OK;
    const enum hby_status st = hby_cl_function_get(l->st, file, options, entry, function, why);
    if (!st && l->st->chain != HBY_CL_CHAIN_ALWAYS && l->plan->n_steps < 2 && !hby_cl_function_is_built(l->st, *function))
        *function = NULL;
    return st;
}

/* The kernel `entry`, or what is known of it before it is built. */
static enum hby_status find_kernel(struct hby_cl_launch *l, const char *file, const char *options, const char *entry, const struct hby_cl_function **function,
                                   struct hby_reason *why)
{
    struct hby_cl_program *p;
    enum hby_status st = find_function(l, file, options, entry, function, why);
    l->kernel = NULL;
    if (!st && *function) {
        l->limits = (struct hby_cl_entry){.n_args = (*function)->n_args, .max_group = l->st->dev.info.max_work_group};
        snprintf(l->limits.name, sizeof l->limits.name, "%s", entry);
        return HBY_OK;
    }
    if (!st)
        st = hby_cl_program_get(l->st, file, options, &p, why);
    return st ? st : hby_cl_kernel_get(l->st, p, entry, &l->limits, l->session ? &l->kernel : NULL, why);
}

enum hby_status hby_cl_use(struct hby_cl_launch *l, const char *file, const char *entry)
{
    close_launch(l);
    if (l->status)
        return l->status;
    struct hby_reason why = {""};
    char options[sizeof l->options + 48];
    const enum hby_scheme scheme = l->any_bytes && l->step->scheme == HBY_SCHEME_u8 ? HBY_SCHEME_i8 : l->step->scheme;
    l->any_bytes = false;
    snprintf(options, sizeof options, "-DHBY_SCHEME_%s=1%s", hby_scheme_names[scheme], l->options);
    enum hby_status st = find_kernel(l, file, options, entry, &l->function, &why);
    l->options_used = 0;
    l->options[0] = 0;
    l->n_args = 0;
    l->arg_bytes = 0;
    l->has_grid = false;
    if (!st && l->session && (st = add_op(l, l->function, entry, &why)) != HBY_OK && l->kernel)
        l->st->cl->clReleaseKernel(l->kernel);
    if (st)
        fail(l, st, &why);
    l->open = !st;
    return st;
}

/* Notes an argument's value, and its bytes. */
static bool keep_value(struct hby_cl_session *s, const struct hby_cl_value *v, const unsigned char *bytes)
{
    while (v->bytes > s->value_bytes_room - s->value_bytes_used) {
        const size_t room = 2 * (s->value_bytes_room + v->bytes);
        unsigned char *grown = realloc(s->value_bytes, room);
        if (!grown)
            return false;
        s->value_bytes = grown;
        s->value_bytes_room = room;
    }
    if (!hby_cl_grow((void **)&s->value, s->n_values, &s->value_room, sizeof *s->value))
        return false;
    s->value[s->n_values] = *v;
    s->value[s->n_values++].at = s->value_bytes_used;
    for (size_t i = 0; i < v->bytes; i++)
        s->value_bytes[s->value_bytes_used + i] = bytes[i];
    s->value_bytes_used += v->bytes;
    s->op[s->n_ops - 1].n_values++;
    return true;
}

static void note_value(struct hby_cl_launch *l, const struct hby_cl_value *v, const void *bytes)
{
    struct hby_reason why;
    const struct hby_cl_function *f = l->open && !l->status ? l->function : NULL;
    const cl_uint index = l->n_args - 1;
    if (f && (index >= f->n_args || f->kind[index] != v->kind))
        refuse(l, "an argument that is not of the parameter's kind");
    else if (f && l->session && !keep_value(l->session, v, bytes))
        fail(l, hby_say(HBY_NO_MEMORY, &why, "out of memory"), &why);
}

static void bind_arg(struct hby_cl_launch *l, size_t bytes, const void *value)
{
    if (l->status)
        return;
    if (!l->open) {
        refuse(l, "an argument before hby_cl_use");
        return;
    }
    const cl_uint index = l->n_args++;
    l->arg_bytes += bytes;
    if (!l->kernel)
        return;
    struct hby_reason why;
    const enum hby_status st = hby_cl_fail(l->st->cl->clSetKernelArg(l->kernel, index, bytes, value), "clSetKernelArg", &why);
    if (st) {
        hby_say(st, &why, "clSetKernelArg %u of %s fails", index, l->limits.name);
        fail(l, st, &why);
    }
}

void hby_cl_arg_args(struct hby_cl_launch *l, const void *args, size_t bytes)
{
    bind_arg(l, bytes, args);
    note_value(l, &(struct hby_cl_value){.kind = HBY_CL_BYTES, .bytes = bytes}, args);
}

void hby_cl_arg_i32(struct hby_cl_launch *l, int32_t value)
{
    bind_arg(l, sizeof value, &value);
    note_value(l, &(struct hby_cl_value){.kind = HBY_CL_WORD, .word = value}, NULL);
}

static void bind_buffer(struct hby_cl_launch *l, const cl_mem *mem)
{
    bind_arg(l, sizeof *mem, mem);
    if (mem)
        note_value(l, &(struct hby_cl_value){.kind = HBY_CL_BUFFER, .mem = *mem}, NULL);
}

static void bind_constant(struct hby_cl_launch *l, const void *data, size_t bytes)
{
    struct hby_reason why;
    cl_mem mem = NULL;
    if (bytes + HBY_CL_SLACK > l->st->dev.info.max_alloc_bytes) {
        fail(l,
             hby_say(HBY_UNSUPPORTED, &why, "a constant of %zu bytes, and the device allocates %llu at most", bytes,
                     (unsigned long long)l->st->dev.info.max_alloc_bytes),
             &why);
        return;
    }
    if (l->session && !l->status) {
        const enum hby_status st = hby_cl_memory_constant(l->session, data, bytes, &mem, &why);
        if (st)
            fail(l, st, &why);
    }
    bind_buffer(l, &mem);
}

void hby_cl_arg_const(struct hby_cl_launch *l, const void *data, size_t bytes)
{
    bind_constant(l, data, bytes);
}

void hby_cl_arg_tensor(struct hby_cl_launch *l, int tensor)
{
    if (tensor < 0) {
        bind_buffer(l, l->session ? &l->session->dummy : NULL);
        return;
    }
    const int root = hby_plan_root(l->plan, tensor);
    const struct hby_tensor *t = &l->plan->graph->tensor[root];
    if (t->data) {
        bind_constant(l, t->data, hby_plan_bytes(l->plan, root));
        return;
    }
    if (l->session && !l->session->tensor[root])
        refuse(l, "a tensor without memory");
    bind_buffer(l, l->session ? &l->session->tensor[root] : NULL);
}

void hby_cl_arg_bad_data(struct hby_cl_launch *l)
{
    struct hby_reason why;
    if (l->session && !l->status) {
        enum hby_status st = hby_cl_memory_bad_data(l->session, &why);
        if (st) {
            fail(l, st, &why);
            return;
        }
    }
    bind_buffer(l, l->session ? &l->session->bad_data : NULL);
}

void hby_cl_arg_scratch(struct hby_cl_launch *l, int slot, size_t bytes)
{
    struct hby_cl_session *s = l->session;
    struct hby_reason why;
    if (slot < 0 || slot >= HBY_CL_SCRATCH) {
        refuse(l, "too many scratch buffers");
    } else if (bytes + HBY_CL_SLACK > l->st->dev.info.max_alloc_bytes) {
        fail(l,
             hby_say(HBY_UNSUPPORTED, &why, "scratch of %zu bytes, and the device allocates %llu at most", bytes,
                     (unsigned long long)l->st->dev.info.max_alloc_bytes),
             &why);
    } else if (s && !l->status && l->open) {
        if (!hby_cl_grow((void **)&s->scratch_arg, s->n_scratch_args, &s->scratch_arg_room, sizeof *s->scratch_arg)) {
            fail(l, hby_say(HBY_NO_MEMORY, &why, "out of memory"), &why);
            return;
        }
        s->scratch_arg[s->n_scratch_args++] = (struct hby_cl_scratch_arg){.op = s->n_ops - 1, .slot = slot, .index = l->n_args};
        if (bytes > s->scratch_bytes[slot])
            s->scratch_bytes[slot] = bytes;
    }
    l->n_args++; /* bound by hby_cl_memory_scratch */
    l->arg_bytes += sizeof(cl_mem);
    note_value(l, &(struct hby_cl_value){.kind = HBY_CL_BUFFER}, NULL);
}

size_t hby_cl_max_group(const struct hby_cl_launch *l)
{
    return l->open && l->limits.max_group > 0 ? l->limits.max_group : 1;
}

void hby_cl_grid(struct hby_cl_launch *l, const size_t global[3], const size_t local[3])
{
    if (l->status || !l->open)
        return;
    const struct hby_cl_info *in = &l->st->dev.info;
    struct hby_cl_op op = {.dims = 1};
    size_t group = 1;
    for (int i = 0; i < 3; i++) {
        op.local[i] = local && local[i] ? local[i] : 1;
        op.global[i] = global[i];
        op.empty = op.empty || global[i] == 0;
        if (op.global[i] > 1)
            op.dims = (cl_uint)i + 1;
        if (op.global[i] % op.local[i] || op.local[i] > in->max_work_item[i] || group > in->max_work_group / op.local[i]) {
            struct hby_reason why;
            fail(l,
                 hby_say(HBY_UNSUPPORTED, &why, "%s: %zu work-items by %zu in dimension %d do not fit the device (%zu in all)", l->limits.name, op.global[i],
                         op.local[i], i, in->max_work_group),
                 &why);
            return;
        }
        group *= op.local[i];
    }
    if (group > hby_cl_max_group(l)) {
        struct hby_reason why;
        fail(l,
             hby_say(HBY_UNSUPPORTED, &why, "%s: a work-group of %zu, and the device runs this kernel with %zu at most", l->limits.name, group,
                     hby_cl_max_group(l)),
             &why);
        return;
    }
    l->has_grid = true;
    l->group = group;
    if (l->session) {
        struct hby_cl_op *to = &l->session->op[l->session->n_ops - 1];
        to->dims = op.dims;
        to->empty = op.empty;
        memcpy(to->global, op.global, sizeof op.global);
        memcpy(to->local, op.local, sizeof op.local);
    }
}

void hby_cl_arithmetic(struct hby_cl_launch *l, const char *text)
{
    snprintf(l->arithmetic, sizeof l->arithmetic, "%s", text);
}

void hby_cl_cost(struct hby_cl_launch *l, double macs, double bytes)
{
    l->macs += macs;
    l->bytes += bytes;
}

/* What a tensor is bound to: its part of the arena, or the constant. */
static cl_mem memory_of(struct hby_cl_launch *l, int tensor)
{
    const int root = hby_plan_root(l->plan, tensor);
    const struct hby_tensor *t = &l->plan->graph->tensor[root];
    struct hby_reason why;
    cl_mem mem = l->session->tensor[root];
    const enum hby_status st = t->data ? hby_cl_memory_constant(l->session, t->data, hby_plan_bytes(l->plan, root), &mem, &why) : HBY_OK;
    if (st)
        fail(l, st, &why);
    else if (!mem)
        refuse(l, "a tensor without memory");
    return mem;
}

void hby_cl_product(struct hby_cl_launch *l, const struct hby_cl_gemm *g, int a, int b, int out)
{
    close_launch(l);
    if (l->status)
        return;
    l->n_launches++;
    if (!l->session)
        return;
    struct hby_reason why;
    l->kernel = NULL;
    const enum hby_status st = add_op(l, NULL, "clblast", &why);
    if (st) {
        fail(l, st, &why);
        return;
    }
    struct hby_cl_gemm bound = *g;
    bound.a = memory_of(l, a);
    bound.b = memory_of(l, b);
    bound.c = memory_of(l, out);
    l->session->op[l->session->n_ops - 1].gemm = bound;
}

enum hby_status hby_cl_launch_run(struct hby_cl_launch *l, const struct hby_cl_kernel *row, const struct hby_cl_site *site, struct hby_reason *why)
{
    struct hby_cl_session *s = l->session;
    const int ops = s ? s->n_ops : 0, scratch_args = s ? s->n_scratch_args : 0;
    enum hby_status st = row->launch(site, l);
    close_launch(l);
    if (!st && !l->status && l->n_launches == 0)
        refuse(l, "no launch");
    if (l->status)
        st = hby_say(l->status, why, "%s: %s", row->name, l->why.text);
    if (st && s) { /* another row may be tried: nothing of this one stays but constants */
        while (s->n_ops > ops)
            if (s->op[--s->n_ops].kernel)
                l->st->cl->clReleaseKernel(s->op[s->n_ops].kernel);
        s->n_scratch_args = scratch_args;
    }
    return st;
}

enum hby_status hby_cl_launch_alone(struct hby_cl_session *s, struct hby_cl_op *op, struct hby_reason *why)
{
    struct hby_cl_program *p;
    struct hby_cl_entry limits;
    enum hby_status st = hby_cl_program_of_key(s->st, op->function->key, &p, why);
    if (!st)
        st = hby_cl_kernel_get(s->st, p, op->function->name, &limits, &op->kernel, why);
    if (!st && op->local[0] * op->local[1] * op->local[2] > limits.max_group)
        st = hby_say(HBY_UNSUPPORTED, why, "%s: a work-group of %zu, and the device runs this kernel with %zu at most", op->name,
                     op->local[0] * op->local[1] * op->local[2], limits.max_group);
    for (int i = 0; i < op->n_values && !st; i++) {
        const struct hby_cl_value *v = &s->value[op->first_value + i];
        const void *value = v->kind == HBY_CL_WORD ? &v->word : v->kind == HBY_CL_BYTES ? (const void *)(s->value_bytes + v->at) : &v->mem;
        const size_t bytes = v->kind == HBY_CL_WORD ? sizeof v->word : v->kind == HBY_CL_BYTES ? v->bytes : sizeof v->mem;
        st = hby_cl_fail(s->st->cl->clSetKernelArg(op->kernel, (cl_uint)i, bytes, value), "clSetKernelArg", why);
    }
    return st;
}
