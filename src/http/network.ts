/** Which network a request comes from, as a keyed hash: enough to count by, and no address is kept. */
import { createHmac, createSecretKey } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { type BlockList, isIP, type Socket } from 'node:net'

export interface Networks {
  /** @returns undefined when it can't be told: a trusted proxy named nobody. Never throws, whatever the header says. */
  of(req: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined
  /** The network at the other end of a connection, before anything was said. @returns undefined for a trusted proxy, which brings
   *  everybody, and for a connection that is gone. */
  ofPeer(socket: Pick<Socket, 'remoteAddress'>): string | undefined
}

/** Proxies one behind the other that are looked through; each costs a look into the list. */
const MAX_HOPS = 16
/** Characters of the hash: 96 bits. */
const HASH_LENGTH = 16

/** The peer of the connection, or, when that is a trusted proxy, the last entry of `X-Forwarded-For` that is none. The proxy has
 *  to add its client's address there: without it nobody behind it is told from another, and nothing is limited by network.
 *  @param hashKey of this use alone, at least 32 bytes. @param onStranger a peer that is not trusted speaks like a proxy: if it is one, all
 *  who come through it count as one network. */
export function createNetworks(
  trustedProxies: BlockList,
  hashKey: Buffer,
  onStranger: () => void = () => {},
): Networks {
  const isTrusted = (address: string) => trustedProxies.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6')
  // A key that is one already costs a seventh of its bytes.
  const key = createSecretKey(hashKey)
  const hash = (text: string) => createHmac('sha256', key).update(text).digest('base64url').slice(0, HASH_LENGTH)

  function clientOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string | undefined {
    const peer = parseAddress(socket.remoteAddress ?? '')
    if (peer !== undefined && !isTrusted(peer) && headers['x-forwarded-for'] !== undefined) onStranger()
    if (peer === undefined || !isTrusted(peer)) return peer
    const hops = String(headers['x-forwarded-for'] ?? '').split(',')
    for (const hop of hops.slice(-MAX_HOPS).reverse()) {
      const address = parseAddress(hop)
      // What stands left of a word that is no address was not written by anybody we trust.
      if (address === undefined) return undefined
      if (!isTrusted(address)) return address
    }
    return undefined
  }

  // It is asked for by several rules, and costs more than most of them.
  const told = new WeakMap<object, string>()
  return {
    of(req) {
      const before = told.get(req)
      if (before !== undefined) return before
      const client = clientOf(req)
      if (client === undefined) return undefined
      const network = hash(networkOf(client))
      told.set(req, network)
      return network
    },
    ofPeer({ remoteAddress = '' }) {
      const peer = parseAddress(remoteAddress)
      return peer === undefined || isTrusted(peer) ? undefined : hash(networkOf(peer))
    },
  }
}

/** One address as proxies write it, with or without a port or a zone. An IPv4 address in IPv6 form is an IPv4 address.
 *  @returns undefined for anything else. */
function parseAddress(text: string): string | undefined {
  const trimmed = text.trim()
  const bare = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(trimmed)?.[1] ?? /^([\d.]+):\d{1,5}$/.exec(trimmed)?.[1] ?? trimmed
  const address = bare.split('%', 1)[0] ?? ''
  if (isIP(address) === 4) return address
  return isIP(address) === 6 ? (mappedOf(groupsOf(address)) ?? address) : undefined
}

/** A person has all the addresses of an IPv6 /64, and one of IPv4. */
function networkOf(address: string): string {
  return isIP(address) === 4 ? address : groupsOf(address).slice(0, 4).join(':')
}

/** The eight groups of an IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  const [left = [], right] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter(Boolean))
  return right === undefined ? left : [...left, ...Array(8 - left.length - right.length).fill('0'), ...right]
}

/** `::ffff:a.b.c.d` -> `a.b.c.d`. */
function mappedOf(groups: readonly string[]): string | undefined {
  const isMapped = groups[5] === 'ffff' && groups.slice(0, 5).every((group) => group === '0')
  const [high = 0, low = 0] = groups.slice(6).map((group) => Number.parseInt(group, 16))
  return isMapped ? [high >> 8, high & 255, low >> 8, low & 255].join('.') : undefined
}
