/* The arithmetic that lowering (for its lookup tables) and the reference functions share. */
#ifndef HBY_HOST_REF_FIXEDPOINT_H
#define HBY_HOST_REF_FIXEDPOINT_H
#include "partition/fixedpoint.h"
#endif
