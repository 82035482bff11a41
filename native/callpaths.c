// SPDX-License-Identifier: GPL-2.0-or-later
// TCG plugin: which code runs, how often, and by which path of calls, from an eBPF program's first instruction to its
// return. It follows calls and returns by the stack slots they write and read, so no count is a sample or a guess.
// Build: gcc -O2 -shared -fPIC -DAPI=1 callpaths.c -o callpaths-1.so  (QEMU to 8.x; -DAPI=2: 9.0; -DAPI=3: from 9.1 on)
// Use:   -plugin file=callpaths-1.so,window=FILE,at=BYTES,out=FILE
//        -plugin file=callpaths-1.so,event=ADDRESS,bytes=BYTES,skip=EVENTS,count=EVENTS,out=FILE
//
// The guest says itself what is to be counted, by instructions that do nothing else (native/clock.c): before the runs of
// a program it puts into the window, at BYTES, 64-bit numbers: how many images of machine code there are (0: no more
// runs), how many packets are run in turn and how many times over, then begin and end of each image, the program's own
// first. So an address is never another boot's, nor another load's.
//
// With event= no program is counted, but a function outside of the kernel that reads the instruction counter at its
// beginning, in between and at its end, as native/stimulus.c's tollgate_event: each run is from the first reading to the
// third, with all that it has the kernel do. Run 0 is the last of the events that are skipped.
//
// out, lines:   s PACKETS PASSES     the runs of one program begin
//               r RUN INSNS          a run (from 0), and the instructions it took; none where the kernel refused the packet
//               w RUN                one of those that are summed up as warm: of each packet the first that took what most
//                                    runs of it do but the first
//               b ID HEX...          a block of code: the addresses of its instructions
//               n ID PARENT HEX      a call path: that of its caller, and the calling (or leaving) instruction
//               c PATH BLOCK COLD WARM
//               t HEX HEX COLD WARM DIRECT  a tail call: where from, where to, and 1 where one jump leads there
//               x TEXT               what kept it from counting
//               end
#include "x86.h"

#define FRAMES_MAX 1024
#define LEFTS_MAX 64
#define NODES_MAX (1u << 18)
#define COUNTS_MAX (1u << 20)
#define JUMPS_MAX 4096
#define IMAGES_MAX 4096
#define RUNS_MAX 2000000
#define ENTRIES_MAX (1u << 25)
#define BUCKETS (1u << 16)
#define ABANDONED_BYTES 16384	 /* a frame this far below a call's slot is of the same stack, and was left */

enum column { COLD, WARM };

struct block {
	struct block *next;
	uint64_t start, last;
	uint32_t id, insns;
	uint32_t subject; /* of which the two below are */
	int image;	  /* its number from 1, or 0 */
	uint32_t counter; /* the one counted last */
	int is_written;
	int ends_in_jump; /* to an address that it names itself */
	int reads_clock;  /* with its last instruction, in the event's function */
	/* Its last instruction may go on in the next page: then QEMU has left it out, and begins the next block with it. */
	int may_be_cut;
	/* Where its last instruction leads without a jump, and with one (0 where the instruction does not name it). */
	uint64_t next_address, target;
	int is_call_or_return, leads_elsewhere; /* the instruction does not say where to */
	int comes_back;	     /* iret: from an interrupt or a fault, to where it was */
	struct block *parts; /* the same with fewer of its last instructions */
	uint64_t address[];
};

struct node {
	uint32_t parent, next;
	uint64_t site;
};

struct counter {
	uint32_t node, next;
	struct block *block;
	uint32_t now; /* in this run */
	uint64_t n[2];
};

struct jump {
	uint64_t site, target, n[2];
	uint32_t now;
	int is_direct;
};

/* One call that has not returned: where its return address lies, and the last that was executed of an image in it. */
struct frame {
	uint64_t slot, last_site;
	uint32_t node;
	int last_image;
};

/* A block that an interrupt or a fault came after, or into, and where it was counted. */
struct left {
	struct block *block;
	uint32_t counted;
};

/* What a run counted: most runs do what another has done, and are the same profile. */
struct entry {
	uint32_t id, n; /* a counter's, or a jump's above JUMP_IDS */
};
#define JUMP_IDS COUNTS_MAX

