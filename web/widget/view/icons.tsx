/** Line icons on a 24-unit grid, and the mark: a seed that is also a speech bubble. All decorative. */
import type { ComponentChildren } from 'preact'

function Icon(props: { children: ComponentChildren; size?: number }) {
  const size = props.size ?? 22
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linecap="round"
      stroke-linejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      {props.children}
    </svg>
  )
}

export const CloseIcon = () => (
  <Icon>
    <path d="M6 6l12 12M18 6L6 18" />
  </Icon>
)

export const MoreIcon = () => (
  <Icon>
    <path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3" />
  </Icon>
)

export const PersonIcon = () => (
  <Icon size={20}>
    <circle cx="12" cy="8" r="3.6" />
    <path d="M4.8 20c.7-4 3.6-6 7.2-6s6.500 2 7.200 6" />
  </Icon>
)

export const SendIcon = () => (
  <Icon>
    <path d="M12 19V5M5.500 11.500L12 5l6.500 6.500" />
  </Icon>
)

export const DownIcon = () => (
  <Icon size={18}>
    <path d="M12 5v14M5.500 12.500L12 19l6.500-6.500" />
  </Icon>
)

export const AlertIcon = () => (
  <Icon size={16}>
    <circle cx="12" cy="12" r="9" />
    <path d="M12 7.500v5.500M12 16.500h.01" />
  </Icon>
)

export function Mark(props: { size?: number }) {
  const size = props.size ?? 32
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        class="mark-seed"
        d="M16 2.500c6 4.200 11 8.800 11 15A11 11 0 0 1 10.400 27L5 29.500l1.300-6.400A11 11 0 0 1 5 17.500c0-6.200 5-10.800 11-15z"
      />
      <circle class="mark-eye" cx="12" cy="17.500" r="1.900" />
      <circle class="mark-eye" cx="20" cy="17.500" r="1.900" />
    </svg>
  )
}
