import type { Step } from '../../../src/wire/desk.ts'
import { clockTime, fill } from '../words.ts'
import { useTools } from './hooks.ts'

/** The member's way through the trees: what was asked, and what they chose. */
export function Steps({ steps }: { steps: Step[] }) {
  const { state, words } = useTools()
  const text = words.context
  return (
    <section>
      <h3>{text.steps}</h3>
      {steps.length === 0 && <p class="soft">{text.noSteps}</p>}
      <ol class="steps">
        {steps.map((step) => (
          <li key={`${step.at} ${step.node}`} class="step" title={step.node}>
            <span>{step.dialog}</span> <time dateTime={step.at}>{clockTime(step.at, state.locale)}</time>
            {step.choice && <span class="choice">{fill(text.chose, { choice: step.choice })}</span>}
          </li>
        ))}
      </ol>
    </section>
  )
}
