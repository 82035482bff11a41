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
	EVENTS,
};

#define INTERRUPTS_MAX 4 /* within each other: a softirq's thread or task, a softirq, an interrupt, a spare; a power of two */

struct counters {
	__u64 ns[EVENTS];
	__u64 since; /* the last change of event; 0 before the first */
	__u32 event;
	__u32 depth; /* of interrupts that are in `interrupted` */
	__u32 interrupted[INTERRUPTS_MAX];
	__u32 is_threaded; /* NAPI runs in a thread, not in a softirq */
};

#endif
