/** `<sesame-chat server="https://…" locale="fr" identity-url="/moi">`: the widget as a custom element with a shadow root of its own. */
import { h, render } from 'preact'
import { type Locale, parseLocale } from '../../src/wire/activity.ts'
import { type Chat, createChat } from './chat.ts'
import { type AskIdentity, askAt } from './identity.ts'
import { App } from './view/app.tsx'
import css from './widget.css?inline'

/** Origin that served the script; set once by `define`. */
let home = ''

export class SesameChat extends HTMLElement {
  static readonly observedAttributes = ['locale']
  #chat: Chat | undefined
  /** For pages that sign in without cookies, set before the element is put on the page: gives what `identity-url` would answer. */
  declare identity: AskIdentity | undefined

  connectedCallback(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' })
    // A constructable sheet needs no inline style, so the host page's CSP may stay strict.
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(css)
    root.adoptedStyleSheets = [sheet]
    this.#chat = createChat(this.#server(), this.#pageLocale(), this.#askIdentity())
    render(h(App, { chat: this.#chat }), root)
  }

  disconnectedCallback(): void {
    this.#chat?.stop()
    this.#chat = undefined
    if (this.shadowRoot) render(null, this.shadowRoot)
  }

  attributeChangedCallback(): void {
    this.#chat?.pageLocale(this.#pageLocale())
  }

  /** Opens the panel, as the launcher does. For the host page's own buttons. */
  open(): void {
    this.#chat?.open()
  }

  close(): void {
    this.#chat?.close()
  }

  #server(): string {
    const given = this.getAttribute('server')
    return given ? new URL(given, document.baseURI).origin : home || location.origin
  }

  #askIdentity(): AskIdentity | undefined {
    const url = this.getAttribute('identity-url')
    return this.identity ?? (url ? askAt(new URL(url, document.baseURI).href) : undefined)
  }

  #pageLocale(): Locale {
    const tags = [this.getAttribute('locale'), document.documentElement.lang, navigator.language]
    return tags.map(parseLocale).find((locale) => locale !== undefined) ?? 'fr'
  }
}

/** Registers the element and puts one on the page if there is none. @param origin where the script came from. @param identityUrl of the
 *  page's own server, from the script's `data-identity-url`. */
export function define(origin: string, identityUrl?: string): void {
  if (customElements.get('sesame-chat')) return
  home = origin
  customElements.define('sesame-chat', SesameChat)
  if (document.querySelector('sesame-chat')) return
  const chat = document.createElement('sesame-chat')
  if (identityUrl) chat.setAttribute('identity-url', identityUrl)
  document.body.append(chat)
}
