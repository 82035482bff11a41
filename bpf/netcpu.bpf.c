// SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
// How much of each processor's time goes into the network: every moment is of exactly one event, the innermost. A softirq
// pauses what it interrupts, an interrupt pauses a softirq, and a task that is switched out pauses its own system call.
// One object from 5.10 on: functions that a kernel lacks are left out when it is loaded; no task storage (since 5.11).
#include <linux/bpf.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include "netcpu.h"

#define NET_TX_SOFTIRQ 2
#define NET_RX_SOFTIRQ 3
#define TICK_MAX_NS 10000000 /* of a kernel with the slowest timer */

struct inode {
	unsigned short i_mode;
} __attribute__((preserve_access_index));

struct file {
	struct inode *f_inode;
} __attribute__((preserve_access_index));

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
} __attribute__((preserve_access_index));

struct files_struct {
	struct fdtable *fdt;
} __attribute__((preserve_access_index));

/* What the hypervisor has stolen of a processor since boot, as far as the kernel has accounted for it in /proc/stat. */
struct rq {
	__u64 prev_steal_time;
} __attribute__((preserve_access_index));

struct cfs_rq {
	struct rq *rq;
} __attribute__((preserve_access_index));

struct sched_entity {
	struct cfs_rq *cfs_rq;
} __attribute__((preserve_access_index));

struct task_struct {
	int pid;
	struct files_struct *files;
	struct sched_entity se;
} __attribute__((preserve_access_index));

struct pt_regs {
	unsigned long di;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct counters);
} counters SEC(".maps");

/* The event of a task that was switched out in the midst of it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u32);
} switched_out SEC(".maps");

/* Two halves of so many samples for each processor; user space sets how many, and reads without a system call. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct sample);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct taken);
} taken SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

static __always_inline struct counters *own_counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&counters, &zero);
}

/* From now on it is `event`; what was before gets its time. */
static __always_inline void change(struct counters *c, __u32 event)
{
	__u64 now = bpf_ktime_get_ns(), took = now - c->since;
	__u32 before = c->event;

	if (c->since && before < EVENTS) {
		c->ns[before] += took;
		if (took > c->longest_ns || now - c->longest_at > TICK_MAX_NS) {
			c->longest_ns = took;
			c->longest_at = now;
			c->longest = before;
		}
	}
	c->since = now;
	c->event = event;
}

/*
 * The kernel asks the hypervisor at each tick what it has stolen since the last, and not of whom. A steal makes the stretch
 * that it falls into at least as long: it is taken out of the longest of late. What is more than that waits for the next.
 */
static __always_inline void take_stolen(struct counters *c)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct rq *queue = (void *)c->queue;
	__u64 stolen, more;
	__u32 event = c->longest;

	if (!bpf_core_field_exists(struct sched_entity, cfs_rq) || !bpf_core_field_exists(struct cfs_rq, rq) ||
	    !bpf_core_field_exists(struct rq, prev_steal_time))
		return;
	if (!queue)
		queue = BPF_CORE_READ(task, se.cfs_rq, rq);
	if (!queue)
		return;
	c->queue = (__u64)queue;
	stolen = BPF_CORE_READ(queue, prev_steal_time) + 1;
	if (!c->stolen)
		c->stolen = stolen;
	more = stolen - c->stolen;
	if (more > c->longest_ns)
		more = c->longest_ns;
	if (!more || event >= EVENTS)
		return;
	c->ns[event] -= more;
	c->ns[EVENT_STEAL] += more;
	c->longest_ns -= more;
	c->stolen += more;
}

static __always_inline void interrupt(__u32 event)
{
	struct counters *c = own_counters();

	if (!c || c->depth >= INTERRUPTS_MAX)
		return;
	c->interrupted[c->depth & (INTERRUPTS_MAX - 1)] = c->event;
	c->depth++;
	change(c, event);
}

static __always_inline void go_on(int can_tick)
{
	struct counters *c = own_counters();

	/* Attached in the midst of an interrupt: its end is of none that was seen. */
	if (!c || !c->depth)
		return;
	c->depth--;
	change(c, c->interrupted[c->depth & (INTERRUPTS_MAX - 1)]);
	if (can_tick)
		take_stolen(c);
}

static __always_inline void begin_call(__u32 event)
{
	struct counters *c = own_counters();

	if (c && !c->depth)
		change(c, event);
}

static __always_inline void end_call(void)
{
	begin_call(EVENT_REST);
}

SEC("tp_btf/softirq_entry")
int handle_softirq_entry(__u64 *ctx)
{
	__u32 vector = ctx[0];

	interrupt(vector == NET_RX_SOFTIRQ ? EVENT_RX_SOFTIRQ :
		  vector == NET_TX_SOFTIRQ ? EVENT_TX_SOFTIRQ : EVENT_OTHER_SOFTIRQ);
	return 0;
}

SEC("tp_btf/softirq_exit")
int handle_softirq_exit(__u64 *ctx)
{
	go_on(0);
	return 0;
}

SEC("tp_btf/irq_handler_entry")
int handle_irq_entry(__u64 *ctx)
{
	interrupt(EVENT_HARD_IRQ);
	return 0;
}

SEC("tp_btf/irq_handler_exit")
int handle_irq_exit(__u64 *ctx)
{
	go_on(1);
	return 0;
}

SEC("tp_btf/local_timer_entry")
int handle_timer_entry(__u64 *ctx)
{
	interrupt(EVENT_HARD_IRQ);
	return 0;
}

SEC("tp_btf/local_timer_exit")
int handle_timer_exit(__u64 *ctx)
{
	go_on(1);
	return 0;
}

