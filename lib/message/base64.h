/* Base 64 (RFC 4648 section 4), with padding and without line breaks. */
#ifndef TQ_MESSAGE_BASE64_H
#define TQ_MESSAGE_BASE64_H

#include <stddef.h>

#include "base/buf.h"

void	tq_base64_put(struct tq_buf *, const void *, size_t n);
/*
 * Decode n characters into out, which has room for n / 4 * 3 bytes; *len
 * gets how many there are.  1, or 0 when they are not base 64.
 */
int	tq_base64_get(void *out, size_t *len, const char *, size_t n);
#endif
