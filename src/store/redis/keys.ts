/** Names of keys. Conversations are spread over 256 partitions; all keys of a partition share a hash tag, so that one step
 *  may change them together and a Cluster may hold any partition anywhere. No key holds an address: ids and keyed hashes only. */
import { WORK_KINDS, type WorkKind } from '../../conversation/store.ts'

export const PARTITIONS = 256

/** Fixed for ever: another way of spreading would not find what is stored. FNV-1a over UTF-16 units. */
export function partitionOf(conversationId: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < conversationId.length; i++) hash = Math.imul(hash ^ conversationId.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % PARTITIONS
}

/** Indexes of a partition. `pend`: input no turn took, by time. `age`: conversations by day. `desk`: rows for agents.
 *  `due:*`: work by time. `dead`: work given up, by time. */
export type Index = 'pend' | 'age' | 'desk' | `due:${WorkKind}` | 'dead'
/** In the order of WORK_KINDS. */
export const DUE_INDEXES: readonly Index[] = WORK_KINDS.map((kind) => `due:${kind}` as const)

const TAGS = Array.from({ length: PARTITIONS }, (_, p) => `sesame:{${String(p).padStart(3, '0')}}`)

export function indexKey(partition: number, index: Index): string {
  return `${TAGS[partition]}:${index}`
}

/** An index in every partition, by number of the partition. */
export function everywhere(index: Index): string[] {
  return TAGS.map((tag) => `${tag}:${index}`)
}

/** A conversation's own keys. `head`: numbers. `log`: entries, a list. `keys`: client id -> seq. `work`: items. */
export interface ConversationKeys {
  partition: number
  head: string
  state: string
  log: string
  keys: string
  work: string
}

export function keysOf(conversationId: string): ConversationKeys {
  const partition = partitionOf(conversationId)
  const tag = TAGS[partition]
  return {
    partition,
    head: `${tag}:c:${conversationId}`,
    state: `${tag}:s:${conversationId}`,
    log: `${tag}:l:${conversationId}`,
    keys: `${tag}:k:${conversationId}`,
    work: `${tag}:w:${conversationId}`,
  }
}

export const BEATS = 'sesame:{beats}'
export const limitKeyOf = (key: string): string => `sesame:a:${key}`
/** Channels of hints. */
export const DESK_CHANNEL = 'sesame:h'
export const channelOf = (conversationId: string): string => `${DESK_CHANNEL}:${conversationId}`
