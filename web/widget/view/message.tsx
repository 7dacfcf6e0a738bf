/** One message. Whatever people wrote is only ever a text node. */
import { Fragment } from 'preact'
import { LOCALE_TAGS, type Locale } from '../../../src/wire/activity.ts'
import type { Line } from '../transcript.ts'
import { clockTime, fullTime, type Words, wordsFor } from '../words.ts'
import { AlertIcon, Mark } from './icons.tsx'

export interface MessageProps {
  line: Line
  locale: Locale
  /** First of its group: the sender's name and the time are shown. */
  leads: boolean
  /** Newest of the member's own: "sent" is worth saying. */
  newest: boolean
  offline: boolean
  onRetry(): void
  onDiscard(): void
}

function senderOf(line: Line, words: Words): string {
  if (line.author === 'member') return words.log.you
  return (line.author === 'agent' && line.name) || words.log[line.author]
}

export function Message(props: MessageProps) {
  const { line, locale, leads } = props
  const words = wordsFor(locale)
  const tag = line.locale && line.locale !== locale ? LOCALE_TAGS[line.locale] : undefined
  return (
    <article class={`message ${line.author}${leads ? ' leads' : ''}`}>
      <div class={leads && line.author !== 'system' ? 'meta' : 'meta sr'}>
        {line.author === 'bot' && <Mark size={18} />}
        {line.author === 'agent' && <Initial name={senderOf(line, words)} />}
        <span class="sender">{senderOf(line, words)}</span>{' '}
        <time dateTime={line.at} title={fullTime(line.at, locale)}>
          {clockTime(line.at, locale)}
        </time>
      </div>
      <div class="bubble" lang={tag}>
        {line.author === 'member' ? line.text : <Linked text={line.text} words={words} />}
      </div>
      {line.state && <Delivery {...props} words={words} />}
    </article>
  )
}

function Initial({ name }: { name: string }) {
  return (
    <span class="initial" aria-hidden="true">
      {name.slice(0, 1).toUpperCase()}
    </span>
  )
}

function Delivery({ line, newest, offline, words, onRetry, onDiscard }: MessageProps & { words: Words }) {
  if (line.state === 'failed') {
    return (
      <div class="failed">
        <span class="failed-text">
          <AlertIcon />
          {words.send.failed}
        </span>
        <button type="button" class="link" onClick={onRetry}>
          {words.send.retry}
        </button>
        <button type="button" class="link" onClick={onDiscard}>
          {words.send.discard}
        </button>
      </div>
    )
  }
  const quiet = line.state === 'sent' && !newest
  const text =
    line.state === 'queued' && offline
      ? words.send.queued
      : line.state === 'sent'
        ? words.send.sent
        : words.send.sending
  return <span class={quiet ? 'state sr' : 'state'}>{text}</span>
}

const WEB = /^https?:\/\/[^\s]+$/i
const MAIL = /^[^\s@:/]+@[^\s@:/]+\.[a-z]{2,}$/i

/** Makes web and mail addresses clickable. Works word by word, so that no text can make it slow. */
function Linked({ text, words }: { text: string; words: Words }) {
  return (
    <>
      {text.split(/(\s+)/).map((part, index) => (
        <Fragment key={index}>
          <Word part={part} words={words} />
        </Fragment>
      ))}
    </>
  )
}

function Word({ part, words }: { part: string; words: Words }) {
  if (!part.includes('@') && !part.includes('://')) return <>{part}</>
  const start = '(«<"“'.includes(part.charAt(0)) ? 1 : 0
  let end = part.length
  while (end > start && '.,;:!?)»>"”'.includes(part.charAt(end - 1))) end -= 1
  const core = part.slice(start, end)
  if (!WEB.test(core) && !MAIL.test(core)) return <>{part}</>
  return (
    <>
      {part.slice(0, start)}
      {WEB.test(core) ? (
        <a href={core} target="_blank" rel="noopener noreferrer">
          {core}
          <span class="sr"> {words.log.newTab}</span>
        </a>
      ) : (
        <a href={`mailto:${core}`}>{core}</a>
      )}
      {part.slice(end)}
    </>
  )
}
