/** The lockfile as a bill of materials (CycloneDX 1.6, JSON): every package that the service may be installed with.
 *  `npm sbom --omit dev` leaves out those that tools use as well, nodemailer among them, so it is made here. Pure. */
import { createHash } from 'node:crypto'
import type { Policy } from './files.ts'
import { type Installed, installed, type Lockfile, resolvePath } from './lockfile.ts'

interface Component {
  'bom-ref': string
  type: 'application' | 'library'
  name: string
  version: string
  scope?: 'required' | 'optional'
  purl: string
  hashes?: { alg: string; content: string }[]
  licenses?: ({ license: { id: string } } | { expression: string })[]
}

export interface Bom {
  bomFormat: 'CycloneDX'
  specVersion: '1.6'
  serialNumber: string
  version: 1
  metadata: { component: Component }
  components: Component[]
  dependencies: { ref: string; dependsOn: string[] }[]
}

/** The same lockfile makes the same bill, to the byte: it names no time.
 *  @param licenceOf licences that the lockfile does not tell. */
export function toBom(lock: Lockfile, { licenceOf }: Pick<Policy, 'licenceOf'>): Bom {
  const own = lock.packages['']
  const project = componentOf({ name: own?.name ?? '', version: own?.version ?? '' }, 'application')
  const shipped = installed(lock).filter((it) => !it.dev)
  const components = new Map<string, Component>()
  const edges = new Map<string, Set<string>>([[project['bom-ref'], targets(lock, '')]])
  for (const one of shipped) {
    const ref = refOf(one)
    const known = components.get(ref)
    // In two places: needed when it is in one of them.
    if (!known || known.scope === 'optional') components.set(ref, describe(one, licenceOf))
    edges.set(ref, new Set([...(edges.get(ref) ?? []), ...targets(lock, one.path)]))
  }
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(lock))}`,
    version: 1,
    metadata: { component: project },
    components: [...components.values()].sort(byRef),
    dependencies: [...edges]
      .map(([ref, to]) => ({ ref, dependsOn: [...to].sort() }))
      .sort((a, b) => compare(a.ref, b.ref)),
  }
}

function describe(one: Installed, licenceOf: Policy['licenceOf']): Component {
  const licence = one.license ?? licenceOf.find((it) => it.package === one.name)?.licence
  return {
    ...componentOf(one, 'library'),
    scope: one.optional || one.devOptional ? 'optional' : 'required',
    ...(one.integrity && { hashes: [hashOf(one.integrity)] }),
    ...(licence && { licenses: [licenceEntry(licence)] }),
  }
}

function componentOf(one: Pick<Installed, 'name' | 'version'>, type: Component['type']): Component {
  const { name, version } = one
  return { 'bom-ref': refOf(one), type, name, version, purl: `pkg:npm/${name.replace('@', '%40')}@${version}` }
}

/** What the package at `from` finds of what it asks for; an optional one may be missing, or be a tool's. */
function targets(lock: Lockfile, from: string): Set<string> {
  const one = lock.packages[from]
  const names = Object.keys({ ...one?.dependencies, ...one?.optionalDependencies, ...(from && one?.peerDependencies) })
  const found = names.flatMap((name) => resolvePath(lock, from, name) ?? [])
  const paths = new Set(found)
  return new Set(
    installed(lock)
      .filter((it) => paths.has(it.path) && !it.dev)
      .map(refOf),
  )
}

const refOf = ({ name, version }: Pick<Installed, 'name' | 'version'>): string => `${name}@${version}`
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))
const byRef = (a: Component, b: Component): number => compare(a['bom-ref'], b['bom-ref'])

/** `sha512-<base64>` as the format wants it. */
function hashOf(integrity: string): { alg: string; content: string } {
  const [algorithm = '', base64 = ''] = integrity.split('-')
  return { alg: algorithm.toUpperCase().replace('SHA', 'SHA-'), content: Buffer.from(base64, 'base64').toString('hex') }
}

const licenceEntry = (text: string) => (/^[\w.-]+$/.test(text) ? { license: { id: text } } : { expression: text })

/** A UUID (version 8: made by a rule of our own) out of a text. */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}
