/** What may not be in the tree of packages. Pure; nothing is asked of the network. */
import { satisfies, validRange } from 'semver'
import type { Accepted, Advisory, Policy } from './files.ts'
import { type Installed, installed, type Lockfile } from './lockfile.ts'

export const RULES = [
  'vulnerable',
  'expired',
  'unused_acceptance',
  'script',
  'unused_script',
  'integrity',
  'unused_integrity',
  'origin',
  'source',
  'licence',
  'unused_licence',
] as const
export type Rule = (typeof RULES)[number]

export interface Finding {
  rule: Rule
  /** For the words of the rule in `locales/<lang>/supply.json`. */
  facts: Readonly<Record<string, string>>
}

export interface Rulebook {
  advisories: readonly Advisory[]
  accepted: readonly Accepted[]
  policy: Policy
  /** `2026-11-23`. */
  today: string
}

/** @returns all findings, none when all is well. */
export function checkLockfile(lock: Lockfile, book: Rulebook): Finding[] {
  const all = installed(lock)
  return [
    ...checkVulnerable(all, book),
    ...checkScripts(all, book.policy),
    ...checkIntegrity(all, book.policy),
    ...all.flatMap(checkOrigin),
    ...checkSources(lock),
    ...checkLicences(all, book.policy),
  ]
}

/** A pre-release stands where its version does: before the release it leads to. */
const isHit = ({ name, version }: Installed, advisory: Advisory): boolean =>
  name === advisory.package && satisfies(version, advisory.vulnerable, { includePrerelease: true })

const isFor = (one: Accepted, { name, version }: Installed, { id }: Advisory): boolean =>
  one.id === id && one.package === name && one.versions.includes(version)

function checkVulnerable(all: readonly Installed[], { advisories, accepted, today }: Rulebook): Finding[] {
  const findings: Finding[] = []
  const used = new Set<Accepted>()
  for (const advisory of advisories) {
    for (const one of all.filter((it) => isHit(it, advisory))) {
      const acceptance = accepted.find((it) => isFor(it, one, advisory))
      if (acceptance) used.add(acceptance)
      const { id, severity, fixed, source } = advisory
      const facts = { path: one.path, version: one.version, id, severity, fixed, source }
      if (!acceptance) findings.push({ rule: 'vulnerable', facts })
      else if (acceptance.until < today)
        findings.push({ rule: 'expired', facts: { ...facts, until: acceptance.until } })
    }
  }
  const unused = accepted.filter((it) => !used.has(it))
  return [...findings, ...unused.map(({ id, package: name }) => unusedOf('unused_acceptance', name, { id }))]
}

function checkScripts(all: readonly Installed[], { installScripts }: Policy): Finding[] {
  const allowed = installScripts.map((it) => it.package)
  const running = all.filter((it) => it.hasInstallScript)
  return [
    ...running.filter((it) => !allowed.includes(it.name)).map((it) => findingOf('script', it)),
    ...leftOver(allowed, running).map((name) => unusedOf('unused_script', name)),
  ]
}

/** A hash may be missing only from a package that is listed for it, and that neither the service nor this platform needs. */
function checkIntegrity(all: readonly Installed[], { withoutIntegrity }: Policy): Finding[] {
  const missing = all.filter((it) => !it.integrity && !it.inBundle && !it.link)
  const isAllowed = (it: Installed) => withoutIntegrity.includes(it.name) && it.dev && it.optional
  return [
    ...missing.filter((it) => !isAllowed(it)).map((it) => findingOf('integrity', it)),
    ...leftOver(withoutIntegrity, missing).map((name) => unusedOf('unused_integrity', name)),
  ]
}

/** Nothing said means the registry that npm is set to. */
function checkOrigin(one: Installed): Finding[] {
  const { name, version, resolved, link } = one
  const file = `${name.slice(name.indexOf('/') + 1)}-${version}.tgz`
  const isRegistry = resolved === undefined || resolved === `https://registry.npmjs.org/${name}/-/${file}`
  return isRegistry && !link ? [] : [{ rule: 'origin', facts: { path: one.path, resolved: resolved ?? 'link' } }]
}

/** Every package asks for versions of the registry, and for nothing from git, a URL or a folder. */
function checkSources({ packages }: Lockfile): Finding[] {
  return Object.entries(packages).flatMap(([path, one]) => {
    const asked = { ...one.peerDependencies, ...one.devDependencies, ...one.optionalDependencies, ...one.dependencies }
    const odd = Object.entries(asked).filter(([, wanted]) => !isVersion(wanted))
    return odd.map(
      ([name, wanted]): Finding => ({ rule: 'source', facts: { path: path || 'package.json', name, wanted } }),
    )
  })
}

/** A range, a tag such as `latest`, or another name of the registry (`npm:name@range`). */
function isVersion(wanted: string): boolean {
  if (wanted.startsWith('npm:')) return /^npm:(@[\w.-]+\/)?[\w.-]+(@[^/:]*)?$/.test(wanted)
  return validRange(wanted) !== null || /^[a-z][\w-]*$/i.test(wanted)
}

function checkLicences(all: readonly Installed[], policy: Policy): Finding[] {
  const findings: Finding[] = []
  const used = new Set<string>()
  for (const one of all) {
    const own = policy.licenceOf.find((it) => it.package === one.name)
    const allowed = [...policy.licences, ...(one.dev ? policy.toolLicences : [])]
    if (one.license !== undefined && isAllowed(one.license, allowed)) continue
    if (own && (one.license ?? own.licence) === own.licence) used.add(own.package)
    else findings.push({ rule: 'licence', facts: { path: one.path, licence: one.license ?? '?' } })
  }
  const unused = policy.licenceOf.filter((it) => !used.has(it.package))
  return [...findings, ...unused.map((it) => unusedOf('unused_licence', it.package))]
}

/** One of several that are offered (`OR`) is enough; of those that all hold (`AND`) each has to be allowed. */
export function isAllowed(expression: string, allowed: readonly string[]): boolean {
  const bare = expression.trim().replace(/^\(([^()]*)\)$/, '$1')
  const [choices, all] = [bare.split(/\s+OR\s+/i), bare.split(/\s+AND\s+/i)]
  if (/[()]/.test(bare) || (choices.length > 1 && all.length > 1)) return false
  if (choices.length > 1) return choices.some((one) => allowed.includes(one))
  return all.every((one) => allowed.includes(one))
}

const findingOf = (rule: Rule, { path, version }: Installed): Finding => ({ rule, facts: { path, version } })

const unusedOf = (rule: Rule, name: string, more: Readonly<Record<string, string>> = {}): Finding => ({
  rule,
  facts: { name, ...more },
})

/** Names on a list that nothing needs any more: it would let in what nobody looked at. */
function leftOver(names: readonly string[], needed: readonly Installed[]): string[] {
  return names.filter((name) => !needed.some((it) => it.name === name))
}
