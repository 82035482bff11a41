import { expect, test } from 'vitest';
import { parseConfig, parseSize, programConfig } from './config.ts';
import { UNMEASURED_METRICS } from './configschema.ts';
import { TollgateErrors } from './errors.ts';
import { METRIC_NAMES, METRICS, type Metric } from './metrics.ts';

const HEAD = 'version: 1\nkernels: ["debian:5.10", "debian:6.1"]\nobjects: ["build/*.bpf.o"]\n';

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

function errors(text: string): string[] {
  try {
    parseConfig(text, 't.yml');
  } catch (error) {
    if (error instanceof TollgateErrors) return error.message.split('\n');
    throw error;
  }
  return [];
}

test('a loader has a name, a place and a stimulus where the file says nothing of them', () => {
  const { loaders } = parseConfig(
    `version: 1
kernels: ["debian:6.1"]
loader:
  - command: [bin/agent, --device, receiver]
    files: [bin/agent]
    ready: attached
    programs: [xdp_lb, { name: egress, pin: /sys/fs/bpf/egress }]
`,
    't.yml',
  );
  expect(plain(loaders)).toEqual([
    {
      name: 'agent',
      command: ['bin/agent', '--device', 'receiver'],
      files: ['bin/agent'],
      ready: 'attached',
      env: {},
      in: 'receiver',
      stimulus: 'udp:64',
      programs: [{ name: 'xdp_lb' }, { name: 'egress', pin: '/sys/fs/bpf/egress' }],
      place: { file: 't.yml', line: 4, column: 5 },
    },
  ]);
});

test('a stimulus may be a command: its name, place and events are said where the file says nothing of them', () => {
  const { programs } = parseConfig(
    `${HEAD}programs:
  on_write:
    attach:
      hook: kprobe
      function: vfs_write
      stimulus:
        command: [bin/dd, bs=1]
        files: [bin/dd]
`,
    't.yml',
  );
  expect(plain(programs.on_write!.attach)).toEqual({
    hook: 'kprobe',
    function: 'vfs_write',
    stimulus: {
      name: 'dd',
      command: ['bin/dd', 'bs=1'],
      files: ['bin/dd'],
      env: {},
      in: 'sender',
      per: 1,
      filePlaces: [{ file: 't.yml', line: 11, column: 17 }],
    },
  });
});

test('the file of the design, without what is not measured yet, is read whole', () => {
  const config = parseConfig(
    `version: 1
kernels: ["debian:5.10", "debian:6.1", "debian:6.12", "debian:7.2"]
build: make bpf                      # optional; run for head and for the merge base
machine: { cpu: qemu64-v1 }          # optional; which mitigations the kernel patches in depends on it
objects: ["build/*.bpf.o"]
programs:
  xdp_lb:
    inputs: [fixtures/syn.pcap, { udp: 64 }]
    attach: { hook: xdp, mode: native }
    maps: { settings: { "0": "0x01000000", 0x10: 2, -1: 18446744073709551615 } }
    tail_calls: { jump_table: { 0: parse_v4, 1: parse_v6 } }
map_sizes: { conns: 1024 }
load:
  - iperf3: { protocol: tcp, streams: 1, bytes: 64M }
    attach: [xdp_lb]
budgets:
  "*":      { total_insns: { max: 500000, increase: 10% }, run_insns: { increase: 2.5% } }
  xdp_lb:   { run_insns: { max: 420, increase: 0 }, map_bytes: 1M }
`,
    'tollgate.yml',
  );
  const place = (line: number, column: number) => ({ file: 'tollgate.yml', line, column });
  expect(plain(config)).toEqual({
    version: 1,
    kernels: ['debian:5.10', 'debian:6.1', 'debian:6.12', 'debian:7.2'],
    build: 'make bpf',
    machine: { cpu: 'qemu64-v1' },
    objects: ['build/*.bpf.o'],
    programs: {
      xdp_lb: {
        inputs: ['fixtures/syn.pcap', { udp: 64 }],
        attach: { hook: 'xdp', mode: 'native' },
        attachPlaces: { hook: place(9, 21), mode: place(9, 32) },
        maps: { settings: { '0': '0x01000000', '0x10': '2', '-1': '18446744073709551615' } },
        tail_calls: { jump_table: { '0': 'parse_v4', '1': 'parse_v6' } },
        place: place(7, 3),
      },
    },
    map_sizes: { conns: 1024 },
    load: [{ iperf3: { protocol: 'tcp', streams: 1, bytes: 67108864 }, attach: ['xdp_lb'] }],
    loaders: [],
    budgets: [
      {
        match: '*',
        metric: 'total_insns',
        max: 500000,
        increase: { percent: '10' },
        place: place(17, 15),
        matchPlace: place(17, 3),
      },
      {
        match: '*',
        metric: 'run_insns',
        increase: { percent: '2.5' },
        place: place(17, 60),
        matchPlace: place(17, 3),
      },
      {
        match: 'xdp_lb',
        metric: 'run_insns',
        max: 420,
        increase: 0,
        place: place(18, 15),
        matchPlace: place(18, 3),
      },
      { match: 'xdp_lb', metric: 'map_bytes', max: 1048576, place: place(18, 53), matchPlace: place(18, 3) },
    ],
    warnings: [],
  });
});

