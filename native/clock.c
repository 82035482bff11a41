// SPDX-License-Identifier: Apache-2.0
// What the guest must do without Node between two instructions: align to the timer tick, run a program
// repeatedly, read the instruction counter around each run. Under QEMU's icount the TSC *is* that counter.
// Build: gcc -O2 -shared -fPIC -nostdlib -ffreestanding clock.c
#include "align.h"
#include "syscall.h"
#include "timer.h"

typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;

#define SYS_CLOCK_GETTIME 228
#define SYS_CLOCK_NANOSLEEP 230
#define SYS_BPF 321
#define BPF_PROG_TEST_RUN 10
#define CLOCK_MONOTONIC 1
#define TIMER_ABSTIME 1

/* union bpf_attr's test struct, include/uapi/linux/bpf.h; batch_size since 5.18. */
struct test_run {
	u32 prog_fd, retval, data_size_in, data_size_out;
	u64 data_in, data_out;
	u32 repeat, duration, ctx_size_in, ctx_size_out;
	u64 ctx_in, ctx_out;
	u32 flags, cpu, batch_size, zero;
};

/* What one run gave; 32 bytes, read by src/guest/libbpf. */
struct run_result {
	u64 syscall_insns; /* TSC ticks from before to after the system call */
	u32 duration_ns;   /* the kernel's own clock around the program alone; 0 where the type has none */
	s32 error;         /* 0 or -errno */
	u32 retval, data_size_out, ctx_size_out, zero;
};

static u64 now_ns(void)
{
	long t[2];

	call4(SYS_CLOCK_GETTIME, CLOCK_MONOTONIC, (long)t, 0, 0);
	return (u64)t[0] * 1000000000 + t[1];
}

static void sleep_until_ns(u64 when)
{
	long t[2] = { when / 1000000000, when % 1000000000 };

	call4(SYS_CLOCK_NANOSLEEP, CLOCK_MONOTONIC, TIMER_ABSTIME, (long)t, 0);
}

/*
 * Spins for `spin_ns` and records when the loop was interrupted: out[i] = the clock behind gap i.
 * Returns the number of gaps, `most` at most. The caller finds the tick's period and phase in them.
 */
__attribute__((visibility("default"))) int tollgate_gaps(u64 spin_ns, u64 *out, int most)
{
	u64 end = tsc() + spin_ns, last = tsc(), t;
	int found = 0;

	while ((t = tsc()) < end && found < most) {
		if (t - last > 400) {
			out[found++] = now_ns();
			t = tsc();
		}
		last = t;
	}
	return found;
}

/* TSC ticks and the kernel's nanoseconds over a sleep: equal, where the clock counts instructions. */
__attribute__((visibility("default"))) void tollgate_clock_ratio(u64 sleep_ns, u64 *ticks, u64 *ns)
{
	u64 t0 = tsc(), n0 = now_ns();

	sleep_until_ns(n0 + sleep_ns);
	*ns = now_ns() - n0;
	*ticks = tsc() - t0;
}

/* Sleeps to the next multiple of `grid_ns` plus `phase_ns`: idle time costs nothing under icount. */
__attribute__((visibility("default"))) u64 tollgate_align(u64 grid_ns, u64 phase_ns)
{
	u64 now = now_ns(), next = (now - phase_ns) / grid_ns * grid_ns + phase_ns + grid_ns;

	sleep_until_ns(next);
	return next;
}

/* Instructions that have been executed, idle time included. */
__attribute__((visibility("default"))) u64 tollgate_ticks(void)
{
	return tsc();
}

/* Never idles, until the clock shows so many. */
__attribute__((visibility("default"))) void tollgate_spin_until(u64 ticks)
{
	spin_until(ticks);
}

/*
 * Marks for who watches the machine from outside (native/callpaths.c): no-operations with a number of ours as their
 * operand. A subject's is executed when the window says what runs next, a run's before each run.
 */
#define MARK(number) __asm__ volatile("nopl " number "(%%rax)" ::: "memory")
#define SUBJECT_MARK "0x6a736774"
#define RUN_MARK "0x6e726774"

__attribute__((visibility("default"))) void tollgate_mark_subject(void)
{
	MARK(SUBJECT_MARK);
}

/*
 * Runs attr[i % attrs] once each, `runs` times in all. A run begins behind a tick's own work and only where
 * `room_ns` and what the longest run so far took are left before the next tick; otherwise it sleeps there first.
 * Where a run may take longer than that (the first may, and all where one did) the tick is put off until it is over.
 * Each attr's output fields are restored before each run.
 */
__attribute__((visibility("default"))) void tollgate_runs(const struct test_run *attr, int attrs, struct run_result *out,
							  int runs, u64 tick_ns, u64 phase_ns, u64 room_ns)
{
	u64 behind_tick = tick_ns / 16, most = tick_ns - 2 * behind_tick, longest = 0;
	int can_put_off = can_put_off_timer();

	for (int i = 0; i < runs; i++) {
		struct test_run a = attr[i % attrs];
		u64 from_tick = (now_ns() - phase_ns) % tick_ns, room = room_ns + longest, before, after;
		int put_off = can_put_off && (i == 0 || longest > most);
		long error;

		/* A run that takes most of a tick's period gets what there is. */
		if (room > most)
			room = most;
		if (room_ns && (tick_ns - from_tick < room || from_tick < behind_tick))
			tollgate_align(tick_ns, phase_ns + behind_tick);
		if (put_off)
			set_timer(PIT_LONGEST);
		MARK(RUN_MARK);
		before = tsc();
		error = call4(SYS_BPF, BPF_PROG_TEST_RUN, (long)&a, sizeof a, 0);
		after = tsc();
		if (put_off) {
			set_timer(PIT_SOON);
			tollgate_align(tick_ns, phase_ns + behind_tick);
		}
		if (after - before > longest)
			longest = after - before;
		out[i] = (struct run_result){
			.syscall_insns = after - before, .duration_ns = a.duration, .error = error < 0 ? error : 0,
			.retval = a.retval, .data_size_out = a.data_size_out, .ctx_size_out = a.ctx_size_out,
		};
	}
}
