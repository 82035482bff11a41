const __filename_url = require('node:url').pathToFileURL(__filename).href;
"use strict";
var __create = Object.create;
var __defProp = Object.defineProperty;
var __getOwnPropDesc = Object.getOwnPropertyDescriptor;
var __getOwnPropNames = Object.getOwnPropertyNames;
var __getProtoOf = Object.getPrototypeOf;
var __hasOwnProp = Object.prototype.hasOwnProperty;
var __copyProps = (to, from, except, desc) => {
  if (from && typeof from === "object" || typeof from === "function") {
    for (let key of __getOwnPropNames(from))
      if (!__hasOwnProp.call(to, key) && key !== except)
        __defProp(to, key, { get: () => from[key], enumerable: !(desc = __getOwnPropDesc(from, key)) || desc.enumerable });
  }
  return to;
};
var __toESM = (mod, isNodeMode, target) => (target = mod != null ? __create(__getProtoOf(mod)) : {}, __copyProps(
  // If the importer is in node compatibility mode or this is not an ESM
  // file that has been converted to a CommonJS file using a Babel-
  // compatible transform (i.e. "__esModule" has not been set), then set
  // "default" to the CommonJS "module.exports" for node compatibility.
  isNodeMode || !mod || !mod.__esModule ? __defProp(target, "default", { value: mod, enumerable: true }) : target,
  mod
));

// src/guest.ts
var import_node_fs6 = require("node:fs");
var import_node_path = require("node:path");

// src/model/window.ts
var WINDOW_BYTES = 64 << 20;
var RECORDS_AT = 40 << 20;
var IMAGES_LIMIT = 4096;
var SUBJECT_BYTES = 128 << 10;
var SUBJECT_AT = WINDOW_BYTES - SUBJECT_BYTES;
var RECORDS_CAPACITY_BYTES = SUBJECT_AT - RECORDS_AT - 4;
var HEADER_BYTES = 8;
var JSON_ROOM = 4 << 20;
function decodeJob(window) {
  const size2 = new DataView(window.buffer, window.byteOffset, 4).getUint32(0, true);
  if (size2 === 0 || size2 > JSON_ROOM - HEADER_BYTES) return void 0;
  return JSON.parse(new TextDecoder().decode(window.subarray(HEADER_BYTES, HEADER_BYTES + size2)));
}
function decodeSequel(window) {
  const view = new DataView(window.buffer, window.byteOffset, window.byteLength);
  const at = view.getUint32(4, true);
  if (at === 0) return void 0;
  const size2 = view.getUint32(at, true);
  return JSON.parse(new TextDecoder().decode(window.subarray(at + 4, at + 4 + size2)));
}

// src/guest/channel.ts
function openChannel(window) {
  let size2 = 0;
  return {
    send: (record) => {
      const line = Buffer.from(`${JSON.stringify(record)}
`);
      if (size2 + line.length > RECORDS_CAPACITY_BYTES) throw new Error("the window is full");
      line.copy(window, RECORDS_AT + 4 + size2);
      size2 += line.length;
      window.writeUInt32LE(size2, RECORDS_AT);
    },
    reset: () => {
      size2 = 0;
    }
  };
}

// src/guest/init.ts
var import_node_fs = require("node:fs");

// src/guest/libbpf/ffi.ts
var import_koffi = __toESM(require("./koffi.node"), 1);
function memory(sizeBytes) {
  return Buffer.from(new ArrayBuffer(sizeBytes));
}
function addressOf(bytes) {
  return BigInt(import_koffi.default.address(bytes));
}
function cString(text) {
  const bytes = Buffer.from(text);
  const out = memory(bytes.length + 1);
  bytes.copy(out);
  return out;
}
function errno() {
  return import_koffi.default.errno();
}
function errorName(error) {
  const code = Math.abs(error);
  if (code === 524) return "ENOTSUPP";
  return Object.entries(import_koffi.default.os.errno).find(([, value]) => value === code)?.[0] ?? `error ${code}`;
}
function mapShared(fd, sizeBytes, offset) {
  const at = libc().mmap(null, sizeBytes, 3, 1, fd, offset);
  if (at === null || BigInt.asIntN(64, BigInt(at)) === -1n) throw new Error(`mmap: ${errorName(errno())}`);
  return Buffer.from(import_koffi.default.view(at, sizeBytes));
}
var libc = once(() => {
  const library = import_koffi.default.load("libc.so.6");
  return {
    mount: library.func("int mount(const char*, const char*, const char*, ulong, const void*)"),
    mmap: library.func("void* mmap(void*, ulong, int, int, int, long)"),
    syscall4: library.func("long syscall(long, ulong, ulong, ulong)"),
    vsnprintf: library.func("int vsnprintf(void*, size_t, void*, void*)")
  };
});
function loadClock(path) {
  const library = import_koffi.default.load(path);
  return {
    gaps: library.func("int tollgate_gaps(ulong, void*, int)"),
    ratio: library.func("void tollgate_clock_ratio(ulong, void*, void*)"),
    align: library.func("ulong tollgate_align(ulong, ulong)"),
    runs: library.func("void tollgate_runs(void*, int, void*, int, ulong, ulong, ulong)"),
    markSubject: library.func("void tollgate_mark_subject()")
  };
}
function loadVisitsLibrary(path) {
  const library = import_koffi.default.load(path);
  return {
    open: library.func("long tollgate_visits_open(ulong, void*, ulong, void*)"),
    close: library.func("void tollgate_visits_close(void*, void*)")
  };
}
var LIBBPF = {
  libbpf_version_string: "const char* libbpf_version_string()",
  libbpf_num_possible_cpus: "int libbpf_num_possible_cpus()",
  bpf_object__open_mem: "void* bpf_object__open_mem(void*, size_t, void*)",
  bpf_object__load: "int bpf_object__load(void*)",
  bpf_object__close: "void bpf_object__close(void*)",
  bpf_object__next_program: "void* bpf_object__next_program(void*, void*)",
  bpf_object__next_map: "void* bpf_object__next_map(void*, void*)",
  bpf_program__name: "const char* bpf_program__name(void*)",
  bpf_program__section_name: "const char* bpf_program__section_name(void*)",
  bpf_program__type: "int bpf_program__type(void*)",
  bpf_program__set_type: "int bpf_program__set_type(void*, int)",
  bpf_program__expected_attach_type: "int bpf_program__expected_attach_type(void*)",
  bpf_program__set_expected_attach_type: "int bpf_program__set_expected_attach_type(void*, int)",
  bpf_program__flags: "uint bpf_program__flags(void*)",
  bpf_program__autoload: "bool bpf_program__autoload(void*)",
  bpf_program__set_autoload: "int bpf_program__set_autoload(void*, bool)",
  bpf_program__fd: "int bpf_program__fd(void*)",
  bpf_program__insn_cnt: "size_t bpf_program__insn_cnt(void*)",
  bpf_program__set_log_level: "int bpf_program__set_log_level(void*, uint)",
  bpf_program__set_log_buf: "int bpf_program__set_log_buf(void*, void*, size_t)",
  bpf_map__name: "const char* bpf_map__name(void*)",
  bpf_map__type: "int bpf_map__type(void*)",
  bpf_map__fd: "int bpf_map__fd(void*)",
  bpf_map__key_size: "uint bpf_map__key_size(void*)",
  bpf_map__value_size: "uint bpf_map__value_size(void*)",
  bpf_map__max_entries: "uint bpf_map__max_entries(void*)",
  bpf_map__set_max_entries: "int bpf_map__set_max_entries(void*, uint)",
  bpf_map__map_flags: "uint bpf_map__map_flags(void*)",
  bpf_map__set_map_flags: "int bpf_map__set_map_flags(void*, uint)",
  bpf_map__set_pin_path: "int bpf_map__set_pin_path(void*, void*)",
  bpf_map__set_autocreate: "int bpf_map__set_autocreate(void*, bool)",
  bpf_map__inner_map: "void* bpf_map__inner_map(void*)",
  bpf_obj_get_info_by_fd: "int bpf_obj_get_info_by_fd(int, void*, void*)",
  bpf_map_update_elem: "int bpf_map_update_elem(int, void*, void*, uint64)",
  bpf_prog_load: "int bpf_prog_load(int, const char*, const char*, void*, size_t, void*)"
};
var MESSAGES_CAP = 64 * 1024;
var libbpf = once(() => {
  const library = import_koffi.default.load("libbpf.so.1");
  const functions = Object.fromEntries(
    Object.entries(LIBBPF).map(([name, prototype]) => [name, library.func(prototype)])
  );
  let messages = "";
  const line = memory(4096);
  const print = import_koffi.default.proto("int tollgate_print(int level, void *format, void *list)");
  const callback = import_koffi.default.register((level, format, list) => {
    const size2 = libc().vsnprintf(line, line.length, format, list);
    if (level === 0 && messages.length < MESSAGES_CAP)
      messages += line.toString("utf8", 0, Math.min(Math.max(size2, 0), line.length - 1));
    return size2;
  }, import_koffi.default.pointer(print));
  library.func("void* libbpf_set_print(void*)")(callback);
  return {
    ...functions,
    takeMessages: () => {
      const taken = messages;
      messages = "";
      return taken;
    }
  };
});
function once(make) {
  let made;
  return () => {
    made ??= make();
    return made;
  };
}