test('a metric may have an entry for each group of kernels', () => {
  const { budgets } = parseConfig(
    `${HEAD}budgets:\n  a:\n    run_insns:\n      - 420\n      - { max: none, kernels: "debian:5.10" }\n    load_ok: { required: false, kernels: [debian:5*] }\n`,
    't.yml',
  );
  expect(
    budgets.map(({ place, matchPlace: _, ...rule }) => ({ ...rule, at: `${place.line}:${place.column}` })),
  ).toEqual([
    { match: 'a', metric: 'run_insns', max: 420, at: '7:9' },
    { match: 'a', metric: 'run_insns', max: 'none', kernels: ['debian:5.10'], at: '8:9' },
    { match: 'a', metric: 'load_ok', required: false, kernels: ['debian:5*'], at: '9:5' },
  ]);
});

const budgetFor = ({ name, better }: Metric) =>
  name === 'load_ok' ? 'true' : better === 'less' ? '1' : '{ min: 1 }';

test('every figure that is measured can have a budget', () => {
  const metrics: readonly Metric[] = METRICS;
  const names = metrics
    .filter(({ isOfLoad, isOfTailCalls }) => !isOfLoad && !isOfTailCalls)
    .map(({ name }) => name);
  const linesFor = (wanted: readonly string[]) =>
    metrics
      .filter(({ name }) => wanted.includes(name))
      .map((metric) => `    ${metric.name}: ${budgetFor(metric)}\n`)
      .join('');
  expect(
    parseConfig(`${HEAD}budgets:\n  "*":\n${linesFor(names)}`, 't.yml').budgets.map((rule) => rule.metric),
  ).toEqual(names);
  const ofLoad = metrics.filter(({ isOfLoad }) => isOfLoad).map(({ name }) => name);
  const text = `${HEAD}load: [{ iperf3: {} }]\nbudgets:\n  load:\n${linesFor(ofLoad)}`;
  expect(parseConfig(text, 't.yml').budgets.map((rule) => rule.metric)).toEqual(ofLoad);
});

test('what more is better of is held from below, by a number or against base', () => {
  const text = `${HEAD}load: [{ iperf3: {} }]\nbudgets:\n  load: { throughput_bps: { min: 5e9, decrease: 2% } }\n  a:\n    pass_pps:\n      - { decrease: 10 }\n      - { min: none, decrease: none, kernels: "debian:5.10" }\n`;
  const { budgets } = parseConfig(text, 't.yml');
  expect(budgets.map(({ place: _, matchPlace: __, ...rule }) => rule)).toEqual([
    { match: 'load', metric: 'throughput_bps', min: 5e9, decrease: { percent: '2' } },
    { match: 'a', metric: 'pass_pps', decrease: 10 },
    { match: 'a', metric: 'pass_pps', min: 'none', decrease: 'none', kernels: ['debian:5.10'] },
  ]);
});

