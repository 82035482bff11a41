// SPDX-License-Identifier: GPL-2.0-or-later
// TCG plugin: how often each block of eBPF machine code runs, run by run, and what a tail call executes in the kernel's
// indirect thunks. It looks at eBPF's addresses alone and knows no program: who reads its file has their images.
// Build: gcc -O2 -shared -fPIC -DAPI=1 tailcalls.c -o tailcalls-1.so  (QEMU to 8.x; -DAPI=2: 9.0; -DAPI=3: from 9.1 on)
// Use:   -plugin file=tailcalls-1.so,out=FILE[,thunks=HEX-HEX+HEX-HEX...][,window=FILE,at=BYTES]
//
// window, from BYTES: 64-bit numbers: how many images there are, then begin, end and a third for each; only they are looked
// at, as modules of the kernel, which lie among them, run under network load. Read whenever there is new code.
// out, lines:   e HEX                a program or subprogram is entered at its first instruction
//               b ID THUNK HEX...    a block of code: 1 where it is a thunk's, and the addresses of its instructions
//               c ID N               the block ran N times since the entry before, which is told with the next entry
//               x TEXT               what kept it from counting
#include "x86.h"

#define EBPF_START 0xffffffffa0000000ull /* MODULES_VADDR, with a kernel of 512 MB or 1 GB below it, and its end */
#define EBPF_END 0xffffffffff000000ull
#define ENDBR_BYTES 4
#define THUNKS_MAX 16
#define IMAGES_MAX 256
#define BUCKETS (1u << 14)
#define OUT_BYTES_MAX (128l << 20)

struct block {
	struct block *next, *touched;
	uint64_t start, last, end, n;
	uint32_t id, insns;
	int begins_function, is_thunk, leaves;
	int is_endbr; /* and nothing more: a function may begin whose page ends */
	/* Its last instruction may go on in the next page: then QEMU has left it out, and begins the next block with it. */
	int may_be_cut;
	struct block *cut; /* the same without it */
	int is_written;
	uint64_t address[];
};

static FILE *out;
static uint64_t thunk_start[THUNKS_MAX], thunk_end[THUNKS_MAX];
static unsigned thunks;
static int window = -1;
static uint64_t window_at;
static struct block *bucket[BUCKETS], *touched, *previous;
static uint32_t blocks;
static int is_leaving, is_full;

static void count(struct block *block)
{
	if (!block->n++) {
		block->touched = touched;
		touched = block;
	}
}

static void write_block(struct block *block)
{
	if (block->is_written)
		return;
	block->is_written = 1;
	fprintf(out, "b %u %d", block->id, block->is_thunk);
	for (uint32_t i = 0; i < block->insns; i++)
		fprintf(out, " %lx", block->address[i]);
	fputc('\n', out);
}

static void flush(void)
{
	for (struct block *block = touched; block; block = block->touched) {
		if (block->n && !is_full) {
			write_block(block);
			fprintf(out, "c %u %lu\n", block->id, block->n);
		}
		block->n = 0;
	}
	touched = NULL;
	if (!is_full && ftell(out) > OUT_BYTES_MAX) {
		fprintf(out, "x too many runs\n");
		is_full = 1;
	}
}

static void take_back_last(struct block *block)
{
	if (!block->cut) {
		block->cut = calloc(1, sizeof *block + (block->insns - 1) * sizeof block->address[0]);
		if (!block->cut)
			abort();
		memcpy(block->cut->address, block->address, (block->insns - 1) * sizeof block->address[0]);
		block->cut->start = block->start;
		block->cut->id = blocks++;
		block->cut->insns = block->insns - 1;
		block->cut->is_thunk = block->is_thunk;
	}
	if (block->n) {
		block->n--;
		count(block->cut);
	}
}

static void enter(uint64_t address)
{
	flush();
	if (!is_full)
		fprintf(out, "e %lx\n", address);
	fflush(out); /* the machine is ended by a signal */
}

static void on_ebpf(unsigned vcpu, void *data)
{
	struct block *block = data;

	(void)vcpu;
	if (previous && previous->may_be_cut && previous->last == block->start)
		take_back_last(previous);
	if (block->begins_function && previous && previous->is_endbr && previous->start + ENDBR_BYTES == block->start) {
		struct block *endbr = previous->insns == 1 ? previous : previous->cut;

		endbr->n--;
		enter(endbr->start);
		count(endbr);
	} else if (block->begins_function && !(previous && previous->end == block->start)) {
		/* A direct tail call has such a nop, too, but that is come to from the instruction before it. */
		enter(block->start);
	}
	count(block);
	is_leaving = block->leaves;
	previous = block;
}

static void on_thunk(unsigned vcpu, void *data)
{
	(void)vcpu;
	if (is_leaving)
		count(data);
}

static int is_thunk(uint64_t address)
{
	for (unsigned i = 0; i < thunks; i++)
		if (address >= thunk_start[i] && address < thunk_end[i])
			return 1;
	return 0;
}

