/* The light loop nests that most models need, as one program: a build costs a driver about a tenth of a second however small the file is, and a model needs
 * several of them.
 * A kernel that is not used costs next to nothing where kernels are finished at their first launch, and a few milliseconds elsewhere. */
#include "binary.cl"
#include "mean.cl"
#include "move.cl"
#include "pad.cl"
#include "softmax.cl"
#include "table.cl"
