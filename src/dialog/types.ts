/** Dialog trees as data, and what the engine takes and gives. Pure types: no I/O, no clock. */

/** `node` (same dialog) or `dialog.node`. */
export type Target = string

/** True when the slot or fact has one of the values; `set` asks only whether it has any; `min` and `max` compare numbers, both
 *  included. */
export type Condition = { slot?: string; fact?: string } & (
  | { in: readonly string[] }
  | { set: boolean }
  | { min?: number; max?: number }
)

/** What branches may ask beside slots. Values are text; `attempts` is a whole number. */
export const FACTS = ['attempts', 'hours', 'locale', 'member', 'owner', 'region', 'verified'] as const
export type Facts = Readonly<Partial<Record<(typeof FACTS)[number], string>>>

/** `number`: six digits, as in a one-time number. */
export const COLLECTS = ['email', 'number', 'text'] as const
export type CollectType = (typeof COLLECTS)[number]

export type Node = Kind & {
  /** Entered more often than `max` times since the conversation started over: go there instead. */
  limit?: { max: number; go: Target }
}

type Kind =
  | { type: 'say'; next: Target }
  | {
      type: 'ask'
      /** Option id -> where it leads. */
      options: Readonly<Record<string, Target>>
      /** Keeps the chosen option's id. */
      slot?: string
      /** Where an address typed here leads, after it was kept in `slot`. */
      email?: { slot: string; go: Target }
      /** Where free text that fits no option leads, kept in `slot`; absent: asked again. */
      text?: { slot: string; go: Target }
      unclear?: { max: number; go: Target }
      /** Not asked when the message that led here names one of the options whole. */
      heard?: boolean
      /** Intent -> the option that it means at this question. */
      means?: Readonly<Record<string, string>>
      idle?: number
    }
  | {
      type: 'collect'
      slot: string
      as: CollectType
      next: Target
      options?: Readonly<Record<string, Target>>
      /** Invalid answers allowed before `otherwise`. */
      retries: number
      otherwise: Target
      idle?: number
    }
  | { type: 'do'; effect: string; with: readonly string[]; next: Target }
  | { type: 'await'; event: string; seconds: number; on: Readonly<Record<string, Target>>; timeout: Target }
  | { type: 'branch'; cases: readonly { when: Condition; go: Target }[]; else: Target }
  | { type: 'call'; dialog: string; next: Target; on?: Readonly<Record<string, Target>> }
  | { type: 'go'; to: Target }
  | { type: 'handoff'; reason: string; next: Target }
  | {
      type: 'end'
      outcome: string
      /** `false`: the interrupted question is not asked again, its buttons are shown only. */
      again?: boolean
    }
  | { type: 'close' }

export interface Dialog {
  name: string
  start: string
  nodes: ReadonlyMap<string, Node>
  /** Where a conversation goes on whose node is no longer in this dialog. */
  fallback: string
  /** Seconds of silence at one of this dialog's questions after which the idle dialog begins; 0 = never. */
  idle: number
  /** Intent -> where it leads, leaving the question that was asked. */
  topics: Readonly<Record<string, Target>>
  /** Intent -> a short answer, after which the interrupted question is asked again. */
  digressions: Readonly<Record<string, Target>>
}

export type Trees = ReadonlyMap<string, Dialog>

/** A place in a tree. */
export interface Place {
  dialog: string
  node: string
}

/** Where a conversation stands in the trees. Plain JSON; part of the stored state. */
export interface DialogState {
  /** Of the trees that the places below were in; see `versionOf`. */
  version: string
  /** Called dialogs, the running one last; empty when all ended. */
  stack: Place[]
  /** What was collected; option ids, addresses, free text. */
  slots: Record<string, string>
  /** Answers in a row that did not fit the present question. */
  misses: number
  /** A correction offered for an address (`gmail.com` for `gmial.com`), until answered. */
  offer?: { typed: string; suggested: string }
  /** Counts the waits begun, so that a late timer of an earlier wait is told apart. */
  waits: number
  /** Node -> times entered, for nodes with a `limit`. */
  visits: Record<string, number>
  /** The wait under way; an empty `ref`: it is over, by its time or by the result that `came`, but something stands on it. */
  waiting?: { ref: string; event: string; came?: Result }
  /** Earlier questions, for "back", oldest first. */
  back: { stack: Place[]; slots: Record<string, string> }[]
}

/** What a wait was for: where it leads, and what is kept of it. */
export interface Result {
  value: string
  slots?: Readonly<Record<string, string>>
}

export type Answer =
  | { type: 'choose'; option: string }
  /** An address that is well formed; `suggested` when its domain looks like a slip. */
  | { type: 'email'; value: string; suggested?: string }
  | { type: 'number' | 'text'; value: string }

/** What the message that led to a question says about it already; undefined: it has to be asked. Pure. */
export type Heard = (expected: Expectation) => Answer | undefined

export type DialogInput =
  | { type: 'start'; at: Target }
  /** Leaves the question for another dialog; "back" returns to it. */
  | { type: 'jump'; at: Target }
  | Answer
  /** `ref`: only for that wait. */
  | ({ type: 'result'; event: string; ref?: string } & Result)
  | { type: 'timeout'; ref: string }
  /** An earlier answer is taken back: the last question that takes such an answer gets this one, or is asked again. */
  | { type: 'correct'; answer: Answer | { type: 'email' } }
  /** A sub-dialog on top of whatever is asked now; its end comes back here, or to `under` when nothing is asked. */
  | { type: 'interrupt'; at: Target; under: Target }
  /** The agent gave the conversation back. */
  | { type: 'resume' }
  | { type: 'back' }
  | { type: 'repeat' }

/** A sentence to say: text keys, not words. */
export interface Say {
  /** i18next key, `"<dialog>:<node>.say"`. */
  key: string
  node: string
  values: Readonly<Record<string, string>>
  options: readonly Option[]
  input?: CollectType
}

export interface Option {
  id: string
  /** Key of the button's text; the key of other ways to say it is the same with `aliases` for `options`. */
  key: string
}

export type Effect =
  | { do: 'run'; effect: string; with: Readonly<Record<string, string>>; node: string }
  | { do: 'timer'; ref: string; seconds: number }
  | { do: 'handoff'; reason: string; node: string }
  | { do: 'end'; outcome: string }

/** What the conversation waits for from the member. */
export interface Expectation {
  node: string
  options: readonly Option[]
  collects?: CollectType
  takesEmail: boolean
  takesText: boolean
  /** An option may be taken from the message that led here. */
  heard: boolean
  /** The chosen option is kept. */
  keeps: boolean
  /** Intent -> the option that it means here. */
  means: Readonly<Record<string, string>>
}

export interface Step {
  state: DialogState
  says: readonly Say[]
  effects: readonly Effect[]
  /** What was passed: nodes entered, options taken, in order. */
  path: readonly Passed[]
}

export interface Passed {
  node: string
  /** Absent: the node was entered or asked again. */
  option?: string
}
