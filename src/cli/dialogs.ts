/** `npm run dialogs -- check | graph [FOLDER] | test [FILE.yaml ...] | schema`. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Content } from '../bot/bot.ts'
import { checkContent, loadContent } from '../content.ts'
import { ContentError } from '../dialog/faults.ts'
import { explain, type Say, terminalLocale, terminalWords } from '../terminal.ts'
import { LOCALES } from '../wire/activity.ts'
import { type Coverage, coverageOf, type Share } from './conversations/coverage.ts'
import { parseConversations } from './conversations/format.ts'
import { type Played, playAll } from './conversations/play.ts'
import { Refusal, runCli } from './run.ts'
import { schemas } from './schemas.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const TESTS = join('test', 'conversations')
/** What texts may name; tests and graphs show these. */
const ALWAYS = { orgName: 'Sésame Santé', supportEmail: 'soutien@example.com' }

async function runDialogs(args: readonly string[], say: Say): Promise<number> {
  const [name, ...rest] = positionalsOf(args, say)
  switch (name) {
    case 'check':
      return runCheck(rest[0] ?? ROOT, say)
    case 'graph':
      return runGraph(rest[0] ?? join(ROOT, 'dist', 'dialogs'), say)
    case 'test':
      return runTests(rest, say)
    case 'schema':
      return runSchema(say)
    default:
      throw new Refusal(say('cli:dialogs.usage'))
  }
}

function positionalsOf(args: readonly string[], say: Say): string[] {
  try {
    return parseArgs({ args: [...args], allowPositionals: true }).positionals
  } catch {
    throw new Refusal(say('cli:dialogs.usage'))
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function runCheck(root: string, say: Say): number {
  if (!existsSync(join(root, 'dialogs'))) throw new Refusal(say('cli:dialogs.no_file', { file: join(root, 'dialogs') }))
  const begun = performance.now()
  const faults = checkContent(root)
  for (const line of explain(new ContentError(faults), say)) print(line)
  const seconds = ((performance.now() - begun) / 1000).toFixed(2)
  print(say(faults.length === 0 ? 'cli:dialogs.good' : 'cli:dialogs.faults', { count: faults.length, seconds }))
  return faults.length === 0 ? 0 : 1
}

async function runGraph(folder: string, say: Say): Promise<number> {
  // The layout library is loaded only here: the check runs at every save.
  const { writeGraph } = await import('./graph/files.ts')
  const content = loadContent({ root: ROOT, always: ALWAYS })
  for (const file of writeGraph({ content, folder, locales: LOCALES })) print(say('cli:dialogs.written', { file }))
  return 0
}

/** The schemas stand beside the data, so that editors find them. */
function runSchema(say: Say): number {
  for (const [file, schema] of Object.entries(schemas())) {
    writeFileSync(join(ROOT, file), schema)
    print(say('cli:dialogs.written', { file }))
  }
  return 0
}

async function runTests(files: readonly string[], say: Say): Promise<number> {
  const content = loadContent({ root: ROOT, always: ALWAYS })
  const paths = files.length > 0 ? files : allTests()
  const parsed = paths.map((path) => parseConversations(path, readTest(path, say)))
  const faults = parsed.flatMap((each) => each.faults)
  if (faults.length > 0) throw new ContentError(faults)
  const played = await playAll(
    content,
    parsed.flatMap((each) => each.conversations),
  )
  const failed = played.filter(({ failure }) => failure)
  for (const each of failed) print(describe(each, say))
  const coverage = report(content, played, files.length > 0, say)
  // One file alone is not expected to go everywhere.
  const isCovered = files.length > 0 || coverage.every(({ options }) => options.missing.length === 0)
  print(
    say('cli:dialogs.tested', { count: played.length, passed: played.length - failed.length, failed: failed.length }),
  )
  if (!isCovered) print(say('cli:dialogs.uncovered'))
  return failed.length === 0 && isCovered ? 0 : 1
}

function allTests(): string[] {
  const names = readdirSync(join(ROOT, TESTS)).filter((name) => /\.ya?ml$/.test(name))
  return names.sort().map((name) => join(TESTS, name))
}

function readTest(path: string, say: Say): string {
  const full = existsSync(path) ? path : join(ROOT, path)
  if (!existsSync(full) || !statSync(full).isFile())
    throw new Refusal(say('cli:dialogs.no_file', { file: basename(path) }))
  return readFileSync(full, 'utf8')
}

function describe({ conversation, locale, failure }: Played, say: Say): string {
  const { line = 1, what = '', wanted = '', got = '' } = failure ?? {}
  const head = `${conversation.file}:${line}  ${conversation.name} (${locale})`
  return `${head}\n    ${say('cli:dialogs.differs', { what, wanted, got })}`
}

/** Coverage of what passed; what only failing conversations reached is told beside it. */
function report(content: Content, played: readonly Played[], isPart: boolean, say: Say): Coverage[] {
  const pathOf = (some: readonly Played[]) => some.flatMap(({ path }) => path)
  const passing = coverageOf(content.trees, pathOf(played.filter(({ failure }) => !failure)))
  const failing = coverageOf(content.trees, pathOf(played.filter(({ failure }) => failure)))
  print(say('cli:dialogs.coverage'))
  for (const [i, { dialog, nodes, options }] of passing.entries()) {
    const other = failing[i]
    const isTouched = nodes.passed + (other?.nodes.passed ?? 0) > 0
    if (isPart && !isTouched) continue
    const figures = [nodes, options, other?.nodes, other?.options].map((share) => figure(share))
    print(`  ${dialog.padEnd(14)}${figures.join('')}`)
    // A file of its own goes through other dialogs, but is about some of them only.
    const isAbout = !isPart || nodes.passed * 2 > nodes.all
    if (isAbout) for (const missing of options.missing) print(`      ${missing}`)
  }
  return passing
}

const figure = (share: Share | undefined): string => `${share?.passed ?? 0}/${share?.all ?? 0}`.padStart(10)

if (import.meta.main) {
  const say = terminalWords(terminalLocale(process.env))
  // `test | head` closes the pipe early; that is no fault.
  process.stdout.on('error', () => process.exit(0))
  await runCli(() => runDialogs(process.argv.slice(2), say))
}
