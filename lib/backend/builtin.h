/* The backends that are always there; all others are modules. */
#ifndef TQ_BACKEND_BUILTIN_H
#define TQ_BACKEND_BUILTIN_H

#include <tq/backend.h>

extern const struct tq_module tq_null_module;
extern const struct tq_module tq_spool_module;
#endif
