/* CRC-32C (Castagnoli, RFC 3720 appendix B.4). */
#ifndef TQ_BASE_CRC_H
#define TQ_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* Continue crc (0 at first) over n bytes. */
uint32_t	tq_crc32c(uint32_t crc, const void *, size_t n);
#endif