SEC("tp_btf/sched_switch")
int handle_switch(__u64 *ctx)
{
	struct task_struct *prev = (void *)ctx[1], *next = (void *)ctx[2];
	__u32 before = prev->pid, after = next->pid, event, *paused;
	struct counters *c = own_counters();

	if (!c)
		return 0;
	event = c->event;
	if (event == EVENT_SOCK_SEND || event == EVENT_SOCK_RECV || (event == EVENT_RX_SOFTIRQ && c->is_threaded))
		bpf_map_update_elem(&switched_out, &before, &event, BPF_ANY);
	c->depth = 0;
	c->is_threaded = 0;
	event = after ? EVENT_REST : EVENT_IDLE;
	paused = after ? bpf_map_lookup_elem(&switched_out, &after) : 0;
	if (paused) {
		event = *paused;
		c->is_threaded = event == EVENT_RX_SOFTIRQ;
		bpf_map_delete_elem(&switched_out, &after);
	}
	change(c, event);
	take_stolen(c);
	return 0;
}

/* NAPI in a thread of its own (since 5.12); in a softirq it is that already. */
SEC("fentry/__napi_poll")
int begin_napi_poll(void *ctx)
{
	struct counters *c = own_counters();

	if (c && !c->depth) {
		c->is_threaded = 1;
		change(c, EVENT_RX_SOFTIRQ);
	}
	return 0;
}

SEC("fexit/__napi_poll")
int end_napi_poll(void *ctx)
{
	struct counters *c = own_counters();

	if (c && !c->depth && c->is_threaded) {
		c->is_threaded = 0;
		change(c, EVENT_REST);
	}
	return 0;
}

/* Where system calls on sockets begin: sock_sendmsg below them is a wrapper, inlined or gone, depending on the kernel. */
#define CALL(function, event)                   \
	SEC("fentry/" #function)                \
	int begin_##function(void *ctx)         \
	{                                       \
		begin_call(event);              \
		return 0;                       \
	}                                       \
	SEC("fexit/" #function)                 \
	int end_##function(void *ctx)           \
	{                                       \
		end_call();                     \
		return 0;                       \
	}

CALL(sock_write_iter, EVENT_SOCK_SEND)
CALL(__sys_sendto, EVENT_SOCK_SEND)
CALL(____sys_sendmsg, EVENT_SOCK_SEND)
CALL(sock_read_iter, EVENT_SOCK_RECV)
CALL(__sys_recvfrom, EVENT_SOCK_RECV)
CALL(____sys_recvmsg, EVENT_SOCK_RECV)

/*
 * In place of the functions above, where a kernel lets nothing be attached to functions (src/guest/monitor.ts decides): the
 * whole of the system calls that sockets are written to and read by. Numbers are x86-64's.
 */
#define S_IFMT 0170000
#define S_IFSOCK 0140000

static __always_inline int is_socket(unsigned long fd)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file *file = 0, **files = BPF_CORE_READ(table, fd);

	if (fd >= BPF_CORE_READ(table, max_fds) || bpf_probe_read_kernel(&file, sizeof file, files + fd))
		return 0;
	return (BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) == S_IFSOCK;
}

SEC("tp_btf/sys_enter")
int handle_sys_enter(__u64 *ctx)
{
	struct pt_regs *regs = (void *)ctx[0];

	switch (ctx[1]) {
	case 1: /* write */
	case 20: /* writev */
		if (!is_socket(regs->di))
			return 0;
	case 44: /* sendto */
	case 46: /* sendmsg */
	case 307: /* sendmmsg */
		begin_call(EVENT_SOCK_SEND);
		return 0;
	case 0: /* read */
	case 19: /* readv */
		if (!is_socket(regs->di))
			return 0;
	case 45: /* recvfrom */
	case 47: /* recvmsg */
	case 299: /* recvmmsg */
		begin_call(EVENT_SOCK_RECV);
	}
	return 0;
}

SEC("tp_btf/sys_exit")
int handle_sys_exit(__u64 *ctx)
{
	struct counters *c = own_counters();

	if (c && (c->event == EVENT_SOCK_SEND || c->event == EVENT_SOCK_RECV))
		end_call();
	return 0;
}

/*
 * At each tick of a clock: what runs, if it is of the network. The clock's own interrupt is what it interrupts. A processor
 * has slots of its own, as there is no atomic add that returns the old value before 5.12.
 */
SEC("perf_event")
int take_sample(void *ctx)
{
	struct counters *c = own_counters();
	__u32 zero = 0, half, key, event;
	struct control *ctl = bpf_map_lookup_elem(&control, &zero);
	struct taken *own;
	struct sample *sample;

	if (!c || !ctl)
		return 0;
	half = (ctl->active & 1) * ctl->processors + bpf_get_smp_processor_id();
	own = bpf_map_lookup_elem(&taken, &half);
	if (!own)
		return 0;
	event = c->event;
	if (event == EVENT_HARD_IRQ && c->depth)
		event = c->interrupted[(c->depth - 1) & (INTERRUPTS_MAX - 1)];
	if (event >= EVENT_STEAL)
		return 0;
	own->events[event]++;
	if (event < EVENT_RX_SOFTIRQ || event > EVENT_SOCK_RECV)
		return 0;
	if (own->samples >= ctl->room) {
		own->lost++;
		return 0;
	}
	key = half * ctl->room + own->samples;
	sample = bpf_map_lookup_elem(&samples, &key);
	if (!sample)
		return 0;
	sample->event = event;
	sample->bytes = bpf_get_stack(ctx, sample->stack, sizeof sample->stack, 0);
	own->samples++;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
