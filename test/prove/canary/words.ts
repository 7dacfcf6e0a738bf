/** Made-up people. What is theirs carries a mark that stands nowhere else, so that it is found wherever it turns up. */
import type { DatabaseSync } from 'node:sqlite'
import { importCsv } from '../../../src/coverage/import.ts'

/** No word of any language, and long enough to be told in base64 from chance. */
const MARK = 'zqxcanari'

export interface Canary {
  email: string
  /** Something said in the chat. */
  text: string
  /** On file, with the invitation. */
  name: string
  /** The provider's id of the account. */
  member: string
  /** The access code on file. */
  code: string
}

/** One letter for each kind, so that a find tells what leaked. */
const wordOf = (kind: 'a' | 't' | 'n' | 'm' | 's', n: number): string => `${MARK}${kind}${String(n).padStart(5, '0')}`

/** For secrets that the harness chooses, such as passwords. */
export const secretWord = (n: number): string => wordOf('s', n)

/** Puts invitations on file and reads the codes that they got there. */
export async function inviteCanaries(db: DatabaseSync, count: number): Promise<Canary[]> {
  const all = Array.from({ length: count }, (_, n) => ({
    email: `${wordOf('a', n)}@example.com`,
    text: wordOf('t', n),
    name: wordOf('n', n),
    member: wordOf('m', n),
  }))
  const rows = all.map(({ email, name }) => `${email},${name},employee,,Clinique,CA-QC,pending,fr`)
  const csv = ['email,name,relation,sponsor,organisation,region,status,language', ...rows].join('\n')
  const { ok } = await importCsv(db, chunks(csv))
  if (!ok) throw new Error('the canaries can’t be invited')
  const byEmail = db.prepare('SELECT code FROM invitation WHERE email = ?')
  return all.map((one) => ({ ...one, code: String(byEmail.get(one.email)?.code) }))
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text)
}

/** The ways in which a code is typed. */
export function typed(code: string, n: number): string {
  const bare = code.replace('-', '')
  const ways = [code, code.toLowerCase(), bare, `code:${bare.toLowerCase()}.`, code.replace('-', ' - ')]
  return ways[n % ways.length] ?? code
}

const PLAIN = new RegExp(`${MARK}[a-z]?\\d{0,5}`, 'gi')
/** A name on file reaches mails only, whoever asks. */
const NAMES = new RegExp(`${MARK}n\\d{5}`, 'gi')
const HIDDEN = hiddenForms(MARK)

/** @returns what of any canary stands in a text, also in base64 or hexadecimal. */
export function marksIn(text: string): string[] {
  const hidden = HIDDEN.filter((form) => text.includes(form)).map((form) => `${form} (encoded)`)
  return [...(text.match(PLAIN) ?? []), ...hidden]
}

export const namesIn = (text: string): string[] => text.match(NAMES) ?? []

/** The middle of the mark in base64, wherever it begins among three bytes, and in hexadecimal. */
function hiddenForms(mark: string): string[] {
  const base64 = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from('\0'.repeat(shift) + mark).toString('base64')
    return encoded.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + mark.length) * 8) / 6))
  })
  return [...base64, Buffer.from(mark).toString('hex')]
}

/** @returns a function that finds codes in a text: dashed or not, in capitals or not, also within longer runs. */
export function codeFinder(canaries: readonly Canary[]): (text: string) => string[] {
  const capitals = canaries.map(({ code }) => code)
  const dashed = new Set([...capitals, ...capitals.map((code) => code.toLowerCase())])
  const bare = new Set([...dashed].map((code) => code.replace('-', '')))
  return (text) => [...dashedIn(text, dashed), ...bareIn(text, bare)]
}

function dashedIn(text: string, codes: ReadonlySet<string>): string[] {
  const found: string[] = []
  for (let at = text.indexOf('-'); at >= 0; at = text.indexOf('-', at + 1)) {
    const around = text.slice(Math.max(0, at - 4), at + 5)
    if (codes.has(around)) found.push(around)
  }
  return found
}

function bareIn(text: string, codes: ReadonlySet<string>): string[] {
  const found: string[] = []
  for (const [run] of text.matchAll(/[A-Z0-9]{8,}/gi)) {
    for (let at = 0; at + 8 <= run.length; at++) {
      const eight = run.slice(at, at + 8)
      if (codes.has(eight)) found.push(eight)
    }
  }
  return found
}