// src/guest/init.ts
function mountAll() {
  for (const [type, target, needed] of [
    ["proc", "/proc", true],
    ["sysfs", "/sys", true],
    ["devtmpfs", "/dev", true],
    ["bpf", "/sys/fs/bpf", false],
    ["cgroup2", "/sys/fs/cgroup", false]
  ]) {
    if (libc().mount(type, target, type, 0, null) !== 0 && needed)
      throw new Error(`mount ${type} on ${target}: ${errorName(errno())}`);
  }
}
function loadModules(listPath) {
  const warnings = [];
  const noParameters = cString("");
  if (!(0, import_node_fs.existsSync)(listPath)) return warnings;
  for (const path of (0, import_node_fs.readFileSync)(listPath, "utf8").split("\n").filter(Boolean)) {
    const fd = (0, import_node_fs.openSync)(path, "r");
    if (libc().syscall4(SYS_FINIT_MODULE, fd, addressOf(noParameters), 0) !== 0 && errno() !== EEXIST)
      warnings.push(`module ${path.replace(/^.*\//, "")}: ${errorName(errno())}`);
    (0, import_node_fs.closeSync)(fd);
  }
  return warnings;
}
function setUpKernel() {
  for (const [path, value] of [
    ["/proc/sys/net/core/bpf_jit_enable", "1"],
    ["/proc/sys/net/core/bpf_jit_harden", "0"],
    ["/proc/sys/net/core/bpf_jit_kallsyms", "1"],
    ["/proc/sys/kernel/kptr_restrict", "0"],
    ["/proc/sys/vm/panic_on_oom", "2"],
    ["/proc/sys/kernel/bpf_stats_enabled", "0"],
    ["/proc/sys/kernel/panic_on_rcu_stall", "1"]
  ]) {
    try {
      (0, import_node_fs.writeFileSync)(path, value);
    } catch {
    }
  }
}
function restartLockupDetector() {
  try {
    (0, import_node_fs.writeFileSync)("/proc/sys/kernel/watchdog_thresh", "5");
  } catch {
  }
}
function becomeRealTime() {
  try {
    (0, import_node_fs.writeFileSync)("/proc/sys/kernel/sched_rt_runtime_us", "-1");
  } catch {
  }
  const priority = memory(4);
  priority.writeInt32LE(1);
  if (libc().syscall4(SYS_SCHED_SETSCHEDULER, 0, SCHED_FIFO, addressOf(priority)) === 0) return [];
  return [`real-time scheduling: ${errorName(errno())}`];
}
function findPauseDevice() {
  const root = "/sys/bus/pci/devices";
  for (const name of (0, import_node_fs.readdirSync)(root)) {
    const device = `${root}/${name}`;
    const id = `${(0, import_node_fs.readFileSync)(`${device}/vendor`, "utf8").trim()}:${(0, import_node_fs.readFileSync)(`${device}/device`, "utf8").trim()}`;
    if (id !== "0x1b36:0x0011") continue;
    (0, import_node_fs.writeFileSync)(`${device}/enable`, "1");
    const start = BigInt((0, import_node_fs.readFileSync)(`${device}/resource`, "utf8").split(" ")[0]);
    const fd = (0, import_node_fs.openSync)(`${device}/resource0`, "r+");
    const register = mapShared(fd, 4096, 0);
    (0, import_node_fs.closeSync)(fd);
    const offset = Number(start & 0xfffn);
    return () => {
      register[offset] = 1;
    };
  }
  throw new Error("no pvpanic-pci device: the VM cannot be paused");
}
function findRetainedInitramfs() {
  const log = (0, import_node_fs.openSync)("/dev/kmsg", import_node_fs.constants.O_RDONLY | import_node_fs.constants.O_NONBLOCK);
  const line = Buffer.alloc(8192);
  try {
    for (; ; ) {
      const text = line.toString("utf8", 0, (0, import_node_fs.readSync)(log, line));
      const found = /Allocated new RAMDISK: \[mem (0x[0-9a-f]+)-(0x[0-9a-f]+)\]/.exec(text);
      if (found) return [Number(found[1]), Number(found[2]) + 1 - Number(found[1])];
    }
  } catch {
    return void 0;
  } finally {
    (0, import_node_fs.closeSync)(log);
  }
}
function mapWindow(physicalAddress, sizeBytes) {
  const fd = (0, import_node_fs.openSync)("/dev/mem", "r+");
  const window = mapShared(fd, sizeBytes, physicalAddress);
  (0, import_node_fs.closeSync)(fd);
  return window;
}
var SYS_FINIT_MODULE = 313;
var SYS_SCHED_SETSCHEDULER = 144;
var SCHED_FIFO = 1;
var EEXIST = 17;

// src/guest/libbpf/runs.ts
var import_node_fs2 = require("node:fs");
var ATTR_BYTES = 80;
var RESULT_BYTES = 32;
function testRuns(clockLibrary, grid, fd, data, passes, clock) {
  const attrs = memory(ATTR_BYTES * data.length);
  data.forEach(({ packet: packet2, context }, i) => {
    const at = i * ATTR_BYTES;
    attrs.writeUInt32LE(fd, at);
    if (packet2) {
      attrs.writeUInt32LE(packet2.length, at + 8);
      attrs.writeBigUInt64LE(addressOf(packet2), at + 16);
    }
    if (context) {
      attrs.writeUInt32LE(context.length, at + 40);
      attrs.writeBigUInt64LE(addressOf(context), at + 48);
    }
  });
  const runs = data.length * passes;
  const results = memory(RESULT_BYTES * runs);
  results.fill(1);
  clockLibrary.align(grid.tickNs * SLOT_TICKS, grid.phaseNs + ALIGN_OFFSET_NS);
  clockLibrary.runs(attrs, data.length, results, runs, grid.tickNs, grid.phaseNs, ROOM_NS);
  return Array.from({ length: runs }, (_, i) => {
    const at = i * RESULT_BYTES;
    return {
      insns: clock === "kernel-clock" ? results.readUInt32LE(at + 8) : Number(results.readBigUInt64LE(at)),
      error: results.readInt32LE(at + 12),
      retval: results.readUInt32LE(at + 16)
    };
  });
}
var ALIGN_OFFSET_NS = 3e5;
var SLOT_TICKS = 25;
var ROOM_NS = 15e5;
function loadEmpty(type, expectedAttachType, flags) {
  const options = memory(96);
  options.writeBigUInt64LE(96n, 0);
  options.writeUInt32LE(expectedAttachType, 12);
  options.writeUInt32LE(flags | (type.loadFlags ?? 0), 20);
  const value = instruction(183, type.emptyReturns);
  return Number(libbpf().bpf_prog_load(type.id, "tollgate_empty", "GPL", twoInsns(value, EXIT), 2, options));
}
function seedRandomNumbers() {
  const draw = instruction(133, BPF_FUNC_GET_PRANDOM_U32);
  const fd = Number(
    libbpf().bpf_prog_load(SOCKET_FILTER, "tollgate_random", "GPL", twoInsns(draw, EXIT), 2, null)
  );
  if (fd >= 0) (0, import_node_fs2.closeSync)(fd);
}
var SOCKET_FILTER = 1;
var BPF_FUNC_GET_PRANDOM_U32 = 7;
function instruction(code, immediate) {
  const bytes = Buffer.alloc(8);
  bytes[0] = code;
  bytes.writeInt32LE(immediate, 4);
  return bytes;
}
var EXIT = instruction(149, 0);
function twoInsns(first, second) {
  const insns = memory(16);
  first.copy(insns);
  second.copy(insns, 8);
  return insns;
}
function findTicks(clockLibrary) {
  const most = 64;
  const out = memory(most * 8);
  const found = clockLibrary.gaps(6e7, out, most);
  const times = Array.from({ length: found }, (_, i) => Number(out.readBigUInt64LE(i * 8)));
  const steps = times.slice(1).map((time, i) => Math.round((time - times[i]) / 1e5) * 1e5);
  const counts = /* @__PURE__ */ new Map();
  for (const step of steps.filter((s) => s >= 9e5)) counts.set(step, (counts.get(step) ?? 0) + 1);
  const tickNs = [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 4e6;
  const last = times.at(-1) ?? 0;
  return { tickNs, phaseNs: last % tickNs };
}

// src/guest/runner.ts
var import_node_fs4 = require("node:fs");

// src/model/percentile.ts
function distribution(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const max = percentile(sorted, 100);
  return {
    count: values.length,
    mean: mean(values),
    p50: percentile(sorted, 50),
    p99: percentile(sorted, 99),
    max,
    maxIndex: values.indexOf(max)
  };
}
function percentile(sorted, percent) {
  const value = sorted[Math.max(0, Math.ceil(percent * sorted.length / 100) - 1)];
  if (value === void 0) throw new RangeError("no values");
  return value;
}
function mean(values) {
  if (values.length === 0) throw new RangeError("no values");
  return roundTo3(values.reduce((sum, value) => sum + value, 0) / values.length);
}
function steadyValue(values) {
  const counts = /* @__PURE__ */ new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first, ...rest] = counts;
  if (!first) throw new RangeError("no values");
  let best = first;
  for (const entry of rest)
    if (entry[1] > best[1] || entry[1] === best[1] && entry[0] < best[0]) best = entry;
  return best[0];
}
function roundTo3(value) {
  const rounded = Math.sign(value) * Math.round(Math.abs(value) * 1e3) / 1e3;
  return rounded === 0 ? 0 : rounded;
}

