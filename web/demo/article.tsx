/** The article's sections. Every fact of it is also carried by the dialog trees. */
import type { ComponentChildren } from 'preact'
import type fr from '../../locales/fr/demo.json'

type Words = typeof fr

/** Shown as the way to write to the team; a real site prints its own. */
const SUPPORT = 'support@exemple.ca'
const SECTIONS = ['why', 'where', 'again', 'missing', 'account', 'family', 'stuck'] as const

function Section({ id, title, children }: { id: string; title: string; children: ComponentChildren }) {
  return (
    <section aria-labelledby={id}>
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </section>
  )
}

export function Article({ words }: { words: Words }) {
  return (
    <div class="layout">
      <nav class="contents" aria-labelledby="contents">
        <p id="contents">{words.contents}</p>
        <ol>
          {SECTIONS.map((id) => (
            <li key={id}>
              <a href={`#${id}`}>{words[id].title}</a>
            </li>
          ))}
        </ol>
      </nav>
      <article>
        <h1>{words.title}</h1>
        <p class="lead">{words.lead}</p>
        <p class="reading">{words.reading}</p>
        <Finding words={words} />
        <Missing words={words} />
        <Stuck words={words} />
      </article>
    </div>
  )
}

function Finding({ words }: { words: Words }) {
  return (
    <>
      <Section id="why" title={words.why.title}>
        <p>{words.why.first}</p>
        <p>{words.why.second}</p>
      </Section>
      <Section id="where" title={words.where.title}>
        <p>{words.where.first}</p>
      </Section>
      <Section id="again" title={words.again.title}>
        <ol class="steps">
          <li>{words.again.one}</li>
          <li>{words.again.two}</li>
          <li>{words.again.three}</li>
        </ol>
        <p>{words.again.after}</p>
      </Section>
    </>
  )
}

function Missing({ words }: { words: Words }) {
  return (
    <>
      <Section id="missing" title={words.missing.title}>
        <ul>
          <li>{words.missing.both}</li>
          <li>{words.missing.spam}</li>
          <li>{words.missing.region}</li>
          <li>{words.missing.account}</li>
        </ul>
      </Section>
      <Section id="account" title={words.account.title}>
        <ul>
          <li>{words.account.signin}</li>
          <li>{words.account.password}</li>
        </ul>
        <p class="aside">{words.account.none}</p>
      </Section>
      <Section id="family" title={words.family.title}>
        <p>{words.family.first}</p>
      </Section>
    </>
  )
}

/** Opens the widget that the page's own script tag put there. */
function openChat(): void {
  const chat = document.querySelector<HTMLElement & { open?(): void }>('sesame-chat')
  chat?.open?.()
}

function Stuck({ words }: { words: Words }) {
  return (
    <div class="stuck">
      <Section id="stuck" title={words.stuck.title}>
        <p>{words.stuck.first}</p>
        <p class="ways">
          <button type="button" onClick={openChat}>
            {words.stuck.chat}
          </button>
          <span>
            {words.stuck.mail} <a href={`mailto:${SUPPORT}`}>{SUPPORT}</a>
          </span>
        </p>
      </Section>
    </div>
  )
}
