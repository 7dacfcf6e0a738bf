/** `REDIS_URL` -> where Redis is. */

export interface RedisNode {
  readonly host: string
  readonly port: number
}

export interface RedisTarget {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  /** One node; or several Sentinels, or some nodes of a Cluster, at least one. */
  readonly nodes: readonly [RedisNode, ...RedisNode[]]
  readonly tls: boolean
  readonly username?: string
  readonly password?: string
  /** Number of the database; a Cluster has only 0. */
  readonly db: number
  /** What Sentinel calls the master. */
  readonly master?: string
}

const SHAPE = /^redis(s?)(?:\+(sentinel|cluster))?:\/\/(?:([^:@/]*)(?::([^@/]*))?@)?([^/?#]+)(?:\/([^/?#]*))?$/
const PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const

/** `redis://[user:password@]host[:port][/database]`, `redis+sentinel://host:port,host:port/master`,
 *  `redis+cluster://host:port,host:port`; `rediss` instead of `redis` for TLS.
 *  @returns undefined when it is none of these. */
export function parseRedisUrl(text: string): RedisTarget | undefined {
  const [, tls, kindText, user, password, hosts = '', path = ''] = SHAPE.exec(text) ?? []
  const kind = kindText === 'sentinel' || kindText === 'cluster' ? kindText : 'single'
  const [first, ...more] = hosts.split(',').map((host) => parseNode(host, PORTS[kind]))
  if (!first || more.includes(undefined) || (kind === 'single' && more.length > 0)) return undefined
  if (kind === 'sentinel' ? path === '' : !/^\d{0,4}$/.test(path) || (kind === 'cluster' && Number(path) > 0))
    return undefined
  return {
    kind,
    nodes: [first, ...more.filter((node) => node !== undefined)],
    tls: tls === 's',
    ...(user ? { username: decode(user) } : {}),
    ...(password ? { password: decode(password) } : {}),
    db: kind === 'single' ? Number(path) : 0,
    ...(kind === 'sentinel' ? { master: decode(path) } : {}),
  }
}

function parseNode(text: string, defaultPort: number): RedisNode | undefined {
  const url = URL.canParse(`redis://${text}`) ? new URL(`redis://${text}`) : undefined
  if (!url || url.hostname === '' || url.host.toLowerCase() !== text.toLowerCase()) return undefined
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || defaultPort) }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
