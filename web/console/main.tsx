/** The agent console. */
import { render } from 'preact'
import { createDesk } from './desk.ts'
import { createReplies } from './replies.ts'
import { App } from './view/app.tsx'

const desk = createDesk()
const replies = createReplies(desk)
const page = document.getElementById('desk')
if (page) render(<App desk={desk} replies={replies} />, page)
// A sign-in link pasted into a tab that shows the console only changes the fragment.
window.addEventListener('hashchange', () => void (location.hash.includes('token=') && location.reload()))
for (const sign of ['pointerdown', 'pointermove', 'wheel', 'keydown'])
  window.addEventListener(sign, desk.use, { passive: true })
void desk.open()
