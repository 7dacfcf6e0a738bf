/** The phrases that authors write, read from disk, and the model that is made of them. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ContentError, type Fault } from './dialog/faults.ts'
import { FEATURES_VERSION } from './language/intents/features.ts'
import { type Classifier, fingerprintOf, openModel, packModel } from './language/intents/model.ts'
import { checkPhrases, type Phrase, parsePhrases } from './language/intents/phrases.ts'
import { TRAINING, train } from './language/intents/train.ts'

/** Made, not kept in git: the same phrases give the same bytes. */
export const MODEL_FILE = join('dist', 'intents.model')
const FOLDER = join('dialogs', 'intents')

/** The model of the phrases as they are now: read when there is one, else trained (a few seconds) and kept for the next time.
 *  @throws ContentError when phrases can't be read. */
export function loadClassifier(root: string): Classifier {
  return openModel(currentModel(root).file)
}

/** @returns the model's file, and whether it had to be made. */
export function currentModel(root: string): { file: Buffer; made: boolean } {
  const sources = readSources(root)
  const fingerprint = fingerprintFor(sources)
  const path = join(root, MODEL_FILE)
  const kept = existsSync(path) ? readFileSync(path) : undefined
  if (kept && fingerprintOf(kept) === fingerprint && isWhole(kept)) return { file: kept, made: false }
  const { phrases, faults } = parseAll(sources)
  if (faults.length > 0) throw new ContentError(faults)
  const file = packModel(train(phrases), phrases, fingerprint)
  keep(path, file)
  return { file, made: true }
}

/** A process may have ended while it wrote. */
function isWhole(file: Buffer): boolean {
  try {
    openModel(file)
    return true
  } catch {
    return false
  }
}

/** All phrases, with what is wrong in their files. */
export function readPhrases(root: string): { phrases: Phrase[]; faults: Fault[] } {
  return parseAll(readSources(root))
}

interface Source {
  path: string
  text: string
}

function readSources(root: string): Source[] {
  const folder = join(root, FOLDER)
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /\.ya?ml$/.test(name)) : []
  return names
    .sort()
    .map((name) => ({ path: `dialogs/intents/${name}`, text: readFileSync(join(folder, name), 'utf8') }))
}

function fingerprintFor(sources: readonly Source[]): string {
  const hash = createHash('sha256').update(JSON.stringify([FEATURES_VERSION, TRAINING]))
  for (const { path, text } of sources) hash.update(`\0${path}\0${text}`)
  return hash.digest('hex')
}

function parseAll(sources: readonly Source[]): { phrases: Phrase[]; faults: Fault[] } {
  const parsed = sources.map(({ path, text }) => parsePhrases(path, text))
  const phrases = parsed.flatMap((each) => each.phrases)
  return { phrases, faults: [...parsed.flatMap((each) => each.faults), ...checkPhrases(phrases)] }
}

/** Whole or not at all: another process may read it now. A folder that can't be written costs the training at the next start. */
function keep(path: string, file: Buffer): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(`${path}.${process.pid}`, file)
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    // The model in memory is as good.
  }
}
