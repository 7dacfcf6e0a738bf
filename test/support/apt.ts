import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** Path of a program; its Debian package is installed where that is allowed. @param names the package's comes first.
 *  @param missing what to install, for people. @throws Error that says so. */
export function findProgram(names: readonly [string, ...string[]], missing: string): string {
  const found = onPath(...names)
  if (found) return found
  aptInstall(names[0])
  const installed = onPath(...names)
  if (installed) return installed
  throw new Error(missing)
}

export function onPath(...names: string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter)
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync)
}

/** Installs a Debian package where that is allowed (root, apt); elsewhere does nothing. One at a time over all test processes: apt refuses
 *  to wait for itself. */
function aptInstall(name: string): void {
  const lock = join(tmpdir(), 'sesame-apt.lock')
  const install = `apt-get update -qq; apt-get install -y -qq --no-install-recommends ${name}`
  try {
    execFileSync('flock', [lock, 'sh', '-c', install], {
      stdio: 'ignore',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    })
  } catch {
    // Whoever asked looks for the program, and says what is missing.
  }
}
