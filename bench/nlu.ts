/** `npm run bench -- nlu`: how messages are understood, beside NLP.js and natural, in one run. See README.md. */
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readPhrases } from '../src/intents.ts'
import type { Labelled } from '../src/language/intents/evaluate.ts'
import { phraseKey } from '../src/language/intents/model.ts'
import { LOCALES } from '../src/wire/activity.ts'
import { CONTENDERS, type ContenderName, ownCpuSeconds } from './contenders/contender.ts'
import { childrenCpuSeconds, inNewProcess } from './contenders/process.ts'
import { accuracyOf } from './contenders/score.ts'
import { describe, type Entries, type Entry, type Figures } from './contenders/table.ts'
import { machineSeconds } from './machine.ts'
import { progress } from './progress.ts'
import { median, percentile } from './statistics.ts'

const ROOT = join(import.meta.dirname, '..')
const ROUNDS = 3
/** Messages asked before time counts. */
const WARM = 200

interface Task {
  phrases: readonly Labelled[]
  split: readonly Labelled[]
  folder: string
}

/** Prints the table; a figure that is not ahead is no failure. @throws Error when phrases or the split can't be read. */
export async function compareNlu(o: { quick: boolean; json: boolean }): Promise<void> {
  const phrases = phrasesOf(ROOT)
  const { split, leftOut } = readSplit(ROOT, phrases)
  const folder = mkdtempSync(join(tmpdir(), 'sesame-nlu-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const rounds = o.quick ? 1 : ROUNDS
  const before = { at: performance.now(), busy: busyOthers() }
  const entries = await runRounds(rounds, { phrases, split, folder })
  const otherShare = shareSince(before)
  process.stdout.write(`${phrases.length} phrases, ${split.length} messages, rounds: ${rounds}\n\n`)
  process.stdout.write(`${describe(entries, otherShare)}\n`)
  if (leftOut > 0) process.stdout.write(`note: ${leftOut} messages of the split are phrases too and were left out\n`)
  if (o.json) process.stdout.write(`${JSON.stringify({ ...entries, otherShare, leftOut })}\n`)
}

/** Without the files they stand in, which are nobody's business there. */
function phrasesOf(root: string): Labelled[] {
  const { phrases, faults } = readPhrases(root)
  const [fault] = faults
  if (fault) throw new Error(`${fault.file}:${fault.line}: ${fault.code}`)
  return phrases.map(({ locale, intent, text }) => ({ locale, intent, text }))
}

/** In an order that mixes languages and intents, the same each time. Nobody is asked what all were trained on: `leftOut` is
 *  how many messages were phrases, but for accents, capitals and punctuation. */
function readSplit(root: string, phrases: readonly Labelled[]): { split: Labelled[]; leftOut: number } {
  const all = LOCALES.flatMap((locale) =>
    readFileSync(join(root, 'test', 'data', `phrases.${locale}.tsv`), 'utf8')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '')
      .map((line) => line.split('\t'))
      .map(([, intent = '', text = '']) => ({ locale, intent, text })),
  )
  const trained = new Set(phrases.map(({ text }) => phraseKey(text)))
  const split = all.filter(({ text }) => !trained.has(phraseKey(text)))
  return { split: split.toSorted((a, b) => phraseKey(a.text) - phraseKey(b.text)), leftOut: all.length - split.length }
}

/** Rounds go from contender to contender, so that a busy moment of the machine hits all of them alike. */
async function runRounds(rounds: number, task: Task): Promise<Entries> {
  const samples: Record<ContenderName, Figures[]> = { ours: [], nlpjs: [], natural: [] }
  const failed = new Map<ContenderName, string>()
  for (let round = 1; round <= rounds; round++) {
    for (const name of CONTENDERS.filter((each) => !failed.has(each))) {
      progress(`round ${round} of ${rounds}: ${name}`)
      try {
        samples[name].push(await measure(name, task))
      } catch (error) {
        failed.set(name, error instanceof Error ? error.message : String(error))
      }
    }
  }
  progress('')
  const entry = (name: ContenderName): Entry => {
    const failure = failed.get(name)
    return failure === undefined ? medians(samples[name]) : { failure }
  }
  return { ours: entry('ours'), nlpjs: entry('nlpjs'), natural: entry('natural') }
}

/** Trained in one process, loaded and asked in another, weighed against an empty third. */
async function measure(name: ContenderName, { phrases, split, folder }: Task): Promise<Figures> {
  const path = join(folder, name)
  const trained = await inNewProcess(({ tell }) => tell({ do: 'train', contender: name, phrases, path }))
  const empty = await inNewProcess(({ tell }) => tell({ do: 'load', contender: undefined, path }))
  const { loaded, asked } = await inNewProcess(async ({ tell }) => ({
    loaded: await tell({ do: 'load', contender: name, path }),
    asked: await tell({ do: 'ask', warm: WARM, messages: split.map(({ locale, text }) => ({ locale, text })) }),
  }))
  const times = asked.times.toSorted((a, b) => a - b)
  return {
    ...accuracyOf(split, asked.rankings),
    trainSeconds: trained.seconds,
    loadMs: loaded.ms,
    residentMb: loaded.residentMb - empty.residentMb,
    modelMb: statSync(path).size / 1e6,
    p50Ms: percentile(times, 0.5),
    p99Ms: percentile(times, 0.99),
  }
}

function medians(samples: readonly Figures[]): Figures {
  const over = (key: keyof Figures) => median(samples.map((each) => each[key]))
  return {
    top1Fr: over('top1Fr'),
    top1En: over('top1En'),
    top3Fr: over('top3Fr'),
    top3En: over('top3En'),
    macroF1: over('macroF1'),
    trainSeconds: over('trainSeconds'),
    loadMs: over('loadMs'),
    residentMb: over('residentMb'),
    modelMb: over('modelMb'),
    p50Ms: over('p50Ms'),
    p99Ms: over('p99Ms'),
  }
}

/** Processor time spent by everybody but this run, in seconds; undefined where the system does not tell. */
function busyOthers(): number | undefined {
  const all = machineSeconds()
  return all === undefined ? undefined : all - ownCpuSeconds() - childrenCpuSeconds()
}

/** @returns the share of the machine that other programs took since, 0 to 1. */
function shareSince(before: { at: number; busy: number | undefined }): number | undefined {
  const busy = busyOthers()
  if (before.busy === undefined || busy === undefined) return undefined
  return Math.max(0, ((busy - before.busy) * 1000) / ((performance.now() - before.at) * availableParallelism()))
}
