import { domainToASCII } from 'node:url'
import { clean, fold } from './normalize.ts'
import { KNOWN_DOMAINS, suggestDomain } from './providers.ts'

/** RFC 5321: longest address that can be mailed, and longest part before the @. */
const MAX_ADDRESS = 254
const MAX_LOCAL = 64
const LOCAL_MARKS = "!#$%&'*+-/=?^_`{|}~"
/** What a sentence may put beside an address ("adresse=", "perso/...", "*...*") is left out of an address found in one. */
const FOUND_MARKS = "._%+-'&"
/** What a sentence may put behind an address. */
const END_MARKS = '.,;:!?)»"\'>'
/** Dots looked for on either side of an "at" said in words. Bounds the time: every word of a message may be such an "at". */
const MOST_SPOKEN_DOTS = 10
const SPOKEN_AT = new Set(['arobase', 'arobas', 'arrobase', 'arobaze', '(at)', '[at]', '(arobase)', '[arobase]'])
const SPOKEN_DOT = new Set(['point', 'dot', '(point)', '(dot)', '[point]', '[dot]', '.'])
const DENIALS = new Set(['pas', 'not', 'ni', 'isnt'])

export interface FoundEmail {
  /** Well formed: `parseEmail(email) === email`. */
  email: string
  /** The same address at the domain that was probably meant (`gmail.com` for `gmial.com`); offer it, never take it silently. */
  suggested?: string
}

/** An address in a text, with its place there (`end` is the first character after it). */
export interface EmailSpan {
  start: number
  end: number
  email: string
}

/** The address that a message gives. With two different ones the last counts ("no, it is ..."), unless "pas"/"not" stands
 *  right before it. Also reads "camille point tremblay arobase exemple point ca" and "camille (at) exemple.ca". Linear.
 *  @returns undefined when there is none that is well formed; then see `looksLikeAddress`. */
export function findEmail(text: string): FoundEmail | undefined {
  const plain = clean(text).replace(/＠/g, '@')
  const email = chosen(plain) ?? parseEmail(joined(plain)) ?? spoken(plain)
  if (email === undefined) return undefined
  const at = email.lastIndexOf('@')
  const domain = suggestDomain(email.slice(at + 1))
  return domain === undefined ? { email } : { email, suggested: `${email.slice(0, at)}@${domain}` }
}

/** One strict addr-spec and nothing else, lower-cased, with an IDN domain as punycode. Plus signs and dots are kept: they
 *  are part of the address. No quotes, comments, groups, blanks or control characters, so nothing can reach a mail header.
 *  @returns undefined when it is not one. */
export function parseEmail(text: string): string | undefined {
  if (text.length > MAX_ADDRESS) return undefined
  const at = text.indexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = parseDomain(text.slice(at + 1))
  if (at < 1 || domain === undefined || !isLocal(local)) return undefined
  const email = `${local.toLowerCase()}@${domain}`
  return email.length > MAX_ADDRESS ? undefined : email
}

/** True when an address was meant, well formed or not: an @, "arobase", "(at)", or "camille gmail.com". */
export function looksLikeAddress(text: string): boolean {
  const words = fold(text).replace(/＠/g, '@').split(' ')
  if (words.some((word) => word.includes('@') || isSpokenAt(word) || word.includes('(at)'))) return true
  return words.length <= 4 && words.some((word, i) => endsInProvider(word, i > 0))
}

/** Every address in a text, in order, with its place. Each character is visited at most twice. */
export function emailSpans(text: string): EmailSpan[] {
  const spans: EmailSpan[] = []
  let from = 0
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const start = localStart(text, at, from)
    const end = domainEnd(text, at)
    const email = start === undefined ? undefined : parseEmail(text.slice(start, end))
    if (start !== undefined && email !== undefined) {
      spans.push({ start, end, email })
      from = end
    } else from = at + 1
  }
  return spans
}

/** Every place in a text where an address was meant, well formed or not, in order: for hiding, where more is better than less.
 *  Also "camille @ exemple.ca", "camille(at)exemple.ca" and addresses said in words. */
export function meantSpans(text: string): { start: number; end: number }[] {
  if (!/[@＠]|arr?oba|[([]at[)\]]/i.test(text)) return []
  const words = [...text.matchAll(/\S+/g)]
  const sound = emailSpans(text)
  const spans: { start: number; end: number }[] = []
  let next = 0
  for (const [i, word] of words.entries()) {
    const from = next
    while ((sound[next]?.start ?? Infinity) < word.index + word[0].length) next++
    const found = next > from ? sound.slice(from, next) : looseSpan(words, i)
    for (const { start, end } of found) {
      const free = Math.max(start, spans.at(-1)?.end ?? 0)
      if (free < end) spans.push({ start: free, end })
    }
  }
  return spans
}

/** What is around an @ of whatever kind, in its word or beside it; only a domain tells "camille @ exemple.ca" from "merci @ tous". */
function looseSpan(words: readonly RegExpExecArray[], i: number): { start: number; end: number }[] {
  const said = (n: number): string => words[n]?.[0] ?? ''
  const isDot = (n: number): boolean => SPOKEN_DOT.has(said(n).toLowerCase())
  const at = isSpokenAt(said(i)) ? said(i) : /[@＠]|[([](?:at|arobase)[)\]]/i.exec(said(i))?.[0]
  if (at === undefined) return []
  const place = said(i).indexOf(at)
  const rest = said(i).slice(place + at.length)
  let first = place > 0 ? i : i - 1
  let last = rest === '' ? i + 1 : i
  const [head, tail] = [first - 2 * MOST_SPOKEN_DOTS, last + 2 * MOST_SPOKEN_DOTS]
  while (first > 1 && first > head && isDot(first - 1)) first -= 2
  while (last + 2 < words.length && last < tail && isDot(last + 1)) last += 2
  const domain = words.slice(i + 1, last + 1).map((word, n) => (isDot(i + 1 + n) ? '.' : word[0]))
  const isMeant = (place > 0 && rest !== '') || /[^.]\.\p{L}{2}/u.test(rest + domain.join(''))
  const [from, to] = [words[first], words[last]]
  return isMeant && from && to ? [{ start: from.index, end: to.index + withoutMarks(to[0]) }] : []
}

