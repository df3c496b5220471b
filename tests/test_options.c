/* Options: defaults, every kind of value, both spellings of a key, the environment below the caller, TFLite's names, and messages that
 * name what was wrong, the rule and the valid values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "delegate/options.h"
#include "partition/plan.h"

static struct hby_option_error error;

/* NULL where the options were refused. */
static struct hby_options *parse(const char *environment, size_t n, const char *const *keys, const char *const *values)
{
    struct hby_options *opt = NULL;
    enum hby_status st = hby_options_create(keys, values, n, environment, &opt, &error);
    assert_int_equal(st, opt ? HBY_OK : HBY_UNSUPPORTED);
    assert_true(opt ? error.text[0] == '\0' : error.text[0] != '\0');
    return opt;
}

static struct hby_options *parse_one(const char *key, const char *value)
{
    return parse(NULL, 1, &key, &value);
}

static void refuse(const char *key, const char *value, const char *const *said, size_t n)
{
    assert_null(parse_one(key, value));
    for (size_t i = 0; i < n; i++)
        if (!strstr(error.text, said[i]))
            fail_msg("'%s' is not in the message: %s", said[i], error.text);
}

static void defaults(void **state)
{
    (void)state;
    struct hby_options *o = parse(NULL, 0, NULL, NULL);
    assert_non_null(o);
    assert_int_equal(o->device_id, -1);
    assert_int_equal(o->device_type, 0);
    assert_int_equal(o->precision, HBY_PRECISION_AUTO);
    assert_int_equal(o->rounding, HBY_ROUNDING_REF);
    assert_int_equal(o->host_ref, HBY_HOST_REF_AUTO);
    assert_int_equal(o->claim, 0);
    assert_int_equal(o->max_delegated_partitions, 0);
    assert_int_equal(o->min_nodes_per_partition, 1);
    assert_int_equal(o->last_delegate_node_index, INT32_MAX);
    assert_null(o->report_path);
    assert_null(o->allow_ops);
    for (int id = 0; id < HBY_OPTION_COUNT; id++) {
        assert_int_equal(o->source[id], HBY_FROM_DEFAULT);
        assert_null(hby_option_note(o, (enum hby_option_id)id));
    }
    hby_options_destroy(&o);
    assert_null(o);
    hby_options_destroy(&o);
}

/* Every default is written as its parser reads it, and comes back the same. */
static void text_round_trip(void **state)
{
    (void)state;
    struct hby_options *o = parse("", 0, NULL, NULL);
    for (int id = 0; id < HBY_OPTION_COUNT; id++) {
        char text[64];
        hby_option_text(o, (enum hby_option_id)id, text, sizeof text);
        assert_string_equal(text, hby_option_rows[id].default_value);
        assert_true(strlen(hby_option_rows[id].help) > 10);
    }
    hby_options_destroy(&o);
}

static void enumerations_match(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value;
        int want;
    } rows[] = {{"precision", "exact", HBY_PRECISION_EXACT},
                {"precision", "fast", HBY_PRECISION_FAST},
                {"rounding", "ruy", HBY_ROUNDING_RUY},
                {"rounding", "single", HBY_ROUNDING_SINGLE},
                {"host_ref", "off", HBY_HOST_REF_OFF},
                {"host_ref", "only", HBY_HOST_REF_ONLY},
                {"claim", "all", 1},
                {"gemm", "own", 1},
                {"gemm", "clblast", 2},
                {"device_type", "gpu", 1},
                {"device_type", "cpu", 3},
                {"profile", "on", 1},
                {"profile", "TRUE", 1},
                {"zero_copy", "1", 1},
                {"zero_copy", "no", 0},
                {"verbose", "3", 3},
                {"timeout_ms", "3600000", 3600000},
                {"device_id", "-1", -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hby_options *o = parse_one(rows[i].key, rows[i].value);
        assert_non_null(o);
        int found = 0;
        for (int id = 0; id < HBY_OPTION_COUNT; id++)
            if (strcmp(hby_option_rows[id].name, rows[i].key) == 0) {
                found++;
                assert_int_equal(*(const int *)(const void *)((const char *)o + hby_option_rows[id].offset), rows[i].want);
                assert_int_equal(o->source[id], HBY_FROM_CALLER);
            }
        assert_int_equal(found, 1);
        hby_options_destroy(&o);
    }
}

static void hyphen_equals_underscore(void **state)
{
    (void)state;
    struct hby_options *o = parse_one("min-nodes_per-partition", "7");
    assert_non_null(o);
    assert_int_equal(o->min_nodes_per_partition, 7);
    hby_options_destroy(&o);
    o = parse_one("wait_limit_ms", "7"); /* the first name of timeout_ms */
    assert_non_null(o);
    assert_int_equal(o->timeout_ms, 7);
    hby_options_destroy(&o);
}

static void wrong_values_are_named(void **state)
{
    (void)state;
    refuse("no_such_option", "1", (const char *[]){"no_such_option", "precision", "report_path", "claim"}, 4);
    refuse("precisio", "exact", (const char *[]){"precisio", "precision"}, 2);
    refuse("", "1", (const char *[]){"unknown option"}, 1);
    refuse("precision", "quick", (const char *[]){"precision", "quick", "auto|exact|fast"}, 3);
    refuse("precision", "", (const char *[]){"precision", "auto|exact|fast"}, 2);
    refuse("precision", "exac", (const char *[]){"exac"}, 1);
    refuse("verbose", "4", (const char *[]){"verbose", "4", "0..3"}, 3);
    refuse("verbose", "-1", (const char *[]){"0..3"}, 1);
    refuse("verbose", "1x", (const char *[]){"1x"}, 1);
    refuse("verbose", "", (const char *[]){"whole number"}, 1);
    refuse("device_id", "99999999999999999999", (const char *[]){"device_id", "-1..255"}, 2);
    refuse("max_delegated_partitions", "1.5", (const char *[]){"1.5"}, 1);
    refuse("profile", "maybe", (const char *[]){"profile", "maybe", "on, off"}, 3);
    refuse("allow_ops", "CONV_2D,CONVOLVE", (const char *[]){"allow_ops", "CONVOLVE", "CONV_2D"}, 3);
    refuse("deny_ops", "ADD,", (const char *[]){"deny_ops"}, 1);
}

