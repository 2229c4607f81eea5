/* Text files that people write, read whole. */
#ifndef TQ_BASE_TEXT_H
#define TQ_BASE_TEXT_H

#include <stddef.h>

#include <tq/types.h>

/*
 * All of the file of this name, "-" is stdin: *n bytes and a NUL behind them,
 * the caller's to free.  NULL: EMSGSIZE there are more than max, or as open(2)
 * and read(2); the name is said.
 */
char	*tq_text_read(size_t *n, const char *name, size_t max, struct tq_err *);
#endif
