import { LOCALE_TAGS, LOCALES, type Locale } from '../../../src/wire/activity.ts'
import { useTools } from './hooks.ts'

const NAMES: Record<Locale, string> = { fr: 'Français', en: 'English' }

/** Language of the console; the members' languages do not change. */
export function LanguageSwitch() {
  const { desk, state, words } = useTools()
  return (
    <fieldset class="segments">
      <legend class="unseen">{words.top.language}</legend>
      {LOCALES.map((locale) => (
        <button
          key={locale}
          type="button"
          lang={LOCALE_TAGS[locale]}
          aria-pressed={state.locale === locale}
          aria-label={NAMES[locale]}
          onClick={() => desk.setLocale(locale)}
        >
          {locale.toUpperCase()}
        </button>
      ))}
    </fieldset>
  )
}

/** Two letters for the eye, the whole word for the ear. */
export function LanguageBadge({ locale }: { locale: Locale }) {
  const { words } = useTools()
  return (
    <span class={`badge language-${locale}`} title={words.languages[locale]}>
      <span aria-hidden="true">{locale.toUpperCase()}</span>
      <span class="unseen">{words.languages[locale]}</span>
    </span>
  )
}
