/** How much room words take in a drawing. There is no browser to ask: widths are those of Arial, near enough for its like. */

/** Widths of characters as parts of the font size; what is not listed is as wide as a small letter. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[ijl|'’!.,:;\u00a0 ]/, 0.27],
  [/[ftrI()[\]/\-·‹›“”«»]/, 0.36],
  [/[ckszvxyJ]/, 0.5],
  [/[mMW@%—…→]/, 0.92],
  [/[wGOQCDHNRU]/, 0.74],
  [/\p{Lu}/u, 0.68],
  [/\p{Extended_Pictographic}/u, 1.3],
]
const OTHER = 0.56
/** How much wider thick letters are. */
export const BOLD = 1.08
/** Of a fixed-width font. */
export const MONO = 0.61

export function widthOf(text: string, size: number): number {
  let width = 0
  for (const character of text) width += WIDTHS.find(([is]) => is.test(character))?.[1] ?? OTHER
  return width * size
}

/** Breaks at spaces (never at non-breaking ones) into at most `most` lines; what does not fit ends in `…`. */
export function wrap(text: string, size: number, width: number, most: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/[ \n\t]+/)) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line === '' || widthOf(longer, size) <= width) {
      line = longer
      continue
    }
    lines.push(line)
    line = word
  }
  lines.push(line)
  const shown = lines.slice(0, most)
  if (lines.length > most) shown[most - 1] = `${(shown[most - 1] ?? '').replace(/[\s.,;:…]+$/, '')}…`
  return shown.map((one) => shorten(one, size, width))
}

/** Cut at the end, with `…`, if it is too wide. */
export function shorten(text: string, size: number, width: number): string {
  if (widthOf(text, size) <= width) return text
  const kept = [...text.replace(/…$/, '')]
  while (kept.length > 1 && widthOf(`${kept.join('')}…`, size) > width) kept.pop()
  return `${kept.join('').trimEnd()}…`
}
