/* The part of CRC-32C every machine can do; for the files crc_*.c only. */
#ifndef TQ_BASE_CRC_TABLE_H
#define TQ_BASE_CRC_TABLE_H

#include <stddef.h>
#include <stdint.h>

uint32_t	tq_crc_table(uint32_t crc, const void *, size_t n);
#endif
