/** Port of the log. Facts are typed so that no text, address or code can slip in by accident: names, ids, counts. */

export type LogFacts = Readonly<Record<string, string | number | boolean | undefined>>

export interface Log {
  info(facts: LogFacts, event: string): void
  warn(facts: LogFacts, event: string): void
  error(facts: LogFacts, event: string): void
}
