/* RANGE: folded where its inputs are constants, refused otherwise. */
#include "tests/element_cases.h"

void hby_check_range(struct check *c, enum hby_scheme scheme)
{
    static const enum hby_type types[] = {HBY_F32, HBY_I32, HBY_I64};
    (void)scheme;
    for (int i = 0; i < check_cases(); i++) {
        const int n = check_int(c, 1, 40), start = check_int(c, -20, 20), step = check_chance(c, 50) ? check_int(c, 1, 7) : check_int(c, -7, -1);
        const enum hby_type type = types[i % 3];
        int in[3];
        for (int k = 0; k < 3; k++) {
            const int64_t wide = k == 0 ? start : k == 1 ? start + n * step : step;
            const int32_t narrow = (int32_t)wide;
            const float real = (float)wide * 0.5f;
            in[k] = check_const(c, type, 0, NULL, type == HBY_F32 ? (const void *)&real : type == HBY_I32 ? (const void *)&narrow : &wide);
        }
        const int numbers = check_output(c, type, 1, &n), x = check_input(c, type, 1, &n), sum = check_output(c, type, 1, &n);
        check_node(c, HBY_OP_range, 3, in, 1, &numbers);
        check_node(c, HBY_OP_add, 2, (int[]){x, numbers}, 1, &sum);
        check_run(c, 1);
    }
    const int n = 5, limit = check_input(c, HBY_I32, 0, NULL);
    const int32_t zero = 0, one = 1;
    const int in[3] = {check_const(c, HBY_I32, 0, NULL, &zero), limit, check_const(c, HBY_I32, 0, NULL, &one)}, out = check_output(c, HBY_I32, 1, &n);
    check_node(c, HBY_OP_range, 3, in, 1, &out);
    check_refused(c, "known before");
}
