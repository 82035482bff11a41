/** The layers of DESIGN: imports point downward only, one effect has one place. */
const below = {
  model: [],
  statistics: ['model'],
  measurements: ['model', 'statistics'],
  budget: ['model', 'statistics', 'measurements'],
  report: ['model', 'statistics', 'measurements', 'budget'],
  kernels: ['model'],
  vm: ['model', 'kernels'],
  guest: ['model', 'statistics', 'measurements'],
  setup: ['model', 'kernels'],
  github: ['model', 'report'],
  explain: ['model', 'measurements', 'vm'],
  run: ['model', 'statistics', 'measurements', 'budget', 'report', 'kernels', 'vm', 'explain'],
  cli: ['model', 'measurements', 'budget', 'report', 'kernels', 'vm', 'explain', 'run'],
  action: ['model', 'measurements', 'budget', 'report', 'kernels', 'vm', 'explain', 'setup', 'github', 'run'],
};

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    ...Object.entries(below).map(([layer, allowed]) => ({
      name: `${layer}-imports-downward`,
      severity: 'error',
      from: { path: `^src/${layer}/`, pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: `^src/(${[layer, ...allowed].join('|')})/` },
    })),
    {
      name: 'koffi-only-in-guest-libbpf',
      severity: 'error',
      from: { pathNot: '^src/guest/libbpf/' },
      to: { path: 'node_modules/(koffi|@koromix)' },
    },
    {
      name: 'actions-only-in-entries',
      severity: 'error',
      from: { pathNot: '^src/(action\\.ts$|github/testing/|.*\\.test\\.ts$)' },
      to: { path: 'node_modules/@actions/' },
    },
    {
      name: 'testing-only-in-tests',
      severity: 'error',
      from: { path: '^src/', pathNot: '(/testing/|\\.test\\.ts$)' },
      to: { path: '/testing/' },
    },
    {
      name: 'network-only-in-kernels',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(kernels/|action\\.ts|github/testing/|.*\\.test\\.ts$)' },
      to: { path: '^(node:)?(http|https|http2)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
