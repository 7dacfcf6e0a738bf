/** What the machine tells about itself and about a process. Linux tells all; elsewhere some is unknown (undefined). */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

/** The kernel counts processor time in hundredths of a second. */
const TICKS = 100
/** File systems that live in memory (tmpfs, ramfs): a sync costs nothing there. */
const IN_MEMORY = [0x01021994, 0x858458f6]

/** Processors that this process may use and that `taskset` can pin to; none where it can't. */
export function pinnableCpus(): number[] {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(read('/proc/self/status') ?? '')?.[1] ?? ''
  if (list === '' || spawnSync('taskset', ['-V']).status !== 0) return []
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, n) => first + n)
  })
}

/** Two of them, when there are two. */
export function twoCpus(): { server: number; load: number } | undefined {
  const [server, load] = pinnableCpus()
  return server === undefined || load === undefined ? undefined : { server, load }
}

/** Moves a process that runs, with all its threads, to one processor. */
export function pin(pid: number, cpu: number | undefined): void {
  if (cpu !== undefined) execFileSync('taskset', ['-a', '-c', '-p', String(cpu), String(pid)], { stdio: 'ignore' })
}

/** Processor time of a process since it began, all threads, in seconds. */
export function cpuSeconds(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Processor time that the whole machine has spent, in seconds. */
export function machineSeconds(): number | undefined {
  const fields = read('/proc/stat')?.split('\n')[0]?.trim().split(/\s+/).slice(1).map(Number)
  if (!fields) return undefined
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = fields
  return (user + nice + system + irq + soft) / TICKS
}

/** Starts to watch the machine. @param ours processes that don't count.
 *  @returns a function that tells the share of the machine that other programs took since, 0 to 1. */
export function watchOthers(ours: readonly number[]): () => number | undefined {
  const busy = (): number | undefined => {
    const all = machineSeconds()
    return all === undefined ? undefined : ours.reduce((rest, pid) => rest - (cpuSeconds(pid) ?? 0), all)
  }
  const before = busy()
  const start = performance.now()
  return () => {
    const after = busy()
    if (before === undefined || after === undefined) return undefined
    const passed = (performance.now() - start) / 1000
    return Math.max(0, (after - before) / (passed * availableParallelism()))
  }
}

/** Resident memory, in MB (10^6 bytes). */
export function residentMb(pid: number): number | undefined {
  const kb = /VmRSS:\s*(\d+)/.exec(read(`/proc/${pid}/status`) ?? '')?.[1] ?? residentByPs(pid)
  return kb === undefined ? undefined : (Number(kb) * 1024) / 1e6
}

function residentByPs(pid: number): string | undefined {
  if (process.platform === 'win32') return undefined
  return execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }).trim()
}

/** A folder for data on a real disk. @returns the usual one for temporary files when there is no better. */
export function diskFolder(): string {
  const onDisk = [tmpdir(), '/var/tmp', process.cwd()].find((folder) => {
    try {
      return !IN_MEMORY.includes(statfsSync(folder).type)
    } catch {
      return false
    }
  })
  return onDisk ?? tmpdir()
}

/** Median time of one synced write of 4 KB, in ms: the floor under every durable turn. */
export function syncMs(folder: string): number {
  const path = join(folder, 'sync-probe')
  const file = openSync(path, 'w')
  const times = Array.from({ length: 200 }, () => {
    const start = performance.now()
    writeSync(file, Buffer.alloc(4096, 1))
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  rmSync(path)
  return median(times)
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