/* The guest is nobody's friend: what it says is taken only where it fits. */
static int is_told(uint64_t address)
{
	uint64_t count = 0, image[IMAGES_MAX][3];
	ssize_t size;

	if (pread(window, &count, sizeof count, window_at) != sizeof count || count > IMAGES_MAX)
		return 0;
	size = count * sizeof image[0];
	if (pread(window, image, size, window_at + sizeof count) != size)
		return 0;
	for (uint64_t i = 0; i < count; i++)
		if (address >= image[i][0] && address < image[i][1])
			return 1;
	return 0;
}

static int is_ebpf(uint64_t address)
{
	return address >= EBPF_START && address < EBPF_END && (window < 0 || is_told(address));
}

static size_t bytes_at(struct tb *tb, size_t i, uint8_t code[INSN_BYTES_MAX + 1])
{
	return bytes_of(qemu_plugin_tb_get_insn(tb, i), code);
}

static int is_endbr(const uint8_t *code, size_t size)
{
	static const uint8_t endbr[ENDBR_BYTES] = { 0xf3, 0x0f, 0x1e, 0xfa };

	return size == sizeof endbr && !memcmp(code, endbr, sizeof endbr);
}

/* Five bytes of nop where a trampoline can be put, behind endbr64 where the kernel has those: a function begins. */
static int begins_function(struct tb *tb, size_t insns)
{
	static const uint8_t nop[2][5] = { { 0x0f, 0x1f, 0x44, 0, 0 }, { 0x66, 0x66, 0x66, 0x66, 0x90 } };
	uint8_t code[INSN_BYTES_MAX + 1] = { 0 };
	size_t size = bytes_at(tb, 0, code);

	if (insns > 1 && is_endbr(code, size))
		size = bytes_at(tb, 1, code);
	return size == 5 && (!memcmp(code, nop[0], 5) || !memcmp(code, nop[1], 5));
}

static struct block *block_of(struct tb *tb, size_t insns)
{
	uint64_t start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	uint64_t last = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, insns - 1));
	struct block **first = &bucket[(start ^ start >> 14) & (BUCKETS - 1)], *block;

	for (block = *first; block; block = block->next)
		if (block->start == start && block->insns == insns && block->last == last)
			return block;
	block = calloc(1, sizeof *block + insns * sizeof block->address[0]);
	if (!block)
		abort();
	*block = (struct block){ .next = *first, .start = start, .last = last, .id = blocks++, .insns = insns };
	for (size_t i = 0; i < insns; i++)
		block->address[i] = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, i));
	return *first = block;
}

static void on_translate(plugin_id id, struct tb *tb)
{
	size_t insns = qemu_plugin_tb_n_insns(tb), size;
	uint8_t first[INSN_BYTES_MAX + 1] = { 0 }, last[INSN_BYTES_MAX + 1] = { 0 };
	struct block *block;
	int32_t jump;
	uint64_t start;

	(void)id;
	if (!insns)
		return;
	start = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
	if (!is_ebpf(start) && !is_thunk(start))
		return;
	block = block_of(tb, insns);
	if (is_thunk(start)) {
		block->is_thunk = 1;
		qemu_plugin_register_vcpu_tb_exec_cb(tb, on_thunk, CB_NO_REGS, block);
		return;
	}
	block->begins_function = begins_function(tb, insns);
	size = bytes_at(tb, insns - 1, last);
	memcpy(&jump, last + 1, sizeof jump);
	block->end = block->last + size;
	block->leaves = size == 5 && last[0] == 0xe9 && is_thunk(block->last + 5 + jump);
	block->may_be_cut = may_be_cut(insns, block->last, OTHER);
	block->is_endbr = insns <= (block->may_be_cut ? 2u : 1u) && is_endbr(first, bytes_at(tb, 0, first));
	qemu_plugin_register_vcpu_tb_exec_cb(tb, on_ebpf, CB_NO_REGS, block);
}

static void read_thunks(char *text)
{
	for (; thunks < THUNKS_MAX && *text; thunks++) {
		thunk_start[thunks] = strtoull(text, &text, 16);
		thunk_end[thunks] = strtoull(text + (*text == '-'), &text, 16);
		text += *text == '+';
	}
}

__attribute__((visibility("default"))) int qemu_plugin_install(plugin_id id, const void *info, int argc, char **argv)
{
	const char *to = NULL, *from = NULL;

	(void)info;
	for (int i = 0; i < argc; i++) {
		if (!strncmp(argv[i], "out=", 4))
			to = argv[i] + 4;
		else if (!strncmp(argv[i], "thunks=", 7))
			read_thunks(argv[i] + 7);
		else if (!strncmp(argv[i], "window=", 7))
			from = argv[i] + 7;
		else if (!strncmp(argv[i], "at=", 3))
			window_at = strtoull(argv[i] + 3, NULL, 10);
	}
	if (!to)
		return 0; /* loaded to see whether it can be */
	if (from && (window = open(from, O_RDONLY)) < 0)
		return -1;
	if (!(out = fopen(to, "w")))
		return -1;
	qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
	return 0;
}
