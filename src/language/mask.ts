import { emailSpans, meantSpans } from './email.ts'

/** What stands where an access code stood. */
export const MASKED_CODE = '••••-••••'

const DASHES = '-‐‑‒–—−'
const MONTHS = new Set('mars juin juil aout sept june july'.split(' '))
const HOUR = /^\dh\d\d$/
/** An hour, or a number with its unit. */
const QUANTITY =
  /^(?:\dh\d\d|\d\d(?:am|pm|kg|km|cm|mm|mg|ml|st|nd|rd|th|er|re|eme|min|sec|hrs?|ans|an)|\d(?:min|sec|hrs|ans|eme|iem))$/
/** Four letters, dash, four letters that people write in capitals without meaning a code. */
const PLAIN_PAIRS = new Set(
  'peut-etre bien-etre avez-vous etes-vous vous-meme elle-meme savez-vous full-time part-time real-time long-term self-help'.split(
    ' ',
  ),
)

interface Token {
  start: number
  end: number
  text: string
}

/** Hides what looks like an access code: `XXXX-XXXX` in capitals or with a digit; two halves that both mix letters and digits,
 *  in any case, together, spelled out or with any sign between; eight capitals and digits together. Years, dates, hours,
 *  telephone numbers, words and addresses stay. Linear. A wrong hit costs a word; a miss would keep a code, so in doubt it hides. */
export function maskCodes(text: string): { text: string; masked: boolean } {
  const hidden = codeSpans(text)
  return { text: replace(text, hidden, () => MASKED_CODE), masked: hidden.length > 0 }
}

/** `camille@example.com` -> `c•••@e•••.com`; `•••` for what is not an address. */
export function maskAddress(email: string): string {
  const at = email.lastIndexOf('@')
  const dot = email.lastIndexOf('.')
  if (at < 1 || dot < at + 2) return '•••'
  return `${[...email][0]}•••@${[...email.slice(at + 1)][0]}•••${email.slice(dot)}`
}

/** Masks every address in a text as `maskAddress` does, also misspelt ones and ones said in words. */
export function maskAddresses(text: string): string {
  return replace(text, meantSpans(text), (span) => maskAddress(text.slice(span.start, span.end).replaceAll(' ', '')))
}

function replace<T extends { start: number; end: number }>(
  text: string,
  spans: readonly T[],
  by: (span: T) => string,
): string {
  const pieces: string[] = []
  let from = 0
  for (const span of spans) {
    pieces.push(text.slice(from, span.start), by(span))
    from = span.end
  }
  pieces.push(text.slice(from))
  return pieces.join('')
}

function codeSpans(text: string): { start: number; end: number }[] {
  const tokens = groups(text)
  const addresses = emailSpans(text)
  const spans: { start: number; end: number }[] = []
  let address = 0
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]
    if (token === undefined) continue
    while ((addresses[address]?.end ?? Infinity) <= token.start) address++
    if ((addresses[address]?.start ?? Infinity) < token.end) continue
    const end = isTogether(text, tokens, i) ? token.end : (pairEnd(text, tokens, i) ?? spelledEnd(text, tokens, i))
    const last = spans.at(-1)
    if (end === undefined || (addresses[address]?.start ?? Infinity) < end) continue
    // "code-AB12-CD34": two pairs share a half; nothing of either may stay.
    if (last !== undefined && last.end > token.start) last.end = end
    else spans.push({ start: token.start, end })
  }
  return spans
}

/** Runs of ASCII letters and digits. */
function groups(text: string): Token[] {
  const tokens: Token[] = []
  let start = -1
  for (let i = 0; i <= text.length; i++) {
    const inside = i < text.length && isAlnum(text.charCodeAt(i))
    if (inside && start < 0) start = i
    if (inside || start < 0) continue
    tokens.push({ start, end: i, text: text.slice(start, Math.min(i, start + 9)) })
    start = -1
  }
  return tokens
}

function isTogether(text: string, tokens: readonly Token[], i: number): boolean {
  const token = tokens[i]
  if (token === undefined || token.end - token.start !== 8 || touchesLetter(text, token.start, token.end)) return false
  if (isPartOfUuid(text, tokens, i)) return false
  return (isUpper(token.text) && isMixed(token.text)) || isTyped(token.text.slice(0, 4), token.text.slice(4))
}