struct profile {
	uint64_t hash;
	uint32_t first, entries, next;
};

struct run {
	uint64_t insns;
	uint32_t profile; /* from 1; 0 where none was taken */
	int is_taken;
};

static FILE *out;
static uint64_t event, event_bytes, skipped_events; /* 0: programs are counted */
static unsigned readings;			     /* of the event that has begun */
#define EVENT_READINGS 3
static int window = -1;
static uint64_t window_at;

/* The subject: the program whose runs are counted, and in which images it may run. */
static uint32_t subject;
static unsigned images;
static uint64_t image_start[IMAGES_MAX], image_end[IMAGES_MAX];
static uint64_t packets, passes, runs;
static struct run *run;

static struct block *block_bucket[BUCKETS];
static uint32_t blocks, nodes, counters, jumps, node_bucket[BUCKETS], counter_bucket[BUCKETS];
static struct node *node;	/* 0: the program itself */
static struct counter *counter; /* from 1 */
static struct jump jump[JUMPS_MAX];
static struct entry *entry;
static struct profile *profile; /* from 1 */
static uint32_t entries, profiles, profile_bucket[BUCKETS];

static uint64_t stack_pointer;	/* as the last call or return left it */
static struct block *executing; /* until its call or return is seen: QEMU up to 7.2 tells of later accesses, too */
static int is_counting;		/* a subject's runs, and nothing has failed */
static int is_running, is_profiled;
static int64_t current_run; /* -1 before the first */
static uint64_t run_insns;
static int was_unfinished; /* the block before ends in a call or return that was not seen */
static struct frame frame[FRAMES_MAX];
static struct left left[LEFTS_MAX];
static unsigned lefts;
static unsigned depth;
static uint32_t current, counted;
static struct block *previous;

static void fail(const char *what)
{
	if (is_counting)
		fprintf(out, "x %s\nend\n", what), fflush(out);
	is_counting = 0;
	is_running = 0;
}

static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

static uint32_t hash(uint64_t a, uint64_t b)
{
	uint64_t h = (a ^ b * 0x9e3779b97f4a7c15ull) * 0xff51afd7ed558ccdull;

	return h >> 48 & (BUCKETS - 1);
}

static uint32_t node_of(uint32_t parent, uint64_t site)
{
	uint32_t *bucket = &node_bucket[hash(parent, site)], id;

	for (id = *bucket; id; id = node[id].next)
		if (node[id].parent == parent && node[id].site == site)
			return id;
	if (nodes == NODES_MAX) {
		fail("too many call paths");
		return 0;
	}
	node[nodes] = (struct node){ .parent = parent, .next = *bucket, .site = site };
	return *bucket = nodes++;
}

/* Where the run's profile will have the counter or jump of that number. */
static void touch(uint32_t id)
{
	if (entries == ENTRIES_MAX) {
		fail("too many different runs");
		return;
	}
	entry[entries++].id = id;
}

static uint32_t counter_of(uint32_t at, struct block *block)
{
	uint32_t *bucket, id = block->counter;

	if (id && counter[id].node == at)
		return id;
	bucket = &counter_bucket[hash(at, block->id)];
	for (id = *bucket; id; id = counter[id].next)
		if (counter[id].node == at && counter[id].block == block)
			return block->counter = id;
	if (counters == COUNTS_MAX) {
		fail("too many blocks of code");
		return 0;
	}
	id = counters++;
	counter[id] = (struct counter){ .node = at, .next = *bucket, .block = block };
	return block->counter = *bucket = id;
}

static void count_block(uint32_t at, struct block *block)
{
	counted = counter_of(at, block);
	if (!counter[counted].now++)
		touch(counted);
}

static void count_jump(uint64_t site, uint64_t target, int is_direct)
{
	uint32_t i;

	for (i = 0; i < jumps; i++)
		if (jump[i].site == site && jump[i].target == target && jump[i].is_direct == is_direct)
			break;
	if (i == JUMPS_MAX) {
		fail("too many tail calls");
		return;
	}
	if (i == jumps)
		jump[jumps++] = (struct jump){ .site = site, .target = target, .is_direct = is_direct };
	if (!jump[i].now++)
		touch(JUMP_IDS + i);
}

