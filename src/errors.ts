/** One table: every code the service answers with, its HTTP status, and the key of its words in `locales/<lang>/errors.json`. */
export const CODES = {
  bad_request: 400,
  bad_json: 400,
  text_too_long: 400,
  code_in_text: 400,
  unauthorized: 401,
  sign_in_failed: 401,
  second_step_needed: 401,
  forbidden: 403,
  token_invalid: 403,
  token_expired: 403,
  origin_refused: 403,
  identity_invalid: 403,
  identity_clash: 403,
  not_found: 404,
  conversation_unknown: 404,
  method_not_allowed: 405,
  state_conflict: 409,
  claim_lost: 409,
  claim_stale: 409,
  not_waiting: 409,
  too_large: 413,
  unsupported_media_type: 415,
  too_many: 429,
  internal: 500,
  tree_broken: 500,
  state_unreadable: 500,
  model_unreadable: 500,
  store_unavailable: 503,
  store_weak: 500,
  mail_unavailable: 503,
  mail_refused: 502,
  coverage_unavailable: 503,
  coverage_mismatch: 502,
  csv_invalid: 400,
  config_invalid: 500,
  start_failed: 500,
} as const

export type Code = keyof typeof CODES

/** Branch on `code`, never on the text. `facts` hold no address, code, secret or message text: they are logged. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: Code
  readonly facts: Readonly<Record<string, string | number>>

  constructor(code: Code, facts: Readonly<Record<string, string | number>> = {}, options?: ErrorOptions) {
    super(code, options)
    this.code = code
    this.facts = facts
  }

  /** HTTP status. The name is the one that restify reads. */
  get statusCode(): number {
    return CODES[this.code]
  }
}

/** The code of whatever was thrown; anything that is not ours is `internal`. */
export function codeOf(error: unknown): Code {
  return error instanceof AppError ? error.code : 'internal'
}

/** Where a fault began, for the log: a place in the code, never the message, which may hold a person's words (over several lines). */
export function placeOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const { stack = '', message, name } = error
  const from = stack.indexOf(message)
  const places = from < 0 ? [] : stack.slice(from + message.length).split('\n')
  return places.find((line) => line.startsWith('    at '))?.trim() ?? name
}