/** Length of a word without the punctuation at its end. From the end: a pattern would begin anew at every mark of a long row. */
function withoutMarks(word: string): number {
  let end = word.length
  while (end > 0 && END_MARKS.includes(word.charAt(end - 1))) end--
  return end
}

function chosen(text: string): string | undefined {
  const spans = emailSpans(text)
  const kept = spans.filter((span) => !isDenied(text, span.start))
  return (kept.at(-1) ?? spans.at(-1))?.email
}

function isDenied(text: string, start: number): boolean {
  const before = text
    .slice(Math.max(0, start - 8), start)
    .toLowerCase()
    .replaceAll("'", '')
  return DENIALS.has(
    before
      .trim()
      .split(/[^a-z]/)
      .at(-1) ?? '',
  )
}

/** Phone keyboards put blanks around the @; joined only when nothing else was written: "a @ b", "a@ b", "a @b". */
function joined(text: string): string {
  const words = text.split(' ')
  const [first = '', second = ''] = words
  const isSplit =
    words.length === 2 ? first.endsWith('@') || second.startsWith('@') : words.length === 3 && second === '@'
  return isSplit ? words.join('') : ''
}

function spoken(text: string): string | undefined {
  const words = text
    .replace(/[([](at|arobase)[)\]]/gi, ' (at) ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .split(' ')
  const at = words.findIndex(isSpokenAt)
  if (at < 1 || at === words.length - 1) return undefined
  const dots = words.map((word) => (SPOKEN_DOT.has(word.toLowerCase()) ? '.' : word))
  let start = at - 1
  while (start >= 2 && dots[start - 1] === '.') start -= 2
  let end = at + 2
  while (end + 1 < dots.length && dots[end] === '.') end += 2
  return emailSpans(`${dots.slice(start, at).join('')}@${dots.slice(at + 1, end).join('')}`).at(-1)?.email
}

function isSpokenAt(word: string): boolean {
  return SPOKEN_AT.has(word.toLowerCase())
}

function endsInProvider(word: string, afterWord: boolean): boolean {
  const bare = word.replace(/[^a-z]$/, '')
  const domain = bare.split('.').slice(-2).join('.')
  return KNOWN_DOMAINS.has(domain) && (afterWord || bare.length > domain.length)
}

/** @returns where the part before the @ begins; undefined when a letter that no address may have touches it. */
function localStart(text: string, at: number, from: number): number | undefined {
  let start = at
  while (start > from && (isAlnum(text, start - 1) || FOUND_MARKS.includes(text.charAt(start - 1)))) start--
  if (start > from && isForeignLetter(text, start - 1)) return undefined
  while (start < at && !isAlnum(text, start) && text.charAt(start) !== '_') start++
  return start === at ? undefined : start
}

function domainEnd(text: string, at: number): number {
  let end = at + 1
  while (end < text.length && (isAlnum(text, end) || '.-'.includes(text.charAt(end)) || isForeignLetter(text, end)))
    end++
  while (end > at + 1 && '.-'.includes(text.charAt(end - 1))) end--
  return sentenceEnd(text, at, end)
}

/** "camille@example.com.Merci": a capital after a common ending begins a sentence, not a label. */
function sentenceEnd(text: string, at: number, end: number): number {
  if (end - at > MAX_ADDRESS) return end
  const labels = text.slice(at + 1, end).split('.')
  const next = labels.findIndex(
    (label, i) => i > 1 && ['com', 'ca'].includes(labels[i - 1] ?? '') && /^\p{Lu}/u.test(label),
  )
  return next < 0 ? end : at + 1 + labels.slice(0, next).join('.').length
}

function isLocal(local: string): boolean {
  if (local.length > MAX_LOCAL || local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false
  for (let i = 0; i < local.length; i++) {
    if (!isAlnum(local, i) && local.charAt(i) !== '.' && !LOCAL_MARKS.includes(local.charAt(i))) return false
  }
  return true
}

function parseDomain(domain: string): string | undefined {
  if (!domain.includes('.')) return undefined
  for (let i = 0; i < domain.length; i++) {
    if (!isAlnum(domain, i) && !'.-'.includes(domain.charAt(i)) && !isForeignLetter(domain, i)) return undefined
  }
  const ascii = domainToASCII(domain)
  const labels = ascii.split('.')
  const top = labels.at(-1) ?? ''
  return labels.length > 1 && labels.every(isLabel) && isTop(top) ? ascii : undefined
}

function isLabel(label: string): boolean {
  if (label.length < 1 || label.length > 63 || label.startsWith('-') || label.endsWith('-')) return false
  return /^[a-z0-9-]+$/.test(label)
}

function isTop(label: string): boolean {
  return /^[a-z]{2,63}$/.test(label) || label.startsWith('xn--')
}

function isAlnum(text: string, i: number): boolean {
  const c = text.charCodeAt(i)
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)
}

/** A letter, digit or accent outside ASCII: allowed in a domain (IDN), never before the @. */
function isForeignLetter(text: string, i: number): boolean {
  return text.charCodeAt(i) > 127 && /[\p{L}\p{N}\p{M}]/u.test(text.charAt(i))
}
