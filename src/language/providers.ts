import { domainToUnicode } from 'node:url'
import distance from 'natural/lib/natural/distance/index.js'

/** Mail domains that members in Canada use most, the commonest first: what a slip is corrected to. */
const TARGETS = [
  'gmail.com',
  'hotmail.com',
  'outlook.com',
  'yahoo.ca',
  'yahoo.com',
  'icloud.com',
  'hotmail.ca',
  'videotron.ca',
  'bell.net',
  'sympatico.ca',
  'live.ca',
  'live.com',
  'rogers.com',
  'telus.net',
  'shaw.ca',
  'me.com',
  'msn.com',
  'cogeco.ca',
  'protonmail.com',
] as const

/** Real domains that look like a slip of another, or share its name: never corrected. */
const OTHERS = [
  'aol.com bell.ca cogeco.net email.com gmx.com gmx.net googlemail.com hotmail.be hotmail.co.uk hotmail.fr hushmail.com',
  'hey.com live.co.uk live.fr mac.com mail.ca mail.com outlook.ca outlook.fr pm.me proton.me rocketmail.com rogers.ca',
  'shaw.com telus.com videotron.com videotron.qc.ca yahoo.co.uk yahoo.fr ymail.com',
]
  .join(' ')
  .split(' ')

export const KNOWN_DOMAINS: ReadonlySet<string> = new Set([...TARGETS, ...OTHERS])

/** Endings that fingers make of the right one. None is a real ending, save those that only squatters use beside these names. */
const SLIPS: Readonly<Record<string, readonly string[]>> = {
  com: 'con cm om cmo ocm comm coom vom xom cim cpm clm co come coml cob c0m cok'.split(' '),
  ca: 'cs caa cca va xa ac'.split(' '),
  net: 'ner nett nte ent bet met nt ne'.split(' '),
}
/** Names that exist under one ending only, so that any other ending is a slip. */
const SINGLE = new Set(['gmail', 'icloud'])
/** Longer domains than this are no slip of a known one. */
const MAX_LENGTH = 24

interface Target {
  domain: string
  name: string
  top: string
}

const PARTS: readonly Target[] = TARGETS.map(parts)

/** The known mail domain that was probably meant.
 *  @param domain as `parseEmail` gives it @returns undefined when it is known itself, or like none. */
export function suggestDomain(domain: string): string | undefined {
  if (KNOWN_DOMAINS.has(domain) || domain.length > MAX_LENGTH + 10) return undefined
  const typed = parts(unaccented(domain))
  if (typed.domain.length > MAX_LENGTH || typed.name.includes('.')) return undefined
  let best: { domain: string; cost: number } | undefined
  for (const target of PARTS) {
    const cost = slipCost(typed, target)
    if (cost !== undefined && (best === undefined || cost < best.cost)) best = { domain: target.domain, cost }
  }
  return best?.domain
}

function slipCost(typed: Target, target: Target): number | undefined {
  const name = nameCost(typed.name, target.name)
  const top = topCost(typed, target)
  return name === undefined || top === undefined ? undefined : name + top
}

function nameCost(typed: string, name: string): number | undefined {
  if (typed === name) return 0
  const limit = name.length >= 8 ? 2 : 1
  if (Math.abs(typed.length - name.length) > limit) return undefined
  const cost = distance.DamerauLevenshteinDistance(typed, name, { restricted: true })
  if (cost > limit) return undefined
  // Four letters or fewer: "life" and "live" are both words, so only swapped or doubled letters count.
  return name.length > 4 || letters(typed) === letters(name) ? cost : undefined
}

function topCost(typed: Target, target: Target): number | undefined {
  if (typed.top === target.top) return 0
  if (SINGLE.has(target.name) && typed.name === target.name) return 1
  return SLIPS[target.top]?.includes(typed.top) ? 1 : undefined
}

function parts(domain: string): Target {
  const dot = domain.lastIndexOf('.')
  return { domain, name: domain.slice(0, dot), top: domain.slice(dot + 1) }
}

function unaccented(domain: string): string {
  return domainToUnicode(domain).normalize('NFD').replace(/\p{M}/gu, '')
}

function letters(word: string): string {
  return [...new Set(word)].sort().join('')
}
