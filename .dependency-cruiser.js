// The order of folders in docs/architecture.md: each imports only what stands before it.
const adapters = '^src/(store/|mail/(smtp|mailbox)|coverage/(sqlite|http))'
const layers = [
  ['wire', '^src/(wire/|errors)'],
  ['config', '^src/config'],
  ['dialog', '^src/dialog/'],
  ['language', '^src/language/'],
  ['ports', '^src/(conversation|desk|coverage|mail|work|identity|privacy)/'],
  ['bot', '^src/bot/'],
  ['channels', '^src/channels/'],
  ['http', '^src/http/'],
  ['app', '^src/(app|stores|directory)'],
  ['main', '^src/(main|cli/)'],
]
const later = (index) =>
  layers
    .slice(index + 1)
    .map(([, path]) => path)
    .join('|')

export default {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: { path: '^(src|web)/' }, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: { path: '^(src|web)/' }, to: { couldNotResolve: true } },
    { name: 'wire-imports-nothing', severity: 'error', from: { path: '^src/wire/' }, to: { pathNot: '^src/wire/' } },
    {
      name: 'dialog-is-pure',
      severity: 'error',
      from: { path: '^src/dialog/' },
      to: { pathNot: '^src/(dialog|wire)/|^src/errors|^node_modules/(js-yaml|zod)/' },
    },
    {
      name: 'only-app-imports-adapters',
      severity: 'error',
      from: { path: '^src/', pathNot: `${adapters}|^src/(app|stores|directory)|^src/cli/` },
      to: { path: adapters },
    },
    {
      name: 'adapters-import-ports-only',
      severity: 'error',
      from: { path: adapters },
      to: { path: '^src/(bot|channels|http|app|main|cli)' },
    },
    {
      name: 'web-sees-only-wire',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^src/', pathNot: '^src/wire/' },
    },
    ...layers.map(([name, path], index) => ({
      name: `${name}-imports-only-what-stands-before-it`,
      severity: 'error',
      from: { path },
      to: { path: later(index) || '^$' },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
    },
  },
}
