// SPDX-License-Identifier: GPL-2.0-or-later
// TCG plugin: which event (a softirq, a socket's send or receive) and which part of the network stack each instruction
// under load belongs to. Every instruction between two marks counts once, for the innermost function on its stack of
// calls that says something; calls and returns are followed by the stack slots they write and read, for each task.
// Build: gcc -O2 -shared -fPIC -DAPI=1 netcpu.c -o netcpu-1.so  (QEMU to 8.x; -DAPI=2: 9.0; -DAPI=3: from 9.1 on)
// Use:   -plugin file=netcpu-1.so,window=FILE,at=BYTES,table=FILE,out=FILE,send=EVENT
//
// table, lines: HEX EVENT PART   a function's address and what its instructions are of; 0: what the caller's are of
//               s HEX            __switch_to: what follows is another task's
// window, from BYTES: 64-bit numbers: how many images of attached programs there are, then begin, end and part of each.
// out, lines:   c EVENT PART INSNS   counted between the two marks (native/load.c)
//               u INSNS              outside the kernel
//               t EVENT INSNS        of those, by event, and v INSNS outside the kernel: counted between the first and the last
//                                    sends, of which ENDS at either end are left out; none where there are no more
//               end
#include "x86.h"

#define STACK_BITS 14 /* THREAD_SIZE, to which a task's stack is aligned */
#define FRAMES_MAX 512
#define TASKS_MAX 1024
#define MARKS_MAX 4096
#define IMAGES_MAX 256
#define EVENTS_MAX 16
#define PARTS_MAX 512

struct state {
	uint16_t event, part;
};

struct mark {
	uint64_t address;
	struct state state;
	int is_switch;
};

struct block {
	uint64_t start, last;
	uint32_t insns, generation;
	struct mark mark; /* what it enters, where `generation` is now's */
	int is_entry, may_be_cut;
};

struct frame {
	uint64_t slot;
	struct state state;
};

/* A task, by where its stack lies: what it has called and not returned from, the oldest first. */
struct task {
	uint64_t stack;
	unsigned depth;
	struct frame frame[FRAMES_MAX]; /* 0: its beginning */
};

static FILE *out;
static int window = -1;
static uint64_t window_at;
static struct mark mark[MARKS_MAX];
static unsigned marks, images;
static uint64_t image[IMAGES_MAX][3]; /* begin, end, part */
static uint32_t generation = 1;

static struct task *task[TASKS_MAX], *current;
static unsigned tasks;
static int is_switching, is_counting;
static struct block *executing; /* until its call or return is seen: QEMU up to 7.2 tells of later accesses, too */
static struct block *previous;
static struct state counted;
static uint64_t insns[EVENTS_MAX][PARTS_MAX], user_insns;

/* What was counted until a send: of the first behind those that begin the transfer, and of the last ones. */
#define ENDS 16
struct totals {
	uint64_t event[EVENTS_MAX], user;
};
static struct totals total, early, late[ENDS];
static unsigned sends, send_event;

static struct task *task_of(uint64_t slot)
{
	for (unsigned i = 0; i < tasks; i++)
		if (task[i]->stack == slot >> STACK_BITS)
			return task[i];
	if (tasks == TASKS_MAX || !(task[tasks] = calloc(1, sizeof **task)))
		abort();
	task[tasks]->stack = slot >> STACK_BITS;
	return task[tasks++];
}

static void find_entry(struct block *block)
{
	block->generation = generation;
	block->is_entry = 0;
	for (unsigned i = 0; i < marks; i++)
		if (mark[i].address == block->start) {
			block->is_entry = 1;
			block->mark = mark[i];
		}
	for (unsigned i = 0; i < images; i++)
		if (block->start >= image[i][0] && block->start < image[i][1] &&
		    block->start - image[i][0] <= TAIL_CALL_LANDING_MAX) {
			block->is_entry = 1;
			block->mark = (struct mark){ .state = { 0, image[i][2] } };
		}
}

static void enter(const struct mark *entered)
{
	struct state *state = &current->frame[current->depth].state;

	if (entered->is_switch) {
		is_switching = 1;
		return;
	}
	if (entered->state.event == send_event && state->event != send_event && is_counting) {
		if (sends == ENDS)
			early = total;
		late[sends++ % ENDS] = total;
	}
	if (entered->state.event) {
		state->event = entered->state.event;
		state->part = 0;
	}
	if (entered->state.part)
		state->part = entered->state.part;
}

static void on_user_block(unsigned vcpu, void *size)
{
	(void)vcpu;
	executing = NULL;
	previous = NULL;
	if (is_counting)
		user_insns += (uintptr_t)size, total.user += (uintptr_t)size;
}

static void on_block(unsigned vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	executing = block;
	if (block->generation != generation)
		find_entry(block);
	if (block->is_entry)
		enter(&block->mark);
	if (!is_counting)
		return;
	/* Its last instruction goes on in the next page: QEMU has left it out, and begins this block with it. */
	if (previous && previous->may_be_cut && previous->last == block->start)
		insns[counted.event][counted.part]--, total.event[counted.event]--;
	counted = current->frame[current->depth].state;
	insns[counted.event][counted.part] += block->insns;
	total.event[counted.event] += block->insns;
	previous = block;
}

/* The first access to a stack behind a switch tells whose it is. */
static void find_task(uint64_t slot)
{
	if (!is_switching)
		return;
	is_switching = 0;
	current = task_of(slot);
}

