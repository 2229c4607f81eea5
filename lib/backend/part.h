/*
 * Parts: shared objects beside a module's own that carry the libraries few
 * need.  Each is loaded with the first use of it and not before, since a
 * library costs every start, and stays loaded.
 */
#ifndef TQ_BACKEND_PART_H
#define TQ_BACKEND_PART_H

/*
 * The function that a part of tq shows, "unpack" and tq_unpack_module: its
 * address goes into *out, a pointer to a pointer to such a function.  0; -1: it
 * is not installed, or none of tq's.
 */
int	tq_part(void *out, const char *name, const char *function);
#endif
