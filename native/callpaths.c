// SPDX-License-Identifier: GPL-2.0-or-later
// TCG plugin: which code runs, how often, and by which path of calls, from an eBPF program's first instruction to its
// return. It follows calls and returns by the stack slots they write and read, so no count is a sample or a guess.
// Build: gcc -O2 -shared -fPIC -DAPI=1 callpaths.c -o callpaths-1.so  (QEMU to 8.x; -DAPI=2: 9.0; -DAPI=3: from 9.1 on)
// Use:   -plugin file=callpaths-1.so,spec=FILE,out=FILE
// The declarations follow QEMU's include/qemu/qemu-plugin.h, which Debian does not package.
//
// spec, lines:  entry HEX            the program's first instruction
//               image HEX HEX        machine code of eBPF: its begin and its end
//               runs N               how many times the program is run
//               cold N, warm N       count run N (from 0, ascending) in that column
// out, lines:   r RUN INSNS          every run, and the instructions it took
//               b ID HEX...          a block of code: the addresses of its instructions
//               n ID PARENT HEX      a call path: that of its caller, and the calling (or leaving) instruction
//               c PATH BLOCK COLD WARM
//               t HEX HEX COLD WARM DIRECT  a tail call: where from, where to, and 1 where one jump leads there
//               x TEXT               what kept it from counting
//               end
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint64_t plugin_id;
struct tb;
struct insn;
#define QEMU __attribute__((visibility("default"))) extern
#define CB_NO_REGS 0
#define MEM_RW 3 /* QEMU 7.2 takes one for the other where only one is asked for */
QEMU size_t qemu_plugin_tb_n_insns(const struct tb *);
QEMU struct insn *qemu_plugin_tb_get_insn(const struct tb *, size_t);
QEMU uint64_t qemu_plugin_insn_vaddr(const struct insn *);
QEMU size_t qemu_plugin_insn_size(const struct insn *);
QEMU void qemu_plugin_register_vcpu_tb_trans_cb(plugin_id, void (*)(plugin_id, struct tb *));
QEMU void qemu_plugin_register_vcpu_tb_exec_cb(struct tb *, void (*)(unsigned, void *), int flags, void *);
QEMU void qemu_plugin_register_vcpu_mem_cb(struct insn *, void (*)(unsigned, uint32_t, uint64_t, void *), int flags,
					   int rw, void *);
QEMU _Bool qemu_plugin_mem_is_store(uint32_t info);
int qemu_plugin_version = API;

#if API < 3
QEMU const void *qemu_plugin_insn_data(const struct insn *);
static void read_code(struct insn *insn, uint8_t *to, size_t size) { memcpy(to, qemu_plugin_insn_data(insn), size); }
#else
QEMU size_t qemu_plugin_insn_data(const struct insn *, void *, size_t);
static void read_code(struct insn *insn, uint8_t *to, size_t size) { qemu_plugin_insn_data(insn, to, size); }
#endif

#define INSN_BYTES_MAX 15
#define PAGE_BITS 12
#define FRAMES_MAX 1024
#define NODES_MAX (1u << 18)
#define COUNTS_MAX (1u << 20)
#define JUMPS_MAX 4096
#define IMAGES_MAX 4096
#define BUCKETS (1u << 16)
#define TAIL_CALL_LANDING_MAX 16 /* bytes into an image: X86_TAIL_CALL_OFFSET, endbr64 included */
#define ABANDONED_BYTES 16384	 /* a frame this far below a call's slot is of the same stack, and was left */

enum column { NONE = -1, COLD, WARM };

struct block {
	struct block *next;
	uint64_t start, last;
	uint32_t id, insns;
	int image; /* its number from 1, or 0 */
	int is_entry;
	int is_written;
	int ends_in_jump; /* to an address that it names itself */
	/* Its last instruction may go on in the next page: then QEMU has left it out, and begins the next block with it. */
	int may_be_cut;
	struct block *cut; /* the same without it */
	uint64_t address[];
};

struct node {
	uint32_t parent, next;
	uint64_t site;
};

struct counter {
	uint32_t node, next;
	struct block *block;
	uint64_t n[2];
};

struct jump {
	uint64_t site, target, n[2];
	int is_direct;
};

/* One call that has not returned: where its return address lies, and the last that was executed of an image in it. */
struct frame {
	uint64_t slot, last_site;
	uint32_t node;
	int last_image;
};

