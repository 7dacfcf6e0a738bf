/**
 * Builds the browser parts into `dist/web/`: `widget.js` (one self-contained classic script), `demo/` (base `/demo/`)
 * and `desk/` (base `/desk/`, when the console exists). Does nothing when no source changed since the last build.
 */
/// <reference types="node" />
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { InlineConfig } from 'vite'

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)))
const OUT = join(ROOT, 'dist', 'web')
const STAMP = '.stamp'
const SOURCES = ['web', 'src/wire', 'locales', 'package-lock.json']

/** Most that `widget.js` may weigh, in bytes after gzip: a host page must not feel it. */
export const WIDGET_BUDGET_BYTES = 40 * 1024

async function filesUnder(path: string): Promise<string[]> {
  if (!existsSync(path)) return []
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => undefined)
  if (!entries) return [path]
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name))
}

/** One hash over the path and bytes of every source; equal means the last build still stands. */
async function sourceHash(): Promise<string> {
  const files = (await Promise.all(SOURCES.map((s) => filesUnder(join(ROOT, s))))).flat().sort()
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${relative(ROOT, file)}\0`).update(await readFile(file))
  return hash.digest('hex')
}

async function isCurrent(hash: string): Promise<boolean> {
  const stamp = await readFile(join(OUT, STAMP), 'utf8').catch(() => '')
  return stamp === hash && existsSync(join(OUT, 'widget.js'))
}

function shared(name: string): InlineConfig {
  return {
    configFile: false,
    root: join(ROOT, 'web', name),
    logLevel: 'error',
    publicDir: false,
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    // The pages' CSP has no `data:` and no inline code, so nothing may be inlined.
    build: { target: 'es2022', emptyOutDir: false, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  }
}

function widgetConfig(out: string): InlineConfig {
  const config = shared('widget')
  const lib = { entry: 'main.ts', name: 'SesameWidget', formats: ['iife' as const], fileName: () => 'widget.js' }
  return { ...config, build: { ...config.build, outDir: out, lib, minify: true } }
}

function pageConfig(name: string, base: string, out: string): InlineConfig {
  const config = shared(name)
  return { ...config, base, build: { ...config.build, outDir: out } }
}

async function buildAll(out: string): Promise<void> {
  const { build } = await import('vite')
  await build(widgetConfig(out))
  await build(pageConfig('demo', '/demo/', join(out, 'demo')))
  if (existsSync(join(ROOT, 'web/console/main.tsx'))) {
    await build(pageConfig('console', '/desk/', join(out, 'desk')))
  }
}

async function widgetWeight(out: string): Promise<number> {
  return gzipSync(await readFile(join(out, 'widget.js'))).length
}

/** Puts the finished folder in place by renaming, so that a running server never serves half a build. */
async function replaceOutput(fresh: string): Promise<void> {
  const old = `${fresh}-old`
  if (existsSync(OUT)) await rename(OUT, old)
  await rename(fresh, OUT)
  await rm(old, { recursive: true, force: true })
}

/** Builds what changed. @returns one line for the terminal. @throws Error when the widget is over its budget. */
export async function buildWeb(): Promise<string> {
  const hash = await sourceHash()
  if (await isCurrent(hash)) return 'web: up to date'
  const started = performance.now()
  const fresh = join(ROOT, 'dist', `.web-${process.pid}`)
  try {
    await mkdir(fresh, { recursive: true })
    await buildAll(fresh)
    const bytes = await widgetWeight(fresh)
    if (bytes > WIDGET_BUDGET_BYTES) throw new Error(`widget.js is ${bytes} bytes gzip, over ${WIDGET_BUDGET_BYTES}`)
    await writeFile(join(fresh, STAMP), hash)
    await replaceOutput(fresh)
    const seconds = ((performance.now() - started) / 1000).toFixed(1)
    return `web: built in ${seconds} s (widget.js ${(bytes / 1024).toFixed(1)} KB gzip)`
  } finally {
    await rm(fresh, { recursive: true, force: true })
  }
}

if (import.meta.main) {
  try {
    process.stdout.write(`${await buildWeb()}\n`)
  } catch (error) {
    process.stderr.write(`web: build failed: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 1
  }
}
