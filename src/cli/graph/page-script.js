/* Shows one dialog, in one language. The address says which dialog and step: `#dialog.step`. */
const books = [...document.querySelectorAll('.book')]
const LEAST = 0.7
/** Where there is little room, the list of dialogs is folded, and the steps are listed below the drawing. */
const narrow = matchMedia('(width < 1000px)')
const KEY = 'sesame.dialogs.language'
let book = books[0]
/** Where the keyboard goes back to when the panel closes. */
let opener
/** The reader chose a link: what it leads to is where the keyboard goes. */
let isFollowing = false

const find = (selector) => book.querySelector(selector)
const place = () => location.hash.slice(1)
/** A link in a drawing has no `hash`. */
const goalOf = (link) => link.getAttribute('href').slice(1)
const section = () => find('section:not([hidden])')
const remember = (locale) => {
  try {
    localStorage.setItem(KEY, locale)
  } catch {
    // Not allowed here: the browser's language is used next time.
  }
}
const remembered = () => {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}

function speak(locale) {
  book = books.find((each) => each.dataset.locale === locale) ?? books[0]
  for (const each of books) each.hidden = each !== book
  document.documentElement.lang = book.lang
}

function show() {
  const [dialog, step] = place().split('.')
  const sections = [...book.querySelectorAll('section')]
  const shown = sections.find((each) => each.dataset.view === dialog) ?? sections[0]
  const isNew = shown.hidden || section() !== shown
  for (const each of sections) each.hidden = each !== shown
  for (const link of book.querySelectorAll('.dialogs > li > a'))
    link.ariaCurrent = goalOf(link) === shown.dataset.view ? 'page' : null
  document.title = shown.dataset.view ? `${shown.ariaLabel} · ${book.dataset.title}` : book.dataset.title
  if (isNew) begin(shown)
  const article = step && shown.querySelector(`[data-step="${CSS.escape(place())}"]`)
  if (article) open(article)
  else shut()
  if (isFollowing && !article) shown.querySelector('h2').focus({ preventScroll: true })
  isFollowing = false
}

/** A drawing as wide as there is room for, but never too small to read. */
function begin(shown) {
  fold()
  const view = shown.querySelector('.viewport')
  zoom(shown, Math.min(1, Math.max(LEAST, fitting(view))))
  view.scrollTo(0, 0)
  const steps = shown.querySelector('.steps')
  if (steps && narrow.matches) steps.open = true
  const start = view.querySelector('.entry.start, .begins')
  if (start)
    view.scrollTop = start.getBoundingClientRect().top - view.getBoundingClientRect().top - view.clientHeight / 2
}

const fitting = (view) => (view.clientWidth - 2) / view.querySelector('svg').viewBox.baseVal.width

function zoom(shown, scale) {
  const svg = shown.querySelector('.viewport svg')
  const { width, height } = svg.viewBox.baseVal
  const next = Math.min(2, Math.max(0.2, scale))
  svg.setAttribute('width', width * next)
  svg.setAttribute('height', height * next)
  shown.dataset.scale = next
}

function open(article) {
  const panel = find('.panel')
  const copy = article.cloneNode(true)
  panel.querySelector('.shown').replaceChildren(copy)
  panel.hidden = false
  panel.scrollTop = 0
  mark(article.dataset.step)
  copy.querySelector('h3').focus({ preventScroll: true })
}

function mark(step) {
  for (const box of book.querySelectorAll('.card[aria-current]')) box.removeAttribute('aria-current')
  const box = section().querySelector(`.card[data-place="${CSS.escape(step)}"]`)
  box?.setAttribute('aria-current', 'true')
  if (box) bringIn(box)
}

/** A box that is not wholly to be seen goes to the middle of what is. */
function bringIn(box) {
  const view = box.closest('.viewport')
  const [inner, outer] = [box.getBoundingClientRect(), view.getBoundingClientRect()]
  const isSeen =
    inner.left > outer.left && inner.right < outer.right - 120 && inner.top > outer.top && inner.bottom < outer.bottom
  if (isSeen) return
  const left = inner.left - outer.left - (view.clientWidth - inner.width) / 2
  const top = inner.top - outer.top - (view.clientHeight - inner.height) / 2
  view.scrollBy(left, top)
}

function shut() {
  const panel = find('.panel')
  panel.hidden = true
  panel.querySelector('.shown').replaceChildren()
  for (const box of book.querySelectorAll('.card[aria-current]')) box.removeAttribute('aria-current')
}