static FILE *out;
static uint64_t entry, runs, *taken_run, image_start[IMAGES_MAX], image_end[IMAGES_MAX];
static signed char *taken_column;
static unsigned images, taken, next_taken;
static struct block *block_bucket[BUCKETS];
static uint32_t blocks, nodes = 1, counters = 1, jumps, node_bucket[BUCKETS], counter_bucket[BUCKETS];
static struct node *node;	 /* 0: the program itself */
static struct counter *counter; /* from 1 */
static struct jump jump[JUMPS_MAX];

static uint64_t stack_pointer;	/* as the last call or return left it */
static struct block *executing; /* until its call or return is seen: QEMU up to 7.2 tells of later accesses, too */
static int is_running, is_done;
static enum column column;
static uint64_t run, run_insns;
static struct frame frame[FRAMES_MAX];
static unsigned depth;
static uint32_t current, counted;
static struct block *previous;

static void fail(const char *what)
{
	if (!is_done)
		fprintf(out, "x %s\n", what), fflush(out);
	is_done = 1;
	is_running = 0;
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

static void count_block(uint32_t at, struct block *block)
{
	uint32_t *bucket = &counter_bucket[hash(at, block->id)], id;

	for (id = *bucket; id; id = counter[id].next)
		if (counter[id].node == at && counter[id].block == block)
			break;
	if (!id) {
		if (counters == COUNTS_MAX) {
			fail("too many blocks of code");
			return;
		}
		id = counters++;
		counter[id] = (struct counter){ .node = at, .next = *bucket, .block = block };
		*bucket = id;
	}
	counter[id].n[column]++;
	counted = id;
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
	jump[i].n[column]++;
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

static void write_all(void)
{
	for (uint32_t i = 1; i < nodes; i++)
		fprintf(out, "n %u %u %lx\n", i, node[i].parent, node[i].site);
	for (uint32_t i = 1; i < counters; i++) {
		if (!counter[i].n[COLD] && !counter[i].n[WARM])
			continue;
		write_block(counter[i].block);
		fprintf(out, "c %u %u %lu %lu\n", counter[i].node, counter[i].block->id, counter[i].n[COLD], counter[i].n[WARM]);
	}
	for (uint32_t i = 0; i < jumps; i++)
		fprintf(out, "t %lx %lx %lu %lu %d\n", jump[i].site, jump[i].target, jump[i].n[COLD], jump[i].n[WARM],
			jump[i].is_direct);
	fprintf(out, "end\n");
	fflush(out);
}

static void begin_run(void)
{
	is_running = 1;
	run_insns = 0;
	column = NONE;
	if (next_taken < taken && taken_run[next_taken] == run)
		column = taken_column[next_taken++];
	frame[0] = (struct frame){ .slot = stack_pointer };
	depth = 0;
	current = 0;
	previous = NULL;
}

static void end_run(void)
{
	is_running = 0;
	fprintf(out, "r %lu %lu\n", run, run_insns);
	fflush(out);
	if (++run == runs) {
		write_all();
		is_done = 1;
	}
}

/* In an image the frame goes on; what an image has left for by a jump (a return thunk, say) is under the leaving one. */
static void follow(struct block *block, const struct block *before)
{
	struct frame *top = &frame[depth];

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

static void take_back_last(struct block *block)
{
	run_insns--;
	if (column == NONE)
		return;
	if (!block->cut) {
		block->cut = calloc(1, sizeof *block + (block->insns - 1) * sizeof block->address[0]);
		if (!block->cut)
			abort();
		memcpy(block->cut->address, block->address, (block->insns - 1) * sizeof block->address[0]);
		block->cut->id = blocks++;
		block->cut->insns = block->insns - 1;
	}
	counter[counted].n[column]--;
	count_block(counter[counted].node, block->cut);
}

static void on_block(unsigned vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	executing = block;
	if (block->is_entry && !is_running && !is_done)
		begin_run();
	if (!is_running)
		return;
	if (previous && previous->may_be_cut && previous->last == block->start)
		take_back_last(previous);
	run_insns += block->insns;
	if (column != NONE) {
		follow(block, previous);
		count_block(current, block);
	}
	previous = block;
}

static void on_call(unsigned vcpu, uint32_t info, uint64_t slot, void *block)
{
	(void)vcpu;
	if (executing != block || !qemu_plugin_mem_is_store(info))
		return;
	executing = NULL;
	stack_pointer = slot;
	if (!is_running || column == NONE)
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
	for (unsigned d = depth; d && column != NONE; d--)
		if (frame[d].slot == slot) {
			depth = d - 1;
			break;
		}
}

enum kind { OTHER, CALL, RETURN, JUMP, REPEAT };

static int is_prefix(uint8_t byte)
{
	return byte == 0x26 || byte == 0x2e || byte == 0x36 || byte == 0x3e || (byte >= 0x64 && byte <= 0x67) ||
	       byte == 0xf2 || byte == 0xf3;
}

/* movs, cmps, stos, lods, scas */
static int is_string_op(uint8_t opcode)
{
	return (opcode >= 0xa4 && opcode <= 0xa7) || (opcode >= 0xaa && opcode <= 0xaf);
}

static enum kind kind_of(struct insn *insn)
{
	uint8_t code[INSN_BYTES_MAX + 1] = { 0 };
	size_t size = qemu_plugin_insn_size(insn), i = 0;
	int repeats = 0;

	if (size > INSN_BYTES_MAX)
		return OTHER;
	read_code(insn, code, size);
	for (; i < size && is_prefix(code[i]); i++)
		repeats |= code[i] == 0xf2 || code[i] == 0xf3;
	if (i < size && (code[i] & 0xf0) == 0x40)
		i++;
	if (repeats && is_string_op(code[i]))
		return REPEAT;
	if (code[i] == 0xe8 || (code[i] == 0xff && (code[i + 1] >> 3 & 7) == 2))
		return CALL;
	if (code[i] == 0xe9)
		return JUMP;
	return code[i] == 0xc3 || code[i] == 0xc2 ? RETURN : OTHER;
}

static int image_of(uint64_t address)
{
	for (unsigned i = 0; i < images; i++)
		if (address >= image_start[i] && address < image_end[i])
			return i + 1;
	return 0;
}

static struct block *block_of(struct tb *tb, size_t insns)
{
	uint64_t start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	uint64_t last = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, insns - 1));
	struct block **bucket = &block_bucket[hash(start, insns)], *block;

	for (block = *bucket; block; block = block->next)
		if (block->start == start && block->insns == insns && block->last == last)
			return block;
	block = calloc(1, sizeof *block + insns * sizeof block->address[0]);
	if (!block)
		abort();
	*block = (struct block){ .next = *bucket, .start = start, .last = last, .id = blocks++, .insns = insns,
				 .image = image_of(start), .is_entry = start == entry };
	for (size_t i = 0; i < insns; i++)
		block->address[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	return *bucket = block;
}

static void on_translate(plugin_id id, struct tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb);
	struct block *block;
	struct insn *last;
	enum kind kind;

	(void)id;
	if (!insns)
		return;
	block = block_of(tb, insns);
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, CB_NO_REGS, block);
	last = qemu_plugin_tb_get_insn(tb, insns - 1);
	kind = kind_of(last);
	block->ends_in_jump = kind == JUMP;
	block->may_be_cut = insns > 1 && kind != REPEAT &&
			    block->last >> PAGE_BITS != (block->last + INSN_BYTES_MAX) >> PAGE_BITS;
	if (kind == CALL || kind == RETURN)
		qemu_plugin_register_vcpu_mem_cb(last, kind == CALL ? on_call : on_return, CB_NO_REGS, MEM_RW, block);
}

