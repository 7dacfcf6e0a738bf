import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { loadContent, SAMPLE_VALUES } from '../../src/content.ts'
import { checkTrees } from '../../src/dialog/check.ts'
import { expects, nameOf } from '../../src/dialog/expect.ts'
import { emptyDialog, step } from '../../src/dialog/step.ts'
import type {
  Dialog,
  DialogInput,
  DialogState,
  Effect,
  Heard,
  Node,
  Place,
  Step,
  Target,
  Trees,
} from '../../src/dialog/types.ts'
import { settle, versionOf } from '../../src/dialog/version.ts'

const FACTS = { locale: 'fr', owner: 'bot' }
/** Called dialogs that are kept, and one more on top of a question that was asked. */
const MOST_DEEP = 12
const MOST_BACK = 10

const treesOf = (dialogs: Record<string, Record<string, Node>>): Trees =>
  new Map(Object.entries(dialogs).map(([name, nodes]): [string, Dialog] => [name, dialogOf(name, nodes)]))

function dialogOf(name: string, nodes: Record<string, Node>): Dialog {
  const start = Object.keys(nodes)[0] ?? ''
  return { name, start, fallback: start, idle: 0, topics: {}, digressions: {}, nodes: new Map(Object.entries(nodes)) }
}

const place = (name: string): Place => {
  const [dialog = '', node = ''] = name.split('.')
  return { dialog, node }
}

/** One node of each type. */
const SMALL = treesOf({
  m: {
    hello: { type: 'say', next: 'question' },
    question: {
      type: 'ask',
      slot: 'answer',
      options: { yes: 'mail', no: 'helped', again: 'question', on: 'x.end' },
      email: { slot: 'email', go: 'sent' },
      text: { slot: 'words', go: 'known' },
    },
    mail: {
      type: 'collect',
      slot: 'email',
      as: 'email',
      retries: 1,
      otherwise: 'person',
      next: 'sent',
      options: { skip: 'end' },
    },
    sent: { type: 'do', effect: 'resend_code', with: ['email', 'unset'], next: 'wait' },
    wait: { type: 'await', event: 'mail', seconds: 30, on: { arrived: 'end' }, timeout: 'question' },
    known: { type: 'branch', cases: [{ when: { slot: 'words', in: ['vite'] }, go: 'person' }], else: 'strict' },
    strict: { type: 'ask', options: { yes: 'end' }, unclear: { max: 2, go: 'person' } },
    helped: { type: 'call', dialog: 'x', next: 'hello', on: { good: 'end' } },
    person: { type: 'handoff', reason: 'stuck', next: 'question' },
    end: { type: 'end', outcome: 'done' },
  },
  x: {
    start: { type: 'ask', options: { good: 'good', bad: 'bad' } },
    good: { type: 'end', outcome: 'good' },
    bad: { type: 'end', outcome: 'bad' },
    end: { type: 'go', to: 'm.strict' },
  },
  p: {
    request: { type: 'say', next: 'to' },
    to: { type: 'handoff', reason: 'member_asked', next: 'done' },
    done: { type: 'end', outcome: 'back' },
  },
})

const START: DialogInput = { type: 'start', at: 'm.hello' }
const choose = (option: string): DialogInput => ({ type: 'choose', option })
const text = (value: string): DialogInput => ({ type: 'text', value })
const email = (value: string, suggested?: string): DialogInput => ({
  type: 'email',
  value,
  ...(suggested ? { suggested } : {}),
})

function run(trees: Trees, inputs: readonly DialogInput[], from = emptyDialog()): Step {
  let last: Step = { state: from, says: [], effects: [], path: [] }
  for (const input of inputs) last = step(trees, last.state, input, FACTS)
  return last
}

const brief = (effect: Effect): string => {
  switch (effect.do) {
    case 'run':
      return `${effect.effect} ${JSON.stringify(effect.with)}`
    case 'timer':
      return `timer ${effect.ref} ${effect.seconds}`
    case 'handoff':
      return `handoff ${effect.reason}`
    case 'end':
      return `end ${effect.outcome}`
  }
}
const shown = ({ state, says, effects }: Step) => ({
  at: state.stack.map(nameOf).join(' > '),
  says: says.map((s) => s.key),
  does: effects.map(brief),
})

