/** Elements of SVG and HTML as text, with everything in them escaped. */

/** What `el` and `text` made; anything else is escaped when it is put into an element. */
export interface Markup {
  readonly markup: string
}
export type Child = Markup | string | false | undefined | readonly Child[]
type Attributes = Readonly<Record<string, string | number | boolean | undefined>>

/** HTML elements without an end tag. */
const VOID = new Set(['input', 'link', 'meta', 'br'])

/** @param attributes `false` and undefined are left out; numbers are rounded to a tenth. */
export function el(name: string, attributes: Attributes = {}, ...children: readonly Child[]): Markup {
  const written = Object.entries(attributes).map(([key, value]) => attribute(key, value))
  const open = `<${name}${written.join('')}>`
  return { markup: VOID.has(name) ? open : `${open}${render(children)}</${name}>` }
}

export function render(child: Child): string {
  if (child === undefined || child === false) return ''
  if (typeof child === 'string') return escapeText(child)
  return 'markup' in child ? child.markup : child.map(render).join('')
}

/** Only for text of our own that is no words: styles and scripts. */
export const raw = (markup: string): Markup => ({ markup })

function attribute(name: string, value: Attributes[string]): string {
  if (value === undefined || value === false) return ''
  if (value === true) return ` ${name}=""`
  return ` ${name}="${escapeText(typeof value === 'number' ? String(tenth(value)) : value)}"`
}

export const tenth = (value: number): number => Math.round(value * 10) / 10

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}
const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => ESCAPES[character] ?? '')