static int read_spec(const char *path)
{
	FILE *spec = fopen(path, "r");
	unsigned room = 0;
	char line[128], word[16];
	uint64_t a, b;

	if (!spec)
		return -1;
	while (fgets(line, sizeof line, spec)) {
		if (sscanf(line, "entry %lx", &a) == 1)
			entry = a;
		else if (sscanf(line, "image %lx %lx", &a, &b) == 2 && images < IMAGES_MAX)
			image_start[images] = a, image_end[images++] = b;
		else if (sscanf(line, "runs %lu", &a) == 1)
			runs = a;
		else if (sscanf(line, "%15s %lu", word, &a) == 2) {
			if (taken == room) {
				room = room ? 2 * room : 64;
				taken_run = realloc(taken_run, room * sizeof *taken_run);
				taken_column = realloc(taken_column, room * sizeof *taken_column);
				if (!taken_run || !taken_column)
					return -1;
			}
			taken_run[taken] = a;
			taken_column[taken++] = strcmp(word, "cold") ? WARM : COLD;
		}
	}
	return fclose(spec);
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	const char *spec = NULL, *to = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			to = argv[i] + 4;
		else if (!strncmp(argv[i], "spec=", 5))
			spec = argv[i] + 5;
	}
	if (!spec || !to)
		return 0; /* loaded to see whether it can be */
	node = calloc(NODES_MAX, sizeof *node);
	counter = calloc(COUNTS_MAX, sizeof *counter);
	if (!node || !counter || read_spec(spec) || !(out = fopen(to, "w")))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
