/*
 * Bodies and outputs too long for a record, as files of the spool; see file.c.
 */
#ifndef TQ_SPOOL_FILE_H
#define TQ_SPOOL_FILE_H

#include "spool/handle.h"

#define TQ_FILE_NAME	64

enum tq_file { TQ_FILE_BODY, TQ_FILE_OUT, TQ_FILE_ERR };

/* Descriptor of files/, opened when first needed; -1. */
int	tq_file_dir(struct tq_spool *sp);
/* "<id in hex>.b<number>", "<id in hex>.<number>.1", ….2 */
void	tq_file_name(char out[TQ_FILE_NAME], const struct tq_uuid *id,
	    enum tq_file kind, unsigned files);
/*
 * Put what fd holds into a spool file of that name, linking it if it can be,
 * copying otherwise; synced by the policy.  *taken: fd itself was linked.
 */
int	tq_file_store(struct tq_spool *sp, const char *name, int fd,
	    uint64_t *size, int *taken, struct tq_err *e);
/* n bytes as an unlinked file to read from; -1. */
int	tq_file_memory(const void *p, size_t n);
/* Note the files of a slot as litter, to be unlinked after the lock. */
void	tq_file_litter(struct tq_spool *sp, const struct tq_slot *s);
void	tq_file_sweep(struct tq_spool *sp);

#endif