static void null_pairs_are_refused(void **state)
{
    (void)state;
    assert_null(parse_one(NULL, "1"));
    assert_null(parse_one("verbose", NULL));
    assert_null(parse(NULL, 1, NULL, NULL));
}

static void contradiction_is_refused(void **state)
{
    (void)state;
    const char *keys[] = {"first_delegate_node_index", "last_delegate_node_index"}, *values[] = {"5", "4"};
    assert_null(parse(NULL, 2, keys, values));
    assert_non_null(strstr(error.text, "first_delegate_node_index"));
}

static void later_pairs_win(void **state)
{
    (void)state;
    const char *keys[] = {"verbose", "report_path", "report-path"}, *values[] = {"1", "a", "b"};
    struct hby_options *o = parse(NULL, 3, keys, values);
    assert_string_equal(o->report_path, "b");
    hby_options_destroy(&o);
}

static void operator_lists(void **state)
{
    (void)state;
    struct hby_options *o = parse_one("deny_ops", "conv-2d,Add,CUSTOM");
    assert_non_null(o);
    assert_true(hby_list_has(o->deny_ops, "CONV_2D"));
    assert_true(hby_list_has(o->deny_ops, "ADD"));
    assert_false(hby_list_has(o->deny_ops, "ADD_N"));
    assert_false(hby_list_has(o->deny_ops, "CONV_3D"));
    assert_false(hby_list_has(NULL, "ADD"));
    hby_options_destroy(&o);
}

static void environment_is_below_the_caller(void **state)
{
    (void)state;
    const char *key = "verbose", *value = "2";
    struct hby_options *o = parse("verbose:1;claim:all;;report-path:/tmp/a:b;", 1, &key, &value);
    assert_non_null(o);
    assert_int_equal(o->verbose, 2);
    assert_int_equal(o->claim, 1);
    assert_string_equal(o->report_path, "/tmp/a:b");
    assert_int_equal(o->source[HBY_OPTION_claim], HBY_FROM_ENVIRONMENT);
    assert_int_equal(o->source[HBY_OPTION_verbose], HBY_FROM_CALLER);
    hby_options_destroy(&o);
}

static void environment_errors(void **state)
{
    (void)state;
    static const struct {
        const char *text, *said;
    } rows[] = {{"verbose", "no colon"}, {"verbose:9", "0..3"}, {"wrong:1", "unknown option 'wrong'"}, {"claim:all;x", "'x'"}, {":1", "unknown option ''"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_null(parse(rows[i].text, 0, NULL, NULL));
        assert_non_null(strstr(error.text, "HALFBYTE_OPTIONS"));
        assert_non_null(strstr(error.text, rows[i].said));
    }
}

static void tflite_names(void **state)
{
    (void)state;
    static const struct {
        const char *environment;
        const char *key, *value;
        int precision;
    } rows[] = {
        {NULL, "is_precision_loss_allowed", "1", HBY_PRECISION_FAST},
        {NULL, "is_precision_loss_allowed", "0", HBY_PRECISION_EXACT},
        {NULL, "is_precision_loss_allowed", "-1", HBY_PRECISION_AUTO},
        {NULL, "inference_priority1", "1", HBY_PRECISION_EXACT},
        {NULL, "inference-priority1", "2", HBY_PRECISION_FAST},
        {NULL, "inference_priority1", "0", HBY_PRECISION_AUTO},
        {NULL, "inference_preference", "1", HBY_PRECISION_AUTO},
        {NULL, "experimental_flags", "1", HBY_PRECISION_AUTO},
        {"precision:exact", "is_precision_loss_allowed", "1", HBY_PRECISION_FAST},
        {"is_precision_loss_allowed:1", "precision", "exact", HBY_PRECISION_EXACT},
        {"is_precision_loss_allowed:1", "inference_priority1", "1", HBY_PRECISION_EXACT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct hby_options *o = parse(rows[i].environment, 1, &rows[i].key, &rows[i].value);
        assert_non_null(o);
        assert_int_equal(o->precision, rows[i].precision);
        hby_options_destroy(&o);
    }
    const char *keys[] = {"precision", "is_precision_loss_allowed", "experimental_flags"}, *values[] = {"exact", "1", "3"};
    struct hby_options *o = parse(NULL, 3, keys, values);
    assert_int_equal(o->precision, HBY_PRECISION_EXACT);
    assert_non_null(hby_option_note(o, HBY_OPTION_is_precision_loss_allowed));
    assert_non_null(hby_option_note(o, HBY_OPTION_experimental_flags));
    assert_null(hby_option_note(o, HBY_OPTION_precision));
    hby_options_destroy(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(text_round_trip),
        cmocka_unit_test(enumerations_match),
        cmocka_unit_test(hyphen_equals_underscore),
        cmocka_unit_test(wrong_values_are_named),
        cmocka_unit_test(null_pairs_are_refused),
        cmocka_unit_test(contradiction_is_refused),
        cmocka_unit_test(later_pairs_win),
        cmocka_unit_test(operator_lists),
        cmocka_unit_test(environment_is_below_the_caller),
        cmocka_unit_test(environment_errors),
        cmocka_unit_test(tflite_names),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
