import { existsSync, mkdirSync } from 'node:fs'
import { dirname, resolve } from 'node:path'

/** Makes a folder and what it stands in. Not `recursive: true`: that never returns where the system refuses every
 *  folder, as in /proc. @throws the system's error. */
export function makeFolder(path: string): void {
  const full = resolve(path)
  if (existsSync(full)) return
  makeFolder(dirname(full))
  mkdirSync(full, { mode: 0o700 })
}
