/* Where a handle leads: the environment, lists of URLs, the default spool. */
#ifndef TQ_CLIENT_ROUTE_H
#define TQ_CLIENT_ROUTE_H

#include <stddef.h>

#include <tq/backend.h>

#define TQ_ROUTE_URL_MAX	4096	/* bytes of one URL */

/*
 * A variable of the environment; NULL when it is empty or not set, and in a
 * set-user-ID program: what a stranger set must not choose the spool.
 */
const char *tq_route_env(const char *name);

/*
 * Take the next URL of a list separated by blanks into word, and move *list
 * behind it.  1, 0 at the end, -1 with EINVAL: it is too long.
 */
int	tq_route_next(char word[TQ_ROUTE_URL_MAX], const char **list,
	    struct tq_err *);

/* A path as every directory reads it; *out is freed by the caller.  0 or -1. */
int	tq_route_path(char **out, const char *path, struct tq_err *);
/*
 * A list with every path in it absolute, for processes in other directories;
 * freed by the caller.  NULL with EINVAL, ENOMEM, or of getcwd(3).
 */
char	*tq_route_whole(const char *list, struct tq_err *);
/*
 * One URL, whole, as a word of a list: blanks in the path of a spool are
 * written %20.  Elsewhere, and where another URL follows a blank, EINVAL: one
 * of two must not become the name of a directory.  Freed by the caller.
 */
char	*tq_route_word(const char *value, struct tq_err *);

/*
 * The URL in use with its password, for processes that are to reach the same
 * broker; nobody else is shown it.
 */
struct tq;
const char *tq_route_url(const struct tq *);

/*
 * The URL in parts as tq_url_parse() does; a spool without a path gets the
 * default directory: $TQ_DIR, /var/spool/tq for root, else
 * ${XDG_STATE_HOME:-$HOME/.local/state}/tq.  The path of a spool
 * is absolute: the handle may outlive the current directory.  Freed by
 * tq_route_free(), also after a failure.
 */
struct tq_route {
	struct tq_url	 url;		/* borrows from the two below */
	void		*mem;
	char		*dir;
};
int	tq_route_parse(struct tq_route *out, const char *url,
	    struct tq_err *);
void	tq_route_free(struct tq_route *);
#endif
