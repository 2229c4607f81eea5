/*
 * Being born in another cgroup is a flag of clone3(2), for which there is no
 * function in libc (glibc 2.36).  To move there after birth costs every task
 * 40 us on Linux 6.18 and a grace period of RCU, some milliseconds, on 6.1;
 * to be born there costs nothing.
 */
#define _GNU_SOURCE		/* clone(2), syscall numbers */
#include <sys/syscall.h>

#include <linux/sched.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>

#include "clone.h"

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP	UINT64_C(0x200000000)
#endif

/* struct clone_args of Linux 5.7; older headers end before cgroup. */
struct args {
	uint64_t	 flags, pidfd, child_tid, parent_tid, exit_signal;
	uint64_t	 stack, stack_size, tls, set_tid, set_tid_size;
	uint64_t	 cgroup;
};

/*
 * The child comes back from the system call on an empty stack, so what it does
 * then must be said in one piece with the call: fn(arg) from registers that
 * the kernel keeps, and a frame pointer of 0, where debuggers end.
 */
static long
clone3(const struct args *args, int (*fn)(void *), void *arg)
{
	register int (*r8)(void *) __asm__("r8") = fn;
	register void *r9 __asm__("r9") = arg;
	long rv;

	__asm__ volatile(
	    "syscall\n\t"
	    "testq %%rax, %%rax\n\t"
	    "jnz 1f\n\t"
	    "xorl %%ebp, %%ebp\n\t"
	    "movq %%r9, %%rdi\n\t"
	    "callq *%%r8\n\t"
	    "hlt\n"
	    "1:"
	    : "=a" (rv)
	    : "0" ((long)SYS_clone3), "D" (args), "S" (sizeof(*args)),
	      "r" (r8), "r" (r9)
	    : "rcx", "r11", "memory", "cc");
	return rv;
}

pid_t
tq_clone(int (*fn)(void *), void *arg, void *stack, size_t size, int cgroup)
{
	struct args args = {
		.flags = CLONE_VM | CLONE_VFORK | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
		.stack = (uintptr_t)stack,
		.stack_size = size,
		.cgroup = (uint64_t)cgroup,
	};
	long rv;

	if (cgroup == -1)
		return clone(fn, (char *)stack + size,
		    CLONE_VM | CLONE_VFORK | SIGCHLD, arg);
	if ((rv = clone3(&args, fn, arg)) >= 0)
		return (pid_t)rv;
	/* E2BIG and EINVAL: of before 5.7, where there is no cgroup here */
	errno = rv == -E2BIG || rv == -EINVAL ? ENOSYS : (int)-rv;
	return -1;
}
