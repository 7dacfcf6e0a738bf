/** Longest text, in UTF-16 units, that is looked at for its meaning. Source: threat T22 (a stalled loop by a crafted text).
 *  The stored text is not cut by it. */
export const UNDERSTOOD_LENGTH = 512

const PICTURES = /\p{Extended_Pictographic}/gu

/** Accents on one letter beyond this are left out: no language stacks so many, and putting a long pile in order takes time that
 *  grows with its square. */
const PILE = /(\p{M}{8})\p{M}+/gu

/** What most people write: signs that stay as they are. */
const USUAL = /^[ -~\u00a1-\u00ac\u00ae-\u00ff\u2018\u2019\u2026]*$/

/** As `clean` leaves it. */
function isClean(text: string): boolean {
  return USUAL.test(text) && !text.includes('  ') && !text.startsWith(' ') && !text.endsWith(' ')
}

/** Control, format (zero-width, bidirectional) and lone surrogate characters away, NFC, full-width signs made plain, runs of
 *  blanks to one space, trimmed. Any length; linear. Doing it again changes nothing. */
export function clean(text: string): string {
  if (isClean(text)) return text
  // What would stand between two letters goes first: an accent and its letter are one only once nothing parts them.
  return text
    .replace(/[^\S\ufeff]/gu, ' ')
    .replace(/[\p{Cc}\p{Cf}\p{Cs}]/gu, '')
    .replace(/[\uff01-\uff5e]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0xfee0))
    .replace(PILE, '$1')
    .normalize('NFC')
    .replace(PILE, '$1')
    .replace(/ {2,}/g, ' ')
    .trim()
}

/** `clean`, cut to `UNDERSTOOD_LENGTH`: what every function that asks for a meaning works on. */
export function normalize(text: string): string {
  // Cut generously first, so that a huge text costs nothing, then exactly.
  return cut(clean(cut(text, UNDERSTOOD_LENGTH * 4)), UNDERSTOOD_LENGTH).trim()
}

function cut(text: string, length: number): string {
  if (text.length <= length) return text
  const last = text.charCodeAt(length - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return text.slice(0, splitsPair ? length - 1 : length)
}

/** For comparing: lower case, no accents, ligatures written out, typographic apostrophes and dashes made plain. Punctuation stays. */
export function fold(text: string): string {
  return normalize(text)
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/œ/g, 'oe')
    .replace(/æ/g, 'ae')
    .replace(/[’‘ʼ´`]/g, "'")
    .replace(/[‐‑‒–—−]/g, '-')
}

/** The pictures (emoji) of a text without their skin tones and selectors, joined; empty when it has none. */
export function pictures(text: string): string {
  return (normalize(text).match(PICTURES) ?? []).join('')
}
