/* The part of TensorFlow Lite's C delegate interface that Halfbyte uses, declared by us: no TFLite header is needed to build. LP64 only.
 * One binary serves TF 2.7 up to LiteRT 2.3, because fields were only ever appended; "since" notes name the first release of a field, and a
 * field newer than 2.7 is read only where the operator's version implies it. The offsets below are asserted. */
#ifndef HBY_DELEGATE_TFLITE_ABI_H
#define HBY_DELEGATE_TFLITE_ABI_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static_assert(sizeof(void *) == 8 && sizeof(long) == 8 && sizeof(int) == 4, "only LP64 targets are supported: TfLiteRegistration is passed by value");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a model's constants are little-endian, and are read as they lie");

enum hby_tfl_status { HBY_TFL_OK = 0, HBY_TFL_ERROR = 1, HBY_TFL_DELEGATE_ERROR = 2 };

/* Values of tensor.type. */
enum hby_tfl_type {
    HBY_TFL_NO_TYPE = 0,
    HBY_TFL_FLOAT32 = 1,
    HBY_TFL_INT32 = 2,
    HBY_TFL_UINT8 = 3,
    HBY_TFL_INT64 = 4,
    HBY_TFL_BOOL = 6,
    HBY_TFL_INT16 = 7,
    HBY_TFL_INT8 = 9,
    HBY_TFL_FLOAT16 = 10,
    HBY_TFL_INT4 = 18, /* since 2.11 */
};

/* Values of tensor.allocation_type. */
enum hby_tfl_memory {
    HBY_TFL_MEM_NONE = 0,
    HBY_TFL_MEM_MMAP_RO = 1, /* a constant of the model */
    HBY_TFL_MEM_ARENA_RW = 2,
    HBY_TFL_MEM_ARENA_RW_PERSISTENT = 3,
    HBY_TFL_MEM_DYNAMIC = 4,
    HBY_TFL_MEM_PERSISTENT_RO = 5, /* computed when its node was prepared */
    HBY_TFL_MEM_CUSTOM = 6,
};

/* Values of quantization.type. */
enum hby_tfl_quantization_kind {
    HBY_TFL_QUANT_NONE = 0,
    HBY_TFL_QUANT_AFFINE = 1,
    HBY_TFL_QUANT_BLOCKWISE = 2,  /* since LiteRT 1.2 */
    HBY_TFL_QUANT_MULTI_AXIS = 3, /* since LiteRT 2.2 */
};

enum { HBY_TFL_OP_CUSTOM = 32, HBY_TFL_OP_DELEGATE = 51 };

/* Indices of GetExternalContext. */
enum { HBY_TFL_CPU_BACKEND_CONTEXT = 3 };

struct TfLiteDelegate;
struct hby_tfl_context;

struct hby_tfl_ints {
    int size;
    int data[];
};

struct hby_tfl_floats {
    int size;
    float data[];
};

struct hby_tfl_affine {
    struct hby_tfl_floats *scale;
    struct hby_tfl_ints *zero_point; /* may hold one value where scale holds several */
    int32_t quantized_dimension;
};

struct hby_tfl_blockwise {
    int32_t scale, zero_point; /* tensors */
    int32_t block_size, quantized_dimension;
};

struct hby_tfl_sparse_dim {
    int32_t format; /* 0 dense, 1 compressed rows */
    int dense_size;
    struct hby_tfl_ints *segments, *indices;
};

struct hby_tfl_sparsity {
    struct hby_tfl_ints *traversal_order, *block_map;
    struct hby_tfl_sparse_dim *dim;
    int dim_size;
};

/* The runtime's tensors are an array of these: the size is part of the interface. */
struct hby_tfl_tensor {
    int32_t type;
    void *data;
    struct hby_tfl_ints *dims;
    struct {
        float scale;
        int32_t zero_point;
    } params;
    int32_t allocation_type;
    size_t bytes;
    const void *allocation;
    const char *name;
    struct TfLiteDelegate *delegate;
    int buffer_handle;
    bool data_is_stale, is_variable;
    struct {
        int32_t type; /* look at it before following params */
        void *params;
    } quantization;
    struct hby_tfl_sparsity *sparsity;
    const struct hby_tfl_ints *dims_signature;
};

struct hby_tfl_node {
    struct hby_tfl_ints *inputs, *outputs, *intermediates, *temporaries;
    void *user_data, *builtin_data;
    const void *custom_initial_data;
    int custom_initial_data_size;
    struct TfLiteDelegate *delegate; /* not NULL: a kernel of an earlier delegate */
};

/* What a delegate kernel's init gets as its buffer. */
struct hby_tfl_delegate_params {
    struct TfLiteDelegate *delegate;
    struct hby_tfl_ints *nodes_to_replace, *input_tensors, *output_tensors;
};

struct hby_tfl_registration {
    void *(*init)(struct hby_tfl_context *, const char *buffer, size_t length);
    void (*free)(struct hby_tfl_context *, void *user_data);
    int (*prepare)(struct hby_tfl_context *, struct hby_tfl_node *);
    int (*invoke)(struct hby_tfl_context *, struct hby_tfl_node *);
    const char *(*profiling_string)(const struct hby_tfl_context *, const struct hby_tfl_node *);
    int32_t builtin_code;
    const char *custom_name;
    int version; /* the end until 2.9 */
    void *registration_external;
    void *async_kernel;
    uint64_t inplace_operator;
    uint64_t zero_tail[8]; /* ours: passed by value in memory, so a callee that knows more fields reads zeros */
};

