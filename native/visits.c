// SPDX-License-Identifier: Apache-2.0
// Counts in the verifier's level-2 log how often each instruction was visited, while the kernel writes it: the log may
// have hundreds of megabytes. The buffer that the kernel is given has pages only where it writes: at each first touch of
// a page (userfaultfd) a thread of ours counts what is complete, takes that memory away and lets the kernel go on.
// Build: gcc -O2 -shared -fPIC -nostdlib -ffreestanding visits.c
#include "syscall.h"

typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef long long s64;

#define SYS_READ 0
#define SYS_CLOSE 3
#define SYS_MMAP 9
#define SYS_SIGPROCMASK 14
#define SYS_IOCTL 16
#define SYS_MUNMAP 11
#define SYS_MADVISE 28
#define SYS_NANOSLEEP 35
#define SYS_CLONE 56
#define SYS_EXIT 60
#define SYS_USERFAULTFD 323

/* include/uapi/linux/userfaultfd.h */
#define UFFDIO_API 0xc018aa3f
#define UFFDIO_REGISTER 0xc020aa00
#define UFFDIO_UNREGISTER 0x8010aa01
#define UFFDIO_ZEROPAGE 0xc020aa04
#define UFFD_API 0xaa
#define UFFD_MISSING 1
#define UFFD_PAGEFAULT 0x12

struct uffd_message {
	u8 event, pad[7];
	u64 flags, address, more;
};

#define PAGE 4096ULL
#define CHUNK (64 * PAGE)
/* The kernel may go back a few characters: what lies on the last page is not complete yet. */
#define KEPT PAGE
#define STACK_BYTES (64 << 10)
#define HEAD 128 /* of a line; more of it says nothing */

static struct {
	u8 *log;
	u64 size, mapped, consumed;
	s64 uffd;
	volatile int stopped;
	u32 *counts;
	u64 insns;
	char head[HEAD];
	u32 length;
	u64 processed;
} state;

static char stack[STACK_BYTES] __attribute__((aligned(16)));

/* The number at `at`, which is moved behind it; -1 where there is none. */
static s64 number_at(const char **at, const char *end)
{
	s64 number = -1;

	for (; *at < end && **at >= '0' && **at <= '9'; (*at)++)
		number = (number < 0 ? 0 : 10 * number) + **at - '0';
	return number;
}

/* Whether `text` stands at `at`, which is moved behind it. */
static int follows(const char **at, const char *end, const char *text)
{
	const char *to = *at;

	for (; *text; text++, to++)
		if (to >= end || *to != *text)
			return 0;
	*at = to;
	return 1;
}

/* What newer kernels find out about all instructions before the first visit looks like visits (7.x). */
static void forget(void)
{
	/* volatile: no call of a memset that is not there */
	for (u64 i = 0; i < state.insns; i++)
		*(volatile u32 *)&state.counts[i] = 0;
}

/*
 * '12: (b7) r0 = 1' is a visit; '12: safe' and 'from 3 to 12: safe' are one that a state seen before cut short
 * (do_check in kernel/bpf/verifier.c). Everything else tells of states.
 */
static void end_line(void)
{
	const char *at = state.head, *end = state.head + state.length;
	s64 insn;

	state.length = 0;
	if (at == end)
		return;
	if (follows(&at, end, "Live regs before insn:")) {
		forget();
		return;
	}
	if (follows(&at, end, "processed ")) {
		s64 processed = number_at(&at, end);

		if (processed >= 0 && follows(&at, end, " insns"))
			state.processed = processed;
		return;
	}
	if (follows(&at, end, "from ")) {
		number_at(&at, end);
		if (!follows(&at, end, " to "))
			return;
		insn = number_at(&at, end);
		follows(&at, end, " (speculative execution)");
		if (!follows(&at, end, ": safe") || at != end)
			return;
	} else {
		insn = number_at(&at, end);
		if (insn < 0 || !follows(&at, end, ": "))
			return;
		if (!(end - at >= 5 && at[0] == '(' && at[3] == ')' && at[4] == ' ') &&
		    !(follows(&at, end, "safe") && at == end))
			return;
	}
	if (insn >= 0 && (u64)insn < state.insns)
		state.counts[insn]++;
}

/* Text as it follows; a NUL ends it. How much there was of it. */
static u64 consume(const u8 *text, u64 size)
{
	u64 i;

	for (i = 0; i < size && text[i] != 0; i++) {
		if (text[i] == '\n')
			end_line();
		else if (state.length < HEAD)
			state.head[state.length++] = text[i];
	}
	return i;
}

static void consume_to(u64 end)
{
	consume(state.log + state.consumed, end - state.consumed);
	call3(SYS_MADVISE, (s64)(state.log + state.consumed), end - state.consumed, 4 /* MADV_DONTNEED */);
	state.consumed = end;
}

