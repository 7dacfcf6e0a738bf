import { useEffect, useRef, useState } from 'preact/hooks'
import type { RevealReason } from '../../../src/wire/desk.ts'
import { isMine, type Pane } from '../state.ts'
import { Announcer } from './alarm.tsx'
import { ContextPanel } from './context.tsx'
import { Conversation } from './conversation.tsx'
import { Confirm, Modal, type Question } from './dialog.tsx'
import { useTools } from './hooks.ts'
import { CrisisBar, DeadBanner, NoticeBar, OfflineBanner } from './notices.tsx'
import { PasswordForm } from './password.tsx'
import { Queue } from './queue.tsx'
import { RevealDialog } from './reveal.tsx'
import { SecondStepDialog } from './second-step.tsx'
import { ShortcutHelp, useShortcuts } from './shortcuts.tsx'
import { TopBar } from './top-bar.tsx'

export type Overlay = Question | 'reveal' | 'help' | 'password' | 'secondStep'

/** The signed-in console: queue, conversation, details. */
export function Workplace() {
  const { desk, state } = useTools()
  const [overlay, setOverlay] = useState<Overlay>()
  const [revealed, setRevealed] = useState<{ id: string; addresses: string[] }>()
  const ask = (question: Overlay) => {
    const needsClaim = question === 'handback' || question === 'resolve' || question === 'reveal'
    if (isMine(state) || !needsClaim) setOverlay(question)
  }
  const claim = async () => {
    if (await desk.claim()) focusReply()
  }
  const takeOver = async () => {
    if (await desk.takeOver()) focusReply()
  }
  const reveal = async (reason: RevealReason) => {
    const id = state.selected
    const addresses = await desk.reveal(reason)
    if (id !== undefined && addresses) setRevealed({ id, addresses })
  }
  useFocusOnPane(state.pane)
  useShortcuts(
    {
      next: () => desk.move(1),
      previous: () => desk.move(-1),
      claim,
      reply: focusReply,
      handback: () => ask('handback'),
      resolve: () => ask('resolve'),
      help: () => ask('help'),
    },
    state.shortcuts,
  )
  const shown = revealed?.id === state.selected && isMine(state) ? revealed?.addresses : undefined
  return (
    <div class="desk" data-pane={state.pane}>
      <TopBar onAsk={ask} />
      <div class="notices">
        <Announcer />
        <CrisisBar />
        <OfflineBanner />
        <DeadBanner />
        <NoticeBar />
      </div>
      <main class="columns">
        <Queue />
        <Conversation onAsk={ask} onClaim={claim} />
        <ContextPanel onAsk={ask} revealed={shown} onHide={() => setRevealed(undefined)} />
      </main>
      <Overlays overlay={overlay} onReveal={reveal} onTakeOver={takeOver} onClose={() => setOverlay(undefined)} />
    </div>
  )
}

/** On narrow screens the column that had the focus has just gone out of sight: the one now shown gets it. */
function useFocusOnPane(pane: Pane): void {
  const before = useRef(pane)
  useEffect(() => {
    if (before.current === pane) return
    before.current = pane
    const { activeElement } = document
    if (activeElement === document.body || activeElement?.checkVisibility() === false)
      document.getElementById(pane)?.focus()
  }, [pane])
}

function focusReply(): void {
  // After the field has been drawn: the claim has only just been confirmed.
  requestAnimationFrame(() => document.getElementById('reply')?.focus())
}

interface OverlaysProps {
  overlay: Overlay | undefined
  onReveal: (reason: RevealReason) => void
  onTakeOver: () => void
  onClose: () => void
}

function Overlays({ overlay, onReveal, onTakeOver, onClose }: OverlaysProps) {
  const { desk, words } = useTools()
  switch (overlay) {
    case undefined:
      return null
    case 'help':
      return <ShortcutHelp onClose={onClose} />
    case 'password':
      return (
        <Modal title={words.password.changeTitle} onClose={onClose}>
          <PasswordForm onDone={onClose} cancel={words.confirm.cancel} onCancel={onClose} />
        </Modal>
      )
    case 'secondStep':
      return <SecondStepDialog onClose={onClose} />
    case 'reveal':
      return <RevealDialog onYes={onReveal} onClose={onClose} />
    case 'takeOver':
      return <Confirm question="takeOver" onYes={onTakeOver} onClose={onClose} />
    case 'signOut':
      return <Confirm question="signOut" onYes={() => void desk.signOut()} onClose={onClose} />
    default:
      return <Confirm question={overlay} onYes={() => void desk.release(overlay)} onClose={onClose} />
  }
}
