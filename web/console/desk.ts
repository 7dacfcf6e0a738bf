/** Everything the console does. The views show `cell` and call these. */
import type { Locale } from '../../src/wire/activity.ts'
import type { CommandDone, RevealReason, SecondStepOffer, Session } from '../../src/wire/desk.ts'
import { ApiError, call, conversationPath, get, post } from './api.ts'
import { refusal, signInFault } from './faults.ts'
import { type Kept, keepLocale, keepShortcuts, keptFor, keptLocale, keptShortcuts } from './kept.ts'
import { createReading } from './reading.ts'
import {
  type Cell,
  createCell,
  type Done,
  type Filter,
  isMine,
  mayTakeOver,
  type Pane,
  type SignInFault,
  shownQueue,
} from './state.ts'
import { openStream, type Stream } from './stream.ts'

/** An agent at work tells the server so at most this often, ms: the session's idle time starts again. Reading does not. */
const USE_MS = 60_000

export type Desk = ReturnType<typeof createDesk>

export function createDesk() {
  const cell = createCell({
    locale: keptLocale(),
    phase: 'opening',
    needsNumber: false,
    online: false,
    dead: [],
    filter: 'all',
    pane: 'queue',
    gone: false,
    drafts: {},
    outbox: {},
    heeded: [],
    busy: false,
    shortcuts: keptShortcuts(),
  })
  const reading = createReading(cell, onFault)
  let stream: Stream | undefined
  let kept: Kept | undefined

  /** A fault of a reading: a lost session shows the sign-in screen, the rest is left to the next reading. */
  function onFault(error: unknown): void {
    if (error instanceof ApiError && error.status === 401 && cell.get().phase !== 'signedOut') leave('ended')
    else if (error instanceof ApiError && error.status === 0) stream?.retryNow()
  }

  function leave(fault?: SignInFault): void {
    stream?.stop()
    stream = undefined
    const nothing = { session: undefined, queue: undefined, view: undefined, selected: undefined, notice: undefined }
    // Who only has to sign in again stands where they were.
    const pane = fault === 'ended' ? cell.get().pane : 'queue'
    cell.set({ ...nothing, phase: 'signedOut', fault, online: false, dead: [], pane, busy: false })
  }

  function enter(session: Session): void {
    cell.set({ needsNumber: false })
    if (session.mustSetSecondStep) return cell.set({ session, fault: undefined, phase: 'setSecondStep' })
    kept = keptFor(session.agent.id)
    const selected = kept.selected() ?? undefined
    const restored = { drafts: kept.drafts(), outbox: kept.outbox(), heeded: kept.heeded(), selected }
    cell.set({ ...restored, session, fault: undefined, phase: session.hasPassword ? 'ready' : 'choosePassword' })
    stream = openStream({
      onOpen: () => {
        cell.set({ online: true })
        void reading.all()
      },
      onCut: () => {
        cell.set({ online: false })
        // A refused upgrade looks like a cut: ask whether the session still lives.
        get('/session').catch(onFault)
      },
      onHint: (hint) => {
        if (hint.type === 'queue') void reading.queue()
        else if (hint.conversationId === cell.get().selected) void reading.conversation()
      },
    })
    stream.watch(selected)
    void reading.all()
  }

  function keepReplies(): void {
    const { drafts, outbox } = cell.get()
    kept?.keepDrafts(drafts)
    kept?.keepOutbox(outbox)
  }

  return {
    cell,
    reading,
    ...createDoor(cell, enter, leave, onFault, () => kept?.forget()),
    ...createMoves(
      cell,
      reading,
      () => stream,
      () => kept,
    ),
    ...createCommands(cell, reading, onFault),
    keepReplies,
    onFault,
    retryNow: () => stream?.retryNow(),
  }
}

