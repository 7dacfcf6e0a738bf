/** Baseline: the Bot Framework's echo bot, put together as its samples do. With no app id nobody is asked to sign in. */
import { ActivityHandler, CloudAdapter, ConfigurationBotFrameworkAuthentication, MessageFactory } from 'botbuilder'
import restify, { type Request, type Response } from 'restify'
import { announce } from './announce.ts'

const adapter = new CloudAdapter(new ConfigurationBotFrameworkAuthentication({}))
adapter.onTurnError = async (_context, error) => {
  process.stderr.write(`${error.stack}\n`)
}

const bot = new ActivityHandler()
bot.onMessage(async (context, next) => {
  const text = `Echo: ${context.activity.text}`
  await context.sendActivity(MessageFactory.text(text, text))
  await next()
})

const server = restify.createServer()
server.use(restify.plugins.bodyParser() as never)
server.post('/api/messages', async (req: Request, res: Response) => {
  await adapter.process(req, res, (context) => bot.run(context))
})
announce(server)
