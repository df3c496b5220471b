/* float16 <-> float32, which partition/ needs too. */
#ifndef HBY_HOST_REF_HALF_H
#define HBY_HOST_REF_HALF_H
#include "partition/half.h"
#endif
