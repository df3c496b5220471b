/* SVDF: ranks, memories of one value and more, with and without a bias. */
#include "tests/recurrent_cases.h"

static void one(struct check *c, enum hby_scheme scheme)
{
    const bool i8 = scheme == HBY_SCHEME_i8;
    const int batch = check_int(c, 1, 3), n_in = check_int(c, 1, 60), rank = check_int(c, 1, 4), units = check_int(c, 1, 40), filters = rank * units;
    const int memory = check_chance(c, 20) ? 1 : check_int(c, 2, 40);
    const int x_dim[] = {batch, n_in}, y_dim[] = {batch, units}, state_dim[] = {batch, filters * memory};
    const int x = check_input(c, check_type(scheme), 2, x_dim), state = check_input(c, i8 ? HBY_I16 : HBY_F32, 2, state_dim);
    const int feature = recurrent_weights(c, scheme, 2, (int[]){filters, n_in}, n_in);
    const int time = i8 ? check_const(c, HBY_I16, 2, (int[]){filters, memory}, NULL) : recurrent_weights(c, scheme, 2, (int[]){filters, memory}, memory);
    const int bias = check_chance(c, 70) ? check_const(c, i8 ? HBY_I32 : HBY_F32, 1, &units, NULL) : -1;
    const int y = check_output(c, check_type(scheme), 2, y_dim), next = check_output(c, i8 ? HBY_I16 : HBY_F32, 2, state_dim);
    struct hby_node *node = check_node(c, HBY_OP_svdf, 5, (int[]){x, feature, time, bias, state}, 2, (int[]){y, next});
    node->asymmetric_quantize_inputs = check_chance(c, 50);
    node->params.recurrent.rank = rank;
    node->params.recurrent.act = i8 || check_chance(c, 50) ? HBY_ACT_RELU : (enum hby_act)check_int(c, HBY_ACT_NONE, HBY_ACT_TANH);
    if (!i8 && check_tensor(c, feature)->type != check_tensor(c, time)->type)
        check_may_stay(c);
    check_run(c, n_in + memory);
}

void hby_check_svdf(struct check *c, enum hby_scheme scheme)
{
    for (int i = 0; i < 2 * check_cases(); i++)
        one(c, scheme);
    if (scheme != HBY_SCHEME_i8)
        return;
    const int x = check_input(c, HBY_I8, 2, (int[]){1, 3}), feature = check_const(c, HBY_I8, 2, (int[]){4, 3}, NULL),
              time = check_const(c, HBY_I16, 2, (int[]){4, 2}, NULL);
    const int state = check_input(c, HBY_I16, 2, (int[]){1, 8}), y = check_output(c, HBY_I8, 2, (int[]){1, 4}),
              next = check_output(c, HBY_I16, 2, (int[]){1, 8});
    struct hby_node *node = check_node(c, HBY_OP_svdf, 5, (int[]){x, feature, time, -1, state}, 2, (int[]){y, next});
    node->params.recurrent.rank = 1;
    node->params.recurrent.act = HBY_ACT_TANH;
    check_refused(c, "RELU only");
}
