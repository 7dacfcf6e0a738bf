import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder of the test's own. @returns its path and how to remove it. */
export function tempFolder(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'sesame-test-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
