/** JSON Schemas of what authors write, made of the very rules that read it. */
import { z } from 'zod'
import { dialogFile } from '../dialog/parse.ts'
import { terminalWords } from '../terminal.ts'
import { LOCALES } from '../wire/activity.ts'
import { conversations } from './conversations/format.ts'

/** File -> its text. */
export function schemas(): Record<string, string> {
  return {
    'dialogs/schema.json': schemaOf(dialogFile, 'dialog'),
    'test/conversations/schema.json': schemaOf(conversations, 'conversations'),
  }
}

function schemaOf(schema: z.ZodType, title: string): string {
  const made = described(z.toJSONSchema(schema, { io: 'input', target: 'draft-7' }))
  return `${JSON.stringify({ title: `Sésame: ${title}`, ...(made as object) }, null, 2)}\n`
}

/** Each property with what it means, in both languages: editors show it beside the cursor. */
function described(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(described)
  if (typeof node !== 'object' || node === null) return node
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => [
    key,
    key === 'properties' ? explained(value as Record<string, object>) : described(value),
  ])
  return Object.fromEntries(entries)
}

function explained(properties: Readonly<Record<string, object>>): object {
  const entries = Object.entries(properties).map(([name, schema]) => {
    const description = meaningOf(name)
    return [name, { ...(description ? { description } : {}), ...(described(schema) as object) }]
  })
  return Object.fromEntries(entries)
}

function meaningOf(name: string): string {
  const key = `authoring:schema.${name}`
  const said = LOCALES.map((locale) => terminalWords(locale)(key))
  return said.filter((text) => !text.startsWith('schema.') && text !== key).join('\n')
}
