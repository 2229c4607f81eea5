/*
 * Text from tasks made safe to show: a command line that can be pasted into
 * a shell, and escapes that keep a task from writing to a terminal.
 */
#ifndef TQ_MESSAGE_QUOTE_H
#define TQ_MESSAGE_QUOTE_H

#include <stddef.h>

#include <tq/task.h>

#include "base/buf.h"

/*
 * argc words with blanks between, each as a shell reads it back: bare,
 * 'quoted', or $'\ooo' (POSIX.1-2024 2.2.4) where it holds control characters
 * or bytes that are not UTF-8.  The text has no newline, TAB or anything a
 * terminal obeys, so it needs no tq_escape().
 */
void	tq_quote_argv(struct tq_buf *, int argc, const char *const *argv);
/*
 * The command line of a task: its argv; sh -c string; name and operands, with
 * kwargs as --kw name=value before them; nothing for a body.
 */
void	tq_quote_task(struct tq_buf *, const struct tq_task *);

/*
 * n bytes with \t, \n and \\ for TAB, newline and backslash, and \xNN for
 * each byte of other control characters, bidi controls and bad UTF-8.
 */
void	tq_escape(struct tq_buf *, const char *, size_t n);
/* Undo it in place; a backslash that tq_escape() does not write stays. */
void	tq_unescape(char *);
#endif