test('a kernel’s tail calls have budgets of their own, all of them or one kind', () => {
  const text = `${HEAD}budgets:\n  tail_calls: { tail_call_ns: 30 }\n  tail_calls/direct: { tail_call_ns: { max: 10 } }\n`;
  const { budgets } = parseConfig(text, 't.yml');
  expect(budgets.map(({ match, metric, max }) => [match, metric, max])).toEqual([
    ['tail_calls', 'tail_call_ns', 30],
    ['tail_calls/direct', 'tail_call_ns', 10],
  ]);
});

test.each([
  ['"*": { tail_call_ns: 1 }', "a metric of the kernel's own tail calls"],
  ['tail_calls: { run_ns: 1 }', 'no metric of tail calls'],
  ['tail_calls: { tail_call_ns: { increase: 0 } }', 'a kernel is the same for head and base'],
])('a budget of tail calls that means nothing is refused: %s', (line, reason) =>
  expect(() => parseConfig(`${HEAD}budgets:\n  ${line}\n`, 't.yml')).toThrow(reason),
);

test('what iperf3 does is read, sizes as bytes', () => {
  const iperf3 =
    '{ protocol: udp, bytes: 4M, length: 1K, over: bridge, reverse: true, gro: false, mtu: 9000 }';
  expect(parseConfig(`${HEAD}load: [{ iperf3: ${iperf3} }]\n`, 't.yml').load).toEqual([
    {
      iperf3: {
        protocol: 'udp',
        bytes: 4 << 20,
        length: 1024,
        over: 'bridge',
        reverse: true,
        gro: false,
        mtu: 9000,
      },
    },
  ]);
});

test('a file without budgets is read with a warning', () => {
  expect(parseConfig(HEAD, 't.yml').warnings).toEqual([
    "'t.yml' has no budgets: only programs that do not load fail the check",
  ]);
});

test.each<[string, string, string[]]>([
  [
    'an empty file',
    '',
    [
      "Cannot parse 't.yml': it is empty (t.yml:1:1)",
      "  'tollgate init' writes a budget file from the objects it finds",
    ],
  ],
  ['a list', '- a\n', ['Cannot parse the file: expected keys with values, got a list (t.yml:1:1)']],
  [
    'missing keys',
    'build: make\n',
    [
      "Cannot parse 'version': it is missing: expected 1, this file format's version (t.yml:1:1)",
      "Cannot parse 'kernels': it is missing: expected a list (t.yml:1:1)",
    ],
  ],
  [
    'neither objects nor a loader',
    'version: 1\nkernels: ["debian:6.1"]\n',
    ["Cannot parse the file: it names no 'objects' (t.yml:1:1)", "  objects: ['build/*.bpf.o']"],
  ],
  [
    'a loader without a command, and with a pin that is none',
    'version: 1\nkernels: ["debian:6.1"]\nloader:\n  - command: []\n    programs: [{ name: a, pin: /tmp/a }]\n',
    [
      "Cannot parse 'loader[0].command': expected a command and its arguments, got an empty list (t.yml:4:14)",
      "Cannot parse 'loader[0].programs[0].pin': expected a path as '/sys/fs/bpf/xdp_lb', got '/tmp/a' (t.yml:5:32)",
    ],
  ],
  [
    'several faults at once, in the order of the file',
    'version: 2\nkernles: [a]\nkernels: []\nobjects: x\nbudgets:\n  a: { run_insn: 1, run_insns: { max: -1 } }\n',
    [
      "Cannot parse 'version': expected 1, this file format's version, got 2 (t.yml:1:10)",
      "Cannot parse 'kernles': unknown key (t.yml:2:1)",
      "  did you mean 'kernels'?",
      "Cannot parse 'kernels': expected at least one kernel, got an empty list (t.yml:3:10)",
      "Cannot parse 'objects': expected a list, got 'x' (t.yml:4:10)",
      "Cannot parse 'budgets.a.run_insn': unknown metric (t.yml:6:8)",
      "  did you mean 'run_insns'?",
      "Cannot parse 'budgets.a.run_insns.max': expected 0 or more, got -1 (t.yml:6:39)",
    ],
  ],
])('%s is refused', (_name, text, expected) => {
  expect(errors(text)).toEqual(expected);
});

