/** The built browser parts, held in memory: a fixed list, so that no path from outside ever reaches the disk. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join, relative, sep } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Request, Response } from 'restify'
import { pagePolicy } from './headers.ts'
import type { Http } from './server.ts'

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
  '.png': 'image/png',
}

interface Asset {
  body: Buffer
  gzip: Buffer
  headers: Readonly<Record<string, string>>
  isPage: boolean
}

/** Path of the request -> asset. `index.html` also answers for its folder. */
export function readAssets(folder: string): Map<string, Asset> {
  const assets = new Map<string, Asset>()
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    // What the build notes for itself begins with a dot.
    if (!entry.isFile() || entry.name.startsWith('.')) continue
    const file = join(entry.parentPath, entry.name)
    const path = `/${relative(folder, file).split(sep).join('/')}`
    const asset = toAsset(readFileSync(file), path)
    assets.set(path, asset)
    if (path.endsWith('/index.html')) assets.set(path.slice(0, -'index.html'.length), asset)
  }
  return assets
}

function toAsset(body: Buffer, path: string): Asset {
  const hashed = /\/assets\//.test(path)
  return {
    body,
    gzip: gzipSync(body),
    headers: {
      'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
      'cache-control': hashed ? 'public, max-age=31536000, immutable' : 'no-cache',
      etag: `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`,
      vary: 'accept-encoding',
      // The widget's script is made to be loaded by other sites' pages.
      ...(path === '/widget.js' ? { 'cross-origin-resource-policy': 'cross-origin' } : {}),
    },
    isPage: path.endsWith('.html'),
  }
}

/** Serves `assets`, the demo page at `/` in development. */
export function mountStatic({ server, origins }: Http, assets: ReadonlyMap<string, Asset>, demo: boolean): void {
  const paths = new Map([...assets].filter(([path]) => demo || !path.startsWith('/demo/')))
  const home = assets.get('/demo/')
  if (demo && home) paths.set('/', home)
  const policy = pagePolicy(origins.sockets)
  for (const [path, asset] of paths) {
    server.get(path, async (req: Request, res: Response) => {
      if (asset.isPage) res.setHeader('content-security-policy', policy)
      send(req, res, asset)
    })
  }
  server.get('/desk', async (_req: Request, res: Response) => sendEmpty(res, 308, { location: '/desk/' }))
}

/** Not chained: restify's own `writeHead` returns nothing. */
function sendEmpty(res: Response, status: number, headers: Readonly<Record<string, string | undefined>>): void {
  res.writeHead(status, headers)
  res.end()
}

function send(req: Request, res: Response, { body, gzip, headers }: Asset): void {
  if (req.headers['if-none-match'] === headers.etag) {
    // Headers of a 304 replace those that the browser kept: without the type, all of them.
    const { 'content-type': _type, ...kept } = headers
    return sendEmpty(res, 304, kept)
  }
  const zipped = String(req.headers['accept-encoding']).includes('gzip')
  const chosen = zipped ? gzip : body
  res.writeHead(200, {
    ...headers,
    ...(zipped ? { 'content-encoding': 'gzip' } : {}),
    'content-length': chosen.length,
  })
  res.end(chosen)
}