static void write_block(struct block *block)
{
	if (block->is_written)
		return;
	block->is_written = 1;
	fprintf(out, "b %u", block->id);
	for (uint32_t i = 0; i < block->insns; i++)
		fprintf(out, " %lx", block->address[i]);
	fputc('\n', out);
}

static void add_profile(uint32_t id, enum column column)
{
	const struct profile *from = &profile[id];

	for (uint32_t i = from->first; i < from->first + from->entries; i++)
		if (entry[i].id < JUMP_IDS)
			counter[entry[i].id].n[column] += entry[i].n;
		else
			jump[entry[i].id - JUMP_IDS].n[column] += entry[i].n;
}

/* Of a packet's runs but the first: the first of those that took what most do, the smaller number on a tie. */
static uint64_t steady_run(uint64_t packet)
{
	uint64_t steady = 0, most = 0;

	for (uint64_t a = packets + packet; a < runs; a += packets) {
		uint64_t alike = 0;

		for (uint64_t b = packets + packet; b < runs; b += packets)
			alike += run[b].insns == run[a].insns;
		if (alike > most || (alike == most && run[a].insns < run[steady].insns)) {
			most = alike;
			steady = a;
		}
	}
	return steady;
}

static int is_taken(uint64_t packet)
{
	for (uint64_t i = packet; i < runs; i += packets)
		if (!run[i].is_taken)
			return 0;
	return 1;
}

static void end_subject(void)
{
	int has_cold = 0;

	if (!is_counting)
		return;
	for (uint64_t i = 0; i < runs; i++)
		if (run[i].is_taken)
			fprintf(out, "r %lu %lu\n", i, run[i].insns);
	for (uint64_t packet = 0; packet < packets; packet++) {
		uint64_t warm;

		if (!is_taken(packet))
			continue;
		if (!has_cold++)
			add_profile(run[packet].profile, COLD);
		warm = steady_run(packet);
		fprintf(out, "w %lu\n", warm);
		add_profile(run[warm].profile, WARM);
	}
	for (uint32_t i = 1; i < nodes; i++)
		fprintf(out, "n %u %u %lx\n", i, node[i].parent, node[i].site);
	for (uint32_t i = 1; i < counters; i++) {
		if (!counter[i].n[COLD] && !counter[i].n[WARM])
			continue;
		write_block(counter[i].block);
		fprintf(out, "c %u %u %lu %lu\n", counter[i].node, counter[i].block->id, counter[i].n[COLD], counter[i].n[WARM]);
	}
	for (uint32_t i = 0; i < jumps; i++)
		if (jump[i].n[COLD] || jump[i].n[WARM])
			fprintf(out, "t %lx %lx %lu %lu %d\n", jump[i].site, jump[i].target, jump[i].n[COLD], jump[i].n[WARM],
				jump[i].is_direct);
	fprintf(out, "end\n");
	fflush(out);
	is_counting = 0;
}

/* The guest is nobody's friend: what it says is taken only where it fits. */
static int read_subject(void)
{
	uint64_t head[3], pair[2];

	if (pread(window, head, sizeof head, window_at) != sizeof head || !head[0])
		return 0;
	is_counting = 1;
	packets = head[1];
	passes = head[2];
	fprintf(out, "s %lu %lu\n", packets, passes);
	if (head[0] > IMAGES_MAX || packets < 1 || passes < 2 || packets > RUNS_MAX || passes > RUNS_MAX ||
	    packets * passes > RUNS_MAX) {
		fail("too many images or runs");
		return 0;
	}
	runs = packets * passes;
	images = head[0];
	for (unsigned i = 0; i < images; i++) {
		if (pread(window, pair, sizeof pair, window_at + sizeof head + i * sizeof pair) != sizeof pair)
			return 0;
		image_start[i] = pair[0];
		image_end[i] = pair[1];
	}
	return 1;
}

/* Of a run that never returned. */
static void forget_run(void)
{
	for (uint32_t i = is_running && is_profiled ? profile[profiles].first : entries; i < entries; i++)
		if (entry[i].id < JUMP_IDS)
			counter[entry[i].id].now = 0;
		else
			jump[entry[i].id - JUMP_IDS].now = 0;
	if (is_running && is_profiled)
		entries = profile[profiles].first;
	is_running = 0;
}

