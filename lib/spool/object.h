/*
 * The shared-memory object of a table, and SPOOL/lock, which names it: its
 * name, the device and inode it has, the boot it was made in, and the inode and
 * device of the file itself, which a copy of the spool, or of its disk, does not
 * have.
 *
 * It takes no lock and does not look into the table: share.c does both.
 */
#ifndef TQ_SPOOL_OBJECT_H
#define TQ_SPOOL_OBJECT_H

#include "spool/core.h"

#define TQ_OBJECT_NAME	64

struct tq_object {
	char		 name[TQ_OBJECT_NAME];
	uint64_t	 dev, ino;
	char		 boot[33];
	int		 elsewhere;	/* of the lock on another device, of which
					 * this is a copy, or mounted anew */
};

/* The boot id of this machine; zeros when it cannot be told. */
void	tq_object_boot(unsigned char out[16]);
/* What SPOOL/lock names: 1, 0 it says nothing sensible. */
int	tq_object_read(struct tq_object *out, int lockfd);
/* 1 if it has ever named one, of whichever spool and boot. */
int	tq_object_was(int lockfd);
int	tq_object_write(const struct tq_object *o, int lockfd);
/* 1 if that file names the object of this name and status. */
int	tq_object_named(int lockfd, const char *name, const struct stat *st);
/*
 * The named object, opened and found to be ours and the one meant; or -1.
 * *other: a build with another layout made it.
 */
int	tq_object_open(const struct tq_spool *sp, const struct tq_object *o,
	    int *other);
/* A new one, empty; its descriptor, or -1. */
int	tq_object_make(const struct tq_spool *sp, int lockfd,
	    struct tq_object *o, struct tq_err *e);
/*
 * The name of an object that is being made stands in SPOOL/lock behind the name
 * of the one in use, so that a death on the way to a table leaves no object for
 * ever: who makes the next removes it.  "": there is none.  Byte 1 is held.
 */
int	tq_object_pending(int lockfd, const char *name);

#endif
