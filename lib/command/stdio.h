/*
 * What a command inherits and must see to first.
 */
#ifndef TQ_COMMAND_STDIO_H
#define TQ_COMMAND_STDIO_H

/*
 * Occupy those of descriptors 0 to 2 that the caller closed, before anything
 * else is opened: a file of the spool that became descriptor 2 would get our
 * error messages.  They fail as closed ones do.  Exits 71 if it cannot.
 * Ignores SIGXFSZ.
 */
void	tq_stdio_hold(void);
#endif
