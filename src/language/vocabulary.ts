import { slips, stemsOf } from './words.ts'

/** Index by word and stem of every content word of all options. */
export interface Vocabulary {
  words: readonly string[]
  /** One bit for each letter a word has: rules most words out before distances are counted. */
  masks: readonly number[]
  byForm: ReadonlyMap<string, readonly number[]>
  /** What a word says about which option: 1 when only one option has it, 1/2 when two do ... */
  weights: readonly number[]
}

/** Words of the vocabulary that a typed word may be: itself, another ending of it, or a slip of it; the surest first. */
export function nearWords(word: string, { words, masks, byForm }: Vocabulary): { word: number; credit: number }[] {
  const forms = byForm.get(word) ?? byForm.get(`fr:${stemsOf(word).fr}`) ?? byForm.get(`en:${stemsOf(word).en}`)
  if (forms !== undefined) return forms.map((each) => ({ word: each, credit: 1 }))
  if (word.length < 4) return []
  const near: { word: number; credit: number }[] = []
  const mask = maskOf(word)
  words.forEach((each, i) => {
    const count = differingLetters(mask, masks[i] ?? 0) > 4 ? undefined : slips(word, each)
    if (count !== undefined) near.push({ word: i, credit: 1 - 0.08 * count })
  })
  return near.sort((a, b) => b.credit - a.credit)
}

function maskOf(word: string): number {
  let mask = 0
  for (let i = 0; i < word.length; i++) mask |= 1 << (word.charCodeAt(i) % 32)
  return mask
}

function differingLetters(a: number, b: number): number {
  let count = 0
  for (let rest = a ^ b; rest !== 0; rest &= rest - 1) count++
  return count
}

/** @param drafts each text's content words, with the option it belongs to */
export function buildVocabulary(drafts: readonly { id: string; tokens: readonly { word: string }[] }[]): Vocabulary {
  const words = [...new Set(drafts.flatMap((draft) => draft.tokens.map((token) => token.word)))]
  const byForm = new Map<string, number[]>()
  const add = (form: string, i: number) => byForm.set(form, [...(byForm.get(form) ?? []), i])
  words.forEach((word, i) => {
    const { fr, en } = stemsOf(word)
    for (const form of [word, `fr:${fr}`, `en:${en}`]) add(form, i)
  })
  const owners = ownersByStem(drafts)
  return {
    words,
    masks: words.map(maskOf),
    byForm,
    weights: words.map((word) => 1 / (owners.get(stemsOf(word).fr)?.size ?? 1)),
  }
}

function ownersByStem(
  drafts: readonly { id: string; tokens: readonly { word: string }[] }[],
): Map<string, Set<string>> {
  const owners = new Map<string, Set<string>>()
  for (const { id, tokens } of drafts) {
    for (const { word } of tokens) {
      const stem = stemsOf(word).fr
      owners.set(stem, (owners.get(stem) ?? new Set()).add(id))
    }
  }
  return owners
}