/** @returns the end of the second half when tokens i and i + 1 are the halves of a code. */
function pairEnd(text: string, tokens: readonly Token[], i: number): number | undefined {
  const [a, b] = [tokens[i], tokens[i + 1]]
  if (a === undefined || b === undefined || a.end - a.start !== 4 || b.end - b.start !== 4) return undefined
  const between = text.slice(a.end, Math.min(b.start, a.end + 4))
  const dashed = between.length === 1 && DASHES.includes(between)
  if (!isGap(between) || touchesLetter(text, a.start, b.end) || isPartOfUuid(text, tokens, i)) return undefined
  const isCode = dashed ? isCodePair(a.text, b.text) : isUpper(a.text + b.text) && isMixed(a.text) && isMixed(b.text)
  return isCode || isTyped(a.text, b.text) ? b.end : undefined
}

/** @returns the end of "K 7 M 2 - 9 X Q P" when it begins with token i. */
function spelledEnd(text: string, tokens: readonly Token[], i: number): number | undefined {
  const eight = tokens.slice(i, i + 8)
  const [first, last] = [eight[0], eight[7]]
  if (first === undefined || last === undefined || touchesLetter(text, first.start, last.end)) return undefined
  if (eight.some((token, n) => token.text.length > 1 || (n > 0 && !isGap(text.slice(eight[n - 1]?.end, token.start)))))
    return undefined
  const signs = eight.map((token) => token.text).join('')
  return isMixed(signs.slice(0, 4)) && isMixed(signs.slice(4)) ? last.end : undefined
}

/** What people put between the halves of a code: up to three signs, no word and no @. */
function isGap(between: string): boolean {
  return /^[^\p{L}\p{N}@]{1,3}$/u.test(between)
}

/** Halves as thumbs type them: small letters, but not "8h15 9h30" or "10am 12pm". */
function isTyped(a: string, b: string): boolean {
  return isMixed(a) && isMixed(b) && !(QUANTITY.test(a) && QUANTITY.test(b))
}

function isCodePair(a: string, b: string): boolean {
  const both = a + b
  if (!hasLetter(both)) return false
  if (!hasDigit(both)) return isUpper(both) && !PLAIN_PAIRS.has(`${a}-${b}`.toLowerCase())
  if (HOUR.test(a) && HOUR.test(b)) return false
  return !(isYear(a) && MONTHS.has(b.toLowerCase())) && !(isYear(b) && MONTHS.has(a.toLowerCase()))
}

/** Eight-four-four-four-twelve: an id of some page or picture. */
function isPartOfUuid(text: string, tokens: readonly Token[], i: number): boolean {
  const lengths = [8, 4, 4, 4, 12]
  for (let first = Math.max(0, i - 4); first <= i; first++) {
    const five = tokens.slice(first, first + 5)
    const shaped = five.length === 5 && five.every((token, n) => token.end - token.start === lengths[n])
    if (shaped && five.every((token, n) => n === 0 || text.slice((five[n - 1] ?? token).end, token.start) === '-'))
      return true
  }
  return false
}

function touchesLetter(text: string, start: number, end: number): boolean {
  return isForeign(text.charCodeAt(start - 1)) || isForeign(text.charCodeAt(end))
}

/** An accented letter beside the group: it is a piece of a word. NaN (the text's edge) is not. */
function isForeign(code: number): boolean {
  return code > 127 && /\p{L}/u.test(String.fromCharCode(code))
}

function isMixed(text: string): boolean {
  return hasDigit(text) && hasLetter(text)
}

function isYear(half: string): boolean {
  return half.startsWith('19') || half.startsWith('20') ? !hasLetter(half) : false
}

function isUpper(text: string): boolean {
  return text === text.toUpperCase()
}

function hasDigit(text: string): boolean {
  return /\d/.test(text)
}

function hasLetter(text: string): boolean {
  return /[a-z]/i.test(text)
}

function isAlnum(c: number): boolean {
  return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122)
}
