/*
 * What unit and contract tests share, and the only include of cmocka.
 *
 * A test that waits does so on a condition with a deadline, T_UNTIL().  The
 * functions fail the running test when they fail, so they return nothing
 * about it.
 */
#ifndef TQ_TESTS_T_H
#define TQ_TESTS_T_H

#include <sys/types.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <tq/types.h>

#define T_PATH_MAX	4096
/* What takes longer never comes: machines may be slow, and busy besides. */
#define T_DEADLINE	(60 * TQ_SECOND)

/* Number of elements of an array. */
#define T_COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* A new empty directory of this test alone; ends with t_rmdir(). */
void	t_tmpdir(char dir[T_PATH_MAX]);
/* Remove a directory and all in it. */
void	t_rmdir(const char *dir);
/* Remove the table of a spool, if it has one: it would outlive the directory. */
void	t_lose_table(const char *spool);
/* cmocka's setup and teardown: *state is the path of a t_tmpdir(). */
int	t_setup_dir(void **state);
int	t_teardown_dir(void **state);

/* Write, and read whole with a NUL after it (free it), the file dir/name. */
void	t_write(const char *dir, const char *name, const void *, size_t);
char	*t_read(const char *dir, const char *name, size_t *n);

/* Let the process wait a millisecond; fails the test after the deadline. */
void	t_pause(tq_time *until, const char *what, const char *file, int line);

/* Wait until cond is true, T_DEADLINE at most. */
#define T_UNTIL(cond) do {						\
	tq_time t_until_ = 0;						\
									\
	while (!(cond))							\
		t_pause(&t_until_, #cond, __FILE__, __LINE__);		\
} while (0)

/* Wait until a thread, of whichever process, sleeps: it waits for something. */
void	t_until_asleep(pid_t);

/*
 * The kernel that fails: from now on the n-th call through struct tq_sys
 * (from 1) fails with errno err, or with err 0 kills this process, with
 * T_SYS_TORN in the middle of it if it is a write.  Once.
 */
#define T_SYS_TORN	(-1)
void	t_sys_arm(unsigned n, int err);
/* libc's kernel again.  Returns the number of calls since t_sys_arm(). */
unsigned t_sys_disarm(void);
#endif
