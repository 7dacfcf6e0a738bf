/** The demo help page: the access code article, in the language of `?lang=` or of the browser. */
import { render } from 'preact'
import en from '../../locales/en/demo.json'
import fr from '../../locales/fr/demo.json'
import { LOCALE_TAGS, type Locale, parseLocale } from '../../src/wire/activity.ts'
import { Article } from './article.tsx'
import markUrl from './mark.svg'

const WORDS = { fr, en }
const NAMES: Record<Locale, string> = { fr: 'Français', en: 'English' }

function chosenLocale(): Locale {
  const asked = parseLocale(new URLSearchParams(location.search).get('lang'))
  return asked ?? navigator.languages.map(parseLocale).find((l) => l !== undefined) ?? 'fr'
}

function Page({ locale }: { locale: Locale }) {
  const words = WORDS[locale]
  const other = locale === 'fr' ? 'en' : 'fr'
  return (
    <>
      <a class="skip" href="#main">
        {words.skip}
      </a>
      <header class="top">
        <span class="brand">
          <img src={markUrl} alt="" width="30" height="30" />
          <span>
            {words.site} <small>{words.help}</small>
          </span>
        </span>
        <a class="language" href={`?lang=${other}`} hrefLang={other} lang={LOCALE_TAGS[other]}>
          {NAMES[other]}
        </a>
      </header>
      <main id="main" tabIndex={-1}>
        <Article words={words} />
      </main>
      <footer class="bottom">
        <span>{words.dev.note}</span>
        <a href="/dev/mailbox">{words.dev.mailbox}</a>
        <a href="/desk/">{words.dev.desk}</a>
      </footer>
    </>
  )
}

const locale = chosenLocale()
// Before the widget looks: it opens in the page's language.
document.documentElement.lang = LOCALE_TAGS[locale]
document.querySelector('sesame-chat')?.setAttribute('locale', locale)
document.title = `${WORDS[locale].title} · ${WORDS[locale].site}`
const page = document.getElementById('page')
if (page) render(<Page locale={locale} />, page)
