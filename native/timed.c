// SPDX-License-Identifier: Apache-2.0
// What timing a program needs without Node between two instructions: many test runs in a row with the clock read before
// and behind them all, so that what reading it costs is spread over every run; and what else happened meanwhile.
// Build: gcc -O2 -shared -fPIC -nostdlib -ffreestanding timed.c
#include "syscall.h"

typedef unsigned int u32;
typedef unsigned long long u64;
typedef int s32;

#define SYS_GETRUSAGE 98
#define SYS_CLOCK_GETTIME 228
#define SYS_BPF 321
#define BPF_PROG_TEST_RUN 10
#define RUSAGE_THREAD 1
#define CLOCK_THREAD_CPUTIME_ID 3
#define CLOCK_MONOTONIC_RAW 4 /* nobody adjusts its rate while a batch runs */

/* union bpf_attr's test struct, include/uapi/linux/bpf.h; batch_size since 5.18. */
struct test_run {
	u32 prog_fd, retval, data_size_in, data_size_out;
	u64 data_in, data_out;
	u32 repeat, duration, ctx_size_in, ctx_size_out;
	u64 ctx_in, ctx_out;
	u32 flags, cpu, batch_size, zero;
};

/* What one batch gave; 40 bytes, read by src/guest/libbpf/timing.ts. */
struct batch {
	u64 wall_ns;
	u64 on_cpu_ns;	   /* of these, what the thread ran */
	u64 involuntary;   /* times that it was switched out against its will */
	s32 error;	   /* 0 or -errno of the first call that failed */
	u32 retval, data_size_out, ctx_size_out;
};

static u64 clock_ns(int clock)
{
	long t[2];

	call4(SYS_CLOCK_GETTIME, clock, (long)t, 0, 0);
	return (u64)t[0] * 1000000000 + t[1];
}

static u64 involuntary_switches(void)
{
	long usage[18]; /* struct rusage: two times of two longs each, and 14 counts; the last is ru_nivcsw */

	call4(SYS_GETRUSAGE, RUSAGE_THREAD, (long)usage, 0, 0);
	return usage[17];
}

/* Runs each of `attrs` in turn, as often as its `repeat` says, and all of them `loops` times over. */
__attribute__((visibility("default"))) void tollgate_batch(const struct test_run *attr, int attrs, u64 loops, struct batch *out)
{
	u64 switches = involuntary_switches(), on_cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID), wall = clock_ns(CLOCK_MONOTONIC_RAW);
	struct test_run a = attr[0];
	long error = 0;

	for (u64 loop = 0; loop < loops && error >= 0; loop++)
		for (int i = 0; i < attrs && error >= 0; i++) {
			a = attr[i];
			error = call4(SYS_BPF, BPF_PROG_TEST_RUN, (long)&a, sizeof a, 0);
		}
	out->wall_ns = clock_ns(CLOCK_MONOTONIC_RAW) - wall;
	out->on_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - on_cpu;
	out->involuntary = involuntary_switches() - switches;
	out->error = error < 0 ? error : 0;
	out->retval = a.retval;
	out->data_size_out = a.data_size_out;
	out->ctx_size_out = a.ctx_size_out;
}

/* The clock read twice in a row, `count` times: what it says of nothing at all. */
__attribute__((visibility("default"))) void tollgate_clock_reads(u64 *out, int count)
{
	for (int i = 0; i < count; i++) {
		u64 before = clock_ns(CLOCK_MONOTONIC_RAW);

		out[i] = clock_ns(CLOCK_MONOTONIC_RAW) - before;
	}
}

/* The TSC read twice in a row, `count` times: what native/stimulus.c's clock says of nothing at all. */
__attribute__((visibility("default"))) void tollgate_tsc_reads(u64 *out, int count)
{
	for (int i = 0; i < count; i++) {
		u64 before = tsc();

		out[i] = tsc() - before;
	}
}

/* TSC ticks and ns over `spin_ns`: both clocks go on while the machine idles, so it need not. */
__attribute__((visibility("default"))) void tollgate_tsc_rate(u64 spin_ns, u64 *ticks, u64 *ns)
{
	u64 before = clock_ns(CLOCK_MONOTONIC_RAW), begin = tsc(), now;

	do
		now = clock_ns(CLOCK_MONOTONIC_RAW);
	while (now - before < spin_ns);
	*ticks = tsc() - begin;
	*ns = now - before;
}
