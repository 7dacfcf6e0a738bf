/** Reads a regular expression and says where it may take more than linear time. Errs on the side of saying so. */

/** What one place of a pattern takes. */
interface Atom {
  kind: 'atom'
  takes: (sign: string) => boolean
}
interface Group {
  kind: 'group'
  ways: Item[][]
}
/** Takes no sign: `^`, `$`, `\b`, a look around. */
interface Edge {
  kind: 'edge'
  isStart: boolean
}
interface Item {
  what: Atom | Group | Edge
  least: number
  most: number
}

/** - `nested`: repeats something that repeats: (x+)+.
 *  - `choice`: repeats a choice whose ways can begin alike: (a|ab)+.
 *  - `row`: two repeats that take the same signs, and what stands between them: \s*\s*x, .*a.*b.
 *  - `anywhere`: looks for a repeat from every sign on, and something has to follow it: x+y, x+$. */
export type Doubt = 'nested' | 'choice' | 'row' | 'anywhere'

/** From here on a bound is as good as none. */
const MANY = 64
/** Signs that tell two places of a pattern apart. */
const SIGNS = [...Array(0x180).keys()]
  .map((code) => String.fromCharCode(code))
  .concat(['’', '—', '\u2028', 'а', '가', '•', '\u0301'])

export function doubtsOf(source: string, flags: string): Doubt[] {
  const ways = parse(source, flags)
  const doubts = new Set<Doubt>()
  for (const way of ways) judgeWay(way, doubts)
  if (!flags.includes('y') && ways.some((way) => isSearched(way))) doubts.add('anywhere')
  return [...doubts]
}

const isMany = ({ most }: Item): boolean => most >= MANY

function judgeWay(way: readonly Item[], doubts: Set<Doubt>): void {
  for (const [i, item] of way.entries()) {
    if (item.what.kind === 'group') {
      for (const inner of item.what.ways) judgeWay(inner, doubts)
      if (isMany(item) && item.what.ways.some(hasMany)) doubts.add('nested')
      if (isMany(item) && canBeginAlike(item.what.ways)) doubts.add('choice')
    }
    if (isMany(item) && neighbours(way, i).some((next) => overlap(firsts([item]), firsts([next])))) doubts.add('row')
  }
}

const hasMany = (way: readonly Item[]): boolean =>
  way.some((item) => isMany(item) || (item.what.kind === 'group' && item.what.ways.some(hasMany)))

/** Repeats behind this one, as long as it can take what stands between as well. */
function neighbours(way: readonly Item[], from: number): Item[] {
  const own = firsts(way.slice(from, from + 1))
  const found: Item[] = []
  for (const item of way.slice(from + 1)) {
    if (hasMany([item])) found.push(item)
    const isNeeded = item.least > 0 && item.what.kind !== 'edge'
    if (isNeeded && !overlap(own, firsts([item]))) break
  }
  return found
}

function canBeginAlike(ways: readonly (readonly Item[])[]): boolean {
  return ways.some((a, i) => ways.slice(i + 1).some((b) => overlap(firsts(a), firsts(b))))
}

/** Begins anywhere, repeats, and then may fail: each beginning pays for the whole repeat. */
function isSearched(way: readonly Item[]): boolean {
  const [first] = way
  if (first === undefined || (first.what.kind === 'edge' && first.what.isStart)) return false
  const at = way.findIndex((item) => hasMany([item]))
  if (at < 0) return false
  const inside = way[at]
  const rest = way.slice(at + 1).some(({ least, what }) => least > 0 || what.kind === 'edge')
  return rest || (inside?.what.kind === 'group' && inside.what.ways.some(isSearched))
}

/** The signs that may come first. */
function firsts(way: readonly Item[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const { what, least } of way) {
    if (what.kind === 'atom') for (const sign of SIGNS) if (what.takes(sign)) found.add(sign)
    if (what.kind === 'group') for (const inner of what.ways) for (const sign of firsts(inner)) found.add(sign)
    if (least > 0 && what.kind !== 'edge') break
  }
  return found
}

const overlap = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].some((sign) => b.has(sign))

/** @throws Error for what it does not know: then it has to be taught. */
function parse(source: string, flags: string): Item[][] {
  let at = 0
  const kept = flags.replace(/[gy]/g, '')

  function ways(): Item[][] {
    const found: Item[][] = [[]]
    while (at < source.length && source[at] !== ')') {
      if (source[at] !== '|') found.at(-1)?.push(item())
      else {
        at++
        found.push([])
      }
    }
    return found
  }
  function item(): Item {
    const what = place()
    const [text = '', least = '', comma, most = ''] = /^(?:\{(\d+)(,?)(\d*)\}|[*+?])\??/.exec(source.slice(at)) ?? []
    at += text.length
    if (text === '') return { what, least: 1, most: 1 }
    if (text[0] !== '{') return { what, least: text[0] === '+' ? 1 : 0, most: text[0] === '?' ? 1 : Infinity }
    return { what, least: Number(least), most: comma === '' ? Number(least) : most === '' ? Infinity : Number(most) }
  }
  function place(): Item['what'] {
    const rest = source.slice(at)
    const look = /^\(\?<?[=!]/.exec(rest)?.[0]
    if (rest[0] === '(') return group(look)
    const edge = /^(?:\^|\$|\\b|\\B)/.exec(rest)?.[0]
    if (edge !== undefined) {
      at += edge.length
      return { kind: 'edge', isStart: edge === '^' }
    }
    return atom(rest)
  }
  function group(look: string | undefined): Item['what'] {
    at += look?.length ?? /^\((?:\?:|\?<\w+>)?/.exec(source.slice(at))?.[0].length ?? 1
    const inner = ways()
    at++
    return look === undefined ? { kind: 'group', ways: inner } : { kind: 'edge', isStart: look === '(?<!' }
  }
  function atom(rest: string): Atom {
    const text = /^(?:\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u[\da-f]{4}|\\x[\da-f]{2}|\\.|.)/isu.exec(rest)?.[0] ?? ''
    at += text.length
    if (/^\\[1-9]/.test(text)) return { kind: 'atom', takes: () => true }
    const one = new RegExp(`^(?:${text})$`, kept)
    return { kind: 'atom', takes: (sign) => one.test(sign) }
  }
  return ways()
}