const MAIL = [START, email('a@example.com')]
const OFFERED = [START, choose('yes'), email('a@exmaple.com', 'a@example.com')]

describe('what each input does', () => {
  test.each<[string, DialogInput[], ReturnType<typeof shown>]>([
    ['starts', [START], { at: 'm.question', says: ['m:hello.say', 'm:question.say'], does: [] }],
    ['follows an option', [START, choose('yes')], { at: 'm.mail', says: ['m:mail.say'], does: [] }],
    [
      'does and waits with what was collected',
      MAIL,
      { at: 'm.wait', says: [], does: ['resend_code {"email":"a@example.com"}', 'timer 1 30'] },
    ],
    [
      'takes a result',
      [...MAIL, { type: 'result', event: 'mail', value: 'arrived' }],
      { at: '', says: [], does: ['end done'] },
    ],
    [
      'takes an unknown result as a time-out',
      [...MAIL, { type: 'result', event: 'mail', value: 'constructor' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'ignores another event',
      [...MAIL, { type: 'result', event: 'x', value: 'arrived' }],
      { at: 'm.wait', says: [], does: [] },
    ],
    [
      'takes its timer',
      [...MAIL, { type: 'timeout', ref: '1' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    ['ignores another timer', [...MAIL, { type: 'timeout', ref: '2' }], { at: 'm.wait', says: [], does: [] }],
    [
      'ignores the timer of an earlier wait',
      [...MAIL, { type: 'timeout', ref: '1' }, email('b@example.com'), { type: 'timeout', ref: '1' }],
      { at: 'm.wait', says: [], does: [] },
    ],
    [
      'ends a wait when the member speaks',
      [...MAIL, text('alors')],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'takes an answer during a wait',
      [...MAIL, choose('no')],
      { at: 'm.helped > x.start', says: ['x:start.say'], does: [] },
    ],
    [
      'jumps',
      [START, choose('yes'), { type: 'jump', at: 'm.strict' }],
      { at: 'm.strict', says: ['m:strict.say'], does: [] },
    ],
    [
      'jumps back',
      [START, choose('yes'), { type: 'jump', at: 'm.strict' }, { type: 'back' }],
      { at: 'm.mail', says: ['m:mail.say'], does: [] },
    ],
    ['branches by slot', [START, text('vite')], { at: 'm.person', says: [], does: ['handoff stuck'] }],
    ['branches else', [START, text('lent')], { at: 'm.strict', says: ['m:strict.say'], does: [] }],
    ['calls', [START, choose('no')], { at: 'm.helped > x.start', says: ['x:start.say'], does: [] }],
    ['returns by outcome', [START, choose('no'), choose('good')], { at: '', says: [], does: ['end done'] }],
    [
      'returns to next',
      [START, choose('no'), choose('bad')],
      { at: 'm.question', says: ['m:hello.say', 'm:question.say'], does: [] },
    ],
    ['goes to another dialog and back', [START, choose('on')], { at: 'm.strict', says: ['m:strict.say'], does: [] }],
    [
      'says that it did not understand',
      [START, text('x'), text('y')],
      { at: 'm.strict', says: ['common:unclear.say'], does: [] },
    ],
    [
      'offers a person the second time',
      [START, text('x'), text('y'), text('y')],
      { at: 'm.strict', says: ['common:unclear_person.say'], does: [] },
    ],
    [
      'takes the other way after that',
      [START, text('x'), ...Array(3).fill(text('y'))],
      { at: 'm.person', says: [], does: ['handoff stuck'] },
    ],
    [
      'does not take an inherited name for an option',
      [START, text('x'), choose('constructor')],
      { at: 'm.strict', says: ['common:unclear.say'], does: [] },
    ],
    ['tells what is invalid', [START, choose('yes'), text('a')], { at: 'm.mail', says: ['m:mail.invalid'], does: [] }],
    [
      'gives up after its retries',
      [START, choose('yes'), text('a'), text('a')],
      { at: 'm.person', says: [], does: ['handoff stuck'] },
    ],
    ['offers a correction', OFFERED, { at: 'm.mail', says: ['common:did_you_mean.say'], does: [] }],
    [
      'keeps the correction',
      [...OFFERED, choose('yes')],
      { at: 'm.wait', says: [], does: ['resend_code {"email":"a@example.com"}', 'timer 1 30'] },
    ],
    [
      'keeps what was typed',
      [...OFFERED, choose('no')],
      { at: 'm.wait', says: [], does: ['resend_code {"email":"a@exmaple.com"}', 'timer 1 30'] },
    ],
    [
      'goes on after a person',
      [START, text('vite'), { type: 'resume' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'interrupts',
      [START, { type: 'interrupt', at: 'p.request', under: 'm.hello' }],
      { at: 'm.question > p.to', says: ['p:request.say'], does: ['handoff member_asked'] },
    ],
    [
      'returns to what was interrupted',
      [START, { type: 'interrupt', at: 'p.request', under: 'm.hello' }, { type: 'resume' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'goes on after a wait that was over while something stood on it',
      [
        ...MAIL,
        { type: 'interrupt', at: 'p.request', under: 'm.hello' },
        { type: 'timeout', ref: '1' },
        { type: 'resume' },
      ],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'interrupts nothing: asks what is under',
      [{ type: 'interrupt', at: 'p.request', under: 'm.hello' }, { type: 'resume' }],
      { at: 'm.question', says: ['m:hello.say', 'm:question.say'], does: [] },
    ],
    ['goes back', [START, choose('yes'), { type: 'back' }], { at: 'm.question', says: ['m:question.say'], does: [] }],
    [
      'asks again where there is no way back',
      [START, { type: 'back' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    [
      'goes back out of a sub-dialog',
      [START, choose('no'), { type: 'back' }],
      { at: 'm.question', says: ['m:question.say'], does: [] },
    ],
    ['repeats', [START, choose('yes'), { type: 'repeat' }], { at: 'm.mail', says: ['m:mail.say'], does: [] }],
  ])('%s', (_, inputs, expected) => {
    expect(shown(run(SMALL, inputs))).toEqual(expected)
  })

  test('an offered correction belongs to its question: it is gone when that was left', () => {
    const gaveUp = run(SMALL, [...OFFERED, text('quoi'), text('quoi'), { type: 'resume' }])
    expect(gaveUp.state).toMatchObject({ stack: [place('m.question')] })
    expect(gaveUp.state.offer).toBeUndefined()
    expect(expects(SMALL, gaveUp.state)?.options.map((o) => o.id)).toEqual(['yes', 'no', 'again', 'on'])
  })

  test('answers that did not fit are counted for one question only, also after going back', () => {
    const back = run(
      SMALL,
      [START, choose('on'), choose('yes')].slice(0, 2).concat([text('y'), text('y'), { type: 'back' }]),
    )
    expect(back.state.misses).toBe(0)
  })

  test('dialogs that call themselves forget the oldest callers, also when interrupted', () => {
    const deep = treesOf({
      m: { ask: { type: 'ask', options: { more: 'call' } }, call: { type: 'call', dialog: 'm', next: 'ask' } },
      p: Object.fromEntries(SMALL.get('p')?.nodes ?? []),
    })
    const person: DialogInput = { type: 'interrupt', at: 'p.request', under: 'm.ask' }
    const inputs = [{ type: 'start', at: 'm.ask' } as const, ...Array(30).fill(choose('more')), person]
    const interrupted = run(deep, inputs)
    expect(interrupted.state.stack).toHaveLength(MOST_DEEP)
    expect(interrupted.state.stack.slice(-2)).toEqual([place('m.ask'), place('p.to')])
  })

  test('a place that the trees lost is a broken tree, not a crash of another kind', () => {
    const lost = { ...emptyDialog(), stack: [place('m.gone')] }
    for (const input of [text('x'), choose('yes'), { type: 'repeat' }, { type: 'resume' }] as DialogInput[])
      expect(() => step(SMALL, lost, input, FACTS)).toThrow(expect.objectContaining({ code: 'tree_broken' }))
  })
})

/** An address is asked for, then confirmed; a digression, silence, limits. */
const RICH = treesOf({
  m: {
    which: { type: 'ask', slot: 'kind', options: { work: 'mail', home: 'mail' }, heard: true },
    mail: { type: 'collect', slot: 'email', as: 'email', retries: 2, otherwise: 'which', next: 'sent' },
    sent: { type: 'do', effect: 'resend_code', with: ['email'], next: 'came' },
    came: { type: 'ask', options: { yes: 'end', no: 'wait' } },
    wait: {
      type: 'await',
      event: 'mail',
      seconds: 60,
      on: { ok: 'end' },
      timeout: 'came',
      limit: { max: 2, go: 'tired' },
    },
    tired: {
      type: 'branch',
      cases: [{ when: { fact: 'attempts', min: 2, max: 3 }, go: 'end' }],
      else: 'which',
    },
    end: { type: 'end', outcome: 'done' },
  },
  talk: { hello: { type: 'say', next: 'done' }, done: { type: 'end', outcome: 'done' } },
  bye: { bye: { type: 'say', next: 'done' }, done: { type: 'end', outcome: 'done', again: false } },
  idle: {
    nudge: { type: 'say', next: 'wait' },
    wait: { type: 'await', event: 'member', seconds: 60, on: {}, timeout: 'close' },
    close: { type: 'close' },
  },
})
const BEGIN: DialogInput = { type: 'start', at: 'm.which' }
const GIVEN = [BEGIN, choose('work'), email('a@example.com')]
const digress = (at: string): DialogInput => ({ type: 'interrupt', at, under: 'm.which' })

describe('what a conversation may do beside answering', () => {
  test.each<[string, DialogInput[], { at: string; says: string[]; does: string[] }]>([
    [
      'an address typed later corrects the one that was given',
      [...GIVEN, { type: 'correct', answer: { type: 'email', value: 'b@example.com' } }],
      { at: 'm.came', says: ['m:came.say'], does: ['resend_code {"email":"b@example.com"}'] },
    ],
    [
      'a correction without an address asks for it again',
      [...GIVEN, { type: 'correct', answer: { type: 'email' } }],
      { at: 'm.mail', says: ['m:mail.say'], does: [] },
    ],
    [
      'an option of an earlier question corrects that answer',
      [...GIVEN, { type: 'correct', answer: { type: 'choose', option: 'home' } }],
      { at: 'm.mail', says: ['m:mail.say'], does: [] },
    ],
    [
      'a digression comes back to the question',
      [...GIVEN, digress('talk.hello')],
      { at: 'm.came', says: ['talk:hello.say', 'm:came.say'], does: [] },
    ],
    [
      'a quiet digression does not ask it again',
      [...GIVEN, digress('bye.bye')],
      { at: 'm.came', says: ['bye:bye.say'], does: [] },
    ],
    [
      'a digression does not begin a wait again',
      [...GIVEN, choose('no'), digress('talk.hello')],
      { at: 'm.wait', says: ['talk:hello.say'], does: [] },
    ],
    [
      'the third way into a node with a limit leads elsewhere',
      [...GIVEN, choose('no'), choose('no'), choose('no')],
      { at: 'm.which', says: ['m:which.say'], does: [] },
    ],
    [
      'silence: a word, and the answer still answers the question',
      [...GIVEN, digress('idle.nudge'), choose('no')],
      { at: 'm.wait', says: [], does: ['timer 2 60'] },
    ],
    [
      'more silence closes, and the question stays where it was',
      [...GIVEN, digress('idle.nudge'), { type: 'timeout', ref: '1' }],
      { at: 'm.came', says: [], does: ['end closed'] },
    ],
  ])('%s', (_, inputs, expected) => {
    expect(shown(run(RICH, inputs))).toEqual(expected)
  })

  test('what the message says already is not asked: the kind and the address at once', () => {
    const heard: Heard = ({ node }) =>
      node === 'm.which' ? { type: 'choose', option: 'home' } : { type: 'email', value: 'a@example.com' }
    const result = step(RICH, emptyDialog(), { type: 'jump', at: 'm.which' }, FACTS, heard)
    expect(shown(result)).toEqual({
      at: 'm.came',
      says: ['m:came.say'],
      does: ['resend_code {"email":"a@example.com"}'],
    })
    expect(result.state.slots).toEqual({ kind: 'home', email: 'a@example.com' })
    expect(result.path.map(({ node, option }) => (option ? `${node}/${option}` : node))).toEqual([
      ...['m.which', 'm.which/home', 'm.mail', 'm.sent', 'm.came'],
    ])
  })

  test('what was heard answers each question once: trees that go round still end', () => {
    const round = treesOf({ m: { a: { type: 'ask', options: { go: 'a' } } } })
    const result = step(round, emptyDialog(), { type: 'jump', at: 'm.a' }, FACTS, () => ({
      type: 'choose',
      option: 'go',
    }))
    expect(shown(result)).toEqual({ at: 'm.a', says: ['m:a.say'], does: [] })
  })

  test.each([
    ['1', 'm.which'],
    ['2', undefined],
    ['3', undefined],
    ['4', 'm.which'],
  ])('a branch compares numbers: %s attempts', (attempts, at) => {
    const { state } = run(RICH, GIVEN)
    const tired: DialogState = { ...state, visits: { 'm.wait': 2 } }
    const after = step(RICH, tired, choose('no'), { ...FACTS, attempts }).state.stack.at(-1)
    expect(after && nameOf(after)).toBe(at)
  })
})

describe('trees that changed', () => {
  const without = (...gone: string[]): Trees =>
    new Map(
      [...RICH].map(([name, dialog]) => [
        name,
        { ...dialog, nodes: new Map([...dialog.nodes].filter(([node]) => !gone.includes(`${name}.${node}`))) },
      ]),
    )
  const asked = run(RICH, GIVEN).state

  test('the same trees have the same version, others another one', () => {
    expect(versionOf(new Map([...RICH].reverse()))).toBe(versionOf(RICH))
    expect(versionOf(without('m.tired'))).not.toBe(versionOf(RICH))
  })

  test.each<[string, Trees, string, boolean]>([
    ['where the question still is', without('m.tired'), 'm.came', false],
    ['at the fallback, when the question is gone', without('m.came'), 'm.which', true],
    [
      'at the menu, when the whole dialog is gone',
      new Map([...RICH].filter(([name]) => name !== 'm')),
      'talk.hello',
      true,
    ],
  ])('a conversation goes on %s', (_, trees, at, moved) => {
    const settled = settle(trees, asked, 'talk.hello')
    expect(settled.moved).toBe(moved)
    expect(settled.state.stack.map(nameOf)).toEqual([at])
    expect(settled.state.slots).toEqual(asked.slots)
    expect(settled.state.version).toBe(versionOf(trees))
    expect(() => step(trees, settled.state, { type: 'repeat' }, FACTS)).not.toThrow()
    expect(settle(trees, settled.state, 'talk.hello')).toEqual({ state: settled.state, moved: false })
  })

  test('a node of another kind under the same name is another one', () => {
    const nodes = new Map(RICH.get('m')?.nodes).set('came', { type: 'say', next: 'end' })
    const changed: Trees = new Map(RICH).set('m', { ...(RICH.get('m') as Dialog), nodes })
    const { state, moved } = settle(changed, asked, 'talk.hello')
    expect([moved, state.stack.map(nameOf)]).toEqual([true, ['m.which']])
  })

  test('what was called from a place that is gone is left with it', () => {
    const deep = { ...asked, stack: [place('m.gone'), place('talk.hello')] }
    expect(settle(RICH, deep, 'talk.hello').state.stack.map(nameOf)).toEqual(['m.which'])
  })
})

/** What somebody does next, before it is known what is asked. */
interface Move {
  kind:
    | 'option'
    | 'email'
    | 'slip'
    | 'text'
    | 'result'
    | 'timeout'
    | 'person'
    | 'back'
    | 'repeat'
    | 'resume'
    | 'restart'
  pick: number
  words: string
}

const words = fc.oneof(fc.constantFrom('bonjour', 'constructor', '__proto__', '', 'a'.repeat(2_000)), fc.string())
const kinds = {
  option: 12,
  email: 3,
  slip: 2,
  text: 4,
  result: 1,
  timeout: 2,
  person: 2,
  back: 3,
  repeat: 1,
  resume: 2,
  restart: 1,
}
const aMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.oneof(
    ...Object.entries(kinds).map(([kind, weight]) => ({ arbitrary: fc.constant(kind as Move['kind']), weight })),
  ),
  pick: fc.nat(20),
  words,
})
const moves = fc.array(aMove, { maxLength: 40 })

interface World {
  trees: Trees
  hello: Target
  person: Target
}

function inputOf({ trees, hello, person }: World, state: DialogState, { kind, pick, words }: Move): DialogInput {
  const options = expects(trees, state)?.options ?? []
  switch (kind) {
    case 'option':
      return choose(options[pick % options.length]?.id ?? words)
    case 'email':
      return email(`m${pick}@example.com`)
    case 'slip':
      return email(`m${pick}@exmaple.com`, `m${pick}@example.com`)
    case 'text':
      return text(words)
    case 'result':
      return { type: 'result', event: state.waiting?.event ?? 'mail', value: pick % 2 ? 'e0' : words }
    case 'timeout':
      return { type: 'timeout', ref: pick % 4 ? String(state.waits) : String(pick) }
    case 'person':
      return { type: 'interrupt', at: person, under: hello }
    case 'restart':
      return { type: 'start', at: hello }
    default:
      return { type: kind }
  }
}

/** Plays the moves, checks every step, and looks at every state that was reached. */
function play(world: World, played: readonly Move[]): void {
  let state = emptyDialog()
  for (const move of [{ kind: 'restart', pick: 0, words: '' } as const, ...played]) {
    const before = JSON.stringify(state)
    const input = inputOf(world, state, move)
    const next = step(world.trees, freeze(state), input, FACTS)
    expect(JSON.stringify(state)).toBe(before)
    expect(JSON.parse(JSON.stringify(next.state))).toStrictEqual(next.state)
    expect(next.state.stack.length).toBeLessThanOrEqual(MOST_DEEP)
    expect(next.state.back.length).toBeLessThanOrEqual(MOST_BACK)
    for (const say of next.says) expect(say.key).toMatch(/^\w+:[\w.]+\.(say|invalid)$/)
    if (next.state.offer && !(input.type === 'email' && input.suggested))
      expect([next.state.stack, next.state.offer]).toEqual([state.stack, state.offer])
    state = next.state
    canAlways(world, state)
  }
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

/** What a member may ask for from anywhere. */
function canAlways(world: World, state: DialogState): void {
  const { trees, hello, person } = world
  const asked = expects(trees, { ...state, offer: undefined as never })
  const wanted = step(trees, state, { type: 'interrupt', at: person, under: hello }, FACTS)
  expect(wanted.effects.map((e) => e.do)).toContain('handoff')
  if (asked && !state.stack.some((p) => p.dialog === place(person).dialog) && state.stack.length < MOST_DEEP) {
    const back = step(trees, wanted.state, { type: 'resume' }, FACTS)
    expect(expects(trees, back.state)).toEqual(asked)
    expect(back.state.slots).toEqual(state.slots)
  }
  const fresh = step(trees, emptyDialog(), { type: 'start', at: hello }, FACTS)
  const restarted = step(trees, state, { type: 'start', at: hello }, FACTS)
  expect(restarted.says).toEqual(fresh.says)
  expect(restarted.state.slots).toEqual(fresh.state.slots)
  const earlier = state.back.at(-1)
  const back = step(trees, state, { type: 'back' }, FACTS)
  if (earlier) expect(back.state).toMatchObject({ stack: earlier.stack, slots: earlier.slots })
  if (asked) {
    const repeated = step(trees, state, { type: 'repeat' }, FACTS)
    expect(repeated.says.map((s) => s.node)).toEqual([asked.node])
    expect(expects(trees, repeated.state)).toEqual(asked)
  }
}

/** Three dialogs of up to four nodes, with any targets; and one that leads to a person. */
const NAMES = ['a', 'b', 'c'].flatMap((d) => ['n0', 'n1', 'n2', 'n3'].map((n) => `${d}.${n}`))
const target = fc.constantFrom(...NAMES)
const slot = fc.constantFrom('s0', 's1')
const options = fc.dictionary(fc.constantFrom('o0', 'o1', 'o2'), target, { noNullPrototype: true })
const taken = fc.option(fc.record({ slot, go: target }), { nil: undefined })
const ifSet = <T extends object>(node: T): T =>
  Object.fromEntries(Object.entries(node).filter(([, value]) => value !== undefined)) as T

const aNode: fc.Arbitrary<Node> = fc.oneof<fc.Arbitrary<Node>[]>(
  fc.record({ type: fc.constant('say' as const), next: target }),
  fc
    .record({
      type: fc.constant('ask' as const),
      options,
      slot: fc.option(slot, { nil: undefined }),
      email: taken,
      text: taken,
      unclear: fc.option(fc.record({ max: fc.integer({ min: 1, max: 3 }), go: target }), { nil: undefined }),
    })
    .map((node) => ifSet(node) as Node),
  fc.record({
    type: fc.constant('collect' as const),
    slot,
    as: fc.constantFrom('email' as const, 'text' as const),
    next: target,
    options,
    retries: fc.nat(2),
    otherwise: target,
  }),
  fc.record({
    type: fc.constant('do' as const),
    effect: fc.constant('resend_code'),
    with: fc.array(slot),
    next: target,
  }),
  fc.record({
    type: fc.constant('await' as const),
    event: fc.constant('mail'),
    seconds: fc.constant(1),
    on: fc.dictionary(fc.constantFrom('e0'), target, { noNullPrototype: true }),
    timeout: target,
  }),
  fc.record({
    type: fc.constant('branch' as const),
    cases: fc.array(fc.record({ when: fc.record({ slot, set: fc.boolean() }), go: target }), {
      minLength: 1,
      maxLength: 2,
    }),
    else: target,
  }),
  fc.record({
    type: fc.constant('call' as const),
    dialog: fc.constantFrom('a', 'b', 'c'),
    next: target,
    on: fc.dictionary(fc.constantFrom('x', 'y'), target, { noNullPrototype: true }),
  }),
  fc.record({ type: fc.constant('go' as const), to: target }),
  fc.record({ type: fc.constant('handoff' as const), reason: fc.constant('stuck'), next: target }),
  fc.record({ type: fc.constant('end' as const), outcome: fc.constantFrom('x', 'y') }),
)

const someTrees = fc.array(aNode, { minLength: NAMES.length, maxLength: NAMES.length }).map((nodes) => {
  const dialogs: Record<string, Record<string, Node>> = { p: Object.fromEntries(SMALL.get('p')?.nodes ?? []) }
  for (const [i, name] of NAMES.entries()) {
    const { dialog, node } = place(name)
    dialogs[dialog] = { ...dialogs[dialog], [node]: nodes[i] as Node }
  }
  return treesOf(dialogs)
})

/** True for trees that the service would refuse because they run in a circle. */
function loops(trees: Trees): boolean {
  const dialogs = [...trees.values()].map((d) => ({ ...d, file: `dialogs/${d.name}.yaml`, lineOf: () => 1 }))
  const entries = [...NAMES, 'p.request']
  const faults = checkTrees(dialogs, { entries, effects: ['resend_code'], locales: ['fr'], text: (_, key) => key })
  expect(faults.filter((f) => !['endless_loop', 'no_way_out', 'same_button_text'].includes(f.code))).toEqual([])
  return faults.some((f) => f.code === 'endless_loop')
}

describe('whatever a member does', () => {
  test('in any trees that pass the check, nothing throws and every way out works', () => {
    let played = 0
    fc.assert(
      fc.property(someTrees, moves, (trees, made) => {
        if (loops(trees)) return
        played += 1
        play({ trees, hello: 'a.n0', person: 'p.request' }, made)
      }),
      { numRuns: 1_500 },
    )
    expect(played).toBeGreaterThan(150)
  })

  test('in the trees of this service as well', () => {
    const root = join(import.meta.dirname, '..', '..')
    const { trees } = loadContent({ root, always: SAMPLE_VALUES })
    fc.assert(
      fc.property(moves, (made) => play({ trees, hello: 'welcome.hello', person: 'person.request' }, made)),
      { numRuns: 150 },
    )
  })
})
