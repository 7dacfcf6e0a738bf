/** Secrets of a development machine: made once, kept in the data folder. In production they come from the environment. */
import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Config, TokenKey } from './config.ts'

export interface Keys {
  directLineSecret: string
  /** Newest first, at least one. */
  tokenKeys: readonly TokenKey[]
}

type Use = 'address' | 'number' | 'network' | 'member' | 'second_step'

/** A secret of its own for each use, so that what one shows says nothing of another. One for each live key, newest first: the first
 *  makes, all of them verify. */
export function deriveKeys({ tokenKeys }: Keys, use: Use): readonly Buffer[] {
  return tokenKeys.map(({ key }) => createHmac('sha256', key).update(use).digest())
}

/** The newest: what was counted under an older one is counted anew. */
export function deriveKey(keys: Keys, use: Use): Buffer {
  return deriveKeys(keys, use)[0] ?? Buffer.alloc(0)
}

const file = z.object({ directLineSecret: z.string().min(32), tokenKey: z.string().min(43) })

/** @throws SyntaxError or ZodError when the kept file was damaged: replacing it would end every conversation's token. */
export function readKeys(config: Config): Keys {
  const { directLineSecret, tokenKeys } = config
  if (directLineSecret !== undefined && tokenKeys !== undefined) return { directLineSecret, tokenKeys }
  const kept = readKept(join(config.dataDir, 'keys.json'))
  return {
    directLineSecret: directLineSecret ?? kept.directLineSecret,
    tokenKeys: tokenKeys ?? [{ kid: 'dev', key: Buffer.from(kept.tokenKey, 'base64url') }],
  }
}

function readKept(path: string): z.infer<typeof file> {
  try {
    const made = {
      directLineSecret: randomBytes(32).toString('base64url'),
      tokenKey: randomBytes(32).toString('base64url'),
    }
    writeFileSync(path, JSON.stringify(made), { flag: 'wx', mode: 0o600 })
    return made
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    return file.parse(JSON.parse(readFileSync(path, 'utf8')))
  }
}
