/** What the machine tells about itself and about a process. Linux tells all; elsewhere some is unknown (undefined). */
import { execFileSync, spawnSync } from 'node:child_process'
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { median } from './statistics.ts'

/** The kernel counts processor time in hundredths of a second. */
const TICKS = 100
/** File systems that live in memory (tmpfs, ramfs): a sync costs nothing there. */
const IN_MEMORY = [0x01021994, 0x858458f6]

/** Two processors that this process may use, when there are two and `taskset` can pin to them. */
export function twoCpus(): { server: number; load: number } | undefined {
  const list = /Cpus_allowed_list:\s*(\S+)/.exec(read('/proc/self/status') ?? '')?.[1] ?? ''
  const [server, load] = list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return first === last ? [first] : [first, first + 1]
  })
  if (server === undefined || load === undefined || spawnSync('taskset', ['-V']).status !== 0) return undefined
  return { server, load }
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