/* To the last page, which is touched once, to end this: a flag could be seen before that, and nobody be left to serve it. */
static void serve(void)
{
	struct uffd_message message;
	u64 at = 0;

	while (at != state.mapped - PAGE) {
		u64 fill[4];

		if (call3(SYS_READ, state.uffd, (s64)&message, sizeof(message)) != sizeof(message) ||
		    message.event != UFFD_PAGEFAULT)
			continue;
		at = (message.address & ~(PAGE - 1)) - (u64)state.log;
		if (at != state.mapped - PAGE && at >= state.consumed + CHUNK)
			consume_to(at - KEPT);
		fill[0] = (u64)state.log + at;
		fill[1] = at + CHUNK < state.mapped ? CHUNK : PAGE;
		fill[2] = fill[3] = 0;
		/* Some of the chunk may be there already: then the page alone that is missing. */
		if (call3(SYS_IOCTL, state.uffd, UFFDIO_ZEROPAGE, (s64)fill) != 0) {
			fill[1] = PAGE;
			fill[3] = 0;
			call3(SYS_IOCTL, state.uffd, UFFDIO_ZEROPAGE, (s64)fill);
		}
	}
	state.stopped = 1;
}

/* A thread without a C library: it has no signals and no storage of its own. */
static s64 spawn(void (*entry)(void))
{
	s64 all = -1, before = 0, result;
	register s64 zero __asm__("r10") = 0;
	register void (*start)(void) __asm__("r12") = entry;

	call6(SYS_SIGPROCMASK, 2 /* SIG_SETMASK */, (s64)&all, (s64)&before, sizeof(all), 0, 0);
	__asm__ volatile("syscall\n\t"
			 "testq %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "callq *%%r12\n\t"
			 "movl %[exit], %%eax\n\t"
			 "xorl %%edi, %%edi\n\t"
			 "syscall\n\t"
			 "1:"
			 : "=a"(result)
			 : "a"(SYS_CLONE), "D"(0x50f00 /* VM, FS, FILES, SIGHAND, THREAD, SYSVSEM */),
			   "S"(stack + STACK_BYTES), "d"(0), "r"(zero), "r"(start), [exit] "i"(SYS_EXIT)
			 : "rcx", "r11", "memory");
	call6(SYS_SIGPROCMASK, 2, (s64)&before, 0, sizeof(all), 0, 0);
	return result;
}

static int watch(void)
{
	u64 api[3] = { UFFD_API, 0, 0 };
	u64 range[4] = { (u64)state.log, state.mapped, UFFD_MISSING, 0 };

	state.uffd = call3(SYS_USERFAULTFD, 02000000 /* O_CLOEXEC */, 0, 0);
	if (state.uffd < 0)
		return 0;
	if (call3(SYS_IOCTL, state.uffd, UFFDIO_API, (s64)api) == 0 &&
	    call3(SYS_IOCTL, state.uffd, UFFDIO_REGISTER, (s64)range) == 0 && spawn(serve) > 0)
		return 1;
	call3(SYS_CLOSE, state.uffd, 0, 0);
	state.uffd = -1;
	return 0;
}

/*
 * Memory for a log of `size` bytes; -errno where there is none. `counts` has a place for each of `insns` instructions.
 * Where the kernel has no userfaultfd, the log takes memory and `*streams` is 0.
 */
s64 tollgate_visits_open(u64 size, u32 *counts, u64 insns, u32 *streams)
{
	s64 at;

	/* The last page is touched to end the thread, and before by nothing. */
	state.size = size;
	state.mapped = (size / PAGE + 2) * PAGE;
	at = call6(SYS_MMAP, 0, state.mapped, 3, 0x4022 /* PRIVATE, ANONYMOUS, NORESERVE */, -1, 0);
	if (at < 0)
		return at;
	state.log = (u8 *)at;
	state.consumed = state.length = state.processed = 0;
	state.stopped = 0;
	state.counts = counts;
	state.insns = insns;
	*streams = watch();
	return at;
}

/* Counts what is left. `processed` is what the log's last line but one says, 0 where it does not. */
void tollgate_visits_close(u64 *processed, u64 *bytes)
{
	if (state.uffd >= 0) {
		u64 range[2] = { (u64)state.log, state.mapped };
		u64 pause[2] = { 0, 1000 };

		*(volatile u8 *)(state.log + state.mapped - PAGE) = 0;
		while (!state.stopped)
			call3(SYS_NANOSLEEP, (s64)pause, 0, 0);
		call3(SYS_IOCTL, state.uffd, UFFDIO_UNREGISTER, (s64)range);
		call3(SYS_CLOSE, state.uffd, 0, 0);
	}
	state.consumed += consume(state.log + state.consumed, state.size - state.consumed);
	end_line();
	*processed = state.processed;
	*bytes = state.consumed;
	call3(SYS_MUNMAP, (s64)state.log, state.mapped, 0);
}