static void begin_subject(int64_t first_run)
{
	subject++;
	nodes = counters = profiles = 1;
	jumps = entries = 0;
	memset(node_bucket, 0, sizeof node_bucket);
	memset(counter_bucket, 0, sizeof counter_bucket);
	memset(profile_bucket, 0, sizeof profile_bucket);
	free(run);
	run = must(calloc(runs, sizeof *run));
	profile = must(realloc(profile, (runs + 1) * sizeof *profile));
	current_run = first_run;
}

static void on_subject(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	forget_run();
	end_subject();
	if (read_subject())
		begin_subject(-1);
}

static void on_run(unsigned vcpu, void *data)
{
	(void)vcpu;
	(void)data;
	forget_run();
	current_run++;
}

static void begin_run(void)
{
	is_running = 1;
	run_insns = 0;
	/* Of the first pass only the first run counts. */
	is_profiled = current_run >= (int64_t)packets || profiles == 1;
	profile[profiles].first = entries;
	frame[0] = (struct frame){ .slot = event ? 0 : stack_pointer };
	depth = 0;
	lefts = 0;
	current = 0;
	previous = NULL;
}

static uint32_t keep_profile(void)
{
	struct profile *own = &profile[profiles];
	uint32_t *bucket, id;

	own->entries = entries - own->first;
	own->hash = 0;
	for (uint32_t i = own->first; i < entries; i++) {
		uint32_t *now = entry[i].id < JUMP_IDS ? &counter[entry[i].id].now : &jump[entry[i].id - JUMP_IDS].now;

		entry[i].n = *now;
		*now = 0;
		own->hash = (own->hash ^ entry[i].id ^ (uint64_t)entry[i].n << 32) * 0x9e3779b97f4a7c15ull;
		own->hash ^= own->hash >> 29;
	}
	bucket = &profile_bucket[own->hash & (BUCKETS - 1)];
	for (id = *bucket; id; id = profile[id].next)
		if (profile[id].hash == own->hash && profile[id].entries == own->entries &&
		    !memcmp(&entry[profile[id].first], &entry[own->first], own->entries * sizeof *entry)) {
			entries = own->first;
			return id;
		}
	own->next = *bucket;
	return *bucket = profiles++;
}

static void end_run(void)
{
	is_running = 0;
	run[current_run] = (struct run){ .insns = run_insns, .is_taken = 1, .profile = is_profiled ? keep_profile() : 0 };
}

static int image_of(uint64_t address)
{
	for (unsigned i = 0; i < images; i++)
		if (address >= image_start[i] && address < image_end[i])
			return i + 1;
	return 0;
}

/* In an image the frame goes on; what an image has left for by a jump (a return thunk, say) is under the leaving one. */
static void follow(struct block *block, const struct block *before)
{
	struct frame *top = &frame[depth];

	if (block->subject != subject) {
		block->subject = subject;
		block->image = image_of(block->start);
		block->counter = 0;
	}
	if (block->image) {
		uint64_t offset = block->start - image_start[block->image - 1];
		int is_landing = offset && offset <= TAIL_CALL_LANDING_MAX &&
				 top->last_site > block->start + TAIL_CALL_LANDING_MAX;

		if (top->last_image && (top->last_image != block->image || is_landing))
			count_jump(top->last_site, block->start,
				   before && before->ends_in_jump && before->last == top->last_site);
		top->last_image = block->image;
		top->last_site = block->last;
		current = top->node;
	} else {
		current = top->last_image ? node_of(top->node, top->last_site) : top->node;
	}
}

static struct block *part_of(struct block *block, uint32_t insns)
{
	struct block *part;

	for (part = block->parts; part; part = part->next)
		if (part->insns == insns)
			return part;
	part = must(calloc(1, sizeof *part + insns * sizeof part->address[0]));
	memcpy(part->address, block->address, insns * sizeof part->address[0]);
	*part = (struct block){ .next = block->parts, .id = blocks++, .insns = insns };
	return block->parts = part;
}