static void on_call(unsigned vcpu, uint32_t info, uint64_t slot, void *block)
{
	struct frame *frame;

	(void)vcpu;
	if (executing != block || !qemu_plugin_mem_is_store(info))
		return;
	executing = NULL;
	find_task(slot);
	frame = current->frame;
	/* What is below a call's slot on the same stack was left without a return. */
	while (current->depth && frame[current->depth].slot <= slot &&
	       frame[current->depth].slot >> STACK_BITS == slot >> STACK_BITS)
		current->depth--;
	if (current->depth + 1 == FRAMES_MAX)
		abort();
	frame[current->depth + 1] = (struct frame){ .slot = slot, .state = frame[current->depth].state };
	current->depth++;
}

static void on_return(unsigned vcpu, uint32_t info, uint64_t slot, void *block)
{
	(void)vcpu;
	if (executing != block || qemu_plugin_mem_is_store(info))
		return;
	executing = NULL;
	find_task(slot);
	for (unsigned d = current->depth; d; d--)
		if (current->frame[d].slot == slot) {
			current->depth = d - 1;
			break;
		}
}

static void on_begin(unsigned vcpu, void *data)
{
	uint64_t count = 0;

	(void)vcpu;
	(void)data;
	/* The guest is nobody's friend: what it says is taken only where it fits. */
	if (pread(window, &count, sizeof count, window_at) != sizeof count || count > IMAGES_MAX)
		count = 0;
	if (pread(window, image, count * sizeof image[0], window_at + sizeof count) != (ssize_t)(count * sizeof image[0]))
		count = 0;
	for (images = 0; images < count; images++)
		if (image[images][2] >= PARTS_MAX)
			image[images][2] = 0;
	generation++;
	memset(insns, 0, sizeof insns);
	memset(&total, 0, sizeof total);
	user_insns = 0;
	sends = 0;
	previous = NULL;
	is_counting = 1;
}

static void on_end(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	is_counting = 0;
	for (unsigned event = 0; event < EVENTS_MAX; event++)
		for (unsigned part = 0; part < PARTS_MAX; part++)
			if (insns[event][part])
				fprintf(out, "c %u %u %lu\n", event, part, insns[event][part]);
	fprintf(out, "u %lu\n", user_insns);
	if (sends > 2 * ENDS) {
		const struct totals *end = &late[sends % ENDS]; /* the oldest that is kept */

		for (unsigned event = 0; event < EVENTS_MAX; event++)
			fprintf(out, "t %u %lu\n", event, end->event[event] - early.event[event]);
		fprintf(out, "v %lu\n", end->user - early.user);
	}
	fprintf(out, "end\n");
	fflush(out);
}

/* What native/load.c executes around the load. */
static const struct moment moments[] = {
	{ { 0x0f, 0x1f, 0x80, 0x74, 0x67, 0x6c, 0x62 }, on_begin },
	{ { 0x0f, 0x1f, 0x80, 0x74, 0x67, 0x6c, 0x65 }, on_end },
};

static void on_translate(plugin_id id, struct tb *tb)
{
	size_t count = qemu_plugin_tb_n_insns(tb);
	struct block *block;
	struct insn *last;
	enum kind kind;

	(void)id;
	if (!count)
		return;
	if (qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)) < KERNEL_SPACE) {
		find_moments(tb, count, moments, sizeof moments / sizeof *moments);
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_user_block, CB_NO_REGS, (void *)(uintptr_t)count);
		return;
	}
	if (!(block = calloc(1, sizeof *block)))
		abort();
	last = qemu_plugin_tb_get_insn(tb, count - 1);
	block->start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	block->last = qemu_plugin_insn_vaddr(last);
	block->insns = count;
	kind = kind_of(last);
	block->may_be_cut = may_be_cut(count, block->last, kind);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS, block);
	if (kind == CALL || kind == RETURN)
		qemu_plugin_register_vcpu_mem_cb(last, kind == CALL ? on_call : on_return, CB_NO_REGS, MEM_RW, block);
}

static int read_table(const char *path)
{
	FILE *table = fopen(path, "r");
	char line[128];

	if (!table)
		return 0;
	while (fgets(line, sizeof line, table) && marks < MARKS_MAX) {
		struct mark *to = &mark[marks];
		unsigned event = 0, part = 0;

		to->is_switch = sscanf(line, "s %lx", &to->address) == 1;
		if (!to->is_switch && sscanf(line, "%lx %u %u", &to->address, &event, &part) != 3)
			continue;
		if (event >= EVENTS_MAX || part >= PARTS_MAX)
			continue;
		to->state = (struct state){ event, part };
		marks++;
	}
	fclose(table);
	return 1;
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	const char *from = NULL, *to = NULL, *table = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			to = argv[i] + 4;
		else if (!strncmp(argv[i], "window=", 7))
			from = argv[i] + 7;
		else if (!strncmp(argv[i], "table=", 6))
			table = argv[i] + 6;
		else if (!strncmp(argv[i], "send=", 5))
			send_event = strtoul(argv[i] + 5, NULL, 10);
		else if (!strncmp(argv[i], "at=", 3))
			window_at = strtoull(argv[i] + 3, NULL, 10);
	}
	if (!from || !to || !table)
		return 0; /* loaded to see whether it can be */
	current = task_of(0);
	window = open(from, O_RDONLY);
	if (window < 0 || !read_table(table) || !(out = fopen(to, "w")))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