// src/measurements/run.ts
var WARM_PASSES_ONE_PACKET = 16;
var WARM_PASSES_MANY_PACKETS = 4;
var ONE_PACKET = ["run_insns", "run_insns_cold"];
var MANY_PACKETS = [
  ...ONE_PACKET,
  "run_insns_p50",
  "run_insns_p99",
  "run_insns_max"
];
var run = {
  name: "run",
  runs: true,
  metrics: MANY_PACKETS,
  measure: (subject) => {
    const { program, inputs, notRun } = subject;
    const type = program.type;
    if (!type.testRun)
      return absent(void 0, ONE_PACKET, {
        reason: `${type.name} programs have no test run: they run only where they are attached`
      });
    if (inputs.length === 0)
      return notRun === void 0 ? [] : absent(void 0, ONE_PACKET, { reason: notRun });
    return inputs.flatMap((input) => measureInput(subject, input));
  }
};
var UNDISTURBED_INSNS = 549e5;
function measureInput({ program, port }, input) {
  const many = input.packets.length > 1;
  const runs = port.run(program.name, input, 1 + (many ? WARM_PASSES_MANY_PACKETS : WARM_PASSES_ONE_PACKET));
  if ("reason" in runs) return absent(input.name, many ? MANY_PACKETS : ONE_PACKET, runs);
  const [cold, ...warm] = runs.passes;
  if (!cold?.[0] || warm.length === 0) throw new RangeError("a measurement needs a cold and a warm pass");
  const perPacket = cold.map((_, packet2) => steadyValue(warm.map((pass) => pass[packet2].insns)));
  const figure = (metric, value, note) => ({
    metric,
    input: input.name,
    value,
    ...note === void 0 ? {} : { note }
  });
  const figures = [
    figure("run_insns", mean(perPacket), runs.note ?? disturbed(runs.passes) ?? varies(warm)),
    figure("run_insns_cold", cold[0].insns)
  ];
  if (!many) return figures;
  const { p50, p99, max } = distribution(perPacket);
  return [
    ...figures,
    figure("run_insns_p50", p50),
    figure("run_insns_p99", p99),
    figure(
      "run_insns_max",
      max,
      `packet ${perPacket.indexOf(max) + 1} of ${perPacket.length} is the dearest`
    )
  ];
}
function disturbed(passes) {
  return passes.flat().some(({ insns }) => insns > UNDISTURBED_INSNS) ? `runs of more than ${UNDISTURBED_INSNS} instructions are interrupted by the timer, whose own are in the figure` : void 0;
}
function varies(warm) {
  if (warm[0]?.length !== 1) return void 0;
  const values = warm.map((pass) => pass[0].insns);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? void 0 : `warm runs take ${low} to ${high}, mean ${mean(values)}`;
}
function absent(input, metrics, reason) {
  return metrics.map((metric) => ({ metric, ...input === void 0 ? {} : { input }, absent: reason }));
}

// src/measurements/size.ts
var size = {
  name: "size",
  runs: false,
  metrics: ["prog_size", "prog_size_jited", "map_bytes", "map_count"],
  measure: ({ program }) => {
    const bytes = program.maps.map((map) => map.bytes);
    return [
      { metric: "prog_size", value: program.insnCount },
      program.jited.length > 0 ? { metric: "prog_size_jited", value: program.jited.length } : { metric: "prog_size_jited", absent: { reason: "the kernel did not compile it: the JIT is off" } },
      bytes.every((n) => n !== void 0) ? { metric: "map_bytes", value: bytes.reduce((sum, n) => sum + n, 0) } : { metric: "map_bytes", absent: { reason: "the kernel does not account for a map it uses" } },
      { metric: "map_count", value: program.maps.length }
    ];
  }
};

// src/model/errors.ts
var EXIT2 = { pass: 0, over: 1, usage: 2, infrastructure: 3 };
var TollgateError = class extends Error {
  name = "TollgateError";
  kind;
  details;
  constructor(kind, message, details = {}) {
    super(message, { cause: details.cause });
    this.kind = kind;
    this.details = details;
  }
  get exitCode() {
    return this.kind === "infrastructure" ? EXIT2.infrastructure : EXIT2.usage;
  }
};

// src/measurements/stack.ts
var CALL = 133;
var LD_IMM64 = 24;
var PSEUDO_CALL = 1;
var PSEUDO_FUNC = 4;
function deepestStack(depths, xlated, subprogStarts) {
  if (depths.length === 0) throw contradiction("no depth for the program itself");
  if (depths.length === 1) return depths[0];
  const calls = readCalls(xlated);
  const starts = subprogStarts ? new Map(subprogStarts.map((start, index) => [index, start])) : startsFromCalls(calls, depths.length);
  if (subprogStarts && subprogStarts.length !== depths.length)
    throw contradiction(`${depths.length} depths for ${subprogStarts.length} subprograms`);
  const indexOf = new Map([...starts].map(([index, start]) => [start, index]));
  const callees = depths.map(() => /* @__PURE__ */ new Set());
  for (const { at, targets } of calls) {
    const callee = targets.map((target) => indexOf.get(target)).find((index) => index !== void 0);
    if (callee === void 0)
      throw contradiction(`instruction ${at} calls ${targets[0]}, where no subprogram starts`);
    callees[ownerOf(starts, at)].add(callee);
  }
  const known = depths.map(() => void 0);
  const onPath = /* @__PURE__ */ new Set();
  const below = (index) => {
    if (known[index] !== void 0) return known[index];
    if (onPath.has(index)) throw contradiction(`subprogram ${index} calls itself`);
    onPath.add(index);
    let deepest = 0;
    for (const callee of callees[index]) deepest = Math.max(deepest, below(callee));
    onPath.delete(index);
    known[index] = depths[index] + deepest;
    return known[index];
  };
  return below(0);
}
function readCalls(xlated) {
  const view = new DataView(xlated.buffer, xlated.byteOffset, xlated.byteLength);
  const count = Math.floor(xlated.length / 8);
  const calls = [];
  for (let at = 0; at < count; at++) {
    const code = view.getUint8(at * 8);
    const source = view.getUint8(at * 8 + 1) >> 4;
    if (code === CALL && source === PSEUDO_CALL) {
      const near = at + 1 + view.getInt16(at * 8 + 2, true);
      const far = at + 1 + view.getInt32(at * 8 + 4, true);
      const wrapped = [...wraps(near, count)];
      calls.push({ at, targets: [...wrapped, far], index: view.getInt32(at * 8 + 4, true) });
    } else if (code === LD_IMM64) {
      if (source === PSEUDO_FUNC)
        calls.push({
          at,
          targets: [at + 1 + view.getInt32(at * 8 + 4, true)],
          ...secondImm(view, at, count)
        });
      at++;
    }
  }
  return calls;
}
function startsFromCalls(calls, count) {
  const targets = [.../* @__PURE__ */ new Set([0, ...calls.map((call) => call.targets[0])])].sort((a, b) => a - b);
  if (targets.length === count) return new Map(targets.map((start, index) => [index, start]));
  const starts = /* @__PURE__ */ new Map([[0, 0]]);
  for (const { at, index, targets: likely } of calls) {
    const start = likely[0];
    const isNew = index !== void 0 && index > 0 && index < count && (starts.get(index) ?? start) === start;
    if (!isNew)
      throw contradiction(
        `${count} depths for ${targets.length} subprograms, and the call at ${at} names none`
      );
    starts.set(index, start);
  }
  const inOrder = [...starts].sort(([a], [b]) => a - b).map(([, start]) => start);
  if (inOrder.some((start, i) => i > 0 && start <= inOrder[i - 1]))
    throw contradiction(
      `${count} depths for ${targets.length} subprograms, whose order is not that of their starts`
    );
  return starts;
}
function* wraps(near, count) {
  if (near >= 0 && near < count) yield near;
  for (let target = (near % 65536 + 65536) % 65536; target < count; target += 65536)
    if (target !== near) yield target;
}
function ownerOf(starts, at) {
  let owner = 0;
  let latest = -1;
  for (const [index, start] of starts) {
    if (start <= at && start > latest) {
      owner = index;
      latest = start;
    }
  }
  return owner;
}
function secondImm(view, at, count) {
  return at + 1 < count ? { index: view.getInt32((at + 1) * 8 + 4, true) } : {};
}
function contradiction(what) {
  return new TollgateError("infrastructure", `Cannot tell the stack of the deepest call chain: ${what}`, {
    reason: "stack-unknown"
  });
}