/*
 * How many instructions of a block had been executed when it was left to go on at `next`. QEMU leaves one in between where
 * an instruction reaches a device or faults: that is executed a second time, and the rest is a block of its own.
 */
static uint32_t executed_of(const struct block *block, uint64_t next)
{
	if (block->may_be_cut && block->last == next)
		return block->insns - 1;
	if (next > block->start && next <= block->last)
		for (uint32_t i = 1; i < block->insns; i++)
			if (block->address[i] == next)
				return i;
	return block->insns;
}

/* The last instruction leads to `next`, so there is nothing that was not executed; a string is one on each round. */
static int leads_to(const struct block *block, uint64_t next)
{
	return next == block->next_address || (block->target && next == block->target) || block->leads_elsewhere;
}

static void take_back(const struct left *from, uint32_t executed)
{
	struct block *part;

	run_insns -= from->block->insns - executed;
	if (!is_profiled)
		return;
	part = part_of(from->block, executed);
	if (part->subject != subject) {
		part->subject = subject;
		part->counter = 0;
	}
	counter[from->counted].now--;
	count_block(counter[from->counted].node, part);
}

/* Before `block` runs: whether all of what came before it did. */
static void settle(struct block *block)
{
	const struct left before = { .block = previous, .counted = counted };
	uint32_t executed;

	if (previous->comes_back) {
		for (unsigned i = lefts; i; i--) {
			executed = executed_of(left[i - 1].block, block->start);
			if (executed == left[i - 1].block->insns)
				continue;
			take_back(&left[i - 1], executed);
			lefts = i - 1;
			return;
		}
		return;
	}
	executed = executed_of(previous, block->start);
	/* A call or a return that has been executed has been seen to write or read its slot. */
	if (!(previous->may_be_cut && previous->last == block->start) &&
	    (previous->is_call_or_return ? !was_unfinished : leads_to(previous, block->start)))
		return;
	if (executed < previous->insns)
		take_back(&before, executed);
	else if (lefts < LEFTS_MAX)
		left[lefts++] = before; /* an interrupt or a fault: it is known when that is over */
}

/* An event that got lost has no third reading: it is no run that was taken. */
static void begin_event(void)
{
	forget_run();
	readings = 0;
	if (++current_run == (int64_t)runs)
		end_subject();
}

static void on_block(unsigned vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	was_unfinished = executing == previous;
	executing = block;
	if (!is_counting)
		return;
	if (event && block->start == event)
		begin_event();
	if (!event && !is_running && block->start == image_start[0] && current_run >= 0 && current_run < (int64_t)runs &&
	    !run[current_run].is_taken)
		begin_run();
	if (block->reads_clock && ++readings == 1 && current_run >= 0) {
		begin_run(); /* it has been read when the next block begins */
		return;
	}
	if (!is_running)
		return;
	if (previous)
		settle(block);
	run_insns += block->insns;
	if (is_profiled) {
		follow(block, previous);
		count_block(current, block);
	}
	previous = block;
	if (block->reads_clock && readings == EVENT_READINGS) {
		end_run();
		if (current_run + 1 == (int64_t)runs)
			end_subject();
	}
}

static void on_call(unsigned vcpu, uint32_t info, uint64_t slot, void *block)
{
	(void)vcpu;
	if (executing != block || !qemu_plugin_mem_is_store(info))
		return;
	executing = NULL;
	stack_pointer = slot;
	if (!is_running || !is_profiled)
		return;
	while (depth && frame[depth].slot <= slot && slot - frame[depth].slot < ABANDONED_BYTES)
		depth--;
	if (depth + 1 == FRAMES_MAX) {
		fail("calls nest too deep");
		return;
	}
	frame[++depth] = (struct frame){ .slot = slot, .node = node_of(current, ((struct block *)block)->last) };
}

static void on_return(unsigned vcpu, uint32_t info, uint64_t slot, void *block)
{
	(void)vcpu;
	if (executing != block || qemu_plugin_mem_is_store(info))
		return;
	executing = NULL;
	stack_pointer = slot + 8;
	if (!is_running)
		return;
	if (slot == frame[0].slot) {
		end_run();
		return;
	}
	for (unsigned d = depth; d && is_profiled; d--)
		if (frame[d].slot == slot) {
			depth = d - 1;
			break;
		}
}

