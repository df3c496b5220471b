/* Drivers that bring their own LLVM, in a process that exports another one (TensorFlow does): the driver's calls would be bound to the wrong
 * library, and the process would crash while the driver is loaded. */
#ifndef HBY_KERNELS_CL_CL_ISOLATE_H
#define HBY_KERNELS_CL_CL_ISOLATE_H

/* To be called before the OpenCL loader is asked for platforms. Does nothing in a process without foreign LLVM symbols. */
void hby_cl_isolate_drivers(void);

#endif
