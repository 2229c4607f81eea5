/* Reading UTF-8 (RFC 3629), strictly. */
#ifndef TQ_MESSAGE_UTF8_H
#define TQ_MESSAGE_UTF8_H

#include <stddef.h>
#include <stdint.h>

/*
 * Length of the character at p (n > 0 bytes left), its code point through
 * out; 0 when the bytes there are not UTF-8: overlong, surrogate, cut off.
 */
size_t	tq_utf8_get(uint32_t *out, const char *p, size_t n);
/* 1 if n bytes are UTF-8 throughout. */
int	tq_utf8_valid(const char *, size_t n);
/* 1 if a terminal obeys the character: C0, DEL, C1, bidi controls. */
int	tq_utf8_control(uint32_t c);
#endif
