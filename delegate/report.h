/* The report: which node runs where, in which arithmetic, and why not on the device. JSON; README.md, "The report", describes its fields. */
#ifndef HBY_DELEGATE_REPORT_H
#define HBY_DELEGATE_REPORT_H

#include "delegate/import.h"
#include "delegate/options.h"
#include "kernels_cl/device.h"

/* What one delegate has reported so far: its interpreters, each with its subgraphs. */
struct hby_report;

/* What is true of the whole delegate at the time of writing. */
struct hby_report_context {
    const struct hby_options *opt;
    const struct hby_cl_info *device; /* NULL: none */
    const char *no_device;            /* why there is none */
};

enum hby_status hby_report_create(struct hby_report **out);
void hby_report_destroy(struct hby_report **rep);

/* Takes note of a prepared subgraph and writes the file of its interpreter. Subgraphs with the same `interpreter` (any address that they share)
 * belong together; a subgraph that was seen before is replaced. The first interpreter of the process that reports to a path gets that path, the next
 * one the path with ".2" appended, and so on. */
enum hby_status hby_report_write(struct hby_report *rep, const struct hby_report_context *rc, const void *interpreter, const void *subgraph,
                                 struct hby_import *im, int partitions, struct hby_reason *why);

/* "integer_only", "float16", "dynamic_range" ...: see hby_spec_mode. */
const char *hby_model_mode(const struct hby_import *im);

#endif
