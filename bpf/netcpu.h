/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What bpf/netcpu.bpf.c counts; src/guest/monitor.ts reads it. */
#ifndef NETCPU_H
#define NETCPU_H

enum event {
	EVENT_REST,
	EVENT_RX_SOFTIRQ,
	EVENT_TX_SOFTIRQ,
	EVENT_SOCK_SEND,
	EVENT_SOCK_RECV,
	EVENT_OTHER_SOFTIRQ,
	EVENT_HARD_IRQ,
	EVENT_IDLE,
	EVENT_STEAL, /* the hypervisor had the processor */
	EVENTS,
};

#define INTERRUPTS_MAX 4 /* within each other: a softirq's thread or task, a softirq, an interrupt, a spare; a power of two */

struct counters {
	__u64 ns[EVENTS];
	__u64 stolen; /* what the kernel's own account had when it was looked at last, ns, and 1; 0: it was not yet */
	__u64 since; /* the last change of event; 0 before the first */
	__u32 event;
	__u32 depth; /* of interrupts that are in `interrupted` */
	__u32 interrupted[INTERRUPTS_MAX];
	__u32 is_threaded; /* NAPI runs in a thread, not in a softirq */
	__u32 longest; /* the event of the longest stretch of late, how long that was, and when it ended */
	__u64 longest_ns;
	__u64 longest_at;
	__u64 queue; /* the processor's own, where the kernel accounts for what is stolen */
};

#define STACK_MAX 64 /* functions; callers beyond are cut off */

/* A kernel stack that was running in one of the network's events, the innermost function first. */
struct sample {
	__u32 event;
	__s32 bytes; /* of `stack`; below 0: why there is none */
	__u64 stack[STACK_MAX];
};

/* Of one processor in one half of the samples: who reads has the other half meanwhile. */
struct taken {
	__u32 samples; /* written, up to `room` */
	__u32 lost;    /* for which there was no room */
	__u32 events[EVENT_STEAL]; /* all that were looked at, by event; nothing of ours runs while time is stolen */
};

struct control {
	__u32 active; /* the half that is written to: 0 or 1 */
	__u32 processors;
	__u32 room; /* of one processor in one half */
	__u32 unused;
};

#endif