static struct block *block_of(struct tb *tb, size_t insns)
{
	uint64_t start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	uint64_t last = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, insns - 1));
	struct block **bucket = &block_bucket[hash(start, insns)], *block;

	for (block = *bucket; block; block = block->next)
		if (block->start == start && block->insns == insns && block->last == last)
			return block;
	block = must(calloc(1, sizeof *block + insns * sizeof block->address[0]));
	*block = (struct block){ .next = *bucket, .start = start, .last = last, .id = blocks++, .insns = insns };
	for (size_t i = 0; i < insns; i++)
		block->address[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	return *bucket = block;
}

/* What native/clock.c executes to tell of a subject, or of a run. */
static const struct moment moments[] = {
	{ { 0x0f, 0x1f, 0x80, 0x74, 0x67, 0x73, 0x6a }, on_subject },
	{ { 0x0f, 0x1f, 0x80, 0x74, 0x67, 0x72, 0x6e }, on_run },
};

static void on_translate(plugin_id id, struct tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	struct block *block;
	struct insn *last;
	uint64_t target;
	enum kind kind;

	(void)id;
	if (!insns)
		return;
	if (!event && qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0)) < KERNEL_SPACE) {
		find_moments(tb, insns, moments, sizeof moments / sizeof *moments);
		return;
	}
	block = block_of(tb, insns);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS, block);
	last = qemu_plugin_tb_get_insn(tb, insns - 1);
	kind = kind_of(last);
	block->ends_in_jump = kind == JUMP;
	block->reads_clock = kind == CLOCK && block->last >= event && block->last < event + event_bytes;
	block->may_be_cut = may_be_cut(insns, block->last, kind);
	block->is_call_or_return = kind == CALL || kind == RETURN;
	block->leads_elsewhere = kind == ELSEWHERE || kind == REPEAT;
	block->comes_back = kind == COME_BACK;
	block->next_address = block->last + qemu_plugin_insn_size(last);
	block->target = jumps_to(last, &target) ? target : 0;
	if (kind == CALL || kind == RETURN)
		qemu_plugin_register_vcpu_mem_cb(last, kind == CALL ? on_call : on_return, CB_NO_REGS, MEM_RW, block);
}

/* All of user space is one image: what it has the kernel do is under the instruction that left it. */
static void watch_events(uint64_t count)
{
	if (count < 1 || count >= RUNS_MAX || !skipped_events)
		abort();
	packets = 1;
	passes = runs = count + 1;
	images = 1;
	image_start[0] = 0;
	image_end[0] = KERNEL_SPACE;
	is_counting = 1;
	fprintf(out, "s %lu %lu\n", packets, passes);
	begin_subject(-(int64_t)skipped_events);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	const char *from = NULL, *to = NULL;
	uint64_t count = 0;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			to = argv[i] + 4;
		else if (!strncmp(argv[i], "window=", 7))
			from = argv[i] + 7;
		else if (!strncmp(argv[i], "at=", 3))
			window_at = strtoull(argv[i] + 3, NULL, 10);
		else if (!strncmp(argv[i], "event=", 6))
			event = strtoull(argv[i] + 6, NULL, 10);
		else if (!strncmp(argv[i], "bytes=", 6))
			event_bytes = strtoull(argv[i] + 6, NULL, 10);
		else if (!strncmp(argv[i], "skip=", 5))
			skipped_events = strtoull(argv[i] + 5, NULL, 10);
		else if (!strncmp(argv[i], "count=", 6))
			count = strtoull(argv[i] + 6, NULL, 10);
	}
	if (!to || (!from && !event))
		return 0; /* loaded to see whether it can be */
	node = calloc(NODES_MAX, sizeof *node);
	counter = calloc(COUNTS_MAX, sizeof *counter);
	entry = calloc(ENTRIES_MAX, sizeof *entry);
	if (from)
		window = open(from, O_RDONLY);
	if (!node || !counter || !entry || (from && window < 0) || !(out = fopen(to, "w")))
		return -1;
	if (event)
		watch_events(count);
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
