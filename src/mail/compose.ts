/** Puts a mail together: the same blocks as plain text and as simple HTML. Pure. */
import { createHash } from 'node:crypto'

/** One piece of a mail, words already in the reader's language. */
export type Block =
  | { kind: 'heading' | 'paragraph'; text: string }
  | { kind: 'code'; label: string; code: string }
  | { kind: 'steps'; items: readonly string[] }

export interface Letter {
  /** BCP 47. */
  language: string
  title: string
  blocks: readonly Block[]
  /** Words that become links in the HTML, and where they lead (`https:`, `http:` or `mailto:`). */
  links: Readonly<Record<string, string>>
}

/** Every value is escaped here, whatever it holds; callers hand over plain text. */
export function composeLetter(letter: Letter): { text: string; html: string } {
  const text = `${letter.blocks.map(blockText).join('\n\n')}\n`
  const link = linker(letter.links)
  const body = letter.blocks.map((b) => blockHtml(b, link)).join('\n')
  return { text, html: page(letter, body) }
}

/** Message-ID (without brackets) of the mail for one work item: the same seed and sender give the same id, so that
 *  a repeat is the same mail for whoever receives it. The seed cannot be read from it. */
export function messageIdFor(seed: string, mailFrom: string | undefined): string {
  const hash = createHash('sha256').update(`sesame mail ${seed}`).digest('hex').slice(0, 32)
  return `${hash}@${mailFrom?.split('@')[1] || 'sesame.invalid'}`
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'heading':
    case 'paragraph':
      return block.text
    case 'code':
      return `${block.label}\n\n    ${block.code}`
    case 'steps':
      return block.items.map((item, i) => `${i + 1}. ${item}`).join('\n')
  }
}

function blockHtml(block: Block, link: (text: string) => string): string {
  switch (block.kind) {
    case 'heading':
      return `<h2 style="font-size:1.1em;margin:1.5em 0 .5em">${escapeHtml(block.text)}</h2>`
    case 'paragraph':
      return `<p>${link(block.text)}</p>`
    case 'code':
      return (
        `<p style="border:2px solid;border-radius:8px;padding:1em;text-align:center">${escapeHtml(block.label)}<br>` +
        `<strong style="font:bold 1.8em monospace;letter-spacing:.1em;white-space:nowrap">${escapeHtml(block.code)}</strong></p>`
      )
    case 'steps':
      return `<ol>\n${block.items.map((i) => `<li style="margin:.4em 0">${link(i)}</li>`).join('\n')}\n</ol>`
  }
}

function page({ language, title }: Letter, body: string): string {
  const lang = escapeHtml(language)
  return `<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
</head>
<body>
<div lang="${lang}" style="max-width:36em;margin:0 auto;padding:1em;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5">
<h1 style="font-size:1.4em;line-height:1.3">${escapeHtml(title)}</h1>
${body}
</div>
</body>
</html>
`
}

/** Escapes a text and turns the known words in it into links, longest first, so that one URL may begin another. */
function linker(links: Letter['links']): (text: string) => string {
  const words = Object.keys(links).sort((a, b) => b.length - a.length)
  if (words.length === 0) return escapeHtml
  const pattern = new RegExp(`(${words.map((w) => w.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`)
  const anchor = (word: string) => `<a href="${escapeHtml(links[word] ?? '')}">${escapeHtml(word)}</a>`
  // Splitting by a pattern with one group puts the words found at the odd places.
  return (text) =>
    text
      .split(pattern)
      .map((part, i) => (i % 2 === 1 ? anchor(part) : escapeHtml(part)))
      .join('')
}
