import { execFileSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Installs a Debian package where that is allowed (root, apt); elsewhere does nothing. One at a time over all test processes: apt refuses
 *  to wait for itself. */
export function aptInstall(name: string): void {
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