// src/measurements/verifier-log.ts
var READ_LIMIT_CHARACTERS = 256 * 1024;
function parseVerifierStats(log) {
  const lines = endOf(log).split("\n");
  const at = lines.findLastIndex((line2) => PROCESSED.test(line2));
  if (at === -1) return void 0;
  const numbers = (pattern) => {
    const line2 = lines.slice(Math.max(0, at - 6), at + 4).findLast((candidate) => pattern.test(candidate));
    return line2 === void 0 ? void 0 : pattern.exec(line2)[1].split("+").map(Number);
  };
  const line = lines[at];
  const named = (name) => {
    const match = new RegExp(` ${name} (\\d+)`).exec(line);
    return match ? Number(match[1]) : void 0;
  };
  const [, totalInsns, insnLimit] = PROCESSED.exec(line);
  const markRead = named("mark_read");
  const stackDepths = numbers(/^stack depth (\d+(?:\+\d+)*)/);
  const verificationTimeUs = numbers(/^verification time (\d+) usec/)?.[0];
  const subprogInsns = numbers(/^insns processed (\d+(?:\+\d+)*)/);
  return {
    totalInsns: Number(totalInsns),
    insnLimit: Number(insnLimit),
    maxStatesPerInsn: named("max_states_per_insn") ?? 0,
    totalStates: named("total_states") ?? 0,
    peakStates: named("peak_states") ?? 0,
    ...markRead === void 0 ? {} : { markRead },
    ...stackDepths ? { stackDepths } : {},
    ...verificationTimeUs === void 0 ? {} : { verificationTimeUs },
    ...subprogInsns ? { subprogInsns } : {}
  };
}
var PROCESSED = /^processed (\d+) insns \(limit (\d+)\)/;
function endOf(log) {
  if (log.length <= READ_LIMIT_CHARACTERS) return log;
  const from = log.length - READ_LIMIT_CHARACTERS;
  return log.slice(log.indexOf("\n", from) + 1);
}

// src/measurements/verifier.ts
var verifier = {
  name: "verifier",
  runs: false,
  metrics: ["total_insns", "total_states", "peak_states", "max_states_per_insn", "stack_depth"],
  measure: ({ program }) => {
    const stats = parseVerifierStats(program.log);
    const missing = { reason: "the verifier printed no statistics (log level 4)", since: "5.2" };
    const of = (metric, value) => value === void 0 ? { metric, absent: missing } : { metric, value };
    return [
      of("total_insns", stats?.totalInsns),
      of("total_states", stats?.totalStates),
      of("peak_states", stats?.peakStates),
      of("max_states_per_insn", stats?.maxStatesPerInsn),
      of("stack_depth", stats?.stackDepths && deepestStack(stats.stackDepths, program.xlated))
    ];
  }
};

// src/measurements/index.ts
var MEASUREMENTS = [verifier, size, run];

// src/measurements/jit.ts
function straightLineLength(jited) {
  let at = 0;
  let count = 0;
  while (at < jited.length) {
    const found = STEPS.map((step) => step(jited, at)).find((step) => step !== void 0);
    if (!found) throw unknown(jited, at);
    count++;
    if (found.ends) return count + (found.extra ?? 0);
    at = found.next;
  }
  throw unknown(jited, at);
}
function exactly(hex, tail = 0) {
  const opcode = Buffer.from(hex, "hex");
  return (bytes, at) => {
    const end = at + opcode.length + tail;
    const isSame = opcode.every((byte, i) => bytes[at + i] === byte);
    return isSame && end <= bytes.length ? { next: end } : void 0;
  };
}
var nop = (bytes, at) => {
  let next = at;
  while (bytes[next] === 102 || bytes[next] === 46) next++;
  if (bytes[next] === 144) return { next: next + 1 };
  if (bytes[next] !== 15 || bytes[next + 1] !== 31) return void 0;
  const modrm = bytes[next + 2];
  if (modrm === void 0 || (modrm & 56) !== 0) return void 0;
  const mode = modrm >> 6;
  const hasSib = mode !== 3 && (modrm & 7) === 4;
  const isAbsolute = mode === 0 && ((modrm & 7) === 5 || hasSib && ((bytes[next + 3] ?? 0) & 7) === 5);
  const displacement = mode === 1 ? 1 : mode === 2 || isAbsolute ? 4 : 0;
  next += 3 + (hasSib ? 1 : 0) + displacement;
  return next <= bytes.length ? { next } : void 0;
};
var pushPop = (bytes, at) => {
  const opcodeAt = bytes[at] === 65 ? at + 1 : at;
  const opcode = bytes[opcodeAt];
  return opcode !== void 0 && opcode >= 80 && opcode <= 95 ? { next: opcodeAt + 1 } : void 0;
};
var ret = (bytes, at) => bytes[at] === 195 ? { next: at + 1, ends: true } : void 0;
var jump = (bytes, at) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isShort = bytes[at] === 235;
  if (!isShort && bytes[at] !== 233) return void 0;
  const end = at + (isShort ? 2 : 5);
  if (end > bytes.length) return void 0;
  const target = end + (isShort ? view.getInt8(at + 1) : view.getInt32(at + 1, true));
  if (target >= end && target < bytes.length) return { next: target };
  if (target >= 0 && target < end) return void 0;
  return isShort ? void 0 : { next: end, ends: true, extra: 1 };
};
var STEPS = [
  exactly("f30f1efa"),
  // endbr64, kernels with indirect branch tracking
  nop,
  pushPop,
  exactly("4889e5"),
  // mov rbp, rsp
  exactly("4883ec", 1),
  // sub rsp, imm8
  exactly("4881ec", 4),
  // sub rsp, imm32: 5.10 emits it for an empty stack as well
  exactly("4883c4", 1),
  // add rsp, imm8
  exactly("4881c4", 4),
  // add rsp, imm32
  exactly("4889e0"),
  // mov rax, rsp: the tail call counter's address, since 6.12
  exactly("31c0"),
  // xor eax, eax: the tail call counter, and return 0
  exactly("4831c0"),
  // xor rax, rax
  exactly("31ff"),
  // xor edi, edi
  exactly("4531ed"),
  // xor r13d, r13d: programs that were classic BPF
  exactly("b8", 4),
  // mov eax, imm32
  exactly("48c7c0", 4),
  // mov rax, imm32 sign-extended
  exactly("48b8", 8),
  // movabs rax, imm64
  exactly("c9"),
  // leave
  ret,
  jump
];
function unknown(jited, at) {
  const hex = (from, to) => Buffer.from(jited.subarray(from, to)).toString("hex");
  const what = at >= jited.length ? "it ends without a return" : `unknown instruction ${hex(at, at + 16)} at byte ${at}`;
  return new TollgateError(
    "infrastructure",
    `Cannot count the instructions of an empty program's machine code: ${what} (of ${jited.length} bytes: ${hex(0, 128)})`,
    { reason: "unknown-machine-code" }
  );
}

// src/model/job.ts
var LINES_LIMIT = 5e5;

// src/model/program-types.ts
var packet = (since, emptyReturns) => ({
  takes: "packet",
  clock: "kernel-clock",
  since,
  emptyReturns
});
var PROGRAM_TYPES = [
  { id: 0, name: "unspec" },
  { id: 1, name: "socket_filter", testRun: packet("4.12", 0) },
  { id: 2, name: "kprobe" },
  { id: 3, name: "sched_cls", testRun: packet("4.12", 0) },
  { id: 4, name: "sched_act", testRun: packet("4.12", 0) },
  { id: 5, name: "tracepoint" },
  { id: 6, name: "xdp", testRun: packet("4.12", 2) },
  { id: 7, name: "perf_event" },
  { id: 8, name: "cgroup_skb", testRun: packet("4.12", 1) },
  { id: 9, name: "cgroup_sock" },
  { id: 10, name: "lwt_in", testRun: packet("4.12", 0) },
  { id: 11, name: "lwt_out", testRun: packet("4.12", 0) },
  { id: 12, name: "lwt_xmit", testRun: packet("4.12", 0) },
  { id: 13, name: "sock_ops" },
  { id: 14, name: "sk_skb" },
  { id: 15, name: "cgroup_device" },
  { id: 16, name: "sk_msg" },
  {
    id: 17,
    name: "raw_tracepoint",
    testRun: {
      takes: "context",
      clock: "syscall-clock",
      since: "5.10",
      defaultContext: { name: "zeros:96", sizeBytes: 96 },
      emptyReturns: 0
    }
  },
  { id: 18, name: "cgroup_sock_addr" },
  { id: 19, name: "lwt_seg6local", testRun: packet("4.19", 0) },
  { id: 20, name: "lirc_mode2" },
  { id: 21, name: "sk_reuseport" },
  { id: 22, name: "flow_dissector", testRun: packet("5.0", 0) },
  { id: 23, name: "cgroup_sysctl" },
  { id: 24, name: "raw_tracepoint_writable" },
  { id: 25, name: "cgroup_sockopt" },
  { id: 26, name: "tracing" },
  { id: 27, name: "struct_ops" },
  { id: 28, name: "ext" },
  { id: 29, name: "lsm" },
  {
    id: 30,
    name: "sk_lookup",
    testRun: {
      takes: "context",
      clock: "kernel-clock",
      since: "5.13",
      // struct bpf_sk_lookup: family, protocol, remote IPv4 and port, local IPv4 and port. Of all zeros the kernel
      // says EAFNOSUPPORT.
      defaultContext: {
        name: "tcp:ipv4",
        sizeBytes: 64,
        words: { 8: 2, 12: 6, 16: 175177931, 36: 20480, 40: 33685696, 60: 80 }
      },
      emptyReturns: 1
    }
  },
  {
    id: 31,
    name: "syscall",
    since: "5.14",
    testRun: {
      takes: "context",
      clock: "syscall-clock",
      since: "5.14",
      defaultContext: { name: "zeros:64", sizeBytes: 64 },
      emptyReturns: 0,
      loadFlags: 16
      // BPF_F_SLEEPABLE
    }
  },
  { id: 32, name: "netfilter", since: "6.4", testRun: packet("6.4", 1) }
];
function programTypeById(id) {
  return PROGRAM_TYPES.find((type) => type.id === id) ?? { id, name: `type_${id}` };
}