function createDoor(
  cell: Cell,
  enter: (session: Session) => void,
  leave: (fault?: SignInFault) => void,
  onFault: (error: unknown) => void,
  forget: () => void,
) {
  let isUsed = false
  let resting: number | undefined

  /** What is done meanwhile is told when the minute is over, so that none of it is lost. */
  function tellUse(): void {
    isUsed = false
    post('/session/use', {}).catch(onFault)
    resting = window.setTimeout(() => {
      resting = undefined
      if (isUsed && cell.get().session !== undefined) tellUse()
    }, USE_MS)
  }

  /** @returns whether only the number of the agent's app is missing. */
  async function signIn(
    body: { token: string } | { name: string; password: string; number?: string },
  ): Promise<boolean> {
    try {
      enter(await post<Session>('/session', body))
    } catch (error) {
      const isMissing = error instanceof ApiError && error.code === 'second_step_needed'
      if (isMissing) cell.set({ needsNumber: true })
      else leave(signInFault(error, 'token' in body))
      return isMissing
    }
    return false
  }

  return {
    signIn,
    /** Takes the token out of the address at once, so that it stays neither on screen nor in the history. */
    async open(): Promise<void> {
      const token = new URLSearchParams(location.hash.slice(1)).get('token')
      if (token !== null) {
        history.replaceState(null, '', location.pathname)
        return void (await signIn({ token }))
      }
      try {
        enter(await get<Session>('/session'))
      } catch (error) {
        leave(error instanceof ApiError && error.status === 401 ? undefined : 'unreachable')
      }
    },
    /** @throws ApiError */
    async choosePassword(password: string, current: string): Promise<void> {
      const session = await post<Session>('/password', { password, ...(current === '' ? {} : { current }) })
      cell.set({ session, phase: 'ready' })
    },
    /** @throws ApiError */
    offerSecondStep: () => post<SecondStepOffer>('/second-step', {}),
    /** @throws ApiError */
    async setSecondStep(sealed: string, number: string): Promise<void> {
      const session = await post<Session>('/second-step/on', { sealed, number })
      if (cell.get().phase === 'setSecondStep') enter(session)
      else cell.set({ session })
    },
    /** @throws ApiError */
    async endSecondStep(number: string): Promise<void> {
      const session = await post<Session>('/second-step/off', { number })
      if (session.mustSetSecondStep) leave()
      cell.set({ session, ...(session.mustSetSecondStep ? { phase: 'setSecondStep' } : {}) })
    },
    skipPassword: () => cell.set({ phase: 'ready' }),
    async signOut(): Promise<void> {
      await call('DELETE', '/session').catch(() => undefined)
      forget()
      leave()
    },
    /** The agent used keys or mouse. */
    use(): void {
      isUsed = cell.get().session !== undefined
      if (isUsed && resting === undefined) tellUse()
    },
  }
}

type ReadingOf = ReturnType<typeof createReading>

function createMoves(cell: Cell, reading: ReadingOf, stream: () => Stream | undefined, kept: () => Kept | undefined) {
  function select(id: string, pane: Pane = 'conversation'): void {
    if (cell.get().selected !== id) cell.set({ selected: id, view: undefined, gone: false, notice: undefined })
    cell.set({ pane })
    kept()?.keepSelected(id)
    stream()?.watch(id)
    void reading.conversation()
  }
  return {
    select,
    /** @param step 1: the next of the shown queue, -1: the one before. */
    move(step: 1 | -1): void {
      const items = shownQueue(cell.get())
      const at = items.findIndex((i) => i.conversationId === cell.get().selected)
      const next = items[at === -1 ? 0 : Math.min(items.length - 1, Math.max(0, at + step))]
      if (next) select(next.conversationId)
    },
    /** The banner of an emergency was on screen: nothing else calls for it any more. */
    heed(id: string): void {
      const heeded = [...cell.get().heeded, id]
      cell.set({ heeded })
      kept()?.keepHeeded(heeded)
    },
    show: (pane: Pane) => cell.set({ pane }),
    filter: (filter: Filter) => cell.set({ filter }),
    closeNotice: () => cell.set({ notice: undefined }),
    setLocale(locale: Locale): void {
      keepLocale(locale)
      cell.set({ locale })
      void reading.conversation()
    },
    setShortcuts(shortcuts: boolean): void {
      keepShortcuts(shortcuts)
      cell.set({ shortcuts })
    },
  }
}

function createCommands(cell: Cell, reading: ReadingOf, onFault: (error: unknown) => void) {
  async function run(path: 'claim' | 'handback' | 'resolve', body: unknown, done: Done): Promise<boolean> {
    const { view, busy } = cell.get()
    if (!view || busy) return false
    const ticket = view.ticket
    cell.set({ busy: true, notice: undefined })
    try {
      await post<CommandDone>(conversationPath(view.conversationId, `/${path}`), body)
      cell.set({ notice: { kind: 'good', key: done, values: { ticket } } })
      return true
    } catch (error) {
      onFault(error)
      if (cell.get().phase === 'ready') cell.set({ notice: refusal(error) })
      return false
    } finally {
      await reading.all()
      cell.set({ busy: false })
    }
  }
  return {
    async claim(): Promise<boolean> {
      return cell.get().view?.owner === 'waiting' && cell.get().online ? run('claim', {}, 'claimed') : false
    },
    async takeOver(): Promise<boolean> {
      const state = cell.get()
      return mayTakeOver(state) ? run('claim', { take_over: true, epoch: state.view?.epoch }, 'claimed') : false
    },
    /** `kind` is also the name of its notice. */
    async release(kind: 'handback' | 'resolve'): Promise<boolean> {
      const state = cell.get()
      return isMine(state) ? run(kind, { epoch: state.view?.epoch }, kind) : false
    },
    /** @returns the addresses in full; undefined when it was refused, and a notice says why. */
    async reveal(reason: RevealReason): Promise<string[] | undefined> {
      const { view } = cell.get()
      if (!view) return undefined
      try {
        const path = conversationPath(view.conversationId, '/reveal')
        return (await post<{ addresses: string[] }>(path, { epoch: view.epoch, reason })).addresses
      } catch (error) {
        onFault(error)
        cell.set({ notice: refusal(error) })
        return undefined
      }
    },
  }
}
