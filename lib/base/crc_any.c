/* CRC-32C on machines without an instruction for it that we know of. */
#include "crc.h"
#include "crc_table.h"

uint32_t
tq_crc32c(uint32_t crc, const void *p, size_t n)
{
	return tq_crc_table(crc, p, n);
}
