/** A real Redis Cluster on loopback, made without redis-cli. Nothing of Jest: commands use it too. */
import { ask, type RedisServer, type Settings, startRedis, wait } from './redis.ts'

export interface ClusterNode extends RedisServer {
  /** Its id in the cluster. */
  readonly id: string
  /** As it sees itself now. */
  role(): Promise<'master' | 'replica'>
}

export interface RedisCluster {
  /** `redis+cluster://` with every node. */
  readonly url: string
  /** The masters of the beginning, then their replicas in the same order. */
  readonly nodes: readonly ClusterNode[]
  /** Ends a master with kill -9, or asks it to step down (nothing is lost); resolves when its replica serves its slots.
   *  A killed one that is started again becomes the replica. @returns the new master. */
  failover(master?: ClusterNode, how?: 'kill' | 'ask'): Promise<ClusterNode>
  /** Resolves when every running node says that all slots are served and every running replica follows. */
  ready(): Promise<void>
  end(): Promise<void>
}

const SLOTS = 16_384
const CLUSTER: Settings = {
  'cluster-enabled': 'yes',
  'cluster-node-timeout': '2000',
  'repl-diskless-sync-delay': '0',
}

/** A real Redis Cluster, all slots served. @param options.settings over those of a durable store, for every node. */
export async function startCluster(
  options: { masters?: number; replicas?: 0 | 1; settings?: Settings } = {},
): Promise<RedisCluster> {
  const { masters = 3, replicas = 0, settings } = options
  const nodes: ClusterNode[] = []
  const end = async () => void (await Promise.all(nodes.map((node) => node.end())))
  try {
    for (let i = 0; i < masters * (1 + replicas); i++)
      nodes.push(await asNode(await startRedis({ settings: { ...CLUSTER, ...settings } })))
    await join_(nodes, masters)
    await ready(nodes)
  } catch (error) {
    await end()
    throw error
  }
  return {
    url: `redis+cluster://${nodes.map((node) => `127.0.0.1:${node.port}`).join(',')}`,
    nodes,
    failover: async (master, how = 'kill') => failover(nodes, master ?? (await anyMaster(nodes)), how),
    ready: () => ready(nodes),
    end,
  }
}

async function asNode(server: RedisServer): Promise<ClusterNode> {
  const id = await ask(server, 'CLUSTER', 'MYID')
  const role = async () => (/^role:master/m.test(await ask(server, 'INFO', 'replication')) ? 'master' : 'replica')
  return { ...server, id, role }
}

/** What `redis-cli --cluster create` does. */
async function join_(nodes: readonly ClusterNode[], masters: number): Promise<void> {
  const first = (i: number) => Math.floor((i * SLOTS) / masters)
  for (const [i, node] of nodes.entries()) {
    await ask(node, 'CLUSTER', 'SET-CONFIG-EPOCH', i + 1)
    if (i < masters) await ask(node, 'CLUSTER', 'ADDSLOTSRANGE', first(i), first(i + 1) - 1)
    if (i > 0) await ask(node, 'CLUSTER', 'MEET', '127.0.0.1', nodes[0]?.port ?? 0)
  }
  const knowsAll = async (node: ClusterNode) => {
    const known = await ask(node, 'CLUSTER', 'NODES')
    return nodes.every(({ id }) => known.includes(id)) && !known.includes('handshake')
  }
  for (const node of nodes) await wait('the nodes to meet', () => knowsAll(node))
  for (const [i, node] of nodes.slice(masters).entries()) await ask(node, 'CLUSTER', 'REPLICATE', nodes[i]?.id ?? '')
}

async function failover(nodes: readonly ClusterNode[], master: ClusterNode, how: 'kill' | 'ask'): Promise<ClusterNode> {
  const heir = await wait(`a replica of the node at port ${master.port}`, async () => {
    const replicas = (await ask(master, 'CLUSTER', 'REPLICAS', master.id)).split('\n')
    return nodes.find(({ id }) => replicas.some((line) => line.startsWith(id))) ?? false
  })
  const takesOver = async () => (await heir.role()) === 'master'
  if (how === 'kill') await master.kill()
  else await wait('the replica to be let', () => stepDown(heir, takesOver))
  await wait('the replica to take over', takesOver)
  await ready(nodes)
  return heir
}

/** Redis gives up such an attempt after 5 s, for instance when the other masters have not heard of the replica yet. */
async function stepDown(heir: ClusterNode, done: () => Promise<boolean>): Promise<boolean> {
  await ask(heir, 'CLUSTER', 'FAILOVER')
  return wait('the replica to take over', done, 6_000).catch(() => false)
}

async function anyMaster(nodes: readonly ClusterNode[]): Promise<ClusterNode> {
  for (const node of nodes) if (node.isRunning() && (await node.role()) === 'master') return node
  throw new Error('no master is running')
}

async function ready(nodes: readonly ClusterNode[]): Promise<void> {
  const serves = async (node: ClusterNode) => {
    if (!(await ask(node, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) return false
    return (await node.role()) === 'master' || /link_status:up/.test(await ask(node, 'INFO', 'replication'))
  }
  for (const node of nodes.filter((one) => one.isRunning())) await wait('all slots to be served', () => serves(node))
}
