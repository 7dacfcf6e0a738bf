/** `npm run nlu -- train | evaluate FILE.tsv [--json]`. */
import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { currentModel, loadClassifier, MODEL_FILE } from '../intents.ts'
import { evaluate, type Labelled, type Report, summaryOf } from '../language/intents/evaluate.ts'
import { type Classifier, openModel } from '../language/intents/model.ts'
import { tellLocale } from '../language/locale.ts'
import { type Say, terminalLocale, terminalWords } from '../terminal.ts'
import { parseLocale } from '../wire/activity.ts'
import { Refusal, runCli } from './run.ts'

const ROOT = join(import.meta.dirname, '..', '..')

function runNlu(args: readonly string[], say: Say): number {
  const { name, file, json } = parseCommand(args, say)
  if (name === 'train' && file === undefined) return runTrain(say)
  if (name === 'evaluate' && file !== undefined) return runEvaluate(file, json, say)
  throw new Refusal(say('cli:nlu.usage'))
}

function parseCommand(args: readonly string[], say: Say) {
  try {
    const options = { json: { type: 'boolean', default: false } } as const
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options })
    const [name, file] = positionals
    return { name, file, json: values.json }
  } catch {
    throw new Refusal(say('cli:nlu.usage'))
  }
}

function runTrain(say: Say): number {
  const begun = performance.now()
  const { file, made } = currentModel(ROOT)
  const values = {
    file: MODEL_FILE,
    intents: openModel(file).intents.length,
    size: Math.round(file.length / 1024),
    seconds: ((performance.now() - begun) / 1000).toFixed(1),
  }
  process.stdout.write(`${say(made ? 'cli:nlu.trained' : 'cli:nlu.fresh', values)}\n`)
  return 0
}

function runEvaluate(path: string, json: boolean, say: Say): number {
  const rows = readRows(path, say)
  const classifier = loadClassifier(ROOT)
  const report = evaluate(rows, { ...readerOf(classifier), clock: () => performance.now() })
  process.stdout.write(json ? `${JSON.stringify(summaryOf(report))}\n` : printed(report, say))
  return 0
}

const readerOf = ({ rank, locale }: Classifier) => ({
  rank,
  detectLocale: (text: string) => tellLocale(text, locale),
})

/** Columns locale, intent, text; no header. @throws Refusal with the first bad line. */
function readRows(path: string, say: Say): Labelled[] {
  if (!existsSync(path) || statSync(path).isDirectory()) throw new Refusal(say('cli:nlu.no_file', { file: path }))
  const lines = readFileSync(path, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  const rows = lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const [language, intent, ...text] = line.split('\t')
    const locale = parseLocale(language)
    if (!locale || !intent?.trim() || text.join('').trim() === '')
      throw new Refusal(say('cli:nlu.bad_line', { file: path, line: index + 1 }))
    return [{ locale, intent: intent.trim(), text: text.join('\t') }]
  })
  if (rows.length === 0) throw new Refusal(say('cli:nlu.no_rows', { file: path }))
  return rows
}

const percent = (share: number): string => `${(share * 100).toFixed(1)} %`
const ms = (time: number): string => `${time.toFixed(2)} ms`

function printed(report: Report, say: Say): string {
  const t = (key: string, values: Record<string, string | number> = {}) => say(`cli:nlu.${key}`, values)
  const { n, acted, crisis, language, byLocale } = report
  const figures: [string, string][] = [
    [t('messages'), String(n)],
    [t('top1'), `${percent(report.top1)} (fr ${percent(byLocale.fr.top1)}, en ${percent(byLocale.en.top1)})`],
    [t('top3'), percent(report.top3)],
    [t('macro_f1'), percent(report.macroF1)],
    [t('acted'), percent(acted.share)],
    [t('precision'), percent(acted.precision)],
    [t('crisis_recall'), percent(crisis.recall)],
    [t('crisis_alarms'), percent(crisis.falseAlarms)],
    [t('language', { n: language.n }), percent(language.right)],
    ['p50', ms(report.p50Ms)],
    ['p99', ms(report.p99Ms)],
  ]
  const tables = [
    [t('by_intent'), ...report.byIntent.map(intentLine)],
    [
      t('confusion'),
      ...report.confusion.slice(0, 25).map((c) => `  ${String(c.n).padStart(4)}  ${c.intent} -> ${c.taken}`),
    ],
    [t('calibration'), ...report.calibration.map(binLine)],
  ]
  const width = Math.max(...figures.map(([name]) => name.length))
  const head = figures.map(([name, value]) => `${name.padEnd(width)}  ${value}`)
  return `${[head, ...tables].map((lines) => lines.join('\n')).join('\n\n')}\n`
}

function intentLine({ intent, n, precision, recall, f1 }: Report['byIntent'][number]): string {
  const shares = [precision, recall, f1].map((share) => percent(share).padStart(8)).join('')
  return `  ${intent.padEnd(20)}${String(n).padStart(5)}${shares}`
}

function binLine({ from, to, n, confidence, right }: Report['calibration'][number]): string {
  const range = `${from.toFixed(1)}-${to.toFixed(1)}`
  return `  ${range}${String(n).padStart(6)}${percent(confidence).padStart(9)}${percent(right).padStart(9)}`
}

if (import.meta.main) {
  const say = terminalWords(terminalLocale(process.env))
  await runCli(async () => runNlu(process.argv.slice(2), say))
}
