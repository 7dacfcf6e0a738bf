/** ext4 volumes in image files, to see what a power cut leaves on a disk and what a full disk does. Linux, root only. */
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { Row } from './report.ts'

const run = promisify(execFile)

/** A disk of its own for what is under test. */
export interface Volume {
  /** Where it is mounted; all that is written below it goes into the image. */
  readonly folder: string
  /** What a power cut at this moment would leave, repaired and mounted elsewhere: only what was handed to the device
   *  is there. Whoever writes to the volume must be stopped meanwhile (SIGSTOP), so that the copy shows one moment.
   *  @throws Error when something went on writing, or when the copy can't be repaired. */
  crashImage(): Promise<Volume>
  /** Unmounts and removes it. Harmless when done twice. */
  end(): Promise<void>
}

const COPY_TRIES = 50
const END_TRIES = 50
/** e2fsck: 1 and 2 say that it repaired something, as it should after a cut. */
const REPAIRED = 2

/** @returns why volumes can't be made here, undefined when they can. Tried out, since containers differ. */
export async function volumesMissing(): Promise<string | undefined> {
  if (process.platform !== 'linux') return 'not possible here: volumes need Linux'
  if (process.getuid?.() !== 0) return 'not possible here: volumes need root'
  try {
    const volume = await makeVolume(8)
    await volume.end()
    return undefined
  } catch (error) {
    return `not possible here: ${(error as Error).message.trim().split('\n').at(-1)}`
  }
}

/** A scenario that could not run here: never green. */
export function notRunRow(name: string, notRun: string): Row {
  return { name, injected: 0, acked: 0, lost: 0, doubled: 0, inverted: 0, notes: [], ok: false, notRun }
}

/** @param megabytes size of the whole volume; ext4 keeps a few of them for itself. */
export async function makeVolume(megabytes: number): Promise<Volume> {
  releaseOrphans()
  const home = newHome()
  const image = join(home, 'disk.img')
  try {
    writeFileSync(image, '')
    truncateSync(image, megabytes * 2 ** 20)
    // -m 0: root has no share of its own, so that a full disk is full for everybody.
    await run('mkfs.ext4', ['-q', '-m', '0', image])
    return await mount(home, image)
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/** @param home folder of the image; belongs to the volume from here on. */
async function mount(home: string, image: string): Promise<Volume> {
  const folder = join(home, 'mounted')
  mkdirSync(folder)
  const { stdout } = await run('losetup', ['--find', '--show', image])
  const device = stdout.trim()
  const held: Held = { home, folder, device }
  hold(held)
  try {
    await run('mount', ['-t', 'ext4', device, folder])
  } catch (error) {
    await release(held)
    throw error
  }
  return { folder, crashImage: () => crashImage(image, device), end: () => release(held) }
}

async function crashImage(image: string, device: string): Promise<Volume> {
  const home = newHome()
  const copy = join(home, 'disk.img')
  try {
    await copyStill(image, copy, device)
    await repair(copy)
    return await mount(home, copy)
  } catch (error) {
    rmSync(home, { recursive: true, force: true })
    throw error
  }
}

/** The kernel writes back by itself now and then: a copy during which anything reached the device would mix two moments. */
async function copyStill(image: string, copy: string, device: string): Promise<void> {
  for (let tries = 0; tries < COPY_TRIES; tries++) {
    const before = writesOf(device)
    if (before.underWay === 0) {
      await run('cp', ['--sparse=always', image, copy])
      const after = writesOf(device)
      if (after.underWay === 0 && after.done === before.done) return
    }
    await pause(5)
  }
  throw new Error(`${image} is written to all the time: stop its writers before the copy`)
}

/** Source: Documentation/block/stat.rst. Flushes are counted too: one may carry what was written before. */
function writesOf(device: string): { done: string; underWay: number } {
  const stat = readFileSync(`/sys/block/${basename(device)}/stat`, 'utf8')
    .trim()
    .split(/\s+/)
  return { done: `${stat[4]} ${stat[15] ?? ''}`, underWay: Number(stat[8]) }
}

async function repair(image: string): Promise<void> {
  await run('e2fsck', ['-fy', image]).catch((error: { code?: unknown }) => {
    if (typeof error.code !== 'number' || error.code > REPAIRED) throw error
  })
}

interface Held {
  home: string
  folder: string
  device: string
}

const all = new Set<Held>()

/** A process that was just killed may hold its files a moment longer. */
async function release(held: Held): Promise<void> {
  if (!all.has(held)) return
  for (let tries = 0; isMounted(held.folder); tries++) {
    if (tries === END_TRIES) return releaseNow(held)
    await run('umount', [held.folder]).catch(() => pause(100))
  }
  releaseNow(held)
}

/** Without waiting for anybody: what still uses the volume keeps it until it ends. */
function releaseNow(held: Held): void {
  all.delete(held)
  if (isMounted(held.folder)) quietly('umount', '--lazy', held.folder)
  quietly('losetup', '--detach', held.device)
  rmSync(held.home, { recursive: true, force: true })
}

function isMounted(folder: string): boolean {
  return readFileSync('/proc/self/mounts', 'utf8').includes(` ${folder} `)
}

function quietly(command: string, ...args: string[]): void {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
  } catch {
    // Already gone.
  }
}

function hold(held: Held): void {
  if (!listening) process.on('exit', releaseAll)
  // By default these end the process without a last word.
  if (!listening) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))
  listening = true
  all.add(held)
}

let listening = false

function releaseAll(): void {
  for (const held of all) releaseNow(held)
}

const HOME = 'sesame-volume-'

/** Its name tells whose it is. */
const newHome = (): string => mkdtempSync(join(tmpdir(), `${HOME}${process.pid}-`))

/** A process that was ended by SIGKILL left its volumes mounted. */
function releaseOrphans(): void {
  for (const line of readFileSync('/proc/self/mounts', 'utf8').split('\n')) {
    const [device = '', folder = ''] = line.split(' ')
    const home = dirname(folder)
    const owner = home.startsWith(join(tmpdir(), HOME)) ? Number.parseInt(basename(home).slice(HOME.length), 10) : 0
    if (owner > 0 && !existsSync(`/proc/${owner}`)) releaseNow({ home, folder, device })
  }
}
