/** Baseline A4b: restify reads the POST, asks Redis three times, one after the other, and answers: two reads and one
 *  durable write. The least that a turn kept in Redis could cost; nothing is understood or sent. */
import { Redis } from 'ioredis'
import restify, { type Request, type Response } from 'restify'
import { announce } from './announce.ts'

const redis = new Redis(process.env.REDIS_URL ?? '')
const server = restify.createServer()
server.use(restify.plugins.jsonBodyParser({ mapParams: false } as never) as never)
server.post('/v3/directline/conversations/:id/activities', async (req: Request, res: Response) => {
  const { id } = req.params
  await redis.get(`a4b:{${id}}:state`)
  const seq = await redis.incr(`a4b:{${id}}:seq`)
  await redis.get(`a4b:{${id}}:lease`)
  const body = JSON.stringify({ id: `${id}|${String(seq).padStart(7, '0')}` })
  res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
  res.end(body)
})
announce(server)
