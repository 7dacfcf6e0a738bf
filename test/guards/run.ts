/** `npm run guards [-- T8 ...]`: takes out what is done against each threat, one at a time, in a copy of this folder, and expects the
 *  test that docs/security.md names to fail. Ends with 1 when one does not. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { GUARDS, type Guard } from './guards.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const JEST = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js']

interface Report {
  numFailedTests: number
  numTotalTests: number
  numRuntimeErrorTestSuites: number
}

/** Of so many tests some fail for a reason, and all for another one: the service does not even start. */
const MANY = 10

const wanted = process.argv.slice(2)
const guards = GUARDS.filter(({ threat }) => wanted.length === 0 || wanted.includes(threat))
const say = (line: string) => void process.stdout.write(`${line}\n`)
if (guards.length === 0) throw new Error(`no such threat: ${wanted.join(', ')}`)

const folder = mkdtempSync(join(tmpdir(), 'sesame-guards-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
process.on('SIGINT', () => process.exit(130))
copyTo(folder)
const sound = report(guards.map(({ test }) => test))
if (sound.numFailedTests + sound.numRuntimeErrorTestSuites > 0) throw new Error('with everything in place tests fail')
say(`with everything in place: ${sound.numTotalTests} tests, none fails`)
const missed = guards.filter((guard) => !isNoticed(guard))
say(`${guards.length - missed.length} of ${guards.length} noticed`)
process.exit(missed.length === 0 ? 0 : 1)

/** What git knows or would add, as it is now; packages and what was built are shared. */
function copyTo(target: string): void {
  const listed = run('git', ['ls-files', '-z', '-co', '--exclude-standard'], ROOT)
  for (const file of listed.split('\0').filter(Boolean)) cpSync(join(ROOT, file), join(target, file))
  symlinkSync(join(ROOT, 'node_modules'), join(target, 'node_modules'))
  build()
  run(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/cli/nlu.ts', 'train'], target)
}

function build(): void {
  run(process.execPath, ['web/build.ts'], folder)
}

function isNoticed(guard: Guard): boolean {
  const { threat, name, file, find, put, test, web } = guard
  const path = join(folder, file)
  const source = readFileSync(path, 'utf8')
  // The code has moved on: so must this list.
  if (source.split(find).length !== 2)
    throw new Error(`${threat}, ${name}: what is to be taken out stands not once in ${file}`)
  writeFileSync(
    path,
    source.replace(find, () => put),
  )
  if (web) build()
  const { numFailedTests, numTotalTests } = report([test])
  writeFileSync(path, source)
  if (web) build()
  const isRed = numFailedTests > 0 && (numFailedTests < numTotalTests || numTotalTests < MANY)
  say(`${isRed ? 'red  ' : 'GREEN'}  ${threat.padEnd(4)}${name}: ${numFailedTests} of ${numTotalTests} in ${test}`)
  return isRed
}

function report(tests: readonly string[]): Report {
  const file = join(folder, 'report.json')
  rmSync(file, { force: true })
  const args = [...JEST, ...new Set(tests), '--silent', '--json', `--outputFile=${file}`, '--forceExit']
  spawnSync(process.execPath, args, { cwd: folder, stdio: 'ignore' })
  return JSON.parse(readFileSync(file, 'utf8')) as Report
}

function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stderr}`)
  return stdout
}
