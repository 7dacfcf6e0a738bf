/** Addresses of every class, as many as are wanted, all of one shape: nothing about an address tells its class. */

import { importCsv } from '../../../src/coverage/import.ts'
import { openCoverageDb } from '../../../src/coverage/sqlite.ts'
import type { Random } from '../random.ts'

/** `limited`: on file, and the limit of mails for the address holds already. */
export const CLASSES = ['pending', 'claimed', 'other_region', 'family', 'unknown', 'limited'] as const
export type Class = (typeof CLASSES)[number]

/** What the invitation says, beside the address. The conversations of this harness say no region, or `CA-QC`. */
const COLUMNS: Readonly<Record<Exclude<Class, 'unknown'>, string>> = {
  pending: 'employee,,Clinique,CA-QC,pending,fr',
  limited: 'employee,,Clinique,CA-QC,pending,fr',
  claimed: 'employee,,Clinique,CA-QC,claimed,fr',
  other_region: 'employee,,Clinique,CA-BC,pending,fr',
  family: 'spouse,sponsor@prove.example.com,Clinique,CA-QC,pending,fr',
}
const HEADER = 'email,name,relation,sponsor,organisation,region,status,language'
/** Of these letters no word is made that means something to the bot. */
const LETTERS = 'bcdfghjkmnpqrstvwxz'
const LENGTH = 14

export interface AddressBook {
  /** An address that nobody has used. @throws Error when there are no more of its class. */
  next(of: Class): string
  /** Those of a class on file that nobody has used yet. */
  left(of: Class): readonly string[]
}

/** @param counts how many of each class; unknown ones never end. */
export async function fillDirectory(
  file: string,
  counts: Partial<Record<Class, number>>,
  random: Random,
): Promise<AddressBook> {
  const used = new Set<string>()
  const fresh = () => {
    for (;;) {
      const name = Array.from({ length: LENGTH }, () => random.pick([...LETTERS])).join('')
      const address = `p${name}@prove.example.com`
      if (used.has(address)) continue
      used.add(address)
      return address
    }
  }
  const left = new Map<Class, string[]>()
  const lines = [HEADER]
  for (const [of, columns] of Object.entries(COLUMNS) as [Exclude<Class, 'unknown'>, string][]) {
    const addresses = Array.from({ length: counts[of] ?? 0 }, fresh)
    left.set(of, addresses)
    for (const address of addresses) lines.push(`${address},Pat Roy,${columns}`)
  }
  await importLines(file, lines)
  return {
    next(of) {
      const address = of === 'unknown' ? fresh() : left.get(of)?.pop()
      if (address === undefined) throw new Error(`no more addresses: ${of}`)
      return address
    },
    left: (of) => left.get(of) ?? [],
  }
}

async function importLines(file: string, lines: readonly string[]): Promise<void> {
  const db = openCoverageDb(file)
  try {
    const outcome = await importCsv(db, chunks(lines.join('\n')))
    if (!outcome.ok) throw new Error(`${outcome.badLines} bad lines: ${JSON.stringify(outcome.problems[0])}`)
  } finally {
    db.close()
  }
}

async function* chunks(text: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < text.length; at += 65_536) yield Buffer.from(text.slice(at, at + 65_536))
}
