import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { currentModel, MODEL_FILE, readPhrases } from '../../src/intents.ts'
import { rankWithDanger } from '../../src/language/intents/danger.ts'
import { decide, inOrder } from '../../src/language/intents/decide.ts'
import { evaluate, type Labelled } from '../../src/language/intents/evaluate.ts'
import { openModel, packModel, phraseKey, type Ranked } from '../../src/language/intents/model.ts'
import { TRAINING, train } from '../../src/language/intents/train.ts'
import { tellLocale } from '../../src/language/locale.ts'
import { LOCALES, type Locale } from '../../src/wire/activity.ts'
import { ROOT } from '../support/conversation.ts'
import { tempFolder } from '../support/folder.ts'

const { phrases, faults } = readPhrases(ROOT)
const { file } = currentModel(ROOT)
const classifier = openModel(file)

/** Written by other hands than the training phrases, and never trained on. */
const splitOf = (locale: Locale): Labelled[] =>
  readFileSync(join(ROOT, `test/data/phrases.${locale}.tsv`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, intent = '', text = ''] = line.split('\t')
      return { locale, intent, text }
    })
const split = LOCALES.flatMap(splitOf)

/** The names that other programs rely on. */
const NAMES =
  `already_registered back bot_identity change_language code_not_received code_rejected coverage_question crisis
  family_member find_code forgot_password frustration goodbye greeting human no not_sure other_email out_of_scope privacy
  resend_code restart thanks wrong_region yes`.split(/\s+/)

describe('training phrases', () => {
  test('have every intent, in both languages, and enough of each', () => {
    expect(faults).toEqual([])
    expect(classifier.intents).toEqual(expect.arrayContaining(NAMES))
    for (const intent of NAMES) {
      for (const locale of LOCALES) {
        const count = phrases.filter((phrase) => phrase.intent === intent && phrase.locale === locale).length
        const least = intent === 'crisis' || intent === 'out_of_scope' ? 200 : 80
        expect({ intent, locale, enough: count >= least }).toEqual({ intent, locale, enough: true })
      }
    }
  })

  test('name nobody: addresses are those of examples, numbers those of films', () => {
    const texts = [...phrases, ...split].map(({ text }) => text)
    const addresses = texts.flatMap((text) => text.match(/[\w.+-]+@[\w-]+(\.[\w-]+)+/g) ?? [])
    expect(addresses.filter((address) => !/@example\.(com|ca|org)$/i.test(address))).toEqual([])
    expect(texts.filter((text) => /\b[2-9]\d{2}[ .-]?[2-9]\d{2}[ .-]?\d{4}\b/.test(text) && !/555/.test(text))).toEqual(
      [],
    )
  })
})

describe('the split nobody trained on', () => {
  test('shares no line with the training phrases', () => {
    const trained = new Set(phrases.map(({ text }) => phraseKey(text)))
    expect(split.filter(({ text }) => trained.has(phraseKey(text)))).toEqual([])
    for (const locale of LOCALES) {
      for (const intent of NAMES) {
        const count = split.filter((row) => row.locale === locale && row.intent === intent).length
        expect({ intent, locale, enough: count >= 20 }).toEqual({ intent, locale, enough: true })
      }
    }
  })

  test('is understood as well as was promised', () => {
    const report = evaluate(split, {
      rank: classifier.rank,
      detectLocale: (text) => tellLocale(text, classifier.locale),
      clock: () => performance.now(),
    })
    expect(report.top1).toBeGreaterThanOrEqual(0.9)
    expect(report.top3).toBeGreaterThanOrEqual(0.95)
    expect(report.acted.share).toBeGreaterThanOrEqual(0.8)
    expect(report.acted.precision).toBeGreaterThanOrEqual(0.95)
    expect(report.crisis.recall).toBeGreaterThanOrEqual(0.97)
    expect(report.crisis.falseAlarms).toBeLessThanOrEqual(0.01)
    expect(Math.abs(report.byLocale.fr.top1 - report.byLocale.en.top1)).toBeLessThanOrEqual(0.03)
    expect(report.language.right).toBeGreaterThanOrEqual(0.985)
  })
})

describe('the model', () => {
  const few = phrases.filter((_, i) => i % 20 === 0)
  const small = () => packModel(train(few, { ...TRAINING, epochs: 2 }), few, 'f')

  test('is the same bytes from the same phrases', () => {
    expect(small().equals(small())).toBe(true)
  })

  test('knows what an author wrote in so many words, however it is typed', () => {
    for (const { text, intent } of phrases.filter(({ text }, i) => i % 97 === 0 && /\p{L}{2}/u.test(text))) {
      for (const typed of [text, text.toUpperCase(), ` ${text} ?`]) {
        const [first] = classifier.rank(typed)
        expect({ typed, intent: first?.intent, isSure: (first?.confidence ?? 0) > 0.9 }).toEqual({
          typed,
          intent,
          isSure: true,
        })
      }
    }
  })

  test('gives probabilities for whatever is typed', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 2000 }), fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
        const ranked = classifier.rank(text)
        expect(ranked.map(({ intent }) => intent).sort()).toEqual([...classifier.intents])
        expect(ranked.reduce((sum, { confidence }) => sum + confidence, 0)).toBeCloseTo(1, 5)
        expect(ranked.every(({ confidence }, i) => i === 0 || confidence <= (ranked[i - 1]?.confidence ?? 1))).toBe(
          true,
        )
      }),
      { numRuns: 300 },
    )
  })

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['empty', () => Buffer.alloc(0)],
    ['cut', (bytes) => bytes.subarray(0, bytes.length - 1)],
    ['longer', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
    [
      'of another format',
      (bytes) => Buffer.from(bytes.toString('latin1').replace('"format":2', '"format":9'), 'latin1'),
    ],
    [
      'of other features',
      (bytes) => Buffer.from(bytes.toString('latin1').replace(/"features":\d/, '"features":0'), 'latin1'),
    ],
    ['something else', () => Buffer.from('{"intents":[]}'.repeat(99))],
  ])('refuses a file that is %s', (_, change) => {
    expect(() => openModel(change(small()))).toThrow(expect.objectContaining({ code: 'model_unreadable' }))
  })
})

