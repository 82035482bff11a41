// Draws what `tollgate load --json FILE` has written: for each kernel and arm a bar of instructions a byte, by event.
// node scripts/load-chart.mjs FILE.json
import { readFileSync } from 'node:fs';

const SIGNS = { rx_softirq: '█', tx_softirq: '▒', sock_send: '▓', sock_recv: '░' };
const WIDTH = 60;

const { costs } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const bars = costs.flatMap(({ target, arms }) =>
  arms.flatMap(({ arm, figures }) =>
    'reason' in figures ? [] : [{ kernel: target.kernel, arm, ...figures }],
  ),
);
const most = Math.max(...bars.map(({ insns_per_byte }) => insns_per_byte));
const armWidth = Math.max(...bars.map(({ arm }) => arm.length));

console.log(
  Object.entries(SIGNS)
    .map(([event, sign]) => `${sign} ${event}`)
    .join('  '),
);
let last;
for (const { kernel, arm, insns_per_byte, net_cpu } of bars) {
  if (kernel !== last) console.log(`\n${kernel}, instructions a byte`);
  last = kernel;
  const all = Object.values(net_cpu).reduce((sum, share) => sum + share, 0);
  let [drawn, at] = ['', 0];
  for (const [event, sign] of Object.entries(SIGNS)) {
    at += ((net_cpu[event] / all) * insns_per_byte * WIDTH) / most;
    drawn += sign.repeat(Math.round(at) - drawn.length);
  }
  console.log(`  ${arm.padEnd(armWidth)} ${insns_per_byte.toFixed(3)} ${drawn}`);
}
