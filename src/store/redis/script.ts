import { createHash } from 'node:crypto'

/** A Lua step: Redis runs it whole or not at all, and nothing runs beside it. */
export interface Script {
  readonly source: string
  /** What EVALSHA calls it by. */
  readonly sha: string
}

export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') }
}
