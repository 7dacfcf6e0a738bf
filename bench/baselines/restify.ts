/** Baseline: restify reads the same POST and answers it. Nothing is understood, kept or sent. */
import restify, { type Request, type Response } from 'restify'
import { announce } from './announce.ts'

const server = restify.createServer()
server.use(restify.plugins.jsonBodyParser({ mapParams: false } as never) as never)
let count = 0
server.post('/v3/directline/conversations/:id/activities', async (req: Request, res: Response) => {
  const body = JSON.stringify({ id: `${req.params.id}|${String(++count).padStart(7, '0')}` })
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  res.end(body)
})
announce(server)