test.each<[string, string[]]>([
  [
    'budgets: { a: { run_insns: { increase: 2 %% } } }',
    [
      "Cannot parse 'budgets.a.run_insns.increase': expected a count or a percentage as '2%', got '2 %%' (t.yml:4:40)",
    ],
  ],
  [
    'budgets: { a: { run_insns: { increase: [1] } } }',
    [
      "Cannot parse 'budgets.a.run_insns.increase': expected a count or a percentage as '2%', got a list (t.yml:4:40)",
    ],
  ],
  [
    'budgets: { a: { run_insns: { increse: 2% } } }',
    ["Cannot parse 'budgets.a.run_insns.increse': unknown key (t.yml:4:30)", "  did you mean 'increase'?"],
  ],
  [
    'budgets: { a: { run_insns: fast } }',
    [
      "Cannot parse 'budgets.a.run_insns': expected a number (the maximum) or { max, increase, kernels }, got 'fast' (t.yml:4:28)",
    ],
  ],
  [
    'budgets: { a: { run_insns: 64M } }',
    [
      "Cannot parse 'budgets.a.run_insns': expected a number (the maximum) or { max, increase, kernels }, got '64M' (t.yml:4:28)",
    ],
  ],
  [
    'budgets: { a: { run_insns: {} } }',
    ["Cannot parse 'budgets.a.run_insns': expected 'max', 'increase' or both, got no keys (t.yml:4:28)"],
  ],
  [
    'budgets: { a: { run_insns: [1, { max: .inf }] } }',
    ["Cannot parse 'budgets.a.run_insns[1].max': expected a number, got Infinity (t.yml:4:39)"],
  ],
  [
    'budgets: { a: { map_bytes: 64Q } }',
    [
      "Cannot parse 'budgets.a.map_bytes': expected a number, or one with K, M, G or T (of 1024) as '64M', got '64Q' (t.yml:4:28)",
    ],
  ],
  [
    'budgets: { a: { load_ok: 1 } }',
    ["Cannot parse 'budgets.a.load_ok': expected true, false or { required, kernels }, got 1 (t.yml:4:26)"],
  ],
  [
    'budgets: { a: { run_insns: { max: 1, kernels: [debian:6.2] } } }',
    [
      "Cannot parse 'budgets.a.run_insns.kernels[0]': 'debian:6.2' matches no kernel of this file (t.yml:4:48)",
      "  did you mean 'debian:6.1'?",
    ],
  ],
  [
    'budgets: { a: { latency: 1 } }',
    [
      "Cannot parse 'budgets.a.latency': unknown metric (t.yml:4:17)",
      `  metrics: ${METRIC_NAMES.join(', ')}`,
    ],
  ],
  [
    'budgets: { load: { net_cpu: { increase: 2% } } }',
    [
      "Cannot parse 'budgets.load': there is no network load to hold to it (t.yml:4:18)",
      '  load: [{ iperf3: { protocol: tcp }, attach: [PROGRAM] }]',
    ],
  ],
  [
    'budgets: { load: { throughput_bps: 5e9 } }',
    [
      "Cannot parse 'budgets.load.throughput_bps': expected { min, decrease, kernels }, got 5000000000 (t.yml:4:36)",
      '  more is better: throughput_bps: { min: ... }',
    ],
  ],
  [
    'budgets: { load: { throughput_bps: { max: 5, min: 6, increase: 2% } } }',
    [
      "Cannot parse 'budgets.load.throughput_bps.max': of throughput_bps more is better: it is held from below (t.yml:4:38)",
      '  throughput_bps: { min: ... }',
      "Cannot parse 'budgets.load.throughput_bps.increase': of throughput_bps more is better: it is held from below (t.yml:4:54)",
      '  throughput_bps: { decrease: ... }',
    ],
  ],
  [
    'budgets: { a: { run_insns: [{ max: 5 }, { min: 6 }], map_bytes: { decrease: 2% } } }',
    [
      "Cannot parse 'budgets.a.run_insns[1].min': of run_insns less is better: it is held from above (t.yml:4:43)",
      '  run_insns: { max: ... }',
      "Cannot parse 'budgets.a.map_bytes.decrease': of map_bytes less is better: it is held from above (t.yml:4:67)",
      '  map_bytes: { increase: ... }',
    ],
  ],
  [
    'budgets: { a: { pass_pps: [5] } }',
    [
      "Cannot parse 'budgets.a.pass_pps[0]': expected { min, decrease, kernels }, got 5 (t.yml:4:28)",
      '  more is better: pass_pps: { min: ... }',
    ],
  ],
  [
    'budgets: { a: { pass_pps: { kernels: "*" } } }',
    ["Cannot parse 'budgets.a.pass_pps': expected 'min', 'decrease' or both, got { kernels } (t.yml:4:27)"],
  ],
  [
    'budgets: { a: { pass_pps: { decrease: 101% } } }',
    [
      "Cannot parse 'budgets.a.pass_pps.decrease': expected at most 100%: no figure falls by more, got '101%' (t.yml:4:39)",
    ],
  ],
  [
    'budgets: { a: { pass_pps: { min: -1, decrese: 1 } } }',
    [
      "Cannot parse 'budgets.a.pass_pps.min': expected 0 or more, got -1 (t.yml:4:34)",
      "Cannot parse 'budgets.a.pass_pps.decrese': unknown key (t.yml:4:38)",
      "  did you mean 'decrease'?",
    ],
  ],
  [
    'budgets: { a: { throughput_bps: { min: 1 } } }',
    [
      "Cannot parse 'budgets.a.throughput_bps': a metric of network load (t.yml:4:17)",
      '  budgets: { load: { throughput_bps: ... } }',
    ],
  ],
  [
    'budgets: { a: { net_cpu: 1 } }',
    [
      "Cannot parse 'budgets.a.net_cpu': a metric of network load (t.yml:4:17)",
      '  budgets: { load: { net_cpu: ... } }',
    ],
  ],
  [
    'budgets: { load: { run_insns: 1 } }',
    [
      "Cannot parse 'budgets.load.run_insns': no metric of network load (t.yml:4:20)",
      "  'load' is network load; a program of that name is written 'OBJECT/load'",
    ],
  ],
  ['budgets:', ["Cannot parse 'budgets': expected keys with values, got nothing (t.yml:4:9)"]],
  ['kernels: [x]', ["Cannot parse 't.yml': the key 'kernels' comes twice (t.yml:4:1)"]],
  [
    'programs: { a: { inputs: [{ upd: 64 }] } }',
    ["Cannot parse 'programs.a.inputs[0].upd': unknown key (t.yml:4:29)", "  did you mean 'udp'?"],
  ],
  [
    'programs: { a: { inputs: [{ udp: 32 }] } }',
    ["Cannot parse 'programs.a.inputs[0].udp': expected at least 64, got 32 (t.yml:4:34)"],
  ],
  [
    'programs: { a: { inputs: [{ udp: 64, tcp: 64 }] } }',
    [
      "Cannot parse 'programs.a.inputs[0]': 'udp' and 'tcp' do not go together: expected one of them (t.yml:4:27)",
    ],
  ],
  [
    'programs: { a: { inputs: [syn.pcapng] } }',
    [
      "Cannot parse 'programs.a.inputs[0]': expected the path of a '.pcap' file (a pcapng file: editcap -F pcap IN OUT), got 'syn.pcapng' (t.yml:4:27)",
    ],
  ],
  [
    'loader: [{ command: [./agent], files: [agent], programs: [a, b, { name: a, pin: /sys/fs/bpf/a }] }]',
    [
      "Cannot parse 'loader[0].programs[2]': 'a' comes twice (t.yml:4:65)",
      "  where 'pin' or 'id' says which one is meant, its 'name' is yours to choose",
    ],
  ],
  [
    'programs: { a: { inputs: [x/a.pcap, y/a.pcap] } }',
    [
      "Cannot parse 'programs.a.inputs[1]': 'a.pcap' comes twice (t.yml:4:37)",
      "  tell the inputs apart by 'name:'",
    ],
  ],
  [
    'programs: { a: { type: xpd } }',
    [
      expect.stringMatching(
        /^Cannot parse 'programs\.a\.type': expected one of .*, got 'xpd' \(t\.yml:4:24\)$/,
      ),
      "  did you mean 'xdp'?",
    ] as string[],
  ],
  [
    'programs: { a: { maps: { m: { x: 1, 0: 1.5 } } } }',
    [
      "Cannot parse 'programs.a.maps.m.0': expected an integer, or 'hex:' and two hexadecimal digits a byte, got 1.5 (t.yml:4:40)",
    ],
  ],
  [
    'programs: { a: { maps: { m: { x: 1 } } } }',
    [
      "Cannot parse 'programs.a.maps.m.x': expected an integer, or 'hex:' and two hexadecimal digits a byte (t.yml:4:31)",
    ],
  ],
  [
    'programs: { a: { tail_calls: { t: { -1: b } } } }',
    ["Cannot parse 'programs.a.tail_calls.t.-1': expected an index, 0 to 2^32 - 1 (t.yml:4:37)"],
  ],
  ['map_sizes: { m: 0 }', ["Cannot parse 'map_sizes.m': expected 1 or more, got 0 (t.yml:4:17)"]],
  [
    'programs: { a: { attach: { hook: tcp } } }',
    [
      expect.stringMatching(
        /^Cannot parse 'programs\.a\.attach\.hook': expected a hook: xdp, tc, .*, got 'tcp' \(t\.yml:4:34\)$/,
      ),
    ] as string[],
  ],
  [
    'programs: { a: { attach: { hook: tc, mode: native } } }',
    [
      "Cannot parse 'programs.a.attach.mode': unknown key (t.yml:4:38)",
      expect.stringMatching(/^ {2}known here: hook, stimulus, /),
    ] as string[],
  ],
  [
    'programs: { a: { attach: { hook: xdp, mode: offload } } }',
    ["Cannot parse 'programs.a.attach.mode': expected one of native, generic, got 'offload' (t.yml:4:45)"],
  ],
  [
    'programs: { a: { attach: { hook: xdp, stimulus: udp:9 } } }',
    [
      "Cannot parse 'programs.a.attach.stimulus': expected udp, tcp, each with a frame's length as 'udp:64' where it has frames, got 'udp:9' (t.yml:4:49)",
    ],
  ],
  [
    'programs: { a: { attach: { hook: kprobe, stimulus: { command: [dd], per: 0 } } } }',
    ["Cannot parse 'programs.a.attach.stimulus.per': expected 1 or more, got 0 (t.yml:4:74)"],
  ],
  [
    'programs: { a: { attach: { hook: kprobe, stimulus: { command: [dd], file: [dd] } } } }',
    ["Cannot parse 'programs.a.attach.stimulus.file': unknown key (t.yml:4:69)", "  did you mean 'files'?"],
  ],
  [
    'programs: { a: { attach: { hook: kprobe, stimulus: 3 } } }',
    [
      expect.stringMatching(
        /^Cannot parse 'programs\.a\.attach\.stimulus': expected getpgid, .*; or \{ command, files \}, got 3 \(t\.yml:4:52\)$/,
      ),
    ] as string[],
  ],
  [
    'programs: { a: { attach: { hook: socket_filter, stimulus: { command: [dd] } } } }',
    ["Cannot parse 'programs.a.attach.stimulus': expected a text, got { command } (t.yml:4:59)"],
  ],
  [
    'budgets: { load: { pass_pps: { min: 1 } } }',
    [
      "Cannot parse 'budgets.load.pass_pps': no metric of network load (t.yml:4:20)",
      "  'load' is network load; a program of that name is written 'OBJECT/load'",
    ],
  ],
  [
    'load: [{ iperf3: { bytes: 1M, packets: 100 } }]',
    [
      "Cannot parse 'load[0].iperf3.packets': 'bytes' says how much is sent: expected no 'packets' beside it, got 100 (t.yml:4:40)",
    ],
  ],
  [
    'load: [{ iperf3: { protocol: tcp, pps: 100 } }]',
    [
      "Cannot parse 'load[0].iperf3.pps': only UDP is sent at a rate: expected no 'pps' without 'protocol: udp', got 100 (t.yml:4:40)",
    ],
  ],
  [
    'load: [{ iperf3: { protocol: sctp } }]',
    ["Cannot parse 'load[0].iperf3.protocol': expected one of tcp, udp, got 'sctp' (t.yml:4:30)"],
  ],
  [
    'constructor: 1',
    [
      "Cannot parse 'constructor': unknown key (t.yml:4:1)",
      expect.stringMatching(/^ {2}known here: version, /),
    ] as string[],
  ],
])('%s is refused', (line, expected) => {
  expect(errors(`${HEAD}${line}\n`)).toEqual(expected);
});

