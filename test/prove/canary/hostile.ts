/** Requests that fail, each with what is somebody's in every part of it. */
import { createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import type { Ask, Call } from '../call.ts'
import { type Canary, secretWord, typed } from './words.ts'

const BASE = '/v3/directline/conversations'
const DESK = { 'x-sesame-desk': '1' }

/** @param token of a conversation. @returns how many requests were answered, all of them with a fault. */
export async function sendHostile(
  call: Call,
  url: string,
  own: { token: string; id: string },
  one: Canary,
): Promise<number> {
  const said = [one.email, one.text, typed(one.code, 1)].join(' ')
  const asks: [path: string, ask: Ask][] = [
    [`${BASE}/${own.id}/activities`, { token: own.token, body: { type: 'message', from: { id: said }, text: [said] } }],
    [
      `${BASE}/${own.id}/activities`,
      { token: own.token, body: { type: 'message', from: { id: 'x' }, text: said.repeat(90) } },
    ],
    [`${BASE}/${own.id}/activities`, { token: own.token, body: { type: said, [said]: { [said]: said } } }],
    [`${BASE}/${own.id}/activities`, { token: own.token, body: { type: 'message', text: said.repeat(800) } }],
    [`${BASE}/${own.id}/activities`, { token: own.token, body: nested(said, 40) }],
    [`${BASE}/${one.text}/activities`, { token: own.token, body: { type: 'message', from: { id: 'x' }, text: said } }],
    [`${BASE}/${own.id}/activities?watermark=${encodeURIComponent(said)}`, { token: `${own.token}x` }],
    [`${BASE}/${encodeURIComponent(one.email)}`, { token: own.token }],
    [`/${one.email}/${one.code}`, {}],
    [
      `${BASE}`,
      { token: own.token.replace(/\.[^.]*\./, `.${base64({ sub: one.member, email: one.email })}.`), body: {} },
    ],
    [`${BASE}`, { token: base64({ said }), body: { locale: said } }],
    ['/widget/token', { body: { token: said } }],
    ['/widget/token', { body: { token: { said } } }],
    [
      '/widget/token',
      {
        body: {
          identity: `${base64({ alg: 'HS256', kid: one.member })}.${base64({ sub: one.member, email: one.email })}.x`,
        },
      },
    ],
    ['/widget/token', { body: {}, headers: { origin: `https://${one.text}.example.com` } }],
    ['/widget/token', { body: {}, headers: { 'content-encoding': one.text } }],
    ['/desk/api/session', { headers: DESK, body: { name: one.email, password: secretWord(1) } }],
    ['/desk/api/session', { headers: DESK, body: { token: one.text } }],
    ['/desk/api/queue', { headers: { ...DESK, cookie: `sesame_desk=${one.text}` } }],
    [
      `/desk/api/conversations/${one.text}`,
      { headers: { ...DESK, referer: `https://example.com/?q=${one.email}`, 'user-agent': said } },
    ],
  ]
  let answered = 0
  for (const [path, ask] of asks) {
    const { status } = await call(url + path, ask)
    if (status >= 400) answered++
  }
  for (const raw of broken(said)) answered += (await sendRaw(url, raw)) ? 1 : 0
  answered += Number(
    await knock(`${url.replace('http', 'ws')}${BASE}/${own.id}/stream?t=${one.text}&watermark=${one.email}`),
  )
  return answered
}

/** A token of a host page for this member. @param secret HS256; a wrong one makes a wrong token. */
export function identityOf({ member, email }: Canary, secret: Buffer, kid: string): string {
  const at = Math.floor(Date.now() / 1000)
  const claims = { sub: member, email, email_verified: true, aud: 'sesame', iat: at, exp: at + 300 }
  const text = `${base64({ alg: 'HS256', kid })}.${base64(claims)}`
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function nested(said: string, depth: number): object {
  return depth === 0 ? { said } : { [said]: nested(said, depth - 1) }
}

/** Bodies that no client of ours would send: cut off, of another kind, no JSON, no HTTP. */
function broken(said: string): string[] {
  const head = (type: string, length: number) =>
    `POST /widget/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`
  const json = `{"said":"${said}", ${said}}`
  return [
    head('application/json', json.length) + json,
    head('application/json', json.length + 50) + json,
    head('text/plain', said.length) + said,
    head('multipart/form-data; boundary=x', said.length) + said,
    `${said}\r\n\r\n`,
    `GET /${said} HTTP/9.9\r\n\r\n`,
  ]
}

/** @returns whether anything came back within two seconds. */
function sendRaw(url: string, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => socket.end(text))
    let heard = false
    socket.setTimeout(2_000, () => socket.destroy())
    socket.on('data', () => {
      heard = true
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(heard))
  })
}

/** @returns whether the socket was refused. */
function knock(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url)
    socket.on('error', () => resolve(true))
    socket.on('open', () => {
      socket.close()
      resolve(false)
    })
  })
}