struct hby_tfl_context {
    size_t tensors_size;
    int (*GetExecutionPlan)(struct hby_tfl_context *, struct hby_tfl_ints **); /* copy it before any other call */
    struct hby_tfl_tensor *tensors;
    void *impl_;
    int (*ResizeTensor)(struct hby_tfl_context *, struct hby_tfl_tensor *, struct hby_tfl_ints *); /* takes the array, which comes from malloc */
    void (*ReportError)(struct hby_tfl_context *, const char *, ...);
    int (*AddTensors)(struct hby_tfl_context *, int, int *);
    int (*GetNodeAndRegistration)(struct hby_tfl_context *, int, struct hby_tfl_node **, struct hby_tfl_registration **);
    int (*ReplaceNodeSubsetsWithDelegateKernels)(struct hby_tfl_context *, struct hby_tfl_registration, const struct hby_tfl_ints *, struct TfLiteDelegate *);
    int recommended_num_threads;
    void *(*GetExternalContext)(struct hby_tfl_context *, int);
    void (*SetExternalContext)(struct hby_tfl_context *, int, void *);
    bool allow_fp32_relax_to_fp16;
    void *profiler;
    void *unset[4]; /* NULL in every full runtime */
    int (*ResizeTensorExplicit)(struct hby_tfl_context *, struct hby_tfl_tensor *, int, const int *);
    int (*PreviewDelegatePartitioning)(struct hby_tfl_context *, const struct hby_tfl_ints *, struct hby_tfl_delegate_params **, int *);
    /* GetTensor, GetEvalTensor: NULL; everything after may be garbage in old runtimes */
};

/* Flags of a delegate. */
enum { HBY_TFL_FLAG_NONE = 0, HBY_TFL_FLAG_ALLOW_DYNAMIC = 1 };

struct TfLiteDelegate {
    void *data_;
    int (*Prepare)(struct hby_tfl_context *, struct TfLiteDelegate *);
    int (*CopyFromBufferHandle)(struct hby_tfl_context *, struct TfLiteDelegate *, int, struct hby_tfl_tensor *);
    int (*CopyToBufferHandle)(struct hby_tfl_context *, struct TfLiteDelegate *, int, struct hby_tfl_tensor *);
    void (*FreeBufferHandle)(struct hby_tfl_context *, struct TfLiteDelegate *, int *);
    int64_t flags;
    void *opaque_delegate_builder; /* since 2.10; NULL: the fields above are used */
    uint64_t zero_tail[8];         /* ours */
};

#define HBY_TFL_AT(type, field, offset) static_assert(offsetof(struct type, field) == (offset), #type "." #field)
HBY_TFL_AT(hby_tfl_tensor, data, 8);
HBY_TFL_AT(hby_tfl_tensor, dims, 16);
HBY_TFL_AT(hby_tfl_tensor, params, 24);
HBY_TFL_AT(hby_tfl_tensor, allocation_type, 32);
HBY_TFL_AT(hby_tfl_tensor, bytes, 40);
HBY_TFL_AT(hby_tfl_tensor, name, 56);
HBY_TFL_AT(hby_tfl_tensor, delegate, 64);
HBY_TFL_AT(hby_tfl_tensor, buffer_handle, 72);
HBY_TFL_AT(hby_tfl_tensor, data_is_stale, 76);
HBY_TFL_AT(hby_tfl_tensor, is_variable, 77);
HBY_TFL_AT(hby_tfl_tensor, quantization, 80);
HBY_TFL_AT(hby_tfl_tensor, sparsity, 96);
HBY_TFL_AT(hby_tfl_tensor, dims_signature, 104);
static_assert(sizeof(struct hby_tfl_tensor) == 112, "the runtime's tensors are an array");
HBY_TFL_AT(hby_tfl_affine, quantized_dimension, 16);
static_assert(sizeof(struct hby_tfl_sparse_dim) == 24, "the runtime's dimensions of a sparse tensor are an array");
HBY_TFL_AT(hby_tfl_sparsity, dim_size, 24);
HBY_TFL_AT(hby_tfl_node, user_data, 32);
HBY_TFL_AT(hby_tfl_node, builtin_data, 40);
HBY_TFL_AT(hby_tfl_node, delegate, 64);
HBY_TFL_AT(hby_tfl_delegate_params, output_tensors, 24);
static_assert(sizeof(struct hby_tfl_delegate_params) == 32, "a preview is an array");
HBY_TFL_AT(hby_tfl_registration, builtin_code, 40);
HBY_TFL_AT(hby_tfl_registration, custom_name, 48);
HBY_TFL_AT(hby_tfl_registration, version, 56);
HBY_TFL_AT(hby_tfl_registration, registration_external, 64);
HBY_TFL_AT(hby_tfl_registration, inplace_operator, 80);
HBY_TFL_AT(hby_tfl_context, tensors, 16);
HBY_TFL_AT(hby_tfl_context, ResizeTensor, 32);
HBY_TFL_AT(hby_tfl_context, GetNodeAndRegistration, 56);
HBY_TFL_AT(hby_tfl_context, ReplaceNodeSubsetsWithDelegateKernels, 64);
HBY_TFL_AT(hby_tfl_context, GetExternalContext, 80);
HBY_TFL_AT(hby_tfl_context, profiler, 104);
HBY_TFL_AT(hby_tfl_context, ResizeTensorExplicit, 144);
HBY_TFL_AT(hby_tfl_context, PreviewDelegatePartitioning, 152);
HBY_TFL_AT(TfLiteDelegate, flags, 40);
HBY_TFL_AT(TfLiteDelegate, opaque_delegate_builder, 48);

#endif
