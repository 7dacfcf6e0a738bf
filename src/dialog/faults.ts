/** What authors must mend in the data they write. */
import { AppError } from '../errors.ts'

/** Something an author must mend. `facts` fill the sentence of `locales/<lang>/authoring.json` under `code`. */
export interface Fault {
  file: string
  line: number
  code: FaultCode
  facts: Readonly<Record<string, string | number>>
}

export const FAULT_CODES = [
  'yaml_invalid',
  'json_invalid',
  'shape_invalid',
  'name_mismatch',
  'name_reserved',
  'dialog_twice',
  'unknown_target',
  'unknown_effect',
  'unreachable_node',
  'no_way_out',
  'endless_loop',
  'unknown_text',
  'missing_language',
  'same_button_text',
  'entry_missing',
  'unused_text',
  'person_far',
  'intent_twice',
  'intent_without_phrases',
  'intent_without_answer',
  'phrases_name',
  'phrases_shape',
  'phrase_twice',
  'french_marks',
] as const
export type FaultCode = (typeof FAULT_CODES)[number]

/** Trees or texts that would fail a member later. */
export class ContentError extends AppError {
  readonly faults: readonly Fault[]

  constructor(faults: readonly Fault[]) {
    super('tree_broken', { faults: faults.length })
    this.faults = faults
  }
}
