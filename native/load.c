// SPDX-License-Identifier: Apache-2.0
// Runs a server and a client, each in a network namespace of its own, and reads the instruction counter around
// both. A process between Node and the two, so that nothing of Node's runs meanwhile. Freestanding: no libc.
// Build: gcc -O2 -static -nostdlib -ffreestanding load.c
//
// argv: 'in-vm' or 'on-host', the server's, '--', the client's; each begins with the path. The environment is handed on. On a
// host no timer is touched, and all of it ends with who has started it.
// fd 1: what the client says. fd 2: what went wrong, in words. fd 3 and 4: the client's and the server's namespace.
// fd 5: a struct result.
#include "align.h"
#include "syscall.h"

typedef unsigned int u32;
typedef unsigned long long u64;

#define SYS_WRITE 1
#define SYS_OPEN 2
#define SYS_DUP2 33
#define SYS_FORK 57
#define SYS_EXECVE 59
#define SYS_EXIT 60
#define SYS_WAIT4 61
#define SYS_KILL 62
#define SYS_GETPPID 110
#define SYS_SCHED_SETSCHEDULER 144
#define SYS_PRCTL 157
#define SYS_SETNS 308

#define O_WRONLY 1
#define SIGKILL 9
#define PR_SET_PDEATHSIG 1
#define CLONE_NEWNET 0x40000000
#define LISTEN_MS 200 /* of virtual time, for the server to listen; idle time costs nothing */

enum { CLIENT_NAMESPACE = 3, SERVER_NAMESPACE = 4, RESULT_FD = 5 };

/* 16 bytes, read by src/guest/load.ts. */
struct result {
	u64 insns; /* ticks of the instruction counter from before the client begins until both have ended */
	u32 client_status, server_status; /* as wait4 gives them */
};

/* Marks for who watches the machine from outside (native/netcpu.c): what lies between the two is counted. */
#define MARK(number) __asm__ volatile("nopl " number "(%%rax)" ::: "memory")
#define BEGIN_MARK "0x626c6774"
#define END_MARK "0x656c6774"

static unsigned long length(const char *text)
{
	unsigned long size = 0;

	while (text[size])
		size++;
	return size;
}

__attribute__((noreturn)) static void fail(const char *what)
{
	call4(SYS_WRITE, 2, (long)what, length(what), 0);
	call4(SYS_EXIT, 1, 0, 0, 0);
	__builtin_unreachable();
}

static long must(long result, const char *what)
{
	if (result < 0)
		fail(what);
	return result;
}

static int is_on_host;

static void end_with_parent(void)
{
	if (!is_on_host)
		return;
	must(call4(SYS_PRCTL, PR_SET_PDEATHSIG, SIGKILL, 0, 0), "prctl");
	if (call4(SYS_GETPPID, 0, 0, 0, 0) == 1)
		call4(SYS_EXIT, 1, 0, 0, 0); /* it has ended already */
}

static long start(int namespace_fd, int is_quiet, char **argv, char **env)
{
	long pid = must(call4(SYS_FORK, 0, 0, 0, 0), "fork");

	if (pid)
		return pid;
	end_with_parent();
	must(call4(SYS_SETNS, namespace_fd, CLONE_NEWNET, 0, 0), "setns");
	if (is_quiet)
		must(call4(SYS_DUP2, must(call4(SYS_OPEN, (long)"/dev/null", O_WRONLY, 0, 0), "open /dev/null"), 1, 0, 0), "dup2");
	call4(SYS_EXECVE, (long)argv[0], (long)argv, (long)env, 0);
	fail("execve");
}

static u32 wait_for(long pid)
{
	u32 status = 0;

	must(call4(SYS_WAIT4, pid, (long)&status, 0, 0), "wait4");
	return status;
}

__attribute__((used)) static void begin(long *stack)
{
	char **argv = (char **)stack + 1, **env = argv + stack[0] + 1, **client = argv + 2;
	long delay[2] = { 0, LISTEN_MS * 1000000L }, server;
	u32 ordinary = 0;
	struct result result;
	u64 before;

	if (stack[0] < 3)
		fail("neither in-vm nor on-host");
	is_on_host = argv[1][0] == 'o';
	end_with_parent();
	while (*client && (length(*client) != 2 || client[0][0] != '-' || client[0][1] != '-'))
		client++;
	if (!*client)
		fail("no client");
	*client++ = 0;
	/* Not the priority of pid 1: kernel threads have their turn, as everywhere. */
	must(call4(SYS_SCHED_SETSCHEDULER, 0, 0, (long)&ordinary, 0), "sched_setscheduler");
	/* Twice: what the server has run before the client begins is in what it asks the kernel for (getrusage). */
	if (!is_on_host)
		align_clock();
	server = start(SERVER_NAMESPACE, 1, argv + 2, env);
	call4(SYS_NANOSLEEP, (long)delay, 0, 0, 0);
	if (!is_on_host)
		align_clock();
	MARK(BEGIN_MARK);
	before = tsc();
	result.client_status = wait_for(start(CLIENT_NAMESPACE, 0, client, env));
	/* It ends with its client, unless that has failed; which of the two ends first is in no figure. */
	if (result.client_status)
		call4(SYS_KILL, server, SIGKILL, 0, 0);
	result.server_status = wait_for(server);
	result.insns = tsc() - before;
	MARK(END_MARK);
	must(call4(SYS_WRITE, RESULT_FD, (long)&result, sizeof result, 0), "write the result");
	call4(SYS_EXIT, 0, 0, 0, 0);
}

__asm__(".globl _start\n"
	"_start: mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call begin\n");