describe('danger in a part of a message', () => {
  const story = 'so I tried to log in and it said my code was wrong and then I tried again and nothing happened. '
  const intentOf = (text: string) => rankWithDanger(text, classifier.rank)[0]?.intent

  test.each([
    ['je veux mourir, agent'],
    ['I want to die, talk to a person'],
    [`${story.repeat(6)}I want to kill myself`],
    [`I want to kill myself. ${story.repeat(60)}`],
    [`${story.repeat(30)}ma mère respire plus`],
  ])('%s', (text) => {
    expect(intentOf(text)).toBe('crisis')
  })

  test('is not what a long story without it is taken for', () => {
    expect(intentOf(story.repeat(40))).not.toBe('crisis')
  })

  test('takes no time that grows with the message', () => {
    let asked = 0
    const counting = (text: string) => {
      asked++
      return classifier.rank(text)
    }
    rankWithDanger(`${story.repeat(20_000)}`, counting)
    expect(asked).toBeLessThanOrEqual(13)
  })
})

test('a model that was cut short is made again', () => {
  const folder = tempFolder()
  try {
    mkdirSync(join(folder.path, 'dialogs/intents'), { recursive: true })
    writeFileSync(join(folder.path, 'dialogs/intents/yes.fr.yaml'), '- oui\n- ouais\n- oui oui\n')
    writeFileSync(join(folder.path, 'dialogs/intents/no.fr.yaml'), '- non\n- nan\n- non non\n')
    const { file: whole, made } = currentModel(folder.path)
    writeFileSync(join(folder.path, MODEL_FILE), whole.subarray(0, whole.length - 9))
    const again = currentModel(folder.path)
    expect([made, again.made, again.file.equals(whole), currentModel(folder.path).made]).toEqual([
      true,
      true,
      true,
      false,
    ])
  } finally {
    folder.remove()
  }
})

describe('deciding', () => {
  const ranked = (of: Record<string, number>): Ranked[] =>
    Object.entries(of)
      .map(([intent, confidence]) => ({ intent, confidence }))
      .sort((a, b) => b.confidence - a.confidence)
  const canAsk = (intent: string) => intent !== 'thanks'

  test.each([
    ['sure', { human: 0.8, back: 0.1 }, { kind: 'sure', intent: 'human' }],
    ['danger, though less likely', { human: 0.5, crisis: 0.4 }, { kind: 'sure', intent: 'crisis' }],
    ['hardly danger', { human: 0.85, crisis: 0.3 }, { kind: 'sure', intent: 'human' }],
    ['two', { human: 0.4, back: 0.35, restart: 0.01 }, { kind: 'unsure', intents: ['human', 'back'] }],
    ['three', { human: 0.4, back: 0.3, restart: 0.2 }, { kind: 'unsure', intents: ['human', 'back', 'restart'] }],
    [
      'what can not be asked',
      { thanks: 0.5, back: 0.3, restart: 0.2 },
      { kind: 'unsure', intents: ['back', 'restart'] },
    ],
    ['nothing', { human: 0.2, back: 0.1, thanks: 0.1 }, { kind: 'lost' }],
  ])('%s', (_, of, wanted) => {
    expect(decide(ranked(of), canAsk)).toEqual(wanted)
  })

  test('an unlikely danger never stands first', () => {
    expect(inOrder(ranked({ crisis: 0.3, human: 0.2 })).map(({ intent }) => intent)).toEqual(['human', 'crisis'])
  })
})

describe('npm run nlu', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', 'src/cli/nlu.ts', ...args], {
      cwd: ROOT,
      encoding: 'utf8',
      env: { ...process.env, LANG: 'en_CA.UTF-8', LC_ALL: '' },
    })

  test('evaluate --json prints one object of the agreed shape', () => {
    const { stdout, status } = run('evaluate', 'test/data/phrases.fr.tsv', '--json')
    expect(status).toBe(0)
    const number = expect.any(Number)
    expect(JSON.parse(stdout)).toEqual({
      n: splitOf('fr').length,
      top1: number,
      top3: number,
      macroF1: number,
      acted: { share: number, precision: number },
      crisis: { recall: number, falseAlarms: number },
      p50Ms: number,
      p99Ms: number,
    })
  })

  test.each([
    ['a file that is not there', ['evaluate', 'nowhere.tsv'], /nowhere\.tsv does not exist/],
    ['a file that is no table', ['evaluate', 'README.md'], /README\.md:1 /],
    ['a word it does not know', ['learn'], /^Usage/],
    ['a flag it does not know', ['evaluate', 'x', '--loud'], /^Usage/],
  ])('%s is one clear line', (_, args, line) => {
    const { stderr, status } = run(...args)
    expect(status).toBe(1)
    expect(stderr.trim().split('\n')).toHaveLength(1)
    expect(stderr).toMatch(line)
  })
})