/** Back to the dialog, and to the box that was chosen. */
function close() {
  const [dialog] = place().split('.')
  const box = opener?.isConnected ? opener : find('.card[aria-current]')
  history.replaceState(null, '', `#${dialog}`)
  shut()
  box?.focus()
}

const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').replace(/’/g, "'").toLowerCase()

const indexes = new Map()

/** What can be found in this language: each step's words. */
function index() {
  const known = indexes.get(book)
  if (known) return known
  const steps = [...book.querySelectorAll('section [data-step]')].map((article) => {
    const said = article.querySelector('.said, .done')?.textContent ?? ''
    const ways = [...article.querySelectorAll('.ways .way')].map((way) => way.textContent)
    const { step } = article.dataset
    return { step, dialog: step.split('.')[0], said, text: plain([step, said, ...ways].join(' ')) }
  })
  indexes.set(book, steps)
  return steps
}

function search(query) {
  const wanted = plain(query.trim())
  let count = 0
  for (const item of book.querySelectorAll('.dialogs > li[data-dialog]')) {
    const named = plain(item.firstElementChild.textContent).includes(wanted)
    const steps =
      wanted === '' ? [] : index().filter((each) => each.dialog === item.dataset.dialog && each.text.includes(wanted))
    item.hidden = !named && steps.length === 0
    if (!item.hidden) count++
    list(item.querySelector('.found'), steps.slice(0, 6))
  }
  const status = find('.status')
  const { none, found } = status.dataset
  status.textContent = wanted === '' ? '' : count === 0 ? none : found.replace('#', count)
}

function list(into, steps) {
  into.hidden = steps.length === 0
  const items = steps.map(({ step, said }) => {
    const item = document.createElement('li')
    const link = document.createElement('a')
    link.className = 'hit'
    link.href = `#${step}`
    const name = document.createElement('code')
    name.className = 'id'
    name.textContent = step.slice(step.indexOf('.') + 1)
    link.append(name, ` ${said}`)
    item.append(link)
    return item
  })
  into.replaceChildren(...items)
}

/** In the overview, what a dialog leads to stands out while it is pointed at. */
function point(tile) {
  for (const each of book.querySelectorAll('.near')) each.classList.remove('near')
  if (!tile) return
  for (const name of tile.dataset.leads.split(' ')) {
    find(`.tile[data-place="${CSS.escape(name)}"]`)?.classList.add('near')
    find(`.line[data-from="${CSS.escape(tile.dataset.place)}"][data-to="${CSS.escape(name)}"]`)?.classList.add('near')
  }
}

addEventListener('hashchange', show)
addEventListener('pointerover', (event) => point(event.target.closest?.('.tile')))
addEventListener('focusin', (event) => point(event.target.closest('.tile')))
addEventListener('input', (event) => search(event.target.value))
addEventListener('keydown', (event) => {
  if (event.key === 'Escape' && !find('.panel').hidden) close()
})
addEventListener('click', (event) => {
  const { target } = event
  const language = target.closest('[data-language]')
  const button = target.closest('[data-zoom]')
  if (language) changeLanguage(language.dataset.language)
  else if (target.closest('.dismiss')) close()
  else if (button) zoomBy(button.dataset.zoom)
  else follow(event, target.closest('a[href^="#"]'))
})

function changeLanguage(locale) {
  speak(locale)
  remember(locale)
  for (const each of book.querySelectorAll('section')) each.hidden = true
  show()
  find(`[data-language="${locale}"]`).focus()
}

function zoomBy(how) {
  const shown = section()
  const now = Number(shown.dataset.scale)
  zoom(shown, how === 'fit' ? fitting(shown.querySelector('.viewport')) : now * (how === 'in' ? 1.25 : 0.8))
}

function follow(event, link) {
  if (!link) return
  if (link.matches('.skip')) {
    event.preventDefault()
    find('main').focus()
    return
  }
  opener = link.matches('.card') ? link : undefined
  // The same place again: the address does not change.
  if (goalOf(link) === place()) show()
  else isFollowing = true
}

function fold() {
  for (const each of books) each.querySelector('nav details').open = !narrow.matches
}

// On paper every step is read below its drawing.
const closed = []
addEventListener('beforeprint', () => {
  for (const details of section().querySelectorAll('details:not([open])')) {
    details.open = true
    closed.push(details)
  }
})
addEventListener('afterprint', () => {
  for (const details of closed.splice(0)) details.open = false
})

narrow.addEventListener('change', fold)
fold()
speak(remembered() ?? navigator.language.slice(0, 2))
for (const each of document.querySelectorAll('section')) each.hidden = true
show()