test.each(UNMEASURED_METRICS.map((name) => [name]))(
  'a budget on %s says that it is not measured yet',
  (name) => {
    expect(errors(`${HEAD}budgets: { a: { ${name}: 1 } }\n`)[0]).toBe(
      `Cannot parse 'budgets.a.${name}': this version of Tollgate does not measure it yet (t.yml:4:17)`,
    );
  },
);

test('no metric is both measured and not measured yet', () => {
  expect(UNMEASURED_METRICS.filter((name) => (METRIC_NAMES as readonly string[]).includes(name))).toEqual([]);
});

test('a file full of faults names a hundred of them and counts the rest', () => {
  const keys = Array.from({ length: 150 }, (_, i) => `nonsense_key_${i}: 1\n`).join('');
  const lines = errors(HEAD + keys).filter((line) => !line.startsWith(' '));
  expect(lines).toHaveLength(101);
  expect(lines.at(-1)).toBe('50 more errors');
});

test('each key of a program comes from its closest entry', () => {
  const { programs } = parseConfig(
    `${HEAD}programs:\n  a: { inputs: [{ udp: 64 }] }\n  "*": { inputs: [{ arp: true }], type: xdp }\n  "a*": { type: sched_cls }\nbudgets: { "*": { run_insns: 1 } }\n`,
    't.yml',
  );
  expect(programConfig(programs, { object: 'x.o', program: 'a' })).toEqual({
    inputs: [{ udp: 64 }],
    type: 'sched_cls',
  });
  expect(programConfig(programs, { object: 'x.o', program: 'b' })).toEqual({
    inputs: [{ arp: true }],
    type: 'xdp',
  });
});

test.each<[number | string, number]>([
  [64, 64],
  ['64K', 65536],
  ['1k', 1024],
  ['64M', 67108864],
  ['2T', 2199023255552],
])('%s is %d bytes', (size, bytes) => {
  expect(parseSize(size)).toBe(bytes);
});
