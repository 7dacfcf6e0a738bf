import { createInstance, type i18n, type TFunction } from 'i18next'
import { LOCALES, type Locale } from '../wire/activity.ts'

/** Namespace -> nested texts, per language; what `locales/<lang>/*.json` hold. */
export type Resources = Readonly<Record<Locale, Readonly<Record<string, object>>>>

export interface Texts {
  /** Words in one language, fixed for good. @param key `"<namespace>:<path>"`. */
  say(locale: Locale, key: string, values?: Readonly<Record<string, string | number>>): string
  /** The text as it stands, or undefined when there is none. */
  find(locale: Locale, key: string): string | undefined
}

/** @param always values every text may use, such as `supportEmail`. */
export function createTexts(resources: Resources, always: Readonly<Record<string, string>>): Texts {
  const instance: i18n = createInstance()
  instance.init({
    resources: resources as never,
    supportedLngs: [...LOCALES],
    lng: LOCALES[0],
    fallbackLng: false,
    initAsync: false,
    returnNull: false,
    // Plain text everywhere: whoever writes HTML escapes there. Values are never read as templates (skipOnVariables).
    interpolation: { escapeValue: false, skipOnVariables: true, defaultVariables: { ...always } },
  })
  // One fixed `t` per language: `changeLanguage` on a shared instance would leak into other conversations.
  const fixed: Record<Locale, TFunction> = { fr: instance.getFixedT('fr'), en: instance.getFixedT('en') }
  const find = (locale: Locale, key: string): string | undefined => {
    const colon = key.indexOf(':')
    let found: unknown = resources[locale][key.slice(0, colon)]
    for (const part of key.slice(colon + 1).split('.')) {
      found =
        typeof found === 'object' && found !== null && Object.hasOwn(found, part) ? found[part as never] : undefined
    }
    return typeof found === 'string' ? found : undefined
  }
  // Most texts (every button) hold nothing to fill in: they need not be interpolated each time.
  const plain: Record<Locale, Map<string, string>> = { fr: new Map(), en: new Map() }
  return {
    find,
    say(locale, key, values) {
      const known = plain[locale].get(key)
      if (known !== undefined) return known
      const found = find(locale, key)
      if (found === undefined || /\{\{|\$t\(/.test(found)) return fixed[locale](key, { ...values })
      plain[locale].set(key, found)
      return found
    },
  }
}