// src/guest/libbpf/info.ts
var import_node_fs3 = require("node:fs");

// src/model/hex.ts
var HEX_MAX_BYTES = 65536;
var HEX_PATTERN = /^hex:(?:[0-9a-fA-F]{2})*$/;
function isHex(text) {
  return text.length <= 4 + 2 * HEX_MAX_BYTES && HEX_PATTERN.test(text);
}
function decodeHex(text) {
  if (!isHex(text)) throw new RangeError(`not raw bytes: '${text.slice(0, 40)}'`);
  return Uint8Array.from(text.slice(4).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

// src/model/mapvalue.ts
var MAP_VALUE_PATTERN = /^(?:-?[0-9]{1,40}|0[xX][0-9a-fA-F]{1,64}|hex:(?:[0-9a-fA-F]{2})*)$/;
function encodeMapBytes(text, sizeBytes) {
  if (!MAP_VALUE_PATTERN.test(text)) {
    throw refusal(text, "expected an integer (decimal or 0x...) or 'hex:' and two hexadecimal digits a byte");
  }
  if (isHex(text)) {
    const bytes = decodeHex(text);
    if (bytes.length === sizeBytes) return bytes;
    throw refusal(text, `expected ${sizeBytes} bytes, got ${bytes.length}`);
  }
  const value = BigInt(text);
  const bits = BigInt(8 * sizeBytes);
  const fits = value < 0n ? value >= -(1n << bits - 1n) : value < 1n << bits;
  if (sizeBytes === 0 || !fits) throw refusal(text, `it does not fit in ${sizeBytes} bytes`);
  const unsigned = BigInt.asUintN(Number(bits), value);
  return Uint8Array.from({ length: sizeBytes }, (_, i) => Number(unsigned >> BigInt(8 * i) & 0xffn));
}
function refusal(text, reason) {
  const shown = text.length > 40 ? `${text.slice(0, 40)}...` : text;
  return new TollgateError("config", `Cannot encode map value '${shown}': ${reason}`);
}

// src/guest/libbpf/object.ts
var ObjectRejected = class extends Error {
};
var LOG_STATS = 4;
var LOG_TRACE = 1;
var LOG_VISITS = 2;
var STATS_LOG_BYTES = 64 << 10;
var TRACE_LOG_BYTES = 16 << 20;
var TRACE_SHOWN = 32e3;
var MAP_UPDATE_ANY = 0;
var ZERO_SEED = 64;
var SEEDED_MAP_TYPES = /* @__PURE__ */ new Set([1, 5, 9, 10, 13, 30]);
var UNSPEC = 0;
var PROG_ARRAY = 3;
var PER_CPU_MAP_TYPES = /* @__PURE__ */ new Set([5, 6, 10, 21]);
function findLoadable(job, elf) {
  const refusedPrograms = [];
  const refusedMaps = [];
  for (; ; ) {
    const object = open(job, elf, { refusedPrograms, refusedMaps });
    const error = Number(libbpf().bpf_object__load(object.pointer));
    const messages = libbpf().takeMessages();
    if (error === 0) {
      const loadable = { refusedPrograms, refusedMaps, programs: object.programs };
      return { loadable, object: withoutRefused(object, loadable) };
    }
    const failed = whatFailed(messages, object);
    const said = textOf(object.programs.find(({ name }) => name === failed?.name)?.log ?? memory(1));
    object.close();
    if (failed?.kind === "map" && !refusedMaps.some((map) => map.name === failed.name))
      refusedMaps.push({ name: failed.name, reason: failed.reason, log: messages });
    else if (failed?.kind === "program" && !refusedPrograms.some((program) => program.name === failed.name))
      refusedPrograms.push(traceRejection(job, elf, failed.name, refusedMaps, { ...failed, said }));
    else throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error)}`);
  }
}
function loadObject(job, elf, loadable, setUp) {
  const object = open(job, elf, loadable);
  const error = Number(libbpf().bpf_object__load(object.pointer));
  const messages = libbpf().takeMessages();
  if (error !== 0) {
    object.close();
    throw new ObjectRejected(messages.trim() || `libbpf cannot load it: ${errorName(error)}`);
  }
  const loaded = withoutRefused(object, loadable);
  try {
    if (setUp) {
      fillMaps(setUp, loaded);
      fillTailCalls(setUp, loaded, new Set(loadable.refusedPrograms.map((program) => program.name)));
    }
  } catch (cause) {
    loaded.close();
    throw cause;
  }
  return loaded;
}
function withoutRefused(object, { refusedPrograms, refusedMaps }) {
  const programs = new Set(refusedPrograms.map((program) => program.name));
  const maps = new Set(refusedMaps.map((map) => map.name));
  return {
    programs: object.programs.filter((program) => !programs.has(program.name)),
    maps: object.maps.filter((map) => !maps.has(map.name)),
    canTailCall: object.canTailCall,
    close: object.close
  };
}
function open(job, elf, leaveOut) {
  const bpf = libbpf();
  bpf.takeMessages();
  const name = cString(job.object.replace(/^.*\//, "").replace(/(\.bpf)?\.o$/, ""));
  const options = memory(16);
  options.writeBigUInt64LE(16n, 0);
  options.writeBigUInt64LE(addressOf(name), 8);
  const pointer = bpf.bpf_object__open_mem(elf, elf.length, options);
  if (pointer === null) throw new ObjectRejected(bpf.takeMessages().trim() || "libbpf cannot open it");
  const programs = listPrograms(pointer);
  const maps = listMaps(pointer);
  const withoutProgram = new Set(leaveOut.refusedPrograms.map((program) => program.name));
  const withoutMap = new Set(leaveOut.refusedMaps.map((map) => map.name));
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (wanted?.type && (!wanted.type.onlyIfUnknown || program.typeId === UNSPEC)) {
      bpf.bpf_program__set_type(program.pointer, wanted.type.id);
      if (wanted.type.expectedAttachType !== void 0)
        bpf.bpf_program__set_expected_attach_type(program.pointer, wanted.type.expectedAttachType);
    }
    if (withoutProgram.has(program.name)) bpf.bpf_program__set_autoload(program.pointer, false);
    else bpf.bpf_program__set_autoload(program.pointer, true);
    bpf.bpf_program__set_log_level(program.pointer, LOG_STATS);
    bpf.bpf_program__set_log_buf(program.pointer, program.log, program.log.length);
  }
  for (const map of maps) {
    setZeroSeed(map.pointer);
    bpf.bpf_map__set_pin_path(map.pointer, null);
    const size2 = job.mapSizes[map.name];
    if (size2 !== void 0) bpf.bpf_map__set_max_entries(map.pointer, size2);
    if (withoutMap.has(map.name)) bpf.bpf_map__set_autocreate(map.pointer, false);
  }
  return {
    pointer,
    programs: programs.map((program) => ({
      ...program,
      typeId: bpf.bpf_program__type(program.pointer),
      expectedAttachType: bpf.bpf_program__expected_attach_type(program.pointer)
    })),
    maps,
    canTailCall: maps.some(({ pointer: pointer2 }) => Number(bpf.bpf_map__type(pointer2)) === PROG_ARRAY),
    close: () => bpf.bpf_object__close(pointer)
  };
}
function listPrograms(object) {
  const bpf = libbpf();
  const found = [];
  for (let at = null; ; ) {
    at = bpf.bpf_object__next_program(object, at);
    if (at === null) return found;
    found.push({
      pointer: at,
      name: bpf.bpf_program__name(at),
      section: bpf.bpf_program__section_name(at),
      typeId: bpf.bpf_program__type(at),
      expectedAttachType: bpf.bpf_program__expected_attach_type(at),
      flags: bpf.bpf_program__flags(at),
      log: memory(STATS_LOG_BYTES)
    });
  }
}
function listMaps(object) {
  const bpf = libbpf();
  const found = [];
  for (let at = null; ; ) {
    at = bpf.bpf_object__next_map(object, at);
    if (at === null) return found;
    found.push({ pointer: at, name: bpf.bpf_map__name(at) });
  }
}
function setZeroSeed(map) {
  const bpf = libbpf();
  if (SEEDED_MAP_TYPES.has(bpf.bpf_map__type(map)))
    bpf.bpf_map__set_map_flags(map, bpf.bpf_map__map_flags(map) | ZERO_SEED);
  const inner = bpf.bpf_map__inner_map(map);
  if (inner !== null) setZeroSeed(inner);
}
function whatFailed(messages, object) {
  for (const line of messages.split("\n")) {
    const map = /map '([^']+)': failed to create(?:[^:]*): (.*)$/.exec(line);
    if (map?.[1] && object.maps.some((candidate) => candidate.name === map[1]))
      return { kind: "map", name: map[1], reason: `map '${map[1]}' cannot be created: ${map[2]}` };
    const program = /prog '([^']+)': (.*)$/.exec(line);
    if (program?.[1] && object.programs.some((candidate) => candidate.name === program[1]))
      return { kind: "program", name: program[1], reason: program[2] ?? "" };
  }
  return void 0;
}
function traceRejection(job, elf, name, refusedMaps, { reason, said }) {
  const log = memory(TRACE_LOG_BYTES);
  const { messages } = loadAlone(job, elf, name, refusedMaps, LOG_TRACE, {
    address: addressOf(log),
    sizeBytes: log.length
  });
  const trace = textOf(log);
  const isCut = trace.length >= log.length - 2;
  return { name, reason, log: isCut ? `${trace.slice(-TRACE_SHOWN)}
${said}` : trace || messages };
}
function traceVisits(job, elf, name, refusedMaps, log) {
  return loadAlone(job, elf, name, refusedMaps, LOG_VISITS | LOG_STATS, log).isLoaded;
}
function loadAlone(job, elf, name, refusedMaps, level, log) {
  const bpf = libbpf();
  const object = open(job, elf, { refusedPrograms: [], refusedMaps });
  for (const program of object.programs) {
    if (program.name !== name) bpf.bpf_program__set_autoload(program.pointer, false);
    else {
      bpf.bpf_program__set_log_level(program.pointer, level);
      bpf.bpf_program__set_log_buf(program.pointer, log.address, log.sizeBytes);
    }
  }
  const isLoaded = Number(bpf.bpf_object__load(object.pointer)) === 0;
  const messages = bpf.takeMessages();
  object.close();
  return { isLoaded, messages };
}
function textOf(bytes) {
  const end = bytes.indexOf(0);
  return bytes.toString("utf8", 0, end < 0 ? bytes.length : end);
}
function fillMaps(setUp, object) {
  const bpf = libbpf();
  for (const [name, entries] of Object.entries(setUp.maps)) {
    const map = object.maps.find((candidate) => candidate.name === name);
    if (!map) continue;
    const keySize = bpf.bpf_map__key_size(map.pointer);
    const valueSize = bpf.bpf_map__value_size(map.pointer);
    const perCpu = PER_CPU_MAP_TYPES.has(bpf.bpf_map__type(map.pointer));
    const copies = perCpu ? Number(bpf.libbpf_num_possible_cpus()) : 1;
    const stride = perCpu ? Math.ceil(valueSize / 8) * 8 : valueSize;
    for (const [keyText, valueText] of entries) {
      const key = memory(keySize);
      key.set(encodeMapBytes(keyText, keySize));
      const value = memory(stride * copies);
      for (let copy = 0; copy < copies; copy++)
        value.set(encodeMapBytes(valueText, valueSize), copy * stride);
      const error = Number(bpf.bpf_map_update_elem(bpf.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error !== 0)
        throw new ObjectRejected(`map '${name}' does not take key ${keyText}: ${errorName(error)}`);
    }
  }
}
function fillTailCalls(setUp, object, refused) {
  const bpf = libbpf();
  for (const [mapName, slots] of Object.entries(setUp.tailCalls)) {
    const map = object.maps.find((candidate) => candidate.name === mapName);
    if (!map) continue;
    if (bpf.bpf_map__type(map.pointer) !== PROG_ARRAY)
      throw new ObjectRejected(`map '${mapName}' is no prog array: tail_calls cannot fill it`);
    for (const [slot, programName] of Object.entries(slots)) {
      if (refused.has(programName)) continue;
      const program = object.programs.find((candidate) => candidate.name === programName);
      if (!program) throw new ObjectRejected(`tail_calls: the object has no program '${programName}'`);
      const key = memory(4);
      key.writeUInt32LE(Number(slot));
      const value = memory(4);
      value.writeUInt32LE(bpf.bpf_program__fd(program.pointer));
      const error = Number(bpf.bpf_map_update_elem(bpf.bpf_map__fd(map.pointer), key, value, MAP_UPDATE_ANY));
      if (error !== 0)
        throw new ObjectRejected(
          `'${mapName}' slot ${slot} does not take '${programName}': ${errorName(error)}`
        );
    }
  }
}

// src/guest/libbpf/info.ts
var INFO_BYTES = 232;
var JITED_LENGTH = 16;
var XLATED_LENGTH = 20;
var JITED_ADDRESS = 24;
var XLATED_ADDRESS = 32;
var MAP_COUNT = 52;
var MAP_IDS = 56;
var KSYM_COUNT = 104;
var FUNCTION_LENGTH_COUNT = 108;
var KSYMS = 112;
var FUNCTION_LENGTHS = 120;
var LINE_COUNT = 148;
var LINES = 152;
var JITED_LINES = 160;
var JITED_LINE_COUNT = 168;
var LINE_RECORD_SIZE = 172;
var JITED_LINE_RECORD_SIZE = 176;
var LINE_BYTES = 16;
var LINE_COL = 12;
var MAP_INFO_BYTES = 88;
var MAP_NAME = 24;
var SYS_BPF = 321;
var BPF_MAP_GET_FD_BY_ID = 14;
function programInfo(fd) {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const jited = memory(Math.max(1, sizes.readUInt32LE(JITED_LENGTH)));
  const xlated = memory(Math.max(1, sizes.readUInt32LE(XLATED_LENGTH)));
  const mapCount = sizes.readUInt32LE(MAP_COUNT);
  const mapIds = memory(Math.max(4, mapCount * 4));
  const info = memory(INFO_BYTES);
  info.writeUInt32LE(sizes.readUInt32LE(JITED_LENGTH), JITED_LENGTH);
  info.writeBigUInt64LE(addressOf(jited), JITED_ADDRESS);
  info.writeUInt32LE(sizes.readUInt32LE(XLATED_LENGTH), XLATED_LENGTH);
  info.writeBigUInt64LE(addressOf(xlated), XLATED_ADDRESS);
  info.writeUInt32LE(mapCount, MAP_COUNT);
  info.writeBigUInt64LE(addressOf(mapIds), MAP_IDS);
  getInfo(fd, info);
  return {
    jited: jited.subarray(0, info.readUInt32LE(JITED_LENGTH)),
    xlated: xlated.subarray(0, info.readUInt32LE(XLATED_LENGTH)),
    maps: Array.from({ length: mapCount }, (_, i) => mapOf(mapIds.readUInt32LE(i * 4)))
  };
}
function programImages(fd, linesLimit) {
  const sizes = getInfo(fd, memory(INFO_BYTES));
  const count = sizes.readUInt32LE(KSYM_COUNT);
  const found = sizes.readUInt32LE(JITED_LINE_COUNT);
  const lineCount = found === sizes.readUInt32LE(LINE_COUNT) && found <= linesLimit ? found : 0;
  const addresses = memory(Math.max(8, 8 * count));
  const lengths = memory(Math.max(4, 4 * count));
  const lines = memory(Math.max(LINE_BYTES, LINE_BYTES * lineCount));
  const jitedLines = memory(Math.max(8, 8 * lineCount));
  const info = memory(INFO_BYTES);
  info.writeUInt32LE(count, KSYM_COUNT);
  info.writeUInt32LE(count, FUNCTION_LENGTH_COUNT);
  info.writeBigUInt64LE(addressOf(addresses), KSYMS);
  info.writeBigUInt64LE(addressOf(lengths), FUNCTION_LENGTHS);
  info.writeUInt32LE(lineCount, LINE_COUNT);
  info.writeUInt32LE(lineCount, JITED_LINE_COUNT);
  info.writeBigUInt64LE(addressOf(lines), LINES);
  info.writeBigUInt64LE(addressOf(jitedLines), JITED_LINES);
  info.writeUInt32LE(LINE_BYTES, LINE_RECORD_SIZE);
  info.writeUInt32LE(8, JITED_LINE_RECORD_SIZE);
  getInfo(fd, info);
  const at = Array.from({ length: lineCount }, (_, i) => jitedLines.readBigUInt64LE(8 * i));
  return Array.from({ length: count }, (_, part) => {
    const address = addresses.readBigUInt64LE(8 * part);
    const sizeBytes = lengths.readUInt32LE(4 * part);
    return {
      address,
      sizeBytes,
      lines: at.flatMap(
        (line, i) => line >= address && line < address + BigInt(sizeBytes) ? [{ lineCol: lines.readUInt32LE(LINE_BYTES * i + LINE_COL), offset: Number(line - address) }] : []
      )
    };
  });
}
function getInfo(fd, info) {
  const size2 = memory(4);
  size2.writeUInt32LE(info.length);
  const error = Number(libbpf().bpf_obj_get_info_by_fd(fd, info, size2));
  if (error !== 0) throw new Error(`bpf_obj_get_info_by_fd: ${errorName(error)}`);
  return info;
}
function mapOf(id) {
  const attr = memory(16);
  attr.writeUInt32LE(id);
  const fd = Number(libc().syscall4(SYS_BPF, BPF_MAP_GET_FD_BY_ID, addressOf(attr), attr.length));
  if (fd < 0) return { name: `id ${id}`, bytes: void 0 };
  const name = textOf(getInfo(fd, memory(MAP_INFO_BYTES)).subarray(MAP_NAME, MAP_NAME + 16));
  const accounted = /^memlock:\s*(\d+)$/m.exec((0, import_node_fs3.readFileSync)(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
  closeFd(fd);
  return { name, bytes: accounted === void 0 ? void 0 : Number(accounted) };
}
var SYS_CLOSE = 3;
function closeFd(fd) {
  libc().syscall4(SYS_CLOSE, fd, 0, 0);
}

// src/guest/libbpf/visits-log.ts
var LOG_LIMIT_BYTES = 1073741823;
var HELD_BYTES = 192 << 20;
var INSNS = 1e6;
function openVisitsLog(libraryPath) {
  const library = loadVisitsLibrary(libraryPath);
  const [counts, streams] = [memory(4 * INSNS), memory(4)];
  const address = BigInt(library.open(LOG_LIMIT_BYTES, counts, INSNS, streams));
  if (address < 0n) throw new Error(`no memory for the verifier's log: error ${-address}`);
  const isStreamed = streams.readUInt32LE() !== 0;
  return {
    address,
    sizeBytes: isStreamed ? LOG_LIMIT_BYTES : HELD_BYTES,
    isStreamed,
    close: () => {
      const [processed, bytes] = [memory(8), memory(8)];
      library.close(processed, bytes);
      const all = new Uint32Array(counts.buffer);
      return {
        visits: [...all.entries()].filter(([, count]) => count > 0),
        processed: Number(processed.readBigUInt64LE()),
        logBytes: Number(bytes.readBigUInt64LE())
      };
    }
  };
}

// src/guest/visits.ts
function countVisits(job, elf, program, libraryPath) {
  const count = (refusedMaps) => {
    const log = openVisitsLog(libraryPath);
    const isLoaded2 = traceVisits(job, elf, program, refusedMaps, log);
    return { ...log.close(), isLoaded: isLoaded2, sizeBytes: log.sizeBytes };
  };
  const whole = count([]);
  const found = whole.logBytes > 0 ? whole : count(findRefusedMaps(job, elf));
  const { visits, processed, isLoaded, sizeBytes } = found;
  const counted = visits.reduce((sum, [, times]) => sum + times, 0);
  if (processed > 0 && (counted === processed || !isLoaded && counted === processed - 1))
    return { type: "visits", program, processed, visits: visits.flat() };
  const absent2 = processed === 0 ? `the verifier's log exceeds ${sizeBytes} bytes, or ends without its statistics` : `the verifier's log tells of ${counted} visits, its statistics of ${processed}`;
  return { type: "visits", program, processed, visits: [], absent: absent2 };
}
function findRefusedMaps(job, elf) {
  const { loadable, object } = findLoadable(job, elf);
  object.close();
  return loadable.refusedMaps;
}

// src/guest/runner.ts
function runJob(guest, job) {
  const started = process.hrtime.bigint();
  const elf = bytesOf(guest, job.elf);
  try {
    guest.channel.send({ type: "progress", step: "load" });
    if (job.reportVisits !== void 0) {
      guest.channel.send(countVisits(job, elf, job.reportVisits, guest.visitsPath));
      return;
    }
    const { loadable, object } = findLoadable(job, elf);
    const loaded = takeStatics(guest, job, loadable, object);
    const loadedAt = process.hrtime.bigint();
    const runs = measureAll(guest, job, elf, loadable, loaded);
    const sequel = decodeSequel(guest.window);
    if (sequel) reportCode(guest, job, loadable, runs, sequel);
    guest.channel.send({
      type: "seconds",
      load: seconds(loadedAt - started),
      measure: seconds(process.hrtime.bigint() - loadedAt)
    });
  } catch (cause) {
    if (!(cause instanceof ObjectRejected)) throw cause;
    guest.channel.send({ type: "object-rejected", reason: cause.message.slice(-6e4) });
  }
}
function seconds(ns) {
  return (Number(ns) / 1e9).toFixed(3);
}
function bytesOf({ window }, blob) {
  return window.subarray(blob.at, blob.at + blob.size);
}
function takeStatics({ channel }, job, loadable, object) {
  if (job.reportStatics) {
    for (const { name, section, typeId } of loadable.programs)
      channel.send({ type: "program", program: name, section, programType: programTypeById(typeId).name });
    for (const { name, reason, log } of loadable.refusedPrograms)
      channel.send({
        type: "measurement",
        program: name,
        metric: "load_ok",
        value: "0",
        note: reason.slice(0, 2e3),
        log: log.slice(-LOG_TAIL_CHARACTERS)
      });
  }
  try {
    return object.programs.map((program) => describe(program));
  } finally {
    object.close();
  }
}
var LOG_TAIL_CHARACTERS = 64e3;
function describe(program) {
  return {
    name: program.name,
    section: program.section,
    type: programTypeById(program.typeId),
    insnCount: Number(libbpf().bpf_program__insn_cnt(program.pointer)),
    log: textOf(program.log),
    ...programInfo(libbpf().bpf_program__fd(program.pointer))
  };
}
function measureAll(guest, job, elf, loadable, programs) {
  const runs = [];
  const port = runPort(guest, job, elf, loadable, runs);
  for (const program of programs) {
    const wanted = job.programs.find((candidate) => candidate.name === program.name);
    if (!wanted || !job.reportStatics && wanted.inputs.length === 0) continue;
    if (job.reportStatics)
      guest.channel.send({ type: "measurement", program: program.name, metric: "load_ok", value: "1" });
    guest.channel.send({ type: "progress", step: "measure", program: program.name });
    const subject = {
      program,
      inputs: wanted.inputs,
      port,
      ...wanted.notRun === void 0 ? {} : { notRun: wanted.notRun }
    };
    for (const kind of MEASUREMENTS.filter((each) => each.runs || job.reportStatics))
      for (const figure of kind.measure(subject)) guest.channel.send(recordOf(program.name, figure));
  }
  return runs;
}
function recordOf(program, { value, ...figure }) {
  return {
    type: "measurement",
    program,
    ...figure,
    ...value === void 0 ? {} : { value: String(value) }
  };
}
function runPort(guest, job, elf, loadable, ran) {
  const emptyRuns = /* @__PURE__ */ new Map();
  return {
    run: (programName, input, passes) => {
      const setUp = job.programs.find((candidate) => candidate.name === programName);
      let object;
      try {
        object = loadObject(job, elf, loadable, setUp);
      } catch (cause) {
        if (cause instanceof ObjectRejected) return { reason: cause.message.slice(0, 2e3) };
        throw cause;
      }
      try {
        const program = object.programs.find((candidate) => candidate.name === programName);
        const type = programTypeById(program.typeId);
        const testRun = type.testRun;
        const data = runData(guest, input);
        const key = [
          program.typeId,
          program.expectedAttachType,
          program.flags,
          data[0].context?.length
        ].join();
        const fd = libbpf().bpf_program__fd(program.pointer);
        let empty = emptyRuns.get(key);
        if (!empty) {
          empty = measureEmpty(guest, program, data[0]);
          emptyRuns.set(key, empty);
        }
        if ("reason" in empty) return empty;
        const { overhead } = empty;
        const images = imagesOf(object, program);
        announce(guest, images, data.length, passes);
        const raw = testRuns(guest.clock, guest.grid, fd, data, passes, testRun.clock);
        announce(guest, [], 0, 0);
        ran.push({
          type: "runs",
          number: ran.length,
          program: programName,
          input: input.name,
          passes,
          insns: raw.map(({ error, insns }) => error === 0 ? insns - overhead : -1),
          images: images.map(({ address, ...image }) => ({ ...image, address: address.toString(16) }))
        });
        const failed = raw.findIndex((run2) => run2.error !== 0);
        if (raw.every((run2) => run2.error !== 0)) return refusal2(raw[0].error, testRun.since);
        const refused = new Set(raw.flatMap((run2, i) => run2.error === 0 ? [] : [i % data.length]));
        const taken = data.map((_, packet2) => packet2).filter((packet2) => !refused.has(packet2));
        return {
          passes: Array.from(
            { length: passes },
            (_, pass) => taken.map((packet2) => {
              const { insns, retval } = raw[pass * data.length + packet2];
              return { insns: insns - overhead, retval };
            })
          ),
          ...failed < 0 ? {} : {
            note: `${refused.size} of ${data.length} packets are left out: the kernel refuses them (${errorName(raw[failed].error)}), first packet ${failed % data.length + 1}`
          }
        };
      } finally {
        object.close();
      }
    }
  };
}
function imagesOf(object, entry) {
  return reachable(object, entry).flatMap(
    (program) => programImages(libbpf().bpf_program__fd(program.pointer), 0).map(({ address, sizeBytes }, part) => ({
      program: program.name,
      part,
      address,
      sizeBytes
    }))
  );
}
function reachable(object, entry) {
  return object.canTailCall ? [entry, ...object.programs.filter((each) => each !== entry)] : [entry];
}
function announce({ window, clock }, images, packets, passes) {
  const at = new DataView(window.buffer, window.byteOffset + SUBJECT_AT);
  const numbers = [images.length, packets, passes].map(BigInt);
  for (const { address, sizeBytes } of images.slice(0, IMAGES_LIMIT))
    numbers.push(address, address + BigInt(sizeBytes));
  for (const [i, number] of numbers.entries()) at.setBigUint64(8 * i, number, true);
  clock.markSubject();
}
function reportCode(guest, job, loadable, runs, sequel) {
  const { channel } = guest;
  for (const record of runs) if (sequel.reportCode.includes(record.program)) channel.send(record);
  if (!sequel.probed) return;
  let object;
  try {
    object = loadObject(job, bytesOf(guest, sequel.probed), loadable);
  } catch (cause) {
    if (cause instanceof ObjectRejected) return;
    throw cause;
  }
  const wanted = (name) => object.canTailCall || sequel.reportCode.includes(name);
  for (const { pointer, name } of object.programs.filter((each) => wanted(each.name)))
    for (const [part, image] of programImages(libbpf().bpf_program__fd(pointer), LINES_LIMIT).entries())
      channel.send({
        type: "lines",
        program: name,
        part,
        sizeBytes: image.sizeBytes,
        lines: image.lines.flatMap(({ lineCol, offset }) => [lineCol, offset])
      });
  object.close();
}
var EMPTY_RUNS = 9;
function measureEmpty(guest, like, data) {
  const { id, testRun } = programTypeById(like.typeId);
  const fd = loadEmpty({ id, ...testRun }, like.expectedAttachType, like.flags);
  if (fd < 0)
    return {
      reason: `the kernel does not load an empty program of the type, to compare with: ${errorName(fd)}`
    };
  const runs = testRuns(guest.clock, guest.grid, fd, [data], EMPTY_RUNS, testRun.clock);
  const error = runs.find((run2) => run2.error !== 0)?.error;
  if (error !== void 0) return refusal2(error, testRun.since);
  const own = straightLineLength(programInfo(fd).jited);
  return { overhead: steadyValue(runs.slice(1).map((run2) => run2.insns)) - own };
}
function refusal2(error, since) {
  const name = errorName(error);
  if (name !== "ENOTSUPP") return { reason: `BPF_PROG_TEST_RUN refuses it: ${name}` };
  const reason = "this kernel has no test run for the type (ENOTSUPP)";
  return isOlder(kernelRelease(), since) ? { reason, since } : { reason };
}
var kernelRelease = () => (0, import_node_fs4.readFileSync)("/proc/sys/kernel/osrelease", "utf8").trim();
function isOlder(release, than) {
  const [a, b] = [release, than].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)));
  return a[0] !== b[0] ? a[0] < b[0] : a[1] < b[1];
}
function runData(guest, input) {
  const context = input.context && bytesOf(guest, input.context);
  if (input.packets.length === 0) return [context ? { context } : {}];
  return input.packets.map((blob) => ({ packet: bytesOf(guest, blob), ...context ? { context } : {} }));
}

