/** src/language/intents, as src/intents.ts puts it together. */
import { readFileSync } from 'node:fs'
import { inOrder } from '../../src/language/intents/decide.ts'
import { openModel, packModel } from '../../src/language/intents/model.ts'
import { train } from '../../src/language/intents/train.ts'
import type { Contender } from './contender.ts'

export const ours: Contender = {
  async train(phrases) {
    return packModel(train(phrases), phrases, '')
  },
  async load(path) {
    const { rank } = openModel(readFileSync(path))
    return ({ text }) => inOrder(rank(text)).map(({ intent }) => intent)
  },
}