// src/guest/symbols.ts
var import_node_fs5 = require("node:fs");
var CHUNK_CHARACTERS = 6e4;
function reportSymbols(channel) {
  const all = (0, import_node_fs5.readFileSync)("/proc/kallsyms", "latin1");
  let text = "";
  for (const [, address, name] of all.matchAll(/^([0-9a-f]{16}) [tTwW] (\S{1,200})/gm)) {
    if (text.length > CHUNK_CHARACTERS) {
      channel.send({ type: "symbols", text });
      text = "";
    }
    text += `${address} ${name}
`;
  }
  channel.send({ type: "symbols", text });
}

// src/guest.ts
var here = (0, import_node_path.dirname)(process.argv[1] ?? "/app/guest.js");
function main() {
  process.on("uncaughtException", (error) => {
    say(`tollgate guest: ${error.stack ?? error}`);
    process.exit(1);
  });
  mountAll();
  const warnings = loadModules("/app/modules.list");
  setUpKernel();
  const window = mapWindow(windowAddress(), WINDOW_BYTES);
  const channel = openChannel(window);
  const clock = loadClock((0, import_node_path.join)(here, "native/clock.so"));
  settle();
  warnings.push(...becomeRealTime());
  const grid = findTicks(clock);
  clock.align(grid.tickNs, grid.phaseNs);
  restartLockupDetector();
  const guest = { window, channel, clock, grid, visitsPath: (0, import_node_path.join)(here, "native/visits.so") };
  seedRandomNumbers();
  warmUp(guest);
  const discard = findRetainedInitramfs();
  channel.send({
    type: "hello",
    release: (0, import_node_fs6.readFileSync)("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.version,
    libbpf: String(libbpf().libbpf_version_string()).replace(/^v/, ""),
    tickNs: String(grid.tickNs),
    ticksPerSecond: String(ticksPerSecond(clock)),
    possibleCpus: Number(libbpf().libbpf_num_possible_cpus()),
    ...discard ? { discard } : {},
    warnings
  });
  const pause = findPauseDevice();
  clock.align(SECOND_NS, 0);
  pause();
  clock.align(SECOND_NS, SECOND_NS / 2);
  channel.reset();
  const job = decodeJob(window);
  if (!job) throw new Error("the window holds no job");
  try {
    if ("task" in job) reportSymbols(channel);
    else runJob(guest, job);
  } catch (error) {
    channel.send({
      type: "error",
      message: String(error instanceof Error ? error.stack : error).slice(0, 6e4)
    });
  }
  channel.send({ type: "end" });
  pause();
}
function windowAddress() {
  const megabytes = /memmap=\d+M\$(\d+)M/.exec((0, import_node_fs6.readFileSync)("/proc/cmdline", "utf8"))?.[1];
  if (megabytes === void 0) throw new Error("no memmap= window on the command line");
  return Number(megabytes) * (1 << 20);
}
var SETTLE_MS = 3e3;
var SECOND_NS = 1e9;
function settle() {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, SETTLE_MS);
}
function warmUp(guest) {
  const path = (0, import_node_path.join)(here, "bpf/nop_xdp.bpf.o");
  const elf = (0, import_node_fs6.readFileSync)(path);
  const packet2 = new Uint8Array(64);
  const at = 8 << 20;
  guest.window.set(elf, at);
  guest.window.set(packet2, at - 64);
  const job = {
    format: 1,
    object: "nop_xdp.bpf.o",
    elf: { at, size: elf.length },
    programs: [
      {
        name: "nop",
        inputs: [{ name: "warm", packets: [{ at: at - 64, size: 64 }] }],
        maps: {},
        tailCalls: {}
      }
    ],
    reportStatics: true,
    mapSizes: {}
  };
  for (let i = 0; i < 2; i++) runJob(guest, job);
  guest.window.fill(0, at - 64, at + elf.length);
  guest.channel.reset();
}
function ticksPerSecond(clock) {
  const [oneTicks, oneNs] = clockPair(clock, 1e9);
  const [twoTicks, twoNs] = clockPair(clock, 2e9);
  return Math.round(1e9 * Number(twoTicks - oneTicks) / Number(twoNs - oneNs));
}
function clockPair(clock, sleepNs) {
  const [ticks, ns] = [memory(8), memory(8)];
  clock.ratio(sleepNs, ticks, ns);
  return [ticks.readBigUInt64LE(), ns.readBigUInt64LE()];
}
function say(line) {
  try {
    (0, import_node_fs6.writeFileSync)("/dev/console", `${line}
`);
  } catch {
  }
}
function selfTest() {
  loadClock((0, import_node_path.join)(here, "native/clock.so"));
  const version = String(libbpf().libbpf_version_string());
  const objects = (0, import_node_fs6.existsSync)((0, import_node_path.join)(here, "bpf/nop_xdp.bpf.o")) ? "found" : "missing";
  process.stdout.write(`tollgate guest: node ${process.version}, libbpf ${version}, objects ${objects}
`);
}
if (process.pid === 1) main();
else selfTest();
